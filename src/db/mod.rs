//! Persistence: the only module that speaks SQL.
//!
//! Two handles stand for two database logins. [`Db`] acts for an owner or a job and reaches every
//! schema. [`Commons`] acts for everybody else and has no privilege on `identity` and `vault`.
//! Pools and table definitions are private, so no code outside can reach a connection or name a
//! table.

pub mod commons;
mod connect;
pub mod identity;
mod json;
pub mod ops;
mod schema;
mod setup;
mod slice;
mod statement;
mod stop;
pub mod vault;

use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::QueueMode;
use diesel_async::AsyncPgConnection;
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::deadpool::{
    BuildError, Hook, HookError, Object, Pool, PoolError,
};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use futures_util::FutureExt;

use crate::domain::Invalid;
use crate::seal::{Broken, Keyring};
use connect::Address;

pub use setup::{is_in_use, load_access_token_keys, migrate, rotate_access_token_key};
pub use slice::Slice;

/// The database for those who act for an owner, and for jobs.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
    keyring: Arc<Keyring>,
}

/// The database for everybody else: the commons, read only.
#[derive(Clone)]
pub struct Commons {
    pool: Pool<AsyncPgConnection>,
    /// For whether a session stands: whatever others read, who has an account is known at once.
    sessions: Pool<AsyncPgConnection>,
    /// For what runs along a line, which takes long, whoever asks: it waits for its like and for nothing else.
    along: Pool<AsyncPgConnection>,
    /// For the open data, likewise.
    open_data: Pool<AsyncPgConnection>,
}

/// Why the database could not answer. `Display` is fit for a log; none of it reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came free in time, or none could be opened.
    #[error("no connection to the database: {}", reason(.0))]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("the database refused a statement: {}", about(.0))]
    Query(#[from] diesel::result::Error),
    /// The pool could not be built.
    #[error("the database pool could not be set up")]
    Setup(#[from] BuildError),
    /// The address of the database is not a URL.
    #[error("DATABASE_URL is not a postgres:// URL")]
    Url,
    /// The address of the database asks for TLS in a way that is not known.
    #[error(
        "sslmode of DATABASE_URL must be disable, prefer, require or verify-full, \
         and sslrootcert goes with verify-full alone"
    )]
    SslMode,
    /// There is nobody to believe about the certificate of the database.
    #[error("the authorities that vouch for the database cannot be read: {0}")]
    Authorities(String),
    /// TLS has no protocol to speak.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] rustls::Error),
    /// A connection outside the pools failed.
    #[error("the database cannot be reached: {0}")]
    Connection(#[from] diesel::ConnectionError),
    /// A migration failed.
    #[error("a migration failed: {0}")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored value is not one that the program writes.
    #[error("column {0} holds a value the program does not know")]
    Corrupt(&'static str),
    /// A blob was erased before the row that names it was written: that took too long.
    #[error("a blob was not named by a row in time")]
    BlobErased,
    /// The account is erased: its owner left while a call of theirs was on its way.
    #[error("the account is not there any more")]
    NoAccount,
    /// An account would keep more than it may.
    #[error("{0}")]
    Full(Invalid),
    /// What was about to be read was deleted meanwhile.
    #[error("what was about to be read is gone")]
    Gone,
    /// A table still has rows of an account that is to be erased.
    #[error("a table keeps rows of an account that is to be erased: see privacy::erasure")]
    Unerased,
    /// A sealed value does not open.
    #[error("{0}")]
    Broken(#[from] Broken),
}

impl Error {
    /// Whether something that is kept cannot be read any more, and never will be.
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Broken(_)
                | Self::Corrupt(_)
                | Self::Gone
                | Self::Query(diesel::result::Error::NotFound)
        )
    }

    /// Whether a row was to be kept for an account that is not there any more.
    pub fn is_of_nobody(&self) -> bool {
        use diesel::result::DatabaseErrorKind::ForeignKeyViolation;
        let Self::Query(diesel::result::Error::DatabaseError(ForeignKeyViolation, info)) = self
        else {
            return false;
        };
        info.constraint_name().is_some_and(|name| name.ends_with("_account_id_fkey"))
    }

    /// Whether the database gave up because of its own limits, or went away: the same may work a little later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Query(error) if passes(error))
    }
}

fn passes(error: &diesel::result::Error) -> bool {
    use diesel::result::DatabaseErrorKind as Kind;
    use diesel::result::Error as E;
    match error {
        E::DatabaseError(
            Kind::SerializationFailure | Kind::ReadOnlyTransaction | Kind::ClosedConnection,
            _,
        )
        | E::BrokenTransactionManager => true,
        E::DatabaseError(Kind::UnableToSendCommand, info) => was_cut_off(info.message()),
        E::DatabaseError(_, info) => gave_up(info.message()),
        E::RollbackErrorOnCommit { commit_error, .. } => passes(commit_error),
        _ => false,
    }
}

/// The SQLSTATE does not reach us; these are the texts of 57014, 55P03, 57P01 to 57P05, 40P01 and 53100, in the language
/// that our logins ask for.
fn gave_up(message: &str) -> bool {
    message.starts_with("canceling statement due to")
        || message.starts_with("terminating connection ")
        || message == "deadlock detected"
        || message.ends_with("No space left on device")
}

/// In the words of the client: what it could not write or read at all is a fault of ours.
fn was_cut_off(message: &str) -> bool {
    ["connection closed", "channel closed", "error communicating with the server"]
        .iter()
        .any(|cut| message.starts_with(cut))
}

/// The most connections of the pool of either login.
const CONNECTIONS_MAX: usize = 10;
/// The most connections for whether sessions stand, which takes far less than a millisecond.
const SESSION_CONNECTIONS_MAX: usize = 2;
/// The most connections for each of what takes long.
const LONG_CONNECTIONS_MAX: usize = 2;
/// A connection that was idle for so long is looked at before it is used.
const VERIFIED_AFTER: Duration = Duration::from_millis(100);
/// How long a connection may take to show that it stands; then another one is taken.
const VERIFIED_WITHIN: Duration = Duration::from_secs(2);

/// The login that acts for owners and jobs.
const OWNER_ROLE: &str = "opentracks_owner";
/// The login that acts for everybody else.
const COMMONS_ROLE: &str = "opentracks_commons";

impl Commons {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        use diesel_async::SimpleAsyncConnection;
        Ok(self.conn().await?.batch_execute("SELECT 1").await?)
    }

    async fn conn(&self) -> Result<Object<AsyncPgConnection>, Error> {
        Ok(self.pool.get().await?)
    }

    async fn session_conn(&self) -> Result<Object<AsyncPgConnection>, Error> {
        Ok(self.sessions.get().await?)
    }

    async fn along_conn(&self) -> Result<Object<AsyncPgConnection>, Error> {
        Ok(self.along.get().await?)
    }

    async fn open_data_conn(&self) -> Result<Object<AsyncPgConnection>, Error> {
        Ok(self.open_data.get().await?)
    }
}

impl Db {
    /// The keys that this server holds.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    async fn conn(&self) -> Result<Object<AsyncPgConnection>, Error> {
        Ok(self.pool.get().await?)
    }
}

fn pool(address: Address, connections_max: usize) -> Result<Pool<AsyncPgConnection>, Error> {
    let wait_max = Some(address.wait_max());
    let mut config = ManagerConfig::default();
    // Not each time: see `verified`.
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |_| {
        let address = address.clone();
        async move { address.connect().await }.boxed()
    });
    let manager = AsyncDieselConnectionManager::new_with_config("", config);
    Ok(Pool::builder(manager)
        .max_size(connections_max)
        // That which was used last: its memory is warm, and no more of them are open than are needed.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(wait_max)
        .create_timeout(wait_max)
        .runtime(Runtime::Tokio1)
        .pre_recycle(Hook::async_fn(|conn, used| verified(conn, used.last_used()).boxed()))
        .build()?)
}

/// Sees that a connection that was idle still stands, so that nobody meets one that a restart of the
/// database has closed. One that was in use just now does: asking costs as much as a small answer.
async fn verified(conn: &mut AsyncPgConnection, idle: Duration) -> Result<(), HookError> {
    if VERIFIED_AFTER <= idle {
        let asked = diesel::sql_query("SELECT 1");
        let answer = tokio::time::timeout(VERIFIED_WITHIN, asked.execute(conn)).await;
        answer.ok().and_then(Result::ok).ok_or(HookError::message("the connection is gone"))?;
    }
    Ok(())
}

/// What can be said of a failed statement without quoting a value: values are personal data.
fn about(error: &diesel::result::Error) -> String {
    match error {
        // Which limit it was is said in words of its own.
        diesel::result::Error::DatabaseError(_, info) if gave_up(info.message()) => {
            info.message().to_owned()
        }
        diesel::result::Error::DatabaseError(kind, info) => {
            let place = info.constraint_name().or(info.table_name()).unwrap_or("an unnamed place");
            format!("{kind:?} at {place}")
        }
        diesel::result::Error::NotFound => "no such row".to_owned(),
        _ => "a fault on our side of the wire".to_owned(),
    }
}

const fn reason(error: &PoolError) -> &'static str {
    match error {
        PoolError::Timeout(_) => "none came free in time",
        PoolError::Backend(_) => "the server does not answer",
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            "the pool is closed"
        }
    }
}
