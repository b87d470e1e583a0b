//! How long we keep what we promise not to keep. Each period stands here and nowhere else; the
//! served policy and `PRIVACY.md` are made from these.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// How long a session lasts without being used.
pub const SESSION_UNUSED: TimeDelta = TimeDelta::days(180);
/// How long it is remembered that an account signed in from a network: as long as the device may stay away.
pub const KNOWN_NETWORK: TimeDelta = SESSION_UNUSED;
/// How long a mailed code is good for.
pub const MAILED_CODE: TimeDelta = TimeDelta::minutes(10);
/// How long a registration waits for its mail to be written; after that its code's time counts.
pub const REGISTRATION: TimeDelta = TimeDelta::hours(24);
/// How long a job that failed for good is kept for a person to look at.
pub const FAILED_JOB: TimeDelta = TimeDelta::days(30);
/// How long a mail that failed for good is kept, and with it an address: long enough to set a mail
/// server right over a weekend and send it after all.
pub const FAILED_MAIL: TimeDelta = TimeDelta::days(7);
/// How long a problem report is kept.
pub const PROBLEM_REPORT: TimeDelta = TimeDelta::days(30);
/// How long nobody else may take a public name that was let go.
pub const RELEASED_NAME: TimeDelta = TimeDelta::days(365);
/// After how long without contact the owner of an account is warned.
pub const INACTIVE: TimeDelta = TimeDelta::days(3 * 365);
/// How long they are given after each of two warnings, before the account is closed.
pub const INACTIVITY_NOTICE: TimeDelta = TimeDelta::days(30);
/// How long it is told which activities were withdrawn from the open data.
pub const WITHDRAWN_ID: TimeDelta = TimeDelta::days(30);
/// How long technical logs may be kept by whoever runs the server.
pub const TECHNICAL_LOG: TimeDelta = TimeDelta::days(365);

/// How long a task that erases may not have been carried through before that shows.
pub const OVERDUE: TimeDelta = TimeDelta::days(1);

/// The tasks that end what is over, besides those of [`Expiring`].
pub const ENDING_TASKS: [&str; 3] = ["end publications", "remove links", "warn the inactive"];
/// How long an archive of an account is kept for its owner to fetch, or to see what became of it.
pub const ARCHIVE: TimeDelta = TimeDelta::days(7);
/// How long the access log of an account goes back. The database counts the same days.
pub const ACCESS_LOG: TimeDelta = TimeDelta::days(365);
/// How long a backup may be kept: so long the ledger says whose accounts were erased, so that one that is
/// restored is rid of them again.
pub const BACKUP: TimeDelta = TimeDelta::days(90);
/// How long its owner may take a deletion back, if they ask for that.
pub const ERASURE_UNDO: TimeDelta = TimeDelta::days(7);
/// Within which time works come back without their author, each at a moment of its own: so the order in
/// which they lie tells nothing among all that come back within it.
pub const ANONYMOUS_WITHIN: TimeDelta = TimeDelta::minutes(1);

/// A kind of record that expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiring {
    /// Sign-ins of devices.
    Sessions,
    /// From where accounts signed in.
    KnownNetworks,
    /// Codes that were mailed.
    MailedCodes,
    /// Registrations whose address was not proved.
    Registrations,
    /// Jobs that failed for good.
    FailedJobs,
    /// Counters of attempts.
    Throttles,
    /// Changes of an address that were not confirmed.
    EmailChanges,
    /// Mails that could not be sent.
    FailedMails,
    /// Problem reports.
    ProblemReports,
    /// Public names that were let go.
    ReleasedNames,
    /// Archives that accounts are handed over in.
    Archives,
    /// Entries of access logs.
    AccessLog,
    /// That accounts were erased.
    Erasures,
    /// Ids of what was withdrawn from the open data.
    WithdrawnIds,
}

impl Expiring {
    /// Every kind, so that the job cannot forget one.
    pub const ALL: [Self; 14] = [
        Self::Sessions,
        Self::KnownNetworks,
        Self::MailedCodes,
        Self::Registrations,
        Self::FailedJobs,
        Self::Throttles,
        Self::EmailChanges,
        Self::FailedMails,
        Self::ProblemReports,
        Self::ReleasedNames,
        Self::Archives,
        Self::AccessLog,
        Self::Erasures,
        Self::WithdrawnIds,
    ];

    /// The task that erases it.
    pub const fn task(self) -> &'static str {
        match self {
            Self::Sessions => "expire sessions",
            Self::KnownNetworks => "expire known networks",
            Self::MailedCodes => "expire mailed codes",
            Self::Registrations => "expire registrations",
            Self::FailedJobs => "expire failed jobs",
            Self::Throttles => "expire throttles",
            Self::EmailChanges => "expire address changes",
            Self::FailedMails => "expire failed mails",
            Self::ProblemReports => "expire problem reports",
            Self::ReleasedNames => "expire released names",
            Self::Archives => "expire archives",
            Self::AccessLog => "expire access logs",
            Self::Erasures => "expire erasures",
            Self::WithdrawnIds => "expire withdrawn ids",
        }
    }

    /// What it is, in the words of the policy.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Sessions => "Signed-in devices that are no longer used",
            Self::KnownNetworks => "Networks from which an account signed in, as keyed hashes",
            Self::MailedCodes => "Codes sent by e-mail",
            Self::Registrations => "Registrations whose e-mail address was never confirmed",
            Self::FailedJobs => "Tasks that could not be carried out",
            Self::Throttles => "Counters that slow down repeated attempts",
            Self::EmailChanges => "Changes of an e-mail address that were not confirmed",
            Self::FailedMails => "Mails that could not be sent, with their addresses",
            Self::ProblemReports => "Problem reports",
            Self::ReleasedNames => {
                "Public names that were let go, as keyed hashes: nobody else may take them"
            }
            Self::Archives => "Archives with the data of an account, made for its owner",
            Self::AccessLog => "The log of who was at an account, for its owner to read",
            Self::Erasures => "The ids of erased accounts, and as long at the most backups",
            Self::WithdrawnIds => {
                "The ids of activities that were withdrawn from the open data, so that copies can follow"
            }
        }
    }

    /// The same in French.
    pub const fn description_in_french(self) -> &'static str {
        match self {
            Self::Sessions => "Appareils connectés qui ne servent plus",
            Self::KnownNetworks => {
                "Réseaux depuis lesquels un compte s'est connecté, sous forme d'empreintes à clé"
            }
            Self::MailedCodes => "Codes envoyés par courriel",
            Self::Registrations => "Inscriptions dont l'adresse n'a jamais été confirmée",
            Self::FailedJobs => "Tâches qui n'ont pas pu être exécutées",
            Self::Throttles => "Compteurs qui ralentissent les tentatives répétées",
            Self::EmailChanges => "Changements d'adresse qui n'ont pas été confirmés",
            Self::FailedMails => "Courriels qui n'ont pas pu être envoyés, avec leurs adresses",
            Self::ProblemReports => "Signalements de problèmes",
            Self::ReleasedNames => {
                "Noms publics abandonnés, sous forme d'empreintes à clé : personne d'autre ne peut les prendre"
            }
            Self::Archives => "Archives des données d'un compte, faites pour leur propriétaire",
            Self::AccessLog => "Le journal des accès à un compte, à lire par leur propriétaire",
            Self::Erasures => {
                "Les identifiants des comptes effacés, et au plus aussi longtemps les sauvegardes"
            }
            Self::WithdrawnIds => {
                "Les identifiants des activités retirées des données ouvertes, pour que les copies suivent"
            }
        }
    }

    /// The promise.
    pub const fn kept_for(self) -> TimeDelta {
        match self {
            Self::Sessions => SESSION_UNUSED,
            Self::KnownNetworks => KNOWN_NETWORK,
            Self::MailedCodes | Self::EmailChanges => MAILED_CODE,
            Self::Registrations => REGISTRATION,
            Self::FailedJobs => FAILED_JOB,
            Self::Throttles => TimeDelta::days(1),
            Self::FailedMails => FAILED_MAIL,
            Self::ProblemReports => PROBLEM_REPORT,
            Self::ReleasedNames => RELEASED_NAME,
            Self::Archives => ARCHIVE,
            Self::AccessLog => ACCESS_LOG,
            Self::Erasures => BACKUP,
            Self::WithdrawnIds => WITHDRAWN_ID,
        }
    }
}

/// The first day of which a technical log may still tell.
pub fn oldest_log(now: DateTime<Utc>) -> NaiveDate {
    (now - TECHNICAL_LOG).date_naive()
}

/// The names of all tasks that erase or end what was promised not to stay.
pub fn promised_tasks() -> impl Iterator<Item = &'static str> {
    Expiring::ALL.into_iter().map(Expiring::task).chain(ENDING_TASKS)
}
