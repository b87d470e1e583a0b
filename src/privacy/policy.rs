//! The privacy policy, as it is served: made from the constants that the program obeys, the inventory of
//! what is stored and what the operator declared, in every language of the product.

use chrono::{NaiveDate, TimeDelta};
use serde::Serialize;

use super::french;
use super::inventory::{COLUMNS, Column, Data, Form, Kept};
use super::retention::{self, Expiring};
use crate::domain::Locale;

/// The version in force; who registers accepts it by name.
pub const VERSION: &str = "2026-11-26";
/// Since when it is in force.
const EFFECTIVE_AT: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 11, 26);

/// What whoever runs this server declares of it.
#[derive(Clone, Default)]
pub struct Declared {
    /// Who runs it, and how they are reached.
    pub operator: Option<String>,
    /// Who hosts it, and where.
    pub hosting: Option<String>,
    /// Who else handles data for it: what it is configured to use.
    pub processors: Vec<Processor>,
}

/// Someone who handles data for the service.
#[derive(Clone)]
pub struct Processor {
    /// What for.
    pub purpose: ProcessorPurpose,
    /// Who, or where.
    pub name: String,
}

/// What somebody handles data for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessorPurpose {
    /// Sending mail.
    Mail,
    /// Keeping encrypted files.
    Files,
    /// Keeping the database.
    Database,
}

/// The policy of a running server, in one language.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Policy {
    /// Its version: what `accept_policy` takes.
    pub version: &'static str,
    /// Since when it is in force.
    pub effective_at: Option<NaiveDate>,
    /// The language of the texts.
    pub language: Locale,
    /// Who runs the server and how they are reached, as they declare.
    pub operator: Option<String>,
    /// Who hosts it and where, as they declare.
    pub hosting: Option<String>,
    /// What the service does with people's data, in sentences.
    pub principles: Vec<&'static str>,
    /// What is stored, column by column.
    pub data: Vec<Held>,
    /// How long things are kept that are not kept until they are deleted.
    pub retention: Vec<Period>,
    /// Who else handles data: what this server is configured to use.
    pub processors: Vec<Named>,
    /// What a person may ask for, and how.
    pub rights: Vec<Right>,
}

/// A stored column.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Held {
    /// Its table, with the schema.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says about a person.
    pub data: Data,
    /// How it lies there.
    pub form: Form,
    /// Until when it is kept.
    pub kept: Kept,
    /// Whether its owner gets it with an export.
    pub exported: bool,
    /// Why it is needed.
    pub purpose: &'static str,
}

/// How long one kind of record is kept.
#[derive(Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Period {
    /// What it is.
    pub what: &'static str,
    /// How long, in seconds.
    pub seconds: i64,
    /// How long, in words.
    pub period: String,
}

/// Someone who handles data for the service, in words.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Named {
    /// What for.
    pub purpose: &'static str,
    /// Who, or where.
    pub name: String,
}

/// Something a person may ask for.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Right {
    /// What.
    pub right: &'static str,
    /// How.
    pub how: &'static str,
}

/// A text in English and in French.
#[derive(Clone, Copy)]
struct Text(&'static str, &'static str);

impl Text {
    const fn read(self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.0,
            Locale::Fr => self.1,
        }
    }
}

const PRINCIPLES: &[Text] = &[
    Text(
        "An account needs an e-mail address, a password and a public name. Everything else is optional.",
        "Un compte demande une adresse de courriel, un mot de passe et un nom public. Tout le reste est facultatif.",
    ),
    Text(
        "Every activity is its owner's alone until the owner shares or publishes it by a call of its own.",
        "Chaque activité n'appartient qu'à son auteur tant que celui-ci ne la partage ou ne la publie par un acte exprès.",
    ),
    Text(
        "What is private lies encrypted with a key of its account; who runs the database cannot read it there.",
        "Ce qui est privé est chiffré avec une clé propre au compte ; qui administre la base de données ne peut pas l'y lire.",
    ),
    Text(
        "Others see a rendition: the line without its ends, the day without the hour, no sensor values.",
        "Les autres voient une version nettoyée : la trace sans ses extrémités, le jour sans l'heure, sans valeurs de capteurs.",
    ),
    Text(
        "What is taken back is gone with the answer, everywhere.",
        "Ce qui est repris disparaît avec la réponse, partout.",
    ),
    Text(
        "Who leaves is hidden with the answer, and then erased; what they shared stays without an author, or goes, as they choose.",
        "Qui s'en va est caché avec la réponse, puis effacé ; ce qui a été partagé reste sans auteur, ou disparaît, à son choix.",
    ),
    Text(
        "A position that is sent to find what is nearby is used for that answer, and neither stored nor logged.",
        "Une position envoyée pour trouver ce qui est proche sert à cette réponse ; elle n'est ni conservée ni journalisée.",
    ),
    Text(
        "Logs hold no address, position, title, token or network address.",
        "Les journaux ne contiennent ni adresse, ni position, ni titre, ni jeton, ni adresse réseau.",
    ),
    Text(
        "Visits are not recorded: what is counted has no person in it.",
        "Les visites ne sont pas enregistrées : ce qui est compté ne désigne personne.",
    ),
    Text(
        "A problem report is not tied to an account, and of a network address it keeps the network alone.",
        "Un signalement de problème n'est lié à aucun compte ; de l'adresse réseau, il ne garde que le réseau.",
    ),
    Text(
        "Nothing about a person goes to anyone but the processors named here. There are no cookies.",
        "Rien qui concerne une personne ne va à d'autres que les sous-traitants nommés ici. Il n'y a pas de cookies.",
    ),
];

const RIGHTS: &[(Text, Text)] = &[
    (
        Text("Access and rectification", "Accès et rectification"),
        Text(
            "GET and PATCH /api/v1/me and /api/v1/activities/{id}; PUT /api/v1/me/password and /api/v1/me/email",
            "GET et PATCH /api/v1/me et /api/v1/activities/{id} ; PUT /api/v1/me/password et /api/v1/me/email",
        ),
    ),
    (
        Text("Erasure of an activity", "Effacement d'une activité"),
        Text("DELETE /api/v1/activities/{id}", "DELETE /api/v1/activities/{id}"),
    ),
    (
        Text("Erasure of the account", "Effacement du compte"),
        Text(
            "GET /api/v1/me/deletion says what would become of it, DELETE /api/v1/me does it",
            "GET /api/v1/me/deletion dit ce qu'il en adviendrait, DELETE /api/v1/me le fait",
        ),
    ),
    (
        Text("A copy of each record", "Une copie de chaque enregistrement"),
        Text(
            "GET /api/v1/activities/{id}/original and /track.gpx",
            "GET /api/v1/activities/{id}/original et /track.gpx",
        ),
    ),
    (
        Text(
            "Portability: all that is kept of an account, in open formats",
            "Portabilité : tout ce qui est conservé d'un compte, en formats ouverts",
        ),
        Text(
            "POST /api/v1/me/exports, and POST /api/v1/me/imports where it is to go",
            "POST /api/v1/me/exports, et POST /api/v1/me/imports là où cela doit aller",
        ),
    ),
    (
        Text("To know who was at the account", "Savoir qui a accédé au compte"),
        Text("GET /api/v1/me/access-log", "GET /api/v1/me/access-log"),
    ),
    (
        Text("Restriction of processing", "Limitation du traitement"),
        Text(
            "PUT /api/v1/me/restriction: your data stay and nothing uses them, until you lift it with DELETE",
            "PUT /api/v1/me/restriction : vos données restent et rien ne les utilise, jusqu'à ce que vous leviez la limitation par DELETE",
        ),
    ),
    (
        Text("Complaint", "Réclamation"),
        Text(
            "To the data protection authority of the country you live in, for example the CNIL in France (www.cnil.fr)",
            "Auprès de l'autorité de protection des données du pays où vous vivez, par exemple la CNIL en France (www.cnil.fr)",
        ),
    ),
];

/// Periods that end otherwise than by erasing rows of a kind.
const OTHER_PERIODS: [(Text, TimeDelta); 3] = [
    (
        Text(
            "Accounts without contact, before their owner is warned",
            "Comptes sans contact, avant que leur titulaire soit averti",
        ),
        retention::INACTIVE,
    ),
    (
        Text(
            "After each of two such warnings, before the account is closed",
            "Après chacun des deux avertissements, avant la fermeture du compte",
        ),
        retention::INACTIVITY_NOTICE,
    ),
    (
        Text(
            "Technical logs of the server, at the most",
            "Journaux techniques du serveur, au maximum",
        ),
        retention::TECHNICAL_LOG,
    ),
];

impl Declared {
    /// The policy in one language.
    pub fn policy(&self, locale: Locale) -> Policy {
        let named = |processor: &Processor| Named {
            purpose: processor.purpose.text().read(locale),
            name: processor.name.clone(),
        };
        Policy {
            version: VERSION,
            effective_at: EFFECTIVE_AT,
            language: locale,
            operator: self.operator.clone(),
            hosting: self.hosting.clone(),
            principles: PRINCIPLES.iter().map(|text| text.read(locale)).collect(),
            data: COLUMNS.iter().map(|column| held(column, locale)).collect(),
            retention: periods(locale),
            processors: self.processors.iter().map(named).collect(),
            rights: RIGHTS
                .iter()
                .map(|(right, how)| Right { right: right.read(locale), how: how.read(locale) })
                .collect(),
        }
    }
}

impl ProcessorPurpose {
    const fn text(self) -> Text {
        match self {
            Self::Mail => Text("Sending mail", "Envoi de courriels"),
            Self::Files => Text("Keeping encrypted files", "Conservation de fichiers chiffrés"),
            Self::Database => Text("Keeping the database", "Conservation de la base de données"),
        }
    }
}

/// Every period that is promised.
pub fn periods(locale: Locale) -> Vec<Period> {
    let expiring = Expiring::ALL.into_iter().map(|kind| {
        let texts = Text(kind.description(), kind.description_in_french());
        (texts.read(locale), kind.kept_for())
    });
    let others = OTHER_PERIODS.into_iter().map(|(text, kept_for)| (text.read(locale), kept_for));
    let period = |(what, kept_for): (&'static str, TimeDelta)| Period {
        what,
        seconds: kept_for.num_seconds(),
        period: in_words(kept_for, locale),
    };
    expiring.chain(others).map(period).collect()
}

fn held(column: &Column, locale: Locale) -> Held {
    let purpose = match locale {
        Locale::En => column.purpose,
        Locale::Fr => french::purpose(column.purpose).unwrap_or(column.purpose),
    };
    let Column { table, name, data, form, kept, exported, .. } = *column;
    Held { table, name, data, form, kept, exported, purpose }
}

/// The largest unit that fits: years of 365 days, days, hours or minutes.
fn in_words(period: TimeDelta, locale: Locale) -> String {
    let units = [
        (period.num_days() / 365, Text("year", "an")),
        (period.num_days(), Text("day", "jour")),
        (period.num_hours(), Text("hour", "heure")),
        (period.num_minutes(), Text("minute", "minute")),
    ];
    let whole = |count: i64, unit: usize| {
        let length = [TimeDelta::days(365), TimeDelta::days(1), TimeDelta::hours(1)];
        count > 0 && length.get(unit).is_none_or(|length| *length * count_of(count) == period)
    };
    let found = units.iter().enumerate().find(|(unit, (count, _))| whole(*count, *unit));
    let (count, unit) = found.map_or(units[3], |(_, unit)| *unit);
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {}{plural}", unit.read(locale))
}

/// Periods are at most some thousand units long.
fn count_of(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_is_told_in_french() {
        let missing: Vec<&str> = COLUMNS
            .iter()
            .map(|column| column.purpose)
            .filter(|purpose| french::purpose(purpose).is_none())
            .collect();
        assert!(missing.is_empty(), "add to privacy/french.rs: {missing:#?}");
    }

    #[test]
    fn periods_are_told_in_words() {
        let told = |period, locale| in_words(period, locale);
        assert_eq!(told(TimeDelta::minutes(10), Locale::En), "10 minutes");
        assert_eq!(told(TimeDelta::hours(36), Locale::En), "36 hours");
        assert_eq!(told(TimeDelta::hours(24), Locale::Fr), "1 jour");
        assert_eq!(told(TimeDelta::days(180), Locale::Fr), "180 jours");
        assert_eq!(told(TimeDelta::days(365), Locale::En), "1 year");
        assert_eq!(told(TimeDelta::days(1_095), Locale::Fr), "3 ans");
        assert_eq!(told(TimeDelta::days(400), Locale::En), "400 days");
    }

    /// One says as much as the other.
    #[test]
    fn both_languages_state_the_same() {
        let declared = Declared::default();
        let (english, french) = (declared.policy(Locale::En), declared.policy(Locale::Fr));
        let seconds = |policy: &Policy| -> Vec<i64> {
            policy.retention.iter().map(|period| period.seconds).collect()
        };
        assert_eq!(seconds(&english), seconds(&french));
        assert_eq!(english.principles.len(), french.principles.len());
        for (one, other) in english.principles.iter().zip(&french.principles) {
            assert_ne!(one, other);
        }
        for (one, other) in english.retention.iter().zip(&french.retention) {
            assert_ne!(one.what, other.what);
        }
    }
}
