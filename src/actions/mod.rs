//! The verbs of the product that take more than one step, one file each.

mod anonymise;
pub mod archives;
pub mod blobs;
mod blocks;
mod communities;
mod consents;
mod cores;
mod draw;
pub mod edit;
pub mod erase;
pub mod findings;
pub mod leave;
pub mod levels;
pub mod links;
mod originals;
mod passwords;
pub mod photos;
pub mod portraits;
pub mod record;
pub mod rectify;
mod reports;
pub mod reshape;
mod restriction;
mod reviews;
pub mod share;
pub mod sign_in;
pub mod sign_up;
pub mod zones;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::access::{Owned, Sealed, Viewer};
use crate::archive::unzip;
use crate::db::commons::Undone;
use crate::db::ops::{Rate, Throttled};
use crate::db::vault::{Activity, Unsaved};
use crate::db::{self, Db};
use crate::domain::{AccountId, ActivityId, Invalid};
use crate::edge::files::{self, Files};
use crate::edge::terrain::Terrain;
use crate::picture::Unfit;
use crate::seal::{AccessTokens, Refused};
use crate::track::Unreadable;

pub use cores::Cores;
pub use passwords::Passwords;

/// How often a change is tried while others come first.
const TURNS_MAX: usize = 32;

/// What the verbs work with when they act for an owner.
pub struct Service {
    /// The database.
    pub db: Db,
    /// Sealed files.
    pub files: Files,
    /// Signs and checks access tokens.
    pub tokens: Arc<AccessTokens>,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Reads, cuts and writes tracks.
    pub cores: Cores,
    /// Decodes and draws pictures, which take much memory: fewer at a time.
    pub drawing: Cores,
    /// Heights for points that lack them.
    pub terrain: Terrain,
    /// Where people reach this server, without a slash at the end.
    pub public_url: String,
}

/// Why a verb was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An input is not fit.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// A file is not one that can be read.
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// A file is not one that can be shown.
    #[error("{0}")]
    Unfit(#[from] Unfit),
    /// The address, password, code or token is not right. Which of them is not told.
    #[error("not right")]
    Unauthenticated,
    /// The account is being left, and its owner may come back until this time.
    #[error("the account is being left")]
    Leaving(DateTime<Utc>),
    /// Too many attempts.
    #[error("too many attempts")]
    Throttled(Throttled),
    /// The id stands for something else already.
    #[error("the id is taken")]
    Taken,
    /// The id stood for something that its owner deleted.
    #[error("deleted")]
    Deleted,
    /// What is to be changed has changed meanwhile, or is gone.
    #[error("stale")]
    Stale,
    /// What is to be changed has changed before each try.
    #[error("busy")]
    Busy,
    /// Another thing that is named is not there.
    #[error("missing")]
    Missing,
    /// The elevation model knows none of the track.
    #[error("no elevation model")]
    NoTerrain,
    /// Nothing of the track is left to show.
    #[error("nothing visible remains")]
    NothingVisible,
    /// It must be private for this.
    #[error("it is shared")]
    Shared,
    /// Its owner lets nothing be done with the data.
    #[error("restricted")]
    Restricted,
    /// Another export or import of the account is at work.
    #[error("at work")]
    AtWork,
    /// Somebody is signed in, and has not shown that they are the owner of the account.
    #[error("not proved")]
    NotProved,
    /// An archive is not one that is taken in.
    #[error("{0}")]
    UnfitArchive(unzip::Unfit),
    /// A community stays as it is.
    #[error("undone")]
    Undone(Undone),
    /// The database failed.
    #[error("{0}")]
    Database(#[from] db::Error),
    /// The blob store failed.
    #[error("{0}")]
    Files(#[from] files::Error),
    /// A thread of ours ended in the middle.
    #[error("a task ended in the middle")]
    Task,
}

impl Service {
    /// An activity of `account`; `None` for somebody else's.
    pub async fn owned(
        &self,
        account: AccountId,
        id: ActivityId,
    ) -> Result<Option<Owned<Activity>>, Error> {
        Ok(self.db.activity(Viewer::Member(account), id).await?.and_then(Sealed::claim))
    }

    /// Counts one act of `subject` against `rate`.
    async fn allow(
        &self,
        act: &'static str,
        subject: &[u8],
        rate: Rate,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.db.throttle(act, subject, rate, now).await?.map_err(Error::Throttled)
    }
}

/// Reads something and changes it, anew as long as it has changed in between ([`Error::Stale`]): of those
/// that meet, one always gets through. [`Error::Busy`] when that is never this one.
pub async fn retried<R, T, E: From<Error>>(
    read: impl AsyncFn() -> Result<R, E>,
    change: impl AsyncFn(&R) -> Result<T, Error>,
) -> Result<T, E> {
    for _ in 0..TURNS_MAX {
        match change(&read().await?).await {
            Err(Error::Stale) => {}
            changed => return Ok(changed?),
        }
    }
    Err(Error::Busy.into())
}

impl Error {
    /// Whether something that is kept cannot be read any more, and never will be.
    pub(crate) const fn is_damage(&self) -> bool {
        match self {
            Self::Database(error) => error.is_damage(),
            _ => false,
        }
    }
}

impl From<Undone> for Error {
    fn from(undone: Undone) -> Self {
        Self::Undone(undone)
    }
}

impl From<Unsaved> for Error {
    fn from(unsaved: Unsaved) -> Self {
        match unsaved {
            Unsaved::Stale => Self::Stale,
            Unsaved::Taken => Self::Taken,
            Unsaved::Missing => Self::Missing,
            Unsaved::Gone => Self::Deleted,
            Unsaved::Full(invalid) => Self::Invalid(invalid),
        }
    }
}

impl From<Refused> for Error {
    fn from(_: Refused) -> Self {
        Self::Unauthenticated
    }
}
