//! Runs one job: under a lease that is renewed while it lasts, and put back when it fails.

use std::time::Duration;

use uuid::Uuid;

use super::{Error, Worker};
use crate::db::identity::{BothCodes, Code};
use crate::db::ops::{Job, Lease, Leased};
use crate::domain::Email;

/// How often a lease is renewed: three times before it would end.
const HEARTBEAT: Duration = Duration::from_secs(20);

impl Worker {
    pub(super) async fn run_leased(&self, leased: Leased) -> Result<(), Error> {
        let Leased { lease, job } = leased;
        let kind = job.as_ref().map_or("unreadable", Job::kind);
        let outcome = tokio::select! {
            outcome = self.carry_out(lease, job) => outcome,
            () = self.hold(lease) => return Ok(()),
        };
        let labels = [("kind", kind), ("outcome", if outcome.is_ok() { "done" } else { "failed" })];
        metrics::counter!("jobs_total", &labels).increment(1);
        match outcome {
            Ok(()) => self.service.db.finish_job(lease).await?,
            Err(error) => {
                tracing::warn!(job = %lease.job, kind, cause = %error, "Job failed");
                self.service.db.retry_job(lease, self.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Every arm may run twice: see [`crate::db::ops`].
    async fn carry_out(&self, lease: Lease, job: Option<Job>) -> Result<(), Error> {
        let now = self.clock.now();
        match job.ok_or(Error::Unreadable)? {
            Job::AnswerRegistration { registration } => {
                Ok(self.service.db.answer_registration(registration, &Code::random(), now).await?)
            }
            Job::AnswerPasswordReset { email } => match Email::try_from(email.as_str()) {
                Ok(email) => {
                    Ok(self.service.db.answer_password_reset(&email, &Code::random(), now).await?)
                }
                Err(_) => Ok(()),
            },
            Job::AnswerEmailChange { account, email } => match Email::try_from(email.as_str()) {
                Ok(email) => {
                    let codes = BothCodes { old: Code::random(), new: Code::random() };
                    Ok(self.service.db.answer_email_change(account, &email, &codes, now).await?)
                }
                Err(_) => Ok(()),
            },
            Job::LogFailedSignIn { email, at } => match Email::try_from(email.as_str()) {
                Ok(email) => {
                    let entry = Uuid::from(lease.job).into();
                    Ok(self.service.log_failed_sign_in(&email, entry, at, now).await?)
                }
                Err(_) => Ok(()),
            },
            Job::HandOver { account, archive, step } => {
                Ok(self.service.hand_over(account, archive, step, now).await?)
            }
            Job::SendMail(letter) => Ok(self.mailer.send(lease.job, &letter).await?),
            Job::RemakeRenditions { account } => {
                // The rest is a job of its own, so that others have their turn in between.
                if self.service.remake_renditions(account).await? {
                    self.service.db.enqueue_remaking(account, now).await?;
                }
                Ok(())
            }
            Job::DrawPhoto { account, photo } => {
                Ok(self.service.draw_photo(account, photo, now).await?)
            }
            Job::EraseBlob { blob } => Ok(self.service.files.erase(blob).await?),
            Job::CloseAccount { account } => Ok(self.service.close(account).await?),
        }
    }

    /// Renews a lease until it is lost.
    async fn hold(&self, lease: Lease) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            if let Ok(false) = self.service.db.renew_lease(lease, self.clock.now()).await {
                return;
            }
        }
    }
}
