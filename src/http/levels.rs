//! `/me/visibility`: changing whom many of one's own activities reach.

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::me::ListQuery;
use super::page;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::levels::{Aim, CHANGED_MAX, Changed, Run};
use crate::db::vault::ActivityFilter;
use crate::domain::{ActivityId, CommunityId, Invalid, Kind, Sport, Visibility};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(change_levels);
}

/// Which activities, and whom they shall reach.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = LevelChange)]
#[serde(deny_unknown_fields)]
struct LevelsBody {
    /// Which of one's own activities; all by default.
    #[serde(default)]
    filter: FilterBody,
    /// `private` takes them back from everyone, links and communities included; `community` shares
    /// them with one as well; `published` shows them to everyone.
    visibility: String,
    /// The community, for `community`.
    community: Option<CommunityId>,
    /// Until when, for `published`.
    until: Option<DateTime<Utc>>,
    /// Whether it is only told what would be changed.
    #[serde(default)]
    dry_run: bool,
}

/// Which activities.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[schema(as = ActivityFilter)]
#[serde(deny_unknown_fields)]
struct FilterBody {
    /// These, up to 200.
    ids: Option<Vec<ActivityId>>,
    #[schema(value_type = Option<Kind>)]
    kind: Option<String>,
    #[schema(value_type = Option<Sport>)]
    sport: Option<String>,
    #[schema(value_type = Option<Visibility>)]
    visibility: Option<String>,
    /// Begun at this time or later.
    from: Option<DateTime<Utc>>,
    /// Begun before this time.
    to: Option<DateTime<Utc>>,
    /// With this in the title or description.
    q: Option<String>,
}

/// What was changed, or would be.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LevelsChanged)]
struct ChangedBody {
    dry_run: bool,
    /// Those that were changed, or would be; at most 200 a call.
    changed: Vec<ActivityId>,
    /// Those that stay as they are, because nothing of them would be left to show.
    nothing_visible: Vec<ActivityId>,
    /// Whether there are more: the same call goes on with them.
    more: bool,
}

/// Changes whom many of one's own activities reach. With the answer it is done for all that it names.
#[utoipa::path(tag = "sharing", security(("token" = [])), request_body = LevelsBody, responses(
    (status = 200, body = ChangedBody), (status = 401, body = Body), (status = 404, body = Body),
    (status = 409, body = Body, description = "What one does is restricted. Of several, those before are changed."),
    (status = 412, body = Body), (status = 422, body = Body), (status = 429, body = Body),
))]
#[post("/me/visibility")]
async fn change_levels(
    member: Member,
    Json(body): Json<LevelsBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (aim, run) = (body.aim()?, if body.dry_run { Run::Dry } else { Run::Real });
    let filter = body.filter.parse()?;
    let Changed { changed, hidden, more } =
        service.change_levels(member.account, &filter, aim, run, now).await?;
    let dry_run = run == Run::Dry;
    let body = ChangedBody { dry_run, changed, nothing_visible: hidden, more };
    answer::json(&request, Keep::Nobody, &body)
}

impl LevelsBody {
    fn aim(&self) -> Result<Aim, Invalid> {
        let (community, until) = (self.community, self.until);
        if until.is_some_and(|until| !page::is_storable(until)) {
            return Err(Invalid { field: "until", reason: "must be a time to come" });
        }
        match (Visibility::try_from(self.visibility.as_str())?, community, until) {
            (Visibility::Private, None, None) => Ok(Aim::Nobody),
            (Visibility::Community, Some(community), None) => Ok(Aim::Community(community)),
            (Visibility::Published, None, until) => Ok(Aim::Everyone { until }),
            (Visibility::Link, ..) => {
                let reason = "must be private, community or published: links are made one by one";
                Err(Invalid { field: "visibility", reason })
            }
            (Visibility::Community, None, _) => {
                Err(Invalid { field: "community", reason: "must be named for community" })
            }
            (Visibility::Private | Visibility::Community, _, Some(_)) => {
                Err(Invalid { field: "until", reason: "is for published only" })
            }
            (Visibility::Private | Visibility::Published, Some(_), _) => {
                Err(Invalid { field: "community", reason: "is for community only" })
            }
        }
    }
}

impl FilterBody {
    fn parse(self) -> Result<ActivityFilter, Invalid> {
        if self.ids.as_ref().is_some_and(|ids| CHANGED_MAX < ids.len()) {
            return Err(Invalid { field: "filter.ids", reason: "must be at most 200" });
        }
        let Self { ids, kind, sport, visibility, from, to, q } = self;
        let wanted = ListQuery { kind, sport, visibility, from, to, q, limit: None, cursor: None };
        Ok(ActivityFilter { ids, ..wanted.try_into()? })
    }
}
