//! Runs one job: under a lease that is renewed while it lasts, and put back when it fails.

use std::time::Duration;

use uuid::Uuid;

use super::{Error, Worker, caught};
use crate::actions::erase::Step;
use crate::db::identity::{BothCodes, Code};
use crate::db::ops::{Job, Lease, Leased};
use crate::domain::Email;

/// How often a lease is renewed: three times before it would end.
const HEARTBEAT: Duration = Duration::from_secs(20);

impl Worker {
    pub(super) async fn run_leased(&self, leased: Leased) -> Result<(), Error> {
        let Leased { lease, job, .. } = leased;
        let kind = job.as_ref().map_or("unreadable", Job::kind);
        let outcome = tokio::select! {
            outcome = caught(Box::pin(self.carry_out(lease, job))) => outcome,
            () = self.hold(lease) => return Ok(()),
        };
        let labels = [("kind", kind), ("outcome", if outcome.is_ok() { "done" } else { "failed" })];
        metrics::counter!("jobs_total", &labels).increment(1);
        match outcome {
            Ok(Step::Done) => self.service.db.finish_job(lease).await?,
            Ok(Step::More) => self.service.db.continue_job(lease, self.clock.now()).await?,
            Err(error) => {
                tracing::warn!(job = %lease.job, kind, cause = %error, "Job failed");
                self.service.db.retry_job(lease, self.clock.now()).await?;
            }
        }
        Ok(())
    }

    /// Every arm may run twice: see [`crate::db::ops`].
    async fn carry_out(&self, lease: Lease, job: Option<Job>) -> Result<Step, Error> {
        let now = self.clock.now();
        match job.ok_or(Error::Unreadable)? {
            Job::AnswerRegistration { registration } => {
                self.service.db.answer_registration(registration, &Code::random(), now).await?;
            }
            Job::AnswerPasswordReset { email } => {
                if let Ok(email) = Email::try_from(email.as_str()) {
                    self.service.db.answer_password_reset(&email, &Code::random(), now).await?;
                }
            }
            Job::AnswerEmailChange { account, email } => {
                if let Ok(email) = Email::try_from(email.as_str()) {
                    let codes = BothCodes { old: Code::random(), new: Code::random() };
                    self.service.db.answer_email_change(account, &email, &codes, now).await?;
                }
            }
            Job::LogFailedSignIn { email, at } => {
                if let Ok(email) = Email::try_from(email.as_str()) {
                    let entry = Uuid::from(lease.job).into();
                    self.service.log_failed_sign_in(&email, entry, at, now).await?;
                }
            }
            Job::HandOver { account, archive, step } => {
                self.service.hand_over(account, archive, step, &self.clock).await?;
            }
            Job::SendMail(letter) => self.mailer.send(lease.job, &letter).await?,
            Job::RemakeRenditions { account } => {
                // The rest is a job of its own, so that others have their turn in between.
                if self.service.remake_renditions(account).await? {
                    self.service.db.enqueue_remaking(account, now).await?;
                }
            }
            Job::DrawPhoto { account, photo } => {
                self.service.draw_photo(account, photo, now).await?;
            }
            Job::EraseBlob { blob } => self.service.files.erase(blob).await?,
            Job::CloseAccount { account } => self.service.close_abandoned(account, now).await?,
            Job::EraseAccount { erasure } => {
                return Ok(self.service.erase_account(erasure, now).await?);
            }
            Job::ShowWork(work) => self.service.show_work(*work, now).await?,
            Job::ShowReview(review) => self.service.db.show_review(&review).await?,
        }
        Ok(Step::Done)
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
