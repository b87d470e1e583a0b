//! What happens unasked: the queue, and the schedule.

mod run;
mod schedule;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::actions::{self, Service};
use crate::db;
use crate::domain::Clock;
use crate::edge::cluster::Log;
use crate::edge::files;
use crate::edge::mail::{self, Mailer};

/// What jobs work with.
#[derive(Clone)]
pub struct Worker {
    /// What acts for owners.
    pub service: Arc<Service>,
    /// Sends mail.
    pub mailer: Mailer,
    /// What a database that is this process's own logs.
    pub database_log: Option<Log>,
    /// The time.
    pub clock: Clock,
}

/// Why a job failed. None of it names a person.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("{0}")]
    Database(#[from] db::Error),
    /// A verb was not carried out.
    #[error("{0}")]
    Action(#[from] actions::Error),
    /// The blob store failed.
    #[error("{0}")]
    Files(#[from] files::Error),
    /// Mail could not be sent.
    #[error("{0}")]
    Mail(#[from] mail::Error),
    /// The job is not one that this program knows.
    #[error("the job cannot be read")]
    Unreadable,
}

/// How long an idle worker sleeps before it looks again.
const POLL: Duration = Duration::from_millis(500);
/// How often tasks are looked at: each writes to say so.
const TASKS_EVERY: Duration = Duration::from_secs(20);
/// How long it sleeps when the database is away.
const POLL_AFTER_FAULT: Duration = Duration::from_secs(5);

impl Worker {
    /// Runs jobs and tasks as they fall due, until `stop` says so.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut tasks_due = Instant::now();
        while !*stop.borrow() {
            let are_tasks_due = tasks_due <= Instant::now();
            if are_tasks_due {
                tasks_due = Instant::now() + TASKS_EVERY;
            }
            // Jobs may follow each other for minutes: tasks have their turn, and a stop is heard.
            let go_on = || !*stop.borrow() && Instant::now() < tasks_due;
            let done = if are_tasks_due {
                self.run_due_while(go_on).await
            } else {
                self.run_jobs(go_on).await
            };
            let pause = match done {
                Ok(()) => POLL,
                Err(error) => {
                    tracing::error!(cause = %error, "The queue cannot be read");
                    POLL_AFTER_FAULT
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Runs every task and job that is due now.
    pub async fn run_due(&self) -> Result<(), Error> {
        self.run_due_while(|| true).await
    }

    async fn run_due_while(&self, go_on: impl Fn() -> bool) -> Result<(), Error> {
        self.run_tasks().await?;
        self.service.db.put_aside_spent_jobs(self.clock.now()).await?;
        self.run_jobs(go_on).await
    }

    async fn run_jobs(&self, go_on: impl Fn() -> bool) -> Result<(), Error> {
        while go_on()
            && let Some(leased) = self.service.db.lease_job(self.clock.now()).await?
        {
            self.run_leased(leased).await?;
        }
        Ok(())
    }
}
