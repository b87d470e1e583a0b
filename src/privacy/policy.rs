//! The privacy policy, as it is served: made from the constants that the program obeys.

use std::fmt::Write;

use chrono::NaiveDate;
use serde::Serialize;

use super::inventory::{COLUMNS, Column, Data};
use super::retention::Expiring;

/// The version in force; who registers accepts it by name.
pub const VERSION: &str = "2026-11-22";
/// Since when it is in force.
const EFFECTIVE_AT: Option<NaiveDate> = NaiveDate::from_ymd_opt(2026, 11, 22);

/// The policy of a running server.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Policy {
    /// Its version: what `accept_policy` takes.
    version: &'static str,
    /// Since when it is in force.
    effective_at: Option<NaiveDate>,
    /// What the service does with people's data, in sentences.
    principles: &'static [&'static str],
    /// What is stored, column by column.
    data: &'static [Column],
    /// How long things are kept.
    retention: Vec<Period>,
    /// Who else handles data: what this server is configured to use.
    processors: Vec<Processor>,
    /// What a person may ask for, and how.
    rights: &'static [Right],
}

/// How long one kind of record is kept.
#[derive(Serialize, utoipa::ToSchema)]
struct Period {
    what: &'static str,
    seconds: i64,
}

/// Someone who handles data for the service.
#[derive(Clone, Serialize, utoipa::ToSchema)]
pub struct Processor {
    /// What for.
    pub purpose: &'static str,
    /// Who, or where.
    pub name: String,
}

/// Something a person may ask for.
#[derive(Serialize, utoipa::ToSchema)]
struct Right {
    right: &'static str,
    how: &'static str,
}

const PRINCIPLES: &[&str] = &[
    "An account needs an e-mail address, a password and a public name. Everything else is optional.",
    "Every activity is its owner's alone until the owner publishes it by a call of its own.",
    "What is private lies encrypted with a key of its account; who runs the database cannot read it there.",
    "Others see a rendition: the line without its ends, the day without the hour, no sensor values.",
    "What is taken back is gone with the answer, everywhere.",
    "A position that is sent to find what is nearby is used for that answer, and neither stored nor logged.",
    "Logs hold no address, position, title, token or network address.",
    "Nothing about a person goes to anyone but the processors named here.",
];

const RIGHTS: &[Right] = &[
    Right {
        right: "Access and rectification",
        how: "GET and PATCH /api/v1/me and /api/v1/activities/{id}",
    },
    Right { right: "Erasure of an activity", how: "DELETE /api/v1/activities/{id}" },
    Right {
        right: "A copy of each record",
        how: "GET /api/v1/activities/{id}/original and /track.gpx",
    },
    Right {
        right: "Portability: all that is kept of an account, in open formats",
        how: "POST /api/v1/me/exports, and POST /api/v1/me/imports where it is to go",
    },
    Right { right: "To know who was at the account", how: "GET /api/v1/me/access-log" },
    Right {
        right: "Complaint",
        how: "To the data protection authority of the country you live in, for example the CNIL in France (www.cnil.fr)",
    },
];

impl Policy {
    /// The policy of a server that uses `processors`.
    pub fn new(processors: Vec<Processor>) -> Self {
        let period = |kind: Expiring| Period {
            what: kind.description(),
            seconds: kind.kept_for().num_seconds(),
        };
        Self {
            version: VERSION,
            effective_at: EFFECTIVE_AT,
            principles: PRINCIPLES,
            data: COLUMNS,
            retention: Expiring::ALL.into_iter().map(period).collect(),
            processors,
            rights: RIGHTS,
        }
    }

    /// The policy as a page.
    pub fn to_html(&self) -> String {
        let mut page = String::from(HEAD);
        // Writing to a text cannot fail.
        let _written = self.write_html(&mut page);
        page
    }

    fn write_html(&self, page: &mut String) -> std::fmt::Result {
        write!(page, "<h1>Privacy</h1><p>Version {}</p><ul>", self.version)?;
        for principle in self.principles {
            write!(page, "<li>{}</li>", escape(principle))?;
        }
        page.push_str("</ul><h2>Your rights</h2><dl>");
        for Right { right, how } in self.rights {
            write!(page, "<dt>{}</dt><dd>{}</dd>", escape(right), escape(how))?;
        }
        page.push_str("</dl><h2>How long things are kept</h2><table>");
        for Period { what, seconds } in &self.retention {
            write!(page, "<tr><td>{}</td><td>{}</td></tr>", escape(what), duration(*seconds))?;
        }
        page.push_str("</table><h2>Who handles data for us</h2><table>");
        for Processor { purpose, name } in &self.processors {
            write!(page, "<tr><td>{}</td><td>{}</td></tr>", escape(purpose), escape(name))?;
        }
        page.push_str("</table><h2>What is stored</h2><table>");
        for column in self.data.iter().filter(|column| column.data != Data::Technical) {
            let (table, name) = (column.table, column.name);
            write!(page, "<tr><td>{table}.{name}</td><td>{}</td></tr>", escape(column.purpose))?;
        }
        page.push_str("</table>");
        Ok(())
    }
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Privacy</title>\
     <meta name=\"viewport\" content=\"width=device-width\">\
     <style>body{font:1rem/1.5 sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}\
     td{padding:.2rem 1rem .2rem 0;vertical-align:top}dt{font-weight:bold}</style>";

fn duration(seconds: i64) -> String {
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (days, ..) if days > 1 => format!("{days} days"),
        (_, hours, _) if hours > 1 => format!("{hours} hours"),
        (.., minutes) => format!("{minutes} minutes"),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_states_every_period_and_processor() {
        let processor = Processor { purpose: "Mail", name: "mail.example.org <1>".to_owned() };
        let page = Policy::new(vec![processor]).to_html();
        for kind in Expiring::ALL {
            assert!(page.contains(kind.description()), "{kind:?}");
        }
        assert!(page.contains("180 days") && page.contains("10 minutes"), "{page}");
        assert!(page.contains("mail.example.org &lt;1&gt;"));
    }
}
