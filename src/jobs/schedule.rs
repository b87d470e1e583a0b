//! What is done again and again: one table.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, Worker};
use crate::actions;
use crate::actions::blobs::Reconciled;
use crate::db;
use crate::privacy::retention::{self, Expiring};

/// A task that recurs. It takes no input, and running it twice does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Delete what has been kept for as long as promised.
    Expire(Expiring),
    /// Take back what was published for a time that is over.
    EndPublications,
    /// Remove links that are over. They open nothing by then.
    RemoveLinks,
    /// Tell access logs how often links were opened on days that are over.
    LogOpenings,
    /// Sum up how many published lines start where, and how many titles have which word.
    SumUp,
    /// Make the map of where many go anew.
    RemakeHeatMap,
    /// Make the next issue of the open data.
    IssueOpenData,
    /// Erase blobs that no row names, and report rows whose blob is not there.
    ReconcileBlobs,
    /// Make anew what others see where it was made by other rules than now.
    RemakeRenditions,
    /// Warn the owners of accounts that are no longer used, and have the accounts closed in the end.
    WarnInactive,
    /// Enter public names that were there before names were kept apart, and let go of those of accounts that
    /// are gone.
    KeepNames,
    /// Go on with erasures that nothing goes on with, and note those that are not noted.
    GoOnErasing,
}

/// How long a task may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Seconds, or it goes on in steps.
    Short,
    /// Minutes where much is published or kept. Such a task keeps no promise that is due sooner than in a day.
    Long,
}

impl Length {
    /// Each of them.
    pub(super) const ALL: [Self; 2] = [Self::Short, Self::Long];
}

impl Task {
    const fn length(self) -> Length {
        match self {
            Self::RemakeHeatMap | Self::IssueOpenData | Self::ReconcileBlobs => Length::Long,
            Self::Expire(_)
            | Self::EndPublications
            | Self::RemoveLinks
            | Self::LogOpenings
            | Self::SumUp
            | Self::RemakeRenditions
            | Self::WarnInactive
            | Self::KeepNames
            | Self::GoOnErasing => Length::Short,
        }
    }
}

/// Every task with its name and how often it runs, over all processes.
const SCHEDULE: &[(Task, &str, TimeDelta)] = &[
    expire(Expiring::Sessions, TimeDelta::hours(1)),
    expire(Expiring::KnownNetworks, TimeDelta::hours(1)),
    expire(Expiring::MailedCodes, TimeDelta::minutes(5)),
    expire(Expiring::EmailChanges, TimeDelta::minutes(5)),
    expire(Expiring::Registrations, TimeDelta::minutes(5)),
    expire(Expiring::FailedJobs, TimeDelta::hours(1)),
    expire(Expiring::FailedMails, TimeDelta::hours(1)),
    expire(Expiring::Throttles, TimeDelta::hours(1)),
    expire(Expiring::ProblemReports, TimeDelta::hours(1)),
    expire(Expiring::ReleasedNames, TimeDelta::hours(1)),
    expire(Expiring::Archives, TimeDelta::minutes(10)),
    expire(Expiring::AccessLog, TimeDelta::hours(1)),
    (Task::LogOpenings, "log link openings", TimeDelta::hours(1)),
    (Task::EndPublications, "end publications", TimeDelta::minutes(1)),
    (Task::RemoveLinks, "remove links", TimeDelta::minutes(1)),
    (Task::WarnInactive, "warn the inactive", TimeDelta::hours(1)),
    (Task::SumUp, "sum up starts", TimeDelta::minutes(10)),
    (Task::RemakeHeatMap, "remake heat map", TimeDelta::days(1)),
    (Task::IssueOpenData, "issue open data", TimeDelta::days(1)),
    (Task::ReconcileBlobs, "reconcile blobs", TimeDelta::days(1)),
    (Task::RemakeRenditions, "remake renditions", TimeDelta::hours(1)),
    (Task::KeepNames, "keep names", TimeDelta::hours(1)),
    (Task::GoOnErasing, "go on erasing", TimeDelta::minutes(1)),
    expire(Expiring::Erasures, TimeDelta::hours(1)),
    expire(Expiring::WithdrawnIds, TimeDelta::hours(1)),
];

const fn expire(kind: Expiring, every: TimeDelta) -> (Task, &'static str, TimeDelta) {
    (Task::Expire(kind), kind.task(), every)
}

impl Worker {
    /// Runs what is due of the schedule. With short tasks goes what each process does for itself: it takes over
    /// rotated keys.
    pub(super) async fn run_schedule(
        &self,
        length: Length,
        go_on: impl Fn() -> bool,
    ) -> Result<(), Error> {
        if length == Length::Long {
            return self.run_tasks(length, go_on).await;
        }
        // Not a task of the table: each process holds keys of its own.
        self.service.tokens.reload(&db::load_access_token_keys(&self.service.db).await?);
        self.forget_database_log();
        self.run_tasks(length, go_on).await?;
        self.tell_promises_kept().await?;
        Ok(self.service.db.put_aside_spent_jobs(self.clock.now()).await?)
    }

    async fn run_tasks(&self, length: Length, go_on: impl Fn() -> bool) -> Result<(), Error> {
        for (task, name, every) in SCHEDULE.iter().filter(|(task, ..)| task.length() == length) {
            if !go_on() {
                return Ok(());
            }
            let now = self.clock.now();
            if self.service.db.claim_task(name, *every, now).await?
                && self.carry_through(*task, now).await?
            {
                self.service.db.task_is_done(name, self.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Begins the log of the database anew when it is too old. No task of the table: a log is of one process. It is
    /// looked at up to its first line with a day.
    fn forget_database_log(&self) {
        let Some(log) = &self.database_log else { return };
        if let Err(error) = log.forget_before(retention::oldest_log(self.clock.now())) {
            tracing::warn!(cause = %error, "The log of the database cannot be begun anew");
        }
    }

    /// Whether it was done: where the blob store is away it comes again, and keeps nothing else from being done.
    async fn carry_through(&self, task: Task, now: DateTime<Utc>) -> Result<bool, Error> {
        let (db, service) = (&self.service.db, &self.service);
        match task {
            // Noted elsewhere too, which has to go first.
            Task::Expire(Expiring::Erasures) => {
                return Ok(tolerate(service.forget_erasures(now).await));
            }
            Task::GoOnErasing => return Ok(tolerate(service.go_on_erasing(now).await)),
            Task::ReconcileBlobs => {
                return Ok(tolerate(service.reconcile_blobs(now).await.map(|found| tell(&found))));
            }
            Task::Expire(kind) => while db.delete_expired(kind, now).await? > 0 {},
            Task::EndPublications => while db.end_publications(now).await? > 0 {},
            Task::RemoveLinks => while db.remove_expired_links(now).await? > 0 {},
            Task::LogOpenings => while db.log_link_openings(now).await? > 0 {},
            Task::WarnInactive => while db.warn_inactive(now).await? > 0 {},
            Task::KeepNames => {
                while db.release_orphaned_names(now).await? > 0 {}
                while db.enter_names(now).await? > 0 {}
            }
            Task::SumUp => {
                db.sum_up_starts().await?;
                db.sum_up_title_words().await?;
            }
            Task::RemakeHeatMap => db.remake_heat_map(now).await?,
            Task::IssueOpenData => db.issue_open_data(now).await?,
            Task::RemakeRenditions => db.enqueue_all_remaking(now).await?,
        }
        Ok(true)
    }

    /// Says how long ago each task that keeps a promise of retention was carried through, whichever process
    /// did it: one that is not carried through for a day is an alarm.
    async fn tell_promises_kept(&self) -> Result<(), Error> {
        let now = self.clock.now();
        for done in self.service.db.promised_tasks().await? {
            let Some(at) = done.at else { continue };
            let age_s = (now - at).as_seconds_f64();
            metrics::gauge!("promised_task_age_seconds", "task" => done.task).set(age_s);
        }
        Ok(())
    }
}

/// Blobs have random names, so that a line in the log tells of nobody.
fn tell(found: &Reconciled) {
    let Reconciled { erased, young, left, missing } = found;
    let count = |kind: &'static str, blobs: usize| {
        metrics::gauge!("blobs_reconciled", "kind" => kind)
            .set(u32::try_from(blobs).unwrap_or(u32::MAX));
    };
    count("erased", *erased);
    count("young", *young);
    count("left", *left);
    count("missing", missing.len());
    if *young > 0 {
        tracing::warn!(blobs = young, "Blobs have no row: the database may have been put back");
    }
    if *left > 0 {
        tracing::error!(blobs = left, "So many blobs have no row that it looks like a mistake");
    }
    for blob in missing {
        tracing::error!(%blob, "A row names a blob that is not there");
    }
}

/// Whether it was done.
fn tolerate(done: Result<(), actions::Error>) -> bool {
    let warn = |error| tracing::warn!(cause = %error, "The blob store does not do what it should");
    done.map_err(warn).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_expires_is_scheduled() {
        for kind in Expiring::ALL {
            let scheduled = SCHEDULE.iter().any(|(task, ..)| *task == Task::Expire(kind));
            assert!(scheduled, "{kind:?}");
        }
    }

    #[test]
    fn whatever_keeps_a_promise_is_scheduled_more_than_once_before_it_is_overdue() {
        for promised in retention::promised_tasks() {
            let found = SCHEDULE.iter().find(|(_, name, _)| *name == promised);
            let (.., every) = found.expect(promised);
            assert!(*every * 2 < retention::OVERDUE, "{promised}");
        }
    }
}
