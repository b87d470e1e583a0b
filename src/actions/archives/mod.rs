//! Handing an account over to its owner, and taking one in: in steps, each a job of its own, so that others
//! have their turn in between, and nothing grows with the size of the account.

mod batch;
mod entries;
mod export;
mod import;
mod lines;
mod rows;
mod store;
mod taken;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::record::id_from;
use super::{Error, Service};
use crate::db::ops::Rate;
use crate::db::vault::Archive;
use crate::domain::{
    Access, AccountId, ArchiveId, ArchiveState, Clock, Direction, Password, SessionId,
};

pub use export::Made;
pub use import::{ARCHIVE_BYTES_MAX, Receiving, Sharing, Taken};
pub use store::Reader;

/// Archives asked for by one account.
const EXPORTS: Rate = Rate { burst: 4, every: TimeDelta::hours(6) };
/// Archives sent by one account.
const IMPORTS: Rate = Rate { burst: 4, every: TimeDelta::hours(6) };
/// Passwords tried by somebody who is signed in.
const PROOFS: Rate = Rate { burst: 10, every: TimeDelta::seconds(30) };
/// How long after signing in somebody is taken for who they are without being asked again.
pub const FRESH_SESSION: TimeDelta = TimeDelta::minutes(15);

impl Service {
    /// Whether whoever acts in a session is the owner of the account, and not somebody at their unlocked
    /// phone: they signed in just now, or give the password.
    pub async fn prove_owner(
        &self,
        account: AccountId,
        session: SessionId,
        password: Option<Password>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let began = self.db.session_began(account, session).await?;
        if began.is_some_and(|began| now < began + FRESH_SESSION) {
            return Ok(());
        }
        let password = password.ok_or(Error::NotProved)?;
        self.allow("prove", Uuid::from(account).as_bytes(), PROOFS, now).await?;
        let hash = self.db.password_hash(account).await?;
        let matches = self.passwords.verify(password, hash.as_deref()).await?;
        matches.then_some(()).ok_or(Error::Unauthenticated)
    }

    /// Asks for an archive of an account.
    pub async fn ask_export(
        &self,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Result<Archive, Error> {
        self.allow("exports", Uuid::from(account).as_bytes(), EXPORTS, now).await?;
        let begun = self.db.begin_export(account, b"null", now).await?;
        begun.ok_or(Error::AtWork)
    }

    /// Tells the owner of an archive that it is downloaded: once an hour, in however many parts it goes.
    pub async fn log_download(
        &self,
        account: AccountId,
        archive: ArchiveId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let hour = (now.timestamp() / 3_600).to_be_bytes();
        let (of, which) = (Uuid::from(account), Uuid::from(archive));
        let parts = [of.as_bytes(), b"download".as_slice(), which.as_bytes(), &hour];
        let id = Uuid::from(id_from(self.db.keyring().idempotency.mac(&parts)));
        let access = Access::ExportDownloaded { archive };
        Ok(self.db.log_access_in_hour(account, id.into(), &access, now).await?)
    }

    /// Whether an archive is still handed to who began to fetch it in a session: neither of the two has ended.
    pub async fn may_be_fetched(
        &self,
        account: AccountId,
        session: SessionId,
        archive: ArchiveId,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let stands = self.db.session_stands(account, session, now).await?;
        Ok(stands && self.db.archive(account, archive).await?.is_some())
    }

    /// Takes a step of an export or import, unless it was taken before.
    pub async fn hand_over(
        self: &Arc<Self>,
        account: AccountId,
        id: ArchiveId,
        step: i32,
        clock: &Clock,
    ) -> Result<(), Error> {
        let Some(archive) = self.db.archive(account, id).await? else { return Ok(()) };
        if archive.state != ArchiveState::Working || archive.step != step {
            return Ok(());
        }
        let (step, fault) = match archive.direction {
            Direction::Export => (self.export_step(account, &archive, clock.now()).await?, None),
            Direction::Import => self.import_step(account, &archive, clock).await?,
        };
        self.db.take_step(account, id, &step, clock.now()).await?;
        fault.map_or(Ok(()), Err)
    }
}
