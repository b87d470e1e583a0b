//! `/me/access-log`: who was at one's account.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::page::{self, Cursor, Page, PageQuery};
use super::problem::{Body, Problem};
use super::session::Member;
use crate::actions::Service;
use crate::db::vault::{LogEntry, LogPosition};
use crate::domain::{Access, EntryId};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(access_log);
}

/// Something that was done with one's account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LogEntry)]
struct EntryBody {
    id: EntryId,
    at: DateTime<Utc>,
    #[serde(flatten)]
    access: Access,
}

/// Who was at one's account, the newest first: sign-ins, also those that failed, sessions that were ended,
/// exports, how often links were opened on a day, changes of password and address, and access by staff. It goes
/// back a year. Nobody can change it.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<EntryBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/access-log")]
async fn access_log(
    member: Member,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(LogPosition::parse).transpose()?;
    let found = service.db.access_log(member.account, after, limit).await?;
    let body = |LogEntry { id, at, access }| EntryBody { id, at, access };
    answer::json(&request, Keep::Nobody, &Page::of(found, body))
}
