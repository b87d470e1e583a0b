//! Leaving, and taking that back: each is one transaction, after which all or nothing is seen.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::audience::lock_all_touched;
use crate::db::commons;
use crate::db::identity::{self, NewSession, TO_BE_CLOSED, account_key, end_codes, end_sessions};
use crate::db::ops::{Erasure, Job, call_off, enqueue, erasures, remove};
use crate::db::schema::commons::members;
use crate::db::schema::identity::accounts;
use crate::db::schema::ops::erasures as ledger;
use crate::db::schema::vault::{activities, archives, photos};
use crate::db::stop::Stop::Undone;
use crate::db::stop::outcome;
use crate::db::{Db, Error};
use crate::domain::{AccountId, ArchiveState, ErasureId, Letter, PhotoState, Subject};
use crate::privacy::retention;
use crate::seal::{AccountKey, RefreshToken};

const LEDGER: &str = "ops.erasures";

/// What others see of who has left, wherever a name of theirs is still shown.
const FORMER_MEMBER: &str = "Former member";
/// How often leaving is tried while its account joins communities.
const TURNS_MAX: usize = 8;

/// Why an account may go: looked at while its row is held.
#[derive(Clone, Copy, Debug)]
pub enum Grounds<'a> {
    /// Its owner asked for it and gave the password of this hash. It is still theirs.
    Password(&'a str),
    /// Its owner asked for it, and proved who they are by something that was used up.
    Asked,
    /// Its owner was warned twice. They did not come back, nor have they had it kept as it is.
    Abandoned,
}

/// What became of leaving.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is done, and so entered: nothing of the account is seen any more.
    Now(Erasure),
    /// It was done before, by this erasure.
    Before(ErasureId),
    /// There is no such account, or no such grounds any more.
    No,
}

/// Why leaving is not carried through.
enum Turned {
    /// It is in other communities by now.
    Again,
    /// For good.
    Away(Left),
}

/// What of an account says whether it may go, and how.
#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
struct Row {
    password_hash: Option<String>,
    erase_at: Option<DateTime<Utc>>,
    restricted_at: Option<DateTime<Utc>>,
    warnings: i16,
}

impl Row {
    fn may_go(&self, grounds: Grounds<'_>) -> bool {
        match grounds {
            Grounds::Asked => true,
            Grounds::Password(verified) => self.password_hash.as_deref() == Some(verified),
            Grounds::Abandoned => self.warnings == TO_BE_CLOSED && self.restricted_at.is_none(),
        }
    }
}

impl Db {
    /// Hides an account and all of it, ends its sessions, codes, memberships and mails, and enters it in the
    /// ledger, to be erased when that says. `entry` is told whether its owner lets nothing be done with their data.
    pub async fn leave(
        &self,
        account: AccountId,
        grounds: Grounds<'_>,
        entry: impl Fn(bool) -> Erasure + Sync,
        now: DateTime<Utc>,
    ) -> Result<Left, Error> {
        for _ in 0..TURNS_MAX {
            match self.try_leaving(account, grounds, &entry, now).await? {
                Ok(erasure) => return Ok(Left::Now(erasure)),
                Err(Turned::Away(left)) => return Ok(left),
                Err(Turned::Again) => {}
            }
        }
        Ok(Left::No)
    }

    async fn try_leaving(
        &self,
        account: AccountId,
        grounds: Grounds<'_>,
        entry: &(impl Fn(bool) -> Erasure + Sync),
        now: DateTime<Utc>,
    ) -> Result<Result<Erasure, Turned>, Error> {
        let conn = &mut *self.conn().await?;
        let left = conn
            .transaction(async |conn| {
                let around = commons::around(conn, account).await?;
                commons::hold_all(conn, account, &around).await?;
                let held = accounts::table
                    .find(Uuid::from(account))
                    .select(Row::as_select())
                    .for_no_key_update()
                    .first(conn)
                    .await
                    .optional()?;
                let Some(row) = held else {
                    return Err(Undone(Turned::Away(Left::No)));
                };
                if row.erase_at.is_some() {
                    let id = open_erasure_of(conn, account).await?;
                    return Err(Undone(Turned::Away(id.map_or(Left::No, Left::Before))));
                }
                if !row.may_go(grounds) {
                    return Err(Undone(Turned::Away(Left::No)));
                }
                // Whoever lets it in anywhere holds its row while they do.
                if commons::around(conn, account).await? != around {
                    return Err(Undone(Turned::Again));
                }
                let erasure = entry(row.restricted_at.is_some());
                self.enter(conn, &erasure).await?;
                hide(conn, &erasure).await?;
                let legacies = &erasure.legacies;
                commons::leave_all(conn, account, &around, legacies, &self.keyring, now).await?;
                end_sessions(conn, account).await?;
                end_codes(conn, account).await?;
                call_off(conn, account).await?;
                self.announce(conn, &erasure, now).await?;
                Ok(erasure)
            })
            .await;
        outcome(left)
    }

    /// The ledger first.
    async fn enter(&self, conn: &mut AsyncPgConnection, erasure: &Erasure) -> Result<(), Error> {
        let account = erasure.account;
        let key = account_key(conn, &self.keyring, account).await?;
        let name: String = members::table
            .find(Uuid::from(account))
            .select(members::public_name)
            .first(conn)
            .await?;
        let sealed = key.seal(LEDGER, "remembered", erasure.id.into(), name.as_bytes());
        erasures::insert(conn, &self.keyring, erasure, sealed).await
    }

    /// Tells who may take it back that they may.
    async fn announce(
        &self,
        conn: &mut AsyncPgConnection,
        erasure: &Erasure,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if erasure.erase_at <= now {
            return Ok(());
        }
        let owner = identity::find_by_id(conn, &self.keyring, erasure.account).await?;
        let Some(owner) = owner else { return Ok(()) };
        let letter = Letter {
            to: owner.email.as_str().to_owned(),
            locale: owner.profile.locale,
            subject: Subject::Leaving { on: erasure.erase_at.date_naive() },
        };
        enqueue(conn, &self.keyring, None, &Job::SendMail(letter), now).await
    }

    /// Takes back that an account leaves, for who gave the password of that hash, and signs them in. What is
    /// published is made anew, and what was at work goes on; memberships, and what was shared with communities, do not come back. `None`
    /// when it is too late, or was never asked for.
    pub async fn return_to_account(
        &self,
        account: AccountId,
        password_hash: &str,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<Option<(RefreshToken, ErasureId)>, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let held: Option<Uuid> = accounts::table
                .find(Uuid::from(account))
                .filter(accounts::password_hash.eq(password_hash))
                .filter(accounts::erase_at.gt(now))
                .select(accounts::account_id)
                .for_no_key_update()
                .first(conn)
                .await
                .optional()?;
            if held.is_none() {
                return Ok(None);
            }
            let Some(id) = self.reopen(conn, account, now).await? else { return Ok(None) };
            let token =
                identity::insert_session(conn, &self.keyring, account, session, now).await?;
            Ok(Some((token, id)))
        })
        .await
    }

    /// Takes back that an account leaves, because a note outside the database says that its owner did.
    pub async fn undo_erasure(&self, erasure: &Erasure, now: DateTime<Utc>) -> Result<(), Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let account = accounts::table.find(Uuid::from(erasure.account));
            let held = account.select(accounts::account_id).for_no_key_update();
            if held.first::<Uuid>(conn).await.optional()?.is_some() {
                self.reopen(conn, erasure.account, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// What others called who leaves.
    pub async fn remembered_name(&self, erasure: &Erasure) -> Result<String, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, erasure.account).await?;
        remembered_name(conn, &key, erasure.id).await
    }

    /// The account's row is held.
    async fn reopen(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Option<ErasureId>, Error> {
        let Some(id) = open_erasure_of(conn, account).await? else { return Ok(None) };
        let key = account_key(conn, &self.keyring, account).await?;
        // Held, so that it does not begin meanwhile, by another clock than ours.
        let row = ledger::table.find(Uuid::from(id)).select(ledger::texts.is_not_null());
        if row.for_update().first::<bool>(conn).await? {
            return Ok(None);
        }
        let name = remembered_name(conn, &key, id).await?;
        rename(conn, account, &name).await?;
        show_again(conn, account, now).await?;
        diesel::update(ledger::table.find(Uuid::from(id)))
            .set((
                ledger::undone_at.eq(now),
                ledger::is_noted.eq(false),
                ledger::expires_at.eq(now + retention::BACKUP),
                ledger::remembered.eq(None::<Vec<u8>>),
                ledger::texts.eq(None::<Vec<u8>>),
            ))
            .execute(conn)
            .await?;
        remove(conn, Uuid::from(id).into()).await?;
        let unfinished = [photos_waiting(conn, account).await?, steps_due(conn, account).await?];
        for job in unfinished.into_iter().flatten().chain([Job::RemakeRenditions { account }]) {
            enqueue(conn, &self.keyring, Some(account), &job, now).await?;
        }
        Ok(Some(id))
    }
}

/// What draws the photos that wait for it: it was called off when their owner left.
async fn photos_waiting(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Vec<Job>, Error> {
    let waiting: Vec<Uuid> = photos::table
        .filter(photos::account_id.eq(Uuid::from(account)))
        .filter(photos::state.eq(PhotoState::Waiting.name()))
        .order((photos::activity_id, photos::rank))
        .select(photos::photo_id)
        .load(conn)
        .await?;
    Ok(waiting.into_iter().map(|photo| Job::DrawPhoto { account, photo: photo.into() }).collect())
}

/// What goes on with the exports and imports that were at work. A step that was taken meanwhile is not taken again.
async fn steps_due(conn: &mut AsyncPgConnection, account: AccountId) -> Result<Vec<Job>, Error> {
    let at_work: Vec<(Uuid, i32)> = archives::table
        .filter(archives::account_id.eq(Uuid::from(account)))
        .filter(archives::state.eq(ArchiveState::Working.name()))
        .select((archives::archive_id, archives::step))
        .load(conn)
        .await?;
    let due =
        |(archive, step): (Uuid, i32)| Job::HandOver { account, archive: archive.into(), step };
    Ok(at_work.into_iter().map(due).collect())
}

async fn remembered_name(
    conn: &mut AsyncPgConnection,
    key: &AccountKey,
    id: ErasureId,
) -> Result<String, Error> {
    let corrupt = || Error::Corrupt("ops.erasures.remembered");
    let row = ledger::table.find(Uuid::from(id)).select(ledger::remembered);
    let sealed = row.first::<Option<Vec<u8>>>(conn).await?.ok_or_else(corrupt)?;
    let name = key.open(LEDGER, "remembered", id.into(), &sealed)?;
    String::from_utf8(name).map_err(|_| corrupt())
}

async fn open_erasure_of(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<Option<ErasureId>, Error> {
    let id: Option<Uuid> = ledger::table
        .filter(ledger::account_id.eq(Uuid::from(account)))
        .filter(ledger::undone_at.is_null().and(ledger::done_at.is_null()))
        .select(ledger::erasure_id)
        .first(conn)
        .await
        .optional()?;
    Ok(id.map(ErasureId::from))
}

/// From here on nothing of the account is stored for others: whoever does holds its row, and looks. What is
/// there goes; the vault stays as it is.
async fn hide(conn: &mut AsyncPgConnection, erasure: &Erasure) -> Result<(), Error> {
    let account = erasure.account;
    diesel::update(accounts::table.find(Uuid::from(account)))
        .set((
            accounts::erase_at.eq(erasure.erase_at),
            accounts::zones_version.eq(accounts::zones_version + 1),
        ))
        .execute(conn)
        .await?;
    lock_all_touched(conn, account).await?;
    diesel::update(activities::table)
        .filter(activities::account_id.eq(Uuid::from(account)))
        .filter(activities::is_shown)
        .set(activities::is_shown.eq(false))
        .execute(conn)
        .await?;
    commons::settle_reviews(conn, account).await?;
    commons::withdraw_all(conn, account).await?;
    rename(conn, account, FORMER_MEMBER).await
}

async fn rename(conn: &mut AsyncPgConnection, account: AccountId, name: &str) -> Result<(), Error> {
    diesel::update(members::table.find(Uuid::from(account)))
        .set(members::public_name.eq(name))
        .execute(conn)
        .await?;
    Ok(())
}

/// Lets activities reach as many as the ways that are left to them say. There is no rendition yet.
async fn show_again(
    conn: &mut AsyncPgConnection,
    account: AccountId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let id = Uuid::from(account);
    diesel::update(accounts::table.find(id))
        .set((
            accounts::erase_at.eq(None::<DateTime<Utc>>),
            accounts::zones_version.eq(accounts::zones_version + 1),
        ))
        .execute(conn)
        .await?;
    lock_all_touched(conn, account).await?;
    commons::settle_reviews(conn, account).await?;
    diesel::sql_query(
        "DELETE FROM commons.community_activities WHERE author_id IS NULL AND activity_id IN (
             SELECT activity_id FROM vault.activities
             WHERE account_id = $1 AND visibility <> 'private'
         )",
    )
    .bind::<SqlUuid, _>(id)
    .execute(conn)
    .await?;
    diesel::sql_query(
        "UPDATE vault.activities SET
             visibility = level, version = version + 1, updated_at = $2,
             published_until = CASE WHEN level = 'published' THEN published_until END
         FROM (
             SELECT activity_id AS changed, commons.level_of(
                 activity_id,
                 visibility = 'published' AND (published_until IS NULL OR published_until > $2)
             ) AS level
             FROM vault.activities WHERE account_id = $1 AND visibility <> 'private'
         ) AS found
         WHERE account_id = $1 AND activity_id = changed AND visibility <> level",
    )
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}
