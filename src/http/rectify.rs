//! `/me/password` and `/me/email`: putting right what one signs in with.

use actix_web::{HttpResponse, post, put, web};
use serde::Deserialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::body::Json;
use super::network::Network;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::rectify::NewPassword;
use crate::domain::{Email, Invalid, Password};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(change_password).service(ask_email_change).service(change_email);
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordBody {
    /// The password until now. Needed, so that a device that was left open is not enough.
    current: String,
    /// 12 characters or more, and hard to guess. Stored as an argon2id hash.
    new: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EmailBody {
    /// The new address. Needed to sign in; nobody else sees it.
    email: String,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CodesBody {
    /// The code that was mailed to the address until now.
    old_code: String,
    /// The code that was mailed to the new address.
    new_code: String,
}

/// Chooses another password. Every other device is signed out at once, and a mail says so.
#[utoipa::path(tag = "me", security(("token" = [])), request_body = PasswordBody, responses(
    (status = 204),
    (status = 401, body = Body, description = "Not signed in, or `current` is not the password."),
    (status = 422, body = Body, description = "The new password is not fit."),
    (status = 429, body = Body, description = "Too many attempts."),
))]
#[put("/me/password")]
async fn change_password(
    member: Member,
    Json(body): Json<PasswordBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let current = Password::presented(body.current)
        .map_err(|invalid| Invalid { field: "current", ..invalid })?;
    let passwords = NewPassword { current, new: body.new };
    service.change_password(member.account, member.session, passwords, now).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Asks for another address. Codes go to both, the one until now and the new one; nothing changes before
/// both are confirmed. The answer is the same for every address.
#[utoipa::path(tag = "me", security(("token" = [])), request_body = EmailBody, responses(
    (status = 202, description = "Mails are on their way."),
    (status = 401, body = Body), (status = 422, body = Body, description = "It is no address, or the same."),
    (status = 429, body = Body, description = "Too many mails."),
))]
#[put("/me/email")]
async fn ask_email_change(
    member: Member,
    Json(body): Json<EmailBody>,
    Network(from): Network,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let email = Email::try_from(body.email.as_str())?;
    service.ask_email_change(member.account, &email, from, now).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Confirms another address with the codes that were mailed to both. They are good for ten minutes and
/// once.
#[utoipa::path(tag = "me", security(("token" = [])), request_body = CodesBody, responses(
    (status = 204),
    (status = 401, body = Body, description = "Not signed in, or a code is not right, or too old."),
    (status = 422, body = Body), (status = 429, body = Body, description = "Too many codes."),
))]
#[post("/me/email/confirmation")]
async fn change_email(
    member: Member,
    Json(body): Json<CodesBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.change_email(member.account, &body.old_code, &body.new_code, now).await?;
    Ok(HttpResponse::NoContent().finish())
}
