//! `DELETE /me`: leaving, and what would become of an account before one does.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa_actix_web::service_config::ServiceConfig;

use super::answer::{self, Keep};
use super::body::Json;
use super::page::{self, Cursor, PageQuery};
use super::present::MemberBody;
use super::problem::{Body, Problem};
use super::session::{Member, Now};
use crate::actions::Service;
use crate::actions::leave::{Item, Lost, Outlook, Proof, Undo};
use crate::db;
use crate::db::commons::{HandOver, Member as Fellow};
use crate::domain::{
    ActivityId, CommunityId, ErasureId, Invalid, Legacies, Legacy, Password, PhotoId, Visibility,
    Wishes,
};

pub(super) fn routes(config: &mut ServiceConfig) {
    config.service(show_outlook).service(send_code).service(leave);
}

/// What would become of an account if its owner left now.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Deletion)]
struct OutlookBody {
    /// What is erased: how many rows of which tables, by the names that `GET /privacy` explains.
    erased: BTreeMap<&'static str, i64>,
    /// How many activities there are, by whom they reach. What is `private` is erased.
    activities: BTreeMap<&'static str, i64>,
    /// How many reviews there are of what others published. They become what is published: erased, or nobody's,
    /// each on its own, with the month and without words that tell whose they are.
    reviews: i64,
    /// What becomes of those that others see, unless it is chosen otherwise.
    defaults: DefaultsBody,
    /// The communities that nobody else administers: who does so afterwards, or that they end.
    communities: Vec<HandOverBody>,
    /// The activities that others see, one by one.
    items: Vec<ItemBody>,
    /// Gets more of them; null when there are none.
    next_cursor: Option<String>,
}

/// What becomes of what others see, by default.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeletionDefaults)]
struct DefaultsBody {
    published: Legacy,
    shared: Legacy,
    /// Of the photos of what stays.
    photos: Legacy,
    /// For how many days it can be taken back.
    undo_days: u8,
}

/// What becomes of a community.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HandOver)]
struct HandOverBody {
    id: CommunityId,
    name: String,
    /// Who administers it then. Null when one sees nobody in it: with nobody else in it, it ends.
    successor: Option<MemberBody>,
}

/// What can become of an activity that others see.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeletionItem)]
struct ItemBody {
    id: ActivityId,
    title: String,
    visibility: Visibility,
    /// What becomes of it by default. What cannot be made anonymous is erased whatever is chosen.
    becomes: Legacy,
    /// Why it cannot be made anonymous: `too_little_left`, `ends_with_time`, or `kept_away`: only communities
    /// see it, and somebody whom its author keeps away from is in each of them, or could join.
    because: Option<&'static str>,
    /// What others would not read any more, for it tells who wrote it, or when: `title`, `description`.
    cleared: Vec<&'static str>,
    /// The photos of it that could stay, if that is chosen. Others are too small, or could not be drawn.
    photos: Vec<PhotoId>,
}

/// Who leaves, and what is to become of what they shared.
#[derive(Deserialize, utoipa::ToSchema)]
#[schema(as = Leaving)]
#[serde(deny_unknown_fields)]
struct LeaveBody {
    /// To show that it is they who leave; or else `code`.
    password: Option<String>,
    /// From the mail of `POST /me/deletion/code`.
    code: Option<String>,
    /// What becomes of what everyone sees, reviews too; `anonymize` by default, and `erase` while processing is restricted:
    /// nobody sees it then, and that somebody leaves does not show it again.
    published: Option<Legacy>,
    /// What becomes of what some see, by a link or in a community; by default the same.
    shared: Option<Legacy>,
    /// What becomes of single activities, whatever is said of the others: up to 1,000, by their ids.
    #[serde(default)]
    items: BTreeMap<ActivityId, Legacy>,
    /// For how many days it can be taken back: 0 (by default) or 7. All is hidden at once all the same.
    #[serde(default)]
    undo_days: u8,
    /// What becomes of the photos of works that stay; `erase` by default. One that stays is cut a little on each
    /// side and drawn anew, without text, place and time; what it shows it shows, and somebody who has many
    /// pictures of the same camera may know it again.
    #[serde(default = "erase")]
    photos: Legacy,
    /// What becomes of single photos, whatever is said of the others: up to 1,000, by their ids.
    #[serde(default)]
    photo_items: BTreeMap<PhotoId, Legacy>,
}

/// That it was asked for.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DeletionReceipt)]
struct ReceiptBody {
    /// The number of the receipt that comes by mail.
    receipt_id: ErasureId,
    /// When the erasure begins; until then it can be taken back.
    erase_at: DateTime<Utc>,
}

/// What would become of the account: nothing is done.
#[utoipa::path(tag = "me", security(("token" = [])), params(PageQuery), responses(
    (status = 200, body = OutlookBody), (status = 304), (status = 401, body = Body), (status = 422, body = Body),
    (status = 429, body = Body),
))]
#[get("/me/deletion")]
async fn show_outlook(
    member: Member,
    query: web::Query<PageQuery>,
    Now(now): Now,
    request: HttpRequest,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let limit = page::limit(query.limit)?;
    let after = query.cursor.as_deref().map(ActivityId::parse).transpose()?;
    let outlook = service.outlook(member.account, after, limit, now).await?;
    answer::json(&request, Keep::Nobody, &OutlookBody::try_from(outlook)?)
}

/// Asks for a code to leave with, for who has no password or has forgotten it.
#[utoipa::path(tag = "me", security(("token" = [])), responses(
    (status = 202, description = "A mail is on its way."), (status = 401, body = Body),
    (status = 429, body = Body, description = "Too many mails."),
))]
#[post("/me/deletion/code")]
async fn send_code(
    member: Member,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    service.send_erasure_code(member.account, now).await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Leaves. With the answer nothing of the account is seen any more, and every session, code and mail of it is
/// dead; the rest is erased by a job, and a receipt comes by mail just before the address goes.
#[utoipa::path(tag = "me", security(("token" = [])), request_body = LeaveBody, responses(
    (status = 202, body = ReceiptBody),
    (status = 401, body = Body, description = "Not signed in, or the password or code is not right."),
    (status = 422, body = Body), (status = 429, body = Body, description = "Too many attempts."),
))]
#[delete("/me")]
async fn leave(
    member: Member,
    Json(body): Json<LeaveBody>,
    Now(now): Now,
    service: web::Data<Service>,
) -> Result<HttpResponse, Problem> {
    let (proof, wishes, undo) = body.parse()?;
    let erasure = service.leave(member.account, proof, wishes, undo, now).await?;
    let body = ReceiptBody { receipt_id: erasure.id, erase_at: erasure.erase_at };
    Ok(answer::accepted(&body))
}

/// What becomes of photos unless it is chosen otherwise.
const fn erase() -> Legacy {
    Legacy::Erase
}

impl LeaveBody {
    fn parse(self) -> Result<(Proof, Wishes, Undo), Invalid> {
        let proof = match (self.password, self.code) {
            (Some(password), None) => Proof::Password(Password::presented(password)?),
            (None, Some(code)) => Proof::Code(code),
            (None, None) | (Some(_), Some(_)) => {
                let reason = "or a code must be given, and not both";
                return Err(Invalid { field: "password", reason });
            }
        };
        let undo = match self.undo_days {
            0 => Undo::Never,
            7 => Undo::Week,
            _ => return Err(Invalid { field: "undo_days", reason: "must be 0 or 7" }),
        };
        let mut wishes = Wishes::one_by_one(self.items, self.photo_items)?;
        wishes.published = self.published;
        wishes.shared = self.shared;
        wishes.photos = Some(self.photos);
        Ok((proof, wishes, undo))
    }
}

impl TryFrom<Outlook> for OutlookBody {
    type Error = db::Error;

    fn try_from(outlook: Outlook) -> Result<Self, db::Error> {
        let unsaid = &outlook.unsaid;
        let communities = outlook.hand_overs.iter().map(HandOverBody::try_from);
        Ok(Self {
            erased: outlook.held.iter().map(|held| (held.table, held.rows)).collect(),
            activities: outlook
                .reaching
                .iter()
                .map(|(whom, count)| (whom.name(), *count))
                .collect(),
            reviews: outlook.reviews,
            defaults: DefaultsBody {
                published: unsaid.published,
                shared: unsaid.shared,
                photos: unsaid.photos,
                undo_days: 0,
            },
            communities: communities.collect::<Result<_, _>>()?,
            items: outlook.items.iter().map(|item| ItemBody::of(item, unsaid)).collect(),
            next_cursor: outlook.next.map(Cursor::to_text),
        })
    }
}

impl TryFrom<&HandOver> for HandOverBody {
    type Error = db::Error;

    fn try_from(it: &HandOver) -> Result<Self, db::Error> {
        let successor = it.successor()?;
        let successor =
            successor.map(|(id, public_name)| MemberBody::from(&Fellow { id, public_name }));
        Ok(Self { id: it.community(), name: it.name.clone(), successor })
    }
}

impl ItemBody {
    fn of(item: &Item, unsaid: &Legacies) -> Self {
        let activity = &item.activity;
        let (becomes, because) = match &item.remains {
            Ok(_) => (unsaid.of(activity.id, activity.visibility), None),
            Err(Lost::TooLittle) => (Legacy::Erase, Some("too_little_left")),
            Err(Lost::Limited) => (Legacy::Erase, Some("ends_with_time")),
            Err(Lost::KeptAway) => (Legacy::Erase, Some("kept_away")),
        };
        let mut cleared = Vec::new();
        if let Ok(remains) = &item.remains {
            cleared.extend(remains.loses_title.then_some("title"));
            cleared.extend(remains.loses_description.then_some("description"));
        }
        Self {
            id: activity.id,
            title: activity.details.title.as_str().to_owned(),
            visibility: activity.visibility,
            becomes,
            because,
            cleared,
            photos: item.photos.clone(),
        }
    }
}
