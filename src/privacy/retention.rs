//! How long we keep what we promise not to keep. Each period stands here and nowhere else; the
//! served policy is made from these.

use chrono::TimeDelta;

/// How long a session lasts without being used.
pub const SESSION_UNUSED: TimeDelta = TimeDelta::days(180);
/// How long a mailed code is good for.
pub const MAILED_CODE: TimeDelta = TimeDelta::minutes(10);
/// How long a registration waits for its mail to be written; after that its code's time counts.
pub const REGISTRATION: TimeDelta = TimeDelta::hours(24);
/// How long a job that failed for good is kept for a person to look at.
pub const FAILED_JOB: TimeDelta = TimeDelta::days(30);
/// How long an archive of an account is kept for its owner to fetch, or to see what became of it.
pub const ARCHIVE: TimeDelta = TimeDelta::days(7);
/// How long the access log of an account goes back. The database counts the same days.
pub const ACCESS_LOG: TimeDelta = TimeDelta::days(365);

/// A kind of record that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiring {
    /// Sign-ins of devices.
    Sessions,
    /// Codes that were mailed.
    MailedCodes,
    /// Registrations whose address was not proved.
    Registrations,
    /// Jobs that failed for good.
    FailedJobs,
    /// Counters of attempts.
    Throttles,
    /// Archives that accounts are handed over in.
    Archives,
    /// Entries of access logs.
    AccessLog,
}

impl Expiring {
    /// Every kind, so that the job cannot forget one.
    pub const ALL: [Self; 7] = [
        Self::Sessions,
        Self::MailedCodes,
        Self::Registrations,
        Self::FailedJobs,
        Self::Throttles,
        Self::Archives,
        Self::AccessLog,
    ];

    /// What it is, in the words of the policy.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sessions => "Signed-in devices that are no longer used",
            Self::MailedCodes => "Codes sent by e-mail",
            Self::Registrations => "Registrations whose e-mail address was never confirmed",
            Self::FailedJobs => "Mails and tasks that could not be carried out",
            Self::Throttles => "Counters that slow down repeated attempts",
            Self::Archives => "Archives with the data of an account, made for its owner",
            Self::AccessLog => "The log of who was at an account, for its owner to read",
        }
    }

    /// The promise.
    pub const fn kept_for(self) -> TimeDelta {
        match self {
            Self::Sessions => SESSION_UNUSED,
            Self::MailedCodes => MAILED_CODE,
            Self::Registrations => REGISTRATION,
            Self::FailedJobs => FAILED_JOB,
            Self::Throttles => TimeDelta::days(1),
            Self::Archives => ARCHIVE,
            Self::AccessLog => ACCESS_LOG,
        }
    }
}
