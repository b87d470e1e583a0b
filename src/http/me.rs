//! `/me`: one's own account, sessions and activities.

use actix_web::{HttpRequest, HttpResponse, delete, get, patch, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::page::{self, Cursor, Page, PageQuery};
use super::present::OwnBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::db::identity::{
    Account, ProfessionalChange, ProfileChange, SessionPosition, SessionRow,
};
use crate::db::vault::{ActivityFilter, ListPosition};
use crate::domain::{
    AccountId, Invalid, Kind, Locale, PersonName, Professional, ProfessionalDetail, PublicName,
    SessionId, Sport, Visibility, WebLink,
};

/// The longest text to look for in titles and descriptions, in characters.
const TEXT_CHARS_MAX: usize = 200;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(show_account)
        .service(change_account)
        .service(sessions)
        .service(end_session)
        .service(activities);
}

/// One's own account.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Account)]
struct AccountBody {
    account_id: AccountId,
    email: String,
    public_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    professional: ProfessionalBody,
    locale: Locale,
    /// The policy version that was accepted last.
    policy_version: String,
    policy_accepted_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

/// Professional details: nobody has to give them, and nobody else sees them.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Professional)]
struct ProfessionalBody {
    company: Option<String>,
    role: Option<String>,
    town: Option<String>,
    link: Option<String>,
}

/// Fields to change; those that are left out stay, null clears.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangeBody {
    /// What others see beside published work. Needed: 1 to 50 characters that nobody else's name can be
    /// taken for. The one before is nobody else's for a year.
    public_name: Option<String>,
    /// Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    given_name: Option<Option<String>>,
    /// Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    family_name: Option<Option<String>>,
    /// Optional; nobody else sees them.
    #[serde(default, deserialize_with = "given")]
    professional: Option<Option<ProfessionalChangeBody>>,
    /// The language of mails, `en` or `fr`.
    locale: Option<String>,
}

/// Professional details to change; those that are left out stay, null clears.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ProfessionalChangeBody {
    /// Where one works, up to 100 characters. Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    company: Option<Option<String>>,
    /// What one does there, up to 100 characters. Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    role: Option<Option<String>>,
    /// In which town, up to 100 characters. Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    town: Option<Option<String>>,
    /// A page, `https` or `http`, up to 500 characters. Optional; nobody else sees it.
    #[serde(default, deserialize_with = "given")]
    link: Option<Option<String>>,
}

/// A signed-in device.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Session)]
struct SessionBody {
    id: SessionId,
    device: String,
    /// Whether it is the one that asks.
    current: bool,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// Which activities to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `recorded` or `planned`.
    #[param(value_type = Option<Kind>, inline)]
    pub(super) kind: Option<String>,
    /// A sport.
    #[param(value_type = Option<Sport>, inline)]
    pub(super) sport: Option<String>,
    /// Begun at this time or later.
    pub(super) from: Option<DateTime<Utc>>,
    /// Begun before this time.
    pub(super) to: Option<DateTime<Utc>>,
    /// `private`, `link`, `community` or `published`.
    #[param(value_type = Option<Visibility>, inline)]
    pub(super) visibility: Option<String>,
    /// A text in the title or description.
    pub(super) q: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(super) limit: Option<usize>,
    /// From the page before.
    pub(super) cursor: Option<String>,
}

/// One's own account.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 200, body = AccountBody), (status = 304), (status = 401, body = Body),
))]
#[get("/me")]
async fn show_account(
    member: Member,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let account = service.db.account(member.account).await?.ok_or(Problem::NotFound)?;
    answer::json(&request, Keep::Nobody, &AccountBody::from(&account))
}

/// Changes one's own account.
#[utoipa::path(tag = "me", security(("token" = [])), params(("If-Match" = Option<String>, Header)), request_body = ChangeBody, responses(
    (status = 200, body = AccountBody), (status = 401, body = Body), (status = 412, body = Body), (status = 422, body = Body),
    (status = 429, body = Body, description = "Too many public names."),
))]
#[patch("/me")]
async fn change_account(
    member: Member,
    Json(body): Json<ChangeBody>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let if_match = answer::if_match(&request);
    let wanted =
        |account: &Account| answer::is_wanted(if_match.as_deref(), &AccountBody::from(account));
    let changed = service.change_profile(member.account, wanted, body.try_into()?, now).await?;
    answer::json(&request, Keep::Nobody, &AccountBody::from(&changed))
}

/// The devices that are signed in, the one used last first.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = Page<SessionBody>), (status = 304), (status = 401, body = Body),
))]
#[get("/me/sessions")]
async fn sessions(
    member: Member,
    Now(now): Now,
    query: web::Query<PageQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(SessionPosition::parse).transpose()?;
    let found = service.db.sessions(member.account, after, limit, now).await?;
    let page = Page::of(found, |row| SessionBody::of(row, member));
    answer::json(&request, Keep::Nobody, &page)
}

/// Signs a device out, at once.
#[utoipa::path(tag = "me", security(("token" = [])), params(("id" = SessionId, Path)), responses(
    (status = 204), (status = 401, body = Body), (status = 404, body = Body),
))]
#[delete("/me/sessions/{id}")]
async fn end_session(
    member: Member,
    id: web::Path<SessionId>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let ended = service.db.delete_session(member.account, *id, now).await?;
    ended.then(|| HttpResponse::NoContent().finish()).ok_or(Problem::NotFound)
}

/// One's own activities, newest first.
#[utoipa::path(tag = "me", security(("token" = [])), params(ListQuery), responses(
    (status = 200, body = Page<OwnBody>), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
))]
#[get("/me/activities")]
async fn activities(
    member: Member,
    query: web::Query<ListQuery>,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let query = query.into_inner();
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ListPosition::parse).transpose()?;
    let filter = query.try_into()?;
    let found = service.db.activities(member.account, &filter, after, limit).await?;
    let page = Page::of(found, |activity| OwnBody::from(&activity));
    answer::json(&request, Keep::Nobody, &page)
}

impl From<&Account> for AccountBody {
    fn from(account: &Account) -> Self {
        let profile = &account.profile;
        let text = |name: &Option<PersonName>| name.as_ref().map(|name| name.as_str().to_owned());
        Self {
            account_id: account.id,
            email: account.email.as_str().to_owned(),
            public_name: profile.public_name.as_str().to_owned(),
            given_name: text(&profile.given_name),
            family_name: text(&profile.family_name),
            professional: ProfessionalBody::from(&account.professional),
            locale: profile.locale,
            policy_version: account.policy_version.clone(),
            policy_accepted_at: account.policy_accepted_at,
            created_at: account.created_at,
        }
    }
}

impl From<&Professional> for ProfessionalBody {
    fn from(professional: &Professional) -> Self {
        let text = |detail: &Option<ProfessionalDetail>| {
            detail.as_ref().map(|detail| detail.as_str().to_owned())
        };
        Self {
            company: text(&professional.company),
            role: text(&professional.role),
            town: text(&professional.town),
            link: professional.link.as_ref().map(|link| link.as_str().to_owned()),
        }
    }
}

impl SessionBody {
    fn of(row: SessionRow, asking: Member) -> Self {
        Self {
            id: row.id,
            device: row.device,
            current: row.id == asking.session,
            created_at: row.created_at,
            last_used_at: row.last_used_at,
            expires_at: row.expires_at,
        }
    }
}

impl TryFrom<ChangeBody> for ProfileChange {
    type Error = Invalid;

    fn try_from(body: ChangeBody) -> Result<Self, Invalid> {
        let name = |name: Option<Option<String>>, field| {
            let parse = |name: String| {
                PersonName::try_from(name.as_str()).map_err(|error| Invalid { field, ..error })
            };
            name.map(|name| name.map(parse).transpose()).transpose()
        };
        Ok(Self {
            public_name: body.public_name.as_deref().map(PublicName::chosen).transpose()?,
            given_name: name(body.given_name, "given_name")?,
            family_name: name(body.family_name, "family_name")?,
            locale: body.locale.as_deref().map(Locale::try_from).transpose()?,
            professional: match body.professional {
                Some(Some(change)) => change.try_into()?,
                Some(None) => ProfessionalChangeBody::CLEAR.try_into()?,
                None => ProfessionalChange::default(),
            },
        })
    }
}

impl ProfessionalChangeBody {
    /// All of them go.
    const CLEAR: Self =
        Self { company: Some(None), role: Some(None), town: Some(None), link: Some(None) };
}

impl TryFrom<ProfessionalChangeBody> for ProfessionalChange {
    type Error = Invalid;

    fn try_from(body: ProfessionalChangeBody) -> Result<Self, Invalid> {
        let detail = |text: Option<Option<String>>, field| {
            let parse = |text: String| {
                ProfessionalDetail::try_from(text.as_str())
                    .map_err(|error| Invalid { field, ..error })
            };
            text.map(|text| text.map(parse).transpose()).transpose()
        };
        let link = |text: String| {
            WebLink::try_from(text.as_str())
                .map_err(|error| Invalid { field: "professional.link", ..error })
        };
        Ok(Self {
            company: detail(body.company, "professional.company")?,
            role: detail(body.role, "professional.role")?,
            town: detail(body.town, "professional.town")?,
            link: body.link.map(|text| text.map(link).transpose()).transpose()?,
        })
    }
}

impl TryFrom<ListQuery> for ActivityFilter {
    type Error = Invalid;

    fn try_from(query: ListQuery) -> Result<Self, Invalid> {
        if query.q.as_deref().is_some_and(|text| TEXT_CHARS_MAX < text.chars().count()) {
            return Err(Invalid { field: "q", reason: "must have at most 200 characters" });
        }
        for (field, time) in [("from", query.from), ("to", query.to)] {
            if !time.is_none_or(page::is_storable) {
                return Err(Invalid { field, reason: "must be of the years 0 to 9999" });
            }
        }
        Ok(Self {
            ids: None,
            kind: query.kind.as_deref().map(Kind::try_from).transpose()?,
            sport: query.sport.as_deref().map(Sport::try_from).transpose()?,
            visibility: query.visibility.as_deref().map(Visibility::try_from).transpose()?,
            from: query.from,
            to: query.to,
            text: query.q,
        })
    }
}

/// Tells a field that is null from one that is left out.
pub(super) fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
