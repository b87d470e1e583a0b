//! Share links: what their owner sees of them, and what is looked up by their tokens.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::access_log::append as log_access;
use super::save::Unsaved;
use super::{Activity, audience};
use crate::access::Owned;
use crate::db::identity::account_key;
use crate::db::ops::{Job, enqueue};
use crate::db::schema::commons::links as tokens;
use crate::db::schema::identity::accounts;
use crate::db::schema::vault::links;
use crate::db::stop::Stop;
use crate::db::{Db, Error};
use crate::domain::{Access, Letter, LinkId, LinkLabel};
use crate::seal::{AccountKey, Keyring, LinkToken};

const TABLE: &str = "vault.links";

/// The most links that lead to an activity.
pub const LINKS_MAX: i64 = 50;
/// How many links that are over are removed in one go.
const EXPIRED_AT_ONCE: i64 = 100;

/// A share link, as its owner sees it. Its token is known to whom it was given, and to nobody else.
pub struct Link {
    /// Its id.
    pub id: LinkId,
    /// What its owner calls it.
    pub label: Option<LinkLabel>,
    /// Whether it asks for a password.
    pub is_locked: bool,
    /// When it opens nothing any more.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// How often it was opened.
    pub opened: i32,
}

/// A link to be made.
pub struct NewLink {
    /// Its id. The same again is the same link, made by a call that was repeated.
    pub id: LinkId,
    /// What its owner calls it.
    pub label: Option<LinkLabel>,
    /// See [`LinkToken::hash`].
    pub token_hash: [u8; 32],
    /// The argon2id hash of its password.
    pub password_hash: Option<String>,
    /// When it opens nothing any more.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whom it is sent to.
    pub letters: Vec<Letter>,
}

#[derive(Queryable)]
struct Row {
    id: Uuid,
    content: Vec<u8>,
    created_at: DateTime<Utc>,
    is_locked: bool,
    expires_at: Option<DateTime<Utc>>,
    opened: i32,
}

impl Db {
    /// The links that lead to an activity, in the order in which they were made.
    pub async fn links(&self, activity: &Owned<Activity>) -> Result<Vec<Link>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, activity.owner).await?;
        let rows: Vec<Row> = links::table
            .inner_join(tokens::table.on(tokens::link_id.eq(links::link_id)))
            .filter(of(activity))
            .order((links::created_at, links::link_id))
            .select((
                links::link_id,
                links::content,
                links::created_at,
                tokens::password_hash.is_not_null(),
                tokens::expires_at,
                tokens::opened,
            ))
            .load(conn)
            .await?;
        rows.iter().map(|row| open(&key, row)).collect()
    }

    /// The hash of the password of a link, which has one or has none; `None` when its token does not lead to the
    /// activity.
    pub async fn lock_of(
        &self,
        activity: &Owned<Activity>,
        token: &LinkToken,
    ) -> Result<Option<Option<String>>, Error> {
        let lock = tokens::table
            .filter(tokens::activity_id.eq(Uuid::from(activity.id)))
            .filter(tokens::token_hash.eq(token.hash().to_vec()))
            .select(tokens::password_hash);
        Ok(lock.first(&mut *self.conn().await?).await.optional()?)
    }

    /// Gives a link another token, so that the one before opens nothing; `false` when there is no
    /// such link.
    pub async fn rotate_link(
        &self,
        activity: &Owned<Activity>,
        link: LinkId,
        token: &LinkToken,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let rotated = diesel::update(tokens::table)
                .filter(tokens::link_id.eq(Uuid::from(link)))
                .filter(tokens::activity_id.eq(Uuid::from(activity.id)))
                .set(tokens::token_hash.eq(token.hash().to_vec()))
                .execute(conn)
                .await?;
            if rotated > 0 {
                let access = Access::LinkRotated { link };
                log_access(conn, &self.keyring, activity.owner, &access, now).await?;
            }
            Ok(rotated > 0)
        })
        .await
    }

    /// Removes links that are over; returns how many.
    pub async fn remove_expired_links(&self, now: DateTime<Utc>) -> Result<usize, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let over: Vec<(Uuid, Uuid, Uuid)> = links::table
                .inner_join(tokens::table.on(tokens::link_id.eq(links::link_id)))
                .inner_join(accounts::table.on(accounts::account_id.eq(links::account_id)))
                .filter(tokens::expires_at.le(now))
                .filter(accounts::restricted_at.is_null())
                .order(tokens::expires_at)
                .limit(EXPIRED_AT_ONCE)
                .select((links::account_id, links::activity_id, links::link_id))
                .load(conn)
                .await?;
            let of = over.iter().map(|(account, activity, _)| (*account, *activity)).collect();
            audience::lock_all(conn, &of).await?;
            let ids: Vec<Uuid> = over.into_iter().map(|(.., link)| link).collect();
            let expired = tokens::table.filter(tokens::link_id.eq_any(&ids));
            let removed = diesel::delete(expired).execute(conn).await?;
            audience::settle(conn, &of, now).await?;
            Ok(removed)
        })
        .await
    }
}

/// Makes a link, and enqueues the mails that bring it to people. Nothing is done when the same call has made it
/// before. If it was taken back or given another token since, it is [`Unsaved::Gone`]: what was taken back does not
/// come again.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    activity: &Owned<Activity>,
    link: &NewLink,
    now: DateTime<Utc>,
) -> Result<(), Stop<Unsaved>> {
    let known: Option<Option<Vec<u8>>> = links::table
        .left_join(tokens::table.on(tokens::link_id.eq(links::link_id)))
        .filter(of(activity))
        .filter(links::link_id.eq(Uuid::from(link.id)))
        .select(tokens::token_hash.nullable())
        .first(conn)
        .await
        .optional()?;
    if let Some(token_hash) = known {
        let same = token_hash.is_some_and(|token_hash| token_hash == link.token_hash);
        return same.then_some(()).ok_or_else(|| Unsaved::Gone.into());
    }
    let leading = tokens::table.filter(tokens::activity_id.eq(Uuid::from(activity.id)));
    if LINKS_MAX <= leading.count().get_result(conn).await? {
        return Err(audience::full("links").into());
    }
    diesel::insert_into(tokens::table)
        .values((
            tokens::token_hash.eq(link.token_hash.to_vec()),
            tokens::link_id.eq(Uuid::from(link.id)),
            tokens::activity_id.eq(Uuid::from(activity.id)),
            tokens::password_hash.eq(&link.password_hash),
            tokens::expires_at.eq(link.expires_at),
        ))
        .execute(conn)
        .await?;
    let key = account_key(conn, keyring, activity.owner).await?;
    let label = link.label.as_ref().map_or("", LinkLabel::as_str);
    diesel::insert_into(links::table)
        .values((
            links::account_id.eq(Uuid::from(activity.owner)),
            links::activity_id.eq(Uuid::from(activity.id)),
            links::link_id.eq(Uuid::from(link.id)),
            links::content.eq(key.seal(TABLE, "content", link.id.into(), label.as_bytes())),
            links::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    // Also of one that is taken back a minute later.
    log_access(conn, keyring, activity.owner, &Access::LinkMade { link: link.id }, now).await?;
    for letter in &link.letters {
        let job = Job::SendMail(letter.clone());
        enqueue(conn, keyring, Some(activity.owner), &job, now).await?;
    }
    Ok(())
}

/// Takes a link back; `false` when there is none. Its row stays with its activity, so that a repeated call
/// does not make it again.
pub(super) async fn delete(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
    link: LinkId,
) -> Result<bool, Error> {
    let token = tokens::table
        .filter(tokens::link_id.eq(Uuid::from(link)))
        .filter(tokens::activity_id.eq(Uuid::from(activity.id)));
    Ok(diesel::delete(token).execute(conn).await? > 0)
}

/// Takes back every link to an activity.
pub(super) async fn delete_all(
    conn: &mut AsyncPgConnection,
    activity: &Owned<Activity>,
) -> Result<(), Error> {
    let all = tokens::table.filter(tokens::activity_id.eq(Uuid::from(activity.id)));
    diesel::delete(all).execute(conn).await?;
    Ok(())
}

#[diesel::dsl::auto_type]
fn of(activity: &Owned<Activity>) -> _ {
    let account: Uuid = Uuid::from(activity.owner);
    let id: Uuid = Uuid::from(activity.id);
    links::account_id.eq(account).and(links::activity_id.eq(id))
}

fn open(key: &AccountKey, row: &Row) -> Result<Link, Error> {
    let corrupt = || Error::Corrupt("vault.links.content");
    let label = key.open(TABLE, "content", row.id, &row.content)?;
    let label = String::from_utf8(label).map_err(|_| corrupt())?;
    let label = Some(label).filter(|label| !label.is_empty());
    Ok(Link {
        id: row.id.into(),
        label: label.as_deref().map(LinkLabel::try_from).transpose().map_err(|_| corrupt())?,
        is_locked: row.is_locked,
        expires_at: row.expires_at,
        created_at: row.created_at,
        opened: row.opened,
    })
}
