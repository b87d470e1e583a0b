//! What pages of other origins may read: maps and features are for everyone, and are asked for without
//! credentials. All else is for our own origin and for apps.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue,
};
use actix_web::middleware::Next;

/// Where it begins. The same answer for everyone, whoever asks.
const FOR_EVERYONE: [&str; 4] = ["/tiles", "/ogc", "/open-data", "/openapi.json"];

/// Lets pages of any origin read what is for everyone (Fetch Standard, 3.3). They need not ask first: a plain
/// `GET` is all it takes. Pages that keep apart from all others may have it too (ibid., 3.7).
pub async fn open_to_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_for_everyone =
        FOR_EVERYONE.iter().any(|beginning| request.path().starts_with(beginning));
    let mut response = next.call(request).await?;
    if is_for_everyone {
        for (name, value) in
            [(ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin")]
        {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}
