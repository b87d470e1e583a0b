//! What is done again and again: one table.

use chrono::TimeDelta;

use super::{Error, Worker};
use crate::actions::blobs::Reconciled;
use crate::db;
use crate::privacy::retention::Expiring;

/// A task that recurs. It takes no input, and running it twice does no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// Delete what has been kept for as long as promised.
    Expire(Expiring),
    /// Take back what was published for a time that is over.
    EndPublications,
    /// Remove links that are over. They open nothing by then.
    RemoveLinks,
    /// Sum up how many published lines start where.
    SumUpStarts,
    /// Erase blobs that no row names, and report rows whose blob is not there.
    ReconcileBlobs,
    /// Make anew what others see where it was made by other rules than now.
    RemakeRenditions,
}

/// Every task with its name and how often it runs, over all processes.
const SCHEDULE: &[(Task, &str, TimeDelta)] = &[
    (Task::Expire(Expiring::Sessions), "expire sessions", TimeDelta::hours(1)),
    (Task::Expire(Expiring::MailedCodes), "expire mailed codes", TimeDelta::minutes(5)),
    (Task::Expire(Expiring::Registrations), "expire registrations", TimeDelta::minutes(5)),
    (Task::Expire(Expiring::FailedJobs), "expire failed jobs", TimeDelta::hours(1)),
    (Task::Expire(Expiring::Throttles), "expire throttles", TimeDelta::hours(1)),
    (Task::EndPublications, "end publications", TimeDelta::minutes(1)),
    (Task::RemoveLinks, "remove links", TimeDelta::minutes(1)),
    (Task::SumUpStarts, "sum up starts", TimeDelta::minutes(10)),
    (Task::ReconcileBlobs, "reconcile blobs", TimeDelta::days(1)),
    (Task::RemakeRenditions, "remake renditions", TimeDelta::hours(1)),
];

impl Worker {
    /// Runs the tasks that are due, and takes over rotated keys.
    pub(super) async fn run_tasks(&self) -> Result<(), Error> {
        // Not a task of the table: each process holds keys of its own.
        self.service.tokens.reload(&db::load_access_token_keys(&self.service.db).await?);
        for (task, name, every) in SCHEDULE {
            let now = self.clock.now();
            if self.service.db.claim_task(name, *every, now).await? {
                match task {
                    Task::Expire(kind) => {
                        while self.service.db.delete_expired(*kind, now).await? > 0 {}
                    }
                    Task::EndPublications => {
                        while self.service.db.end_publications(now).await? > 0 {}
                    }
                    Task::RemoveLinks => {
                        while self.service.db.remove_expired_links(now).await? > 0 {}
                    }
                    Task::SumUpStarts => self.service.db.sum_up_starts().await?,
                    Task::ReconcileBlobs => tell(&self.service.reconcile_blobs().await?),
                    Task::RemakeRenditions => {
                        self.service.db.enqueue_all_remaking(now).await?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Blobs have random names, so that a line in the log tells of nobody.
fn tell(found: &Reconciled) {
    let Reconciled { erased, left, missing } = found;
    let count = |kind: &'static str, blobs: usize| {
        metrics::gauge!("blobs_reconciled", "kind" => kind)
            .set(u32::try_from(blobs).unwrap_or(u32::MAX));
    };
    count("erased", *erased);
    count("left", *left);
    count("missing", missing.len());
    if *left > 0 {
        tracing::error!(blobs = left, "So many blobs have no row that it looks like a mistake");
    }
    for blob in missing {
        tracing::error!(%blob, "A row names a blob that is not there");
    }
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
}
