//! `/members/{id}`: a member as others see them. It knows the commons and nothing else.

use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::page::{self, Cursor, LIMIT_DEFAULT, Page, PageQuery};
use super::present::SummaryBody;
use super::problem::{Body, Problem};
use super::session::Now;
use crate::access::{Sealed, Viewer, Visible};
use crate::db::Commons;
use crate::db::commons::{DayPosition, Member, Totals};
use crate::domain::AccountId;

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(show_member).service(member_activities);
}

/// A member, with what they publish.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = MemberPage)]
struct MemberPageBody {
    id: AccountId,
    public_name: String,
    /// What is published comes to, but for what its author does not let count.
    statistics: TotalsBody,
    /// The first page of what is published, newest day first; `GET /api/v1/members/{id}/activities` gets
    /// the next.
    activities: Page<SummaryBody>,
}

/// What several activities come to.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Totals)]
struct TotalsBody {
    activities: i64,
    distance_m: f64,
    ascent_m: f64,
    moving_s: f64,
}

/// A member who publishes something, or is in a community that one is in.
#[utoipa::path(tag = "explore", security((), ("token" = [])), params(("id" = AccountId, Path)), responses(
    (status = 200, body = MemberPageBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/members/{id}")]
async fn show_member(
    viewer: Viewer,
    id: web::Path<AccountId>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let member = visible(&commons, viewer, *id, now).await?;
    let found = commons.published_by(viewer, &member, None, LIMIT_DEFAULT, now).await?;
    let body = MemberPageBody {
        id: member.id,
        public_name: member.public_name.as_str().to_owned(),
        statistics: commons.totals(&member, now).await?.into(),
        activities: Page::of(found, |rendition| SummaryBody::from(&rendition)),
    };
    visible(&commons, viewer, *id, now).await?;
    answer::json(&request, Keep::Nobody, &body)
}

/// What a member publishes, newest day first.
#[utoipa::path(tag = "explore", security((), ("token" = [])), params(("id" = AccountId, Path), PageQuery),
    responses(
        (status = 200, body = Page<SummaryBody>), (status = 304), (status = 401, body = Body),
        (status = 404, body = Body), (status = 422, body = Body),
    ))]
#[get("/members/{id}/activities")]
async fn member_activities(
    viewer: Viewer,
    id: web::Path<AccountId>,
    query: web::Query<PageQuery>,
    Now(now): Now,
    request: HttpRequest,
    commons: web::Data<Commons>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(DayPosition::parse).transpose()?;
    let member = visible(&commons, viewer, *id, now).await?;
    let found = commons.published_by(viewer, &member, after, limit, now).await?;
    let page = Page::of(found, |rendition| SummaryBody::from(&rendition));
    visible(&commons, viewer, *id, now).await?;
    answer::json(&request, Keep::Nobody, &page)
}

/// A member, if the viewer may see them now. Asked once more in the end: what is read in several
/// statements would else be half a page for whom they began to keep away from in between.
async fn visible(
    commons: &Commons,
    viewer: Viewer,
    id: AccountId,
    now: DateTime<Utc>,
) -> Result<Visible<Member>, Problem> {
    commons.member(viewer, id, now).await?.and_then(Sealed::open).ok_or(Problem::NotFound)
}

impl From<Totals> for TotalsBody {
    fn from(totals: Totals) -> Self {
        let Totals { activities, distance_m, ascent_m, moving_s } = totals;
        Self { activities, distance_m, ascent_m, moving_s }
    }
}
