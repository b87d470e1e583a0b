//! What only an export reads: rows of an account as they are stored, what is sealed opened. Each is a map from
//! the names of its columns, as `privacy::inventory` has them, so that what is exported is what is stored.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::archives::ArchivePosition;
use crate::access::Owned;
use crate::archive::Kind;
use crate::db::identity::{account_key, find_by_id};
use crate::db::schema::commons::{
    communities, community_activities, links as tokens, membership_requests, memberships,
    renditions, reviews,
};
use crate::db::schema::identity::accounts;
use crate::db::schema::vault::{blocks, consents, links};
use crate::db::vault::Activity;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ActivityId, Direction, ProfessionalDetail, WebLink};
use crate::track::{PublicTrack, encode, plain};

/// The most archives that are asked for at once; more than a week has.
const ARCHIVES_MAX: usize = 10_000;

/// What others see of an activity, as it is stored.
pub struct StoredRendition {
    row: Rendition,
}

type Rendition = (
    Uuid,
    Option<Uuid>,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<NaiveDate>,
    Value,
    Value,
    Option<Vec<u8>>,
    Option<DateTime<Utc>>,
    bool,
    Option<DateTime<Utc>>,
    Option<f64>,
);

impl Db {
    /// All rows of one kind, of those of which an account has few; none of the other kinds.
    pub async fn rows_of(&self, account: AccountId, kind: Kind) -> Result<Vec<Value>, Error> {
        let conn = &mut *self.conn().await?;
        let id = Uuid::from(account);
        match kind {
            Kind::Account => self.account_row(conn, account).await,
            Kind::Blocks => {
                let of = blocks::table.filter(blocks::account_id.eq(id));
                let rows: Vec<(Uuid, Uuid, DateTime<Utc>)> =
                    of.order(blocks::member_id).load(conn).await?;
                Ok(rows
                    .into_iter()
                    .map(|(account_id, member_id, created_at)| {
                        json!({ "account_id": account_id, "member_id": member_id, "created_at": created_at })
                    })
                    .collect())
            }
            Kind::Communities => communities_of(conn, id).await,
            Kind::Memberships => {
                let of = memberships::table.filter(memberships::member_id.eq(id));
                let rows: Vec<(Uuid, Uuid, String, DateTime<Utc>)> =
                    of.order(memberships::community_id).load(conn).await?;
                Ok(rows
                    .into_iter()
                    .map(|(community_id, member_id, role, joined_at)| {
                        json!({
                            "community_id": community_id, "member_id": member_id, "role": role,
                            "joined_at": joined_at,
                        })
                    })
                    .collect())
            }
            Kind::MembershipRequests => {
                let of = membership_requests::table.filter(membership_requests::member_id.eq(id));
                let rows: Vec<(Uuid, Uuid, DateTime<Utc>)> =
                    of.order(membership_requests::community_id).load(conn).await?;
                Ok(rows
                    .into_iter()
                    .map(|(community_id, member_id, asked_at)| {
                        json!({ "community_id": community_id, "member_id": member_id, "asked_at": asked_at })
                    })
                    .collect())
            }
            Kind::Consents => consents_of(conn, id).await,
            Kind::Reviews => reviews_of(conn, id).await,
            Kind::Archives => self.archive_rows(account).await,
            Kind::Pictures
            | Kind::Zones
            | Kind::Sessions
            | Kind::Activities
            | Kind::Photos
            | Kind::Links
            | Kind::Shares
            | Kind::AccessLog => Ok(Vec::new()),
        }
    }

    async fn account_row(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
    ) -> Result<Vec<Value>, Error> {
        type Plain = (DateTime<Utc>, Option<DateTime<Utc>>, NaiveDate, i16, Option<NaiveDate>);
        let plain: Option<Plain> = accounts::table
            .find(Uuid::from(account))
            .select((
                accounts::policy_accepted_at,
                accounts::restricted_at,
                accounts::last_contact_on,
                accounts::warnings,
                accounts::warned_on,
            ))
            .first(conn)
            .await
            .optional()?;
        let owner = find_by_id(conn, &self.keyring, account).await?;
        let (Some(owner), Some(plain)) = (owner, plain) else { return Ok(Vec::new()) };
        let (accepted_at, restricted_at, last_contact_on, warnings, warned_on) = plain;
        let (profile, professional) = (&owner.profile, &owner.professional);
        let detail = |detail: &Option<ProfessionalDetail>| {
            detail.as_ref().map(|detail| detail.as_str().to_owned())
        };
        Ok(vec![json!({
            "account_id": account,
            "email": owner.email.as_str(),
            "profile": {
                "given_name": profile.given_name,
                "family_name": profile.family_name,
                "professional": {
                    "company": detail(&professional.company),
                    "role": detail(&professional.role),
                    "town": detail(&professional.town),
                    "link": professional.link.as_ref().map(WebLink::as_str),
                },
            },
            "locale": profile.locale.name(),
            "policy_version": owner.policy_version,
            "policy_accepted_at": accepted_at,
            "created_at": owner.created_at,
            "restricted_at": restricted_at,
            "last_contact_on": last_contact_on,
            "warnings": warnings,
            "warned_on": warned_on,
            "member_id": account,
            "public_name": profile.public_name,
        })])
    }

    async fn archive_rows(&self, account: AccountId) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        for direction in Direction::ALL {
            let none: Option<ArchivePosition> = None;
            let found = self.archives(account, direction, none, ARCHIVES_MAX).await?;
            rows.extend(found.items.into_iter().map(|archive| {
                json!({
                    "account_id": account,
                    "archive_id": archive.id,
                    "direction": direction.name(),
                    "state": archive.state.name(),
                    "created_at": archive.created_at,
                    "expires_at": archive.expires_at,
                })
            }));
        }
        Ok(rows)
    }

    /// Every link that ever led to these activities of an account, without its token.
    pub async fn link_rows(
        &self,
        account: AccountId,
        of: &[ActivityId],
    ) -> Result<Vec<Value>, Error> {
        type Row = (
            Uuid,
            Uuid,
            Vec<u8>,
            DateTime<Utc>,
            Option<Uuid>,
            Option<bool>,
            Option<DateTime<Utc>>,
            Option<i32>,
        );
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let rows: Vec<Row> = links::table
            .left_join(tokens::table.on(tokens::link_id.eq(links::link_id)))
            .filter(links::account_id.eq(Uuid::from(account)))
            .filter(links::activity_id.eq_any(ids(of)))
            .order((links::activity_id, links::created_at, links::link_id))
            .select((
                links::activity_id,
                links::link_id,
                links::content,
                links::created_at,
                tokens::link_id.nullable(),
                tokens::password_hash.is_not_null().nullable(),
                tokens::expires_at.nullable(),
                tokens::opened.nullable(),
            ))
            .load(conn)
            .await?;
        let row =
            |(activity, link, content, created_at, stands, locked, expires_at, opened): Row| {
                let label = key.open("vault.links", "content", link, &content)?;
                let label =
                    String::from_utf8(label).map_err(|_| Error::Corrupt("vault.links.content"))?;
                Ok(json!({
                    "account_id": account,
                    "activity_id": activity,
                    "link_id": link,
                    "content": { "label": Some(label).filter(|label| !label.is_empty()) },
                    "created_at": created_at,
                    "is_open": stands.is_some(),
                    "is_locked": stands.is_some() && locked == Some(true),
                    "expires_at": expires_at,
                    "opened": opened,
                }))
            };
        rows.into_iter().map(row).collect()
    }

    /// The communities that these activities are shared with.
    pub async fn share_rows(&self, of: &[ActivityId]) -> Result<Vec<Value>, Error> {
        let rows: Vec<(Uuid, Uuid, Option<Uuid>)> = community_activities::table
            .filter(community_activities::activity_id.eq_any(ids(of)))
            .order((community_activities::activity_id, community_activities::community_id))
            .load(&mut *self.conn().await?)
            .await?;
        let row = |(community, activity, author): (Uuid, Uuid, Option<Uuid>)| json!({ "community_id": community, "activity_id": activity, "author_id": author });
        Ok(rows.into_iter().map(row).collect())
    }

    /// What others see of an activity, if they see something.
    pub async fn stored_rendition(
        &self,
        activity: &Owned<Activity>,
    ) -> Result<Option<StoredRendition>, Error> {
        let row: Option<Rendition> = renditions::table
            .find(Uuid::from(activity.id))
            .select(renditions::all_columns)
            .first(&mut *self.conn().await?)
            .await
            .optional()?;
        Ok(row.map(|row| StoredRendition { row }))
    }
}

impl StoredRendition {
    /// It as JSON: work for a core.
    pub fn to_json(&self) -> Result<Value, Error> {
        let (activity, author, visibility, kind, sport, title, description, day, ..) = &self.row;
        let (.., statistics, waypoints, track, hour, is_counted, until, _rating) = &self.row;
        let corrupt = |_| Error::Corrupt("commons.renditions.track");
        let track: Option<PublicTrack> =
            track.as_deref().map(encode::decode_public).transpose().map_err(corrupt)?;
        let track = track.map(|track| plain::to_value(track.columns()));
        let fields = [
            ("activity_id", json!(activity)),
            ("author_id", json!(author)),
            ("visibility", json!(visibility)),
            ("kind", json!(kind)),
            ("sport", json!(sport)),
            ("title", json!(title)),
            ("description", json!(description)),
            ("day", json!(day)),
            ("hour", json!(hour)),
            ("is_counted", json!(is_counted)),
            ("published_until", json!(until)),
            ("statistics", statistics.clone()),
            ("waypoints", waypoints.clone()),
            ("track", track.unwrap_or_default()),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        Ok(Value::Object(fields.into_iter().collect::<Map<_, _>>()))
    }
}

async fn consents_of(conn: &mut AsyncPgConnection, account: Uuid) -> Result<Vec<Value>, Error> {
    let of = consents::table.filter(consents::account_id.eq(account));
    let rows: Vec<(Uuid, String, DateTime<Utc>, bool)> =
        of.order((consents::consent, consents::decided_at)).load(conn).await?;
    let row = |(account_id, consent, decided_at, is_given): (Uuid, String, DateTime<Utc>, bool)| {
        json!({
            "account_id": account_id, "consent": consent, "decided_at": decided_at,
            "is_given": is_given,
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn reviews_of(conn: &mut AsyncPgConnection, reviewer: Uuid) -> Result<Vec<Value>, Error> {
    let rows: Vec<(Uuid, Uuid, i16, Option<String>, NaiveDate)> = reviews::table
        .filter(reviews::reviewer_id.eq(reviewer))
        .order((reviews::written_on, reviews::review_id))
        .select((
            reviews::review_id,
            reviews::activity_id,
            reviews::rating,
            reviews::text,
            reviews::written_on,
        ))
        .load(conn)
        .await?;
    let row = |(review, activity, rating, text, written_on): (_, _, _, Option<String>, _)| {
        json!({
            "review_id": review, "activity_id": activity, "reviewer_id": reviewer, "rating": rating,
            "text": text, "written_on": written_on,
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn communities_of(conn: &mut AsyncPgConnection, member: Uuid) -> Result<Vec<Value>, Error> {
    type Row = (Uuid, String, Option<String>, String, DateTime<Utc>);
    let rows: Vec<Row> = memberships::table
        .inner_join(communities::table)
        .filter(memberships::member_id.eq(member))
        .order(communities::community_id)
        .select((
            communities::community_id,
            communities::name,
            communities::description,
            communities::visibility,
            communities::created_at,
        ))
        .load(conn)
        .await?;
    let row = |(id, name, description, visibility, created_at): Row| {
        json!({
            "community_id": id, "name": name, "description": description, "visibility": visibility,
            "created_at": created_at,
        })
    };
    Ok(rows.into_iter().map(row).collect())
}

fn ids(of: &[ActivityId]) -> Vec<Uuid> {
    of.iter().copied().map(Uuid::from).collect()
}
