//! What happens unasked: the queue, and the schedule.

mod run;
mod schedule;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::actions::{self, Service};
use crate::db;
use crate::db::ops::Lane;
use crate::domain::Clock;
use crate::edge::cluster::Log;
use crate::edge::files;
use crate::edge::mail::{self, Mailer};
use schedule::Length;

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
    /// The program broke off in the middle of it.
    #[error("it panicked")]
    Panicked,
    /// The job is not one that this program knows.
    #[error("the job cannot be read")]
    Unreadable,
}

/// How long an idle worker sleeps before it looks again.
const POLL: Duration = Duration::from_millis(500);
/// How long it sleeps between looks at the tasks: each writes to say so.
const TASKS_EVERY: Duration = Duration::from_secs(20);
/// How long it sleeps when the database is away.
const PAUSE_AFTER_FAULT: Duration = Duration::from_secs(5);

/// What a worker does again and again.
#[derive(Clone, Copy)]
enum Round {
    /// Run the tasks that are due, of such a length.
    Tasks(Length),
    /// Run the jobs of a lane.
    Jobs(Lane),
}

/// What `work` comes to; a panic of it fails as anything else does. So one that is met ends neither the lane that it
/// was in nor the round.
async fn caught<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    // Nothing of it is looked at afterwards: connections and locks are given back as it is dropped.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Err(Error::Panicked))
}

impl Worker {
    /// Runs jobs and tasks as they fall due, until `stop` says so. Lanes, tasks and long tasks run side by side:
    /// none waits for another.
    pub async fn run(&self, stop: watch::Receiver<bool>) {
        let rounds = Lane::ALL.map(Round::Jobs).into_iter().chain(Length::ALL.map(Round::Tasks));
        let mut rounds: JoinSet<()> =
            rounds.map(|round| self.clone().repeat(round, stop.clone())).collect();
        while rounds.join_next().await.is_some() {}
    }

    async fn repeat(self, round: Round, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let go_on = || !*stop.borrow();
            let (done, pause) = match round {
                Round::Tasks(length) => {
                    (caught(self.run_schedule(length, go_on)).await, TASKS_EVERY)
                }
                Round::Jobs(lane) => (caught(self.run_lane(lane, go_on)).await.map(drop), POLL),
            };
            let pause = match done {
                Ok(()) => pause,
                Err(error) => {
                    tracing::error!(cause = %error, "A round of the queue broke off");
                    PAUSE_AFTER_FAULT
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Runs every task and job that is due now: lane by lane, until there is none.
    pub async fn run_due(&self) -> Result<(), Error> {
        for length in Length::ALL {
            self.run_schedule(length, || true).await?;
        }
        loop {
            let mut ran = 0;
            for lane in Lane::ALL {
                ran += self.run_lane(lane, || true).await?;
            }
            if ran == 0 {
                return Ok(());
            }
        }
    }

    /// Runs what is due in a lane, one job after the other; returns how many.
    async fn run_lane(&self, lane: Lane, go_on: impl Fn() -> bool) -> Result<usize, Error> {
        let (mut ran, mut served) = (0, None);
        while go_on()
            && let Some(leased) = self.service.db.lease_job(lane, served, self.clock.now()).await?
        {
            served = leased.account;
            self.run_leased(leased).await?;
            ran += 1;
        }
        Ok(ran)
    }
}
