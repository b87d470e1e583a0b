//! Sessions: one a sign-in. A session is also the family of its refresh tokens.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::accounts::account_key;
use super::contact::touch;
use crate::db::schema::identity::{accounts, sessions};
use crate::db::slice::one_more;
use crate::db::vault::log_access;
use crate::db::{Commons, Db, Error, Slice};
use crate::domain::{Access, AccountId, SessionId};
use crate::privacy::retention;
use crate::seal::{Keyring, RefreshToken, SALT_BYTES, random_bytes};

const TABLE: &str = "identity.sessions";

/// For how long the token before the newest still gets the newest, while that is unused: the answer that held it may
/// have been lost on the way to a phone. Long enough for a wait for a connection, for a statement and for what
/// `Retry-After` says, twice, and for a line that comes and goes.
const RETRY_GRACE: TimeDelta = TimeDelta::seconds(60);

/// A sign-in to be kept.
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// What the device calls itself, for its owner to tell sessions apart.
    pub device: String,
}

/// A session, as its owner sees it.
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// What the device calls itself.
    pub device: String,
    /// When it was signed in.
    pub created_at: DateTime<Utc>,
    /// When it last asked for a token.
    pub last_used_at: DateTime<Utc>,
    /// When it ends if it asks for none.
    pub expires_at: DateTime<Utc>,
}

/// A place in the list of sessions: just after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionPosition {
    /// When it was used last.
    pub last_used_at: DateTime<Utc>,
    /// Which it is.
    pub id: SessionId,
}

impl SessionPosition {
    /// The place just after `session`.
    pub fn after(session: &SessionRow) -> Self {
        Self { last_used_at: session.last_used_at, id: session.id }
    }
}

/// What became of a refresh token.
pub enum Rotation {
    /// It was good; here is the next.
    Next(RefreshToken),
    /// It was used before: two hold it, and nobody can tell which is the thief. The session ended.
    Reused,
    /// It is not ours, or its session has ended.
    Unknown,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg))]
struct Row {
    session_id: Uuid,
    device: Vec<u8>,
    created_at: DateTime<Utc>,
    rotated_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl Db {
    /// Whether a session still stands: asked again in the middle of what takes long.
    pub async fn session_stands(
        &self,
        account: AccountId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let stands = diesel::select(session_stands(Uuid::from(account), Uuid::from(session), now));
        Ok(stands.get_result(&mut *self.conn().await?).await?)
    }
}

impl Commons {
    /// Whether a session still stands: asked at every request, so that ending one works at once.
    pub async fn session_stands(
        &self,
        account: AccountId,
        session: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let stands = diesel::select(session_stands(Uuid::from(account), Uuid::from(session), now));
        Ok(stands.get_result(&mut *self.session_conn().await?).await?)
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    #[sql_name = "commons.session_stands"]
    fn session_stands(
        account: diesel::sql_types::Uuid,
        session: diesel::sql_types::Uuid,
        at: diesel::sql_types::Timestamptz,
    ) -> diesel::sql_types::Bool;
}

impl Db {
    /// Keeps a new session of an account whose password was verified to have this hash; returns its
    /// first refresh token. `None` when the account has another password by now.
    pub async fn insert_session(
        &self,
        account: AccountId,
        password_hash: &str,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<Option<RefreshToken>, Error> {
        let conn = &mut *self.conn().await?;
        let kept = self.keep_session(conn, account, password_hash, session, now).await?;
        if kept.is_some() {
            touch(conn, account, now).await;
        }
        Ok(kept)
    }

    async fn keep_session(
        &self,
        conn: &mut AsyncPgConnection,
        account: AccountId,
        password_hash: &str,
        session: &NewSession,
        now: DateTime<Utc>,
    ) -> Result<Option<RefreshToken>, Error> {
        conn.transaction(async |conn| {
            // Held until the session is there: who resets the password ends this session too.
            let verified: Option<Uuid> = accounts::table
                .find(Uuid::from(account))
                .filter(accounts::password_hash.eq(password_hash))
                .filter(accounts::erase_at.is_null())
                .select(accounts::account_id)
                .for_share()
                .first(conn)
                .await
                .optional()?;
            match verified {
                Some(_) => Ok(Some(insert(conn, &self.keyring, account, session, now).await?)),
                None => Ok(None),
            }
        })
        .await
    }

    /// Takes a refresh token and gives the next.
    pub async fn rotate_session(
        &self,
        token: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotation, Error> {
        let conn = &mut *self.conn().await?;
        let rotation = self.rotate(conn, token, now).await?;
        if let Rotation::Next(_) = rotation {
            touch(conn, token.account, now).await;
        }
        Ok(rotation)
    }

    async fn rotate(
        &self,
        conn: &mut AsyncPgConnection,
        token: &RefreshToken,
        now: DateTime<Utc>,
    ) -> Result<Rotation, Error> {
        let row = sessions::table.find((Uuid::from(token.account), Uuid::from(token.session)));
        let secret = &self.keyring.refresh_token;
        conn.transaction(async |conn| {
            let found = row
                .filter(sessions::expires_at.gt(now))
                .select((sessions::generation, sessions::rotated_at, sessions::salt))
                .for_update()
                .first::<(i32, DateTime<Utc>, Vec<u8>)>(conn)
                .await
                .optional()?;
            let Some((generation, rotated_at, salt)) = found else { return Ok(Rotation::Unknown) };
            if !token.is_genuine(secret, &salt) {
                return Ok(Rotation::Unknown);
            }
            let make = |generation| {
                RefreshToken::make(secret, token.account, token.session, generation, &salt)
            };
            if token.generation == generation {
                diesel::update(row)
                    .set((
                        sessions::generation.eq(generation + 1),
                        sessions::rotated_at.eq(now),
                        sessions::expires_at.eq(now + retention::SESSION_UNUSED),
                    ))
                    .execute(conn)
                    .await?;
                return Ok(Rotation::Next(make(generation + 1)));
            }
            if token.generation + 1 == generation && now - rotated_at <= RETRY_GRACE {
                return Ok(Rotation::Next(make(generation)));
            }
            diesel::delete(row).execute(conn).await?;
            let access = Access::TokenReused { session: token.session };
            log_access(conn, &self.keyring, token.account, &access, now).await?;
            Ok(Rotation::Reused)
        })
        .await
    }

    /// Up to `limit` sessions of an account, the one used last first, from `after` on.
    pub async fn sessions(
        &self,
        account: AccountId,
        after: Option<SessionPosition>,
        limit: usize,
        now: DateTime<Utc>,
    ) -> Result<Slice<SessionRow, SessionPosition>, Error> {
        let conn = &mut *self.conn().await?;
        let key = account_key(conn, &self.keyring, account).await?;
        let mut query = sessions::table
            .filter(sessions::account_id.eq(Uuid::from(account)))
            .filter(sessions::expires_at.gt(now))
            .order((sessions::rotated_at.desc(), sessions::session_id.desc()))
            .limit(one_more(limit))
            .select(Row::as_select())
            .into_boxed();
        if let Some(SessionPosition { last_used_at, id }) = after {
            let earlier = sessions::rotated_at.lt(last_used_at);
            let same = sessions::rotated_at.eq(last_used_at);
            query = query.filter(earlier.or(same.and(sessions::session_id.lt(Uuid::from(id)))));
        }
        let rows: Vec<Row> = query.load(conn).await?;
        let open = |row: Row| {
            let device = key.open(TABLE, "device", row.session_id, &row.device)?;
            Ok(SessionRow {
                id: row.session_id.into(),
                device: String::from_utf8_lossy(&device).into_owned(),
                created_at: row.created_at,
                last_used_at: row.rotated_at,
                expires_at: row.expires_at,
            })
        };
        let found = rows.into_iter().map(open).collect::<Result<_, Error>>()?;
        Ok(Slice::of(found, limit, SessionPosition::after))
    }

    /// Ends one session; `false` when there is none.
    pub async fn delete_session(
        &self,
        account: AccountId,
        id: SessionId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let conn = &mut *self.conn().await?;
        conn.transaction(async |conn| {
            let row = sessions::table.find((Uuid::from(account), Uuid::from(id)));
            if diesel::delete(row).execute(conn).await? == 0 {
                return Ok(false);
            }
            let access = Access::SignedOut { session: id };
            log_access(conn, &self.keyring, account, &access, now).await?;
            Ok(true)
        })
        .await
    }

    /// When a session was signed in; `None` when it has ended.
    pub async fn session_began(
        &self,
        account: AccountId,
        id: SessionId,
    ) -> Result<Option<DateTime<Utc>>, Error> {
        let row = sessions::table.find((Uuid::from(account), Uuid::from(id)));
        let began = row.select(sessions::created_at).first(&mut *self.conn().await?).await;
        Ok(began.optional()?)
    }
}

pub(in crate::db) async fn insert(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    account: AccountId,
    session: &NewSession,
    now: DateTime<Utc>,
) -> Result<RefreshToken, Error> {
    let key = account_key(conn, keyring, account).await?;
    let salt: [u8; SALT_BYTES] = random_bytes();
    diesel::insert_into(sessions::table)
        .values((
            sessions::account_id.eq(Uuid::from(account)),
            sessions::session_id.eq(Uuid::from(session.id)),
            sessions::device.eq(key.seal(
                TABLE,
                "device",
                session.id.into(),
                session.device.as_bytes(),
            )),
            sessions::salt.eq(salt.as_slice()),
            sessions::generation.eq(1),
            sessions::created_at.eq(now),
            sessions::rotated_at.eq(now),
            sessions::expires_at.eq(now + retention::SESSION_UNUSED),
        ))
        .execute(conn)
        .await?;
    let access = Access::SignedIn { session: session.id, device: session.device.clone() };
    log_access(conn, keyring, account, &access, now).await?;
    Ok(RefreshToken::make(&keyring.refresh_token, account, session.id, 1, &salt))
}

pub(in crate::db) async fn delete_all(
    conn: &mut AsyncPgConnection,
    account: AccountId,
) -> Result<(), Error> {
    diesel::delete(sessions::table.filter(sessions::account_id.eq(Uuid::from(account))))
        .execute(conn)
        .await?;
    Ok(())
}
