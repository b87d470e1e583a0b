//! `/activities/{id}/publish`, `/unpublish` and `/communities`: whom an activity reaches, by calls of
//! their own, never by a field of another.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::activities::{change, owned};
use super::answer::{self, Keep};
use super::body::MaybeJson;
use super::page;
use super::present::OwnBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::findings::Finding;
use crate::db::vault::Way;
use crate::domain::{ActivityId, CommunityId, Invalid};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(publish).service(unpublish).service(communities).service(share).service(unshare);
}

/// How an activity is published.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = Publication)]
#[serde(deny_unknown_fields)]
struct PublicationBody {
    /// Until when everyone sees it; left out, until it is taken back.
    until: Option<DateTime<Utc>>,
}

/// Whether to publish, or to look only.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckQuery {
    /// Tells what others could learn, and publishes nothing.
    #[serde(default)]
    check: bool,
}

/// What others could learn from an activity; nothing, if there is nothing to say.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Findings)]
struct FindingsBody {
    findings: Vec<Finding>,
}

/// The activity as it is published, or what was found.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
enum PublishedBody {
    /// What was found.
    Checked(FindingsBody),
    /// It is published.
    #[expect(dead_code, reason = "for the contract: `change` answers with it")]
    Published(Box<OwnBody>),
}

/// The communities that an activity is shared with.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = SharedWith)]
struct SharedWithBody {
    items: Vec<CommunityId>,
    /// Always null: an activity is shared with at most 50 communities.
    next_cursor: Option<String>,
}

/// Lets everyone see the rendition of an activity: its line without both ends, its day without
/// the hour, no sensors. The body may be left out. With `?check=true` nothing is published: it is told
/// what others could learn from it.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), CheckQuery, ("If-Match" = Option<String>, Header)),
    request_body = Option<PublicationBody>,
    responses(
        (status = 200, body = PublishedBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 412, body = Body),
        (status = 422, body = Body),
    ))]
#[post("/activities/{id}/publish")]
async fn publish(
    member: Member,
    id: web::Path<ActivityId>,
    query: web::Query<CheckQuery>,
    body: MaybeJson<PublicationBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    if query.check {
        let findings = service.findings(&owned(&service, member, *id).await?).await?;
        let body = PublishedBody::Checked(FindingsBody { findings });
        return answer::json(&request, Keep::Nobody, &body);
    }
    let until = body.0.unwrap_or_default().until;
    if until.is_some_and(|until| !page::is_storable(until)) {
        return Err(Invalid { field: "until", reason: "must be a time to come" }.into());
    }
    let publish = async |activity: &_| service.publish(activity, until, now).await;
    change(&service, member, *id, &request, publish).await
}

/// Takes back what everyone could see. With the answer it is gone for all but those who have a link or are
/// in a community it is shared with.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(("id" = ActivityId, Path), ("If-Match" = Option<String>, Header)),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 412, body = Body),
    ))]
#[post("/activities/{id}/unpublish")]
async fn unpublish(
    member: Member,
    id: web::Path<ActivityId>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let unpublish = async |activity: &_| service.narrow(activity, Way::Everyone, now).await;
    change(&service, member, *id, &request, unpublish).await
}

/// The communities that one's own activity is shared with.
#[utoipa::path(tag = "sharing", security(("token" = [])), params(("id" = ActivityId, Path)), responses(
    (status = 200, body = SharedWithBody), (status = 304), (status = 401, body = Body), (status = 404, body = Body),
))]
#[get("/activities/{id}/communities")]
async fn communities(
    member: Member,
    id: web::Path<ActivityId>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let activity = owned(&service, member, *id).await?;
    let items = service.db.communities_of(&activity).await?;
    answer::json(&request, Keep::Nobody, &SharedWithBody { items, next_cursor: None })
}

/// Lets the members of a community see the rendition of an activity. One has to be one of them.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(
        ("id" = ActivityId, Path), ("community" = CommunityId, Path), ("If-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 409, body = Body, description = "Nothing would be left to show."), (status = 412, body = Body),
        (status = 422, body = Body),
    ))]
#[put("/activities/{id}/communities/{community}")]
async fn share(
    member: Member,
    path: web::Path<(ActivityId, CommunityId)>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, community) = path.into_inner();
    let share = async |activity: &_| service.share_with(activity, community, now).await;
    change(&service, member, id, &request, share).await
}

/// Takes an activity back from a community. With the answer its members do not see it any more, unless
/// they have another way to it.
#[utoipa::path(tag = "sharing", security(("token" = [])),
    params(
        ("id" = ActivityId, Path), ("community" = CommunityId, Path), ("If-Match" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = OwnBody), (status = 401, body = Body), (status = 404, body = Body),
        (status = 412, body = Body),
    ))]
#[delete("/activities/{id}/communities/{community}")]
async fn unshare(
    member: Member,
    path: web::Path<(ActivityId, CommunityId)>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (id, community) = path.into_inner();
    let way = Way::Community(community);
    let unshare = async |activity: &_| service.narrow(activity, way, now).await;
    change(&service, member, id, &request, unshare).await
}
