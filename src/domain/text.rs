//! Texts that members write: trimmed, bounded, free of control characters.

use std::fmt;

use serde::Serialize;

use super::{Invalid, Sport};

/// Whether a text may have line breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident: $field:literal, $chars:expr, $lines:expr;)+) => {$(
        $(#[$doc])+
        ///
        /// It has no `Deserialize`: the only way in is `TryFrom`.
        #[derive(Clone, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The most characters it has, with the marks that combine with them.
            pub const CHARS_MAX: usize = $chars;

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = Invalid;

            fn try_from(raw: &str) -> Result<Self, Invalid> {
                parse(raw, $field, $chars, $lines).map(Self)
            }
        }

        /// Personal, hence not shown.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )+};
}

texts! {
    /// What a member calls an activity: 1 to 200 characters on one line.
    Title: "title", 200, Lines::One;
    /// What a member writes about an activity: 1 to 10,000 characters.
    Description: "description", 10_000, Lines::Many;
    /// What others see of an account: 1 to 50 characters on one line.
    PublicName: "public_name", 50, Lines::One;
    /// What a member writes under a photo: 1 to 1,000 characters.
    Caption: "caption", 1_000, Lines::Many;
    /// What is in a photo, for those who do not see it: 1 to 1,000 characters.
    AlternativeText: "alternative_text", 1_000, Lines::Many;
    /// What a member writes about an activity of somebody else: 1 to 2,000 characters.
    ReviewText: "text", 2_000, Lines::Many;
    /// What a member calls a privacy zone: 1 to 80 characters on one line.
    ZoneLabel: "label", 80, Lines::One;
    /// What a member calls a share link: 1 to 80 characters on one line.
    LinkLabel: "label", 80, Lines::One;
    /// What a community is called: 1 to 80 characters on one line.
    CommunityName: "name", 80, Lines::One;
    /// A given or family name: 1 to 100 characters on one line.
    PersonName: "name", 100, Lines::One;
    /// A professional detail, such as a company: 1 to 100 characters on one line.
    ProfessionalDetail: "professional", 100, Lines::One;
    /// What a problem report says of a device: 1 to 100 characters on one line.
    ReportDetail: "detail", 100, Lines::One;
    /// What somebody writes about a problem: 1 to 4,000 characters.
    ReportText: "text", 4_000, Lines::Many;
}

impl Title {
    /// What an activity is called that nobody gave a title: its sport. Neither place nor time, for
    /// a title is shared with the activity.
    pub fn of_sport(sport: Sport) -> Self {
        let mut words = sport.name().replace('_', " ");
        words[..1].make_ascii_uppercase();
        Self(words)
    }

    /// As much of `raw` as makes a title, or `None` when nothing does: for titles that files
    /// bring, which must not make a recording fail.
    pub fn repaired(raw: &str) -> Option<Self> {
        repair(raw, Self::CHARS_MAX, Lines::One).map(Self)
    }
}

impl Description {
    /// As much of `raw` as makes a description, or `None` when nothing does.
    pub fn repaired(raw: &str) -> Option<Self> {
        repair(raw, Self::CHARS_MAX, Lines::Many).map(Self)
    }
}

fn parse(
    raw: &str,
    field: &'static str,
    chars_max: usize,
    lines: Lines,
) -> Result<String, Invalid> {
    let invalid = |reason| Invalid { field, reason };
    let text = raw.trim();
    if text.is_empty() {
        return Err(invalid("must not be empty"));
    }
    if chars_max < text.chars().count() {
        return Err(invalid("is too long"));
    }
    if text.chars().any(|char| is_unfit(char, lines)) {
        return Err(invalid("must have no control or direction characters"));
    }
    Ok(text.to_owned())
}

fn repair(raw: &str, chars_max: usize, lines: Lines) -> Option<String> {
    let fit = raw.chars().map(|char| if is_unfit(char, lines) { ' ' } else { char });
    let text: String = fit.take(chars_max).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Control characters break lines, logs and terminals; direction overrides make a text read as
/// another one (Trojan Source, CVE-2021-42574).
fn is_unfit(char: char, lines: Lines) -> bool {
    let fit_break = lines == Lines::Many && matches!(char, '\n' | '\r' | '\t');
    let direction = matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    direction || (char.is_control() && !fit_break)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trims_what_surrounds_it() {
        assert_eq!(Title::try_from("  Evening loop ").unwrap().as_str(), "Evening loop");
    }

    #[test]
    fn counts_characters_not_bytes() {
        assert!(Title::try_from("é".repeat(Title::CHARS_MAX).as_str()).is_ok());
        assert!(Title::try_from("é".repeat(Title::CHARS_MAX + 1).as_str()).is_err());
    }

    #[test]
    fn turns_down_blank_multi_line_and_disguised_titles() {
        for raw in ["", "   ", "two\nlines", "bell\u{7}", "nul\0", "gpj.\u{202E}exe"] {
            assert!(Title::try_from(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn descriptions_have_lines() {
        assert!(Description::try_from("One\n\ttwo\r\nthree").is_ok());
        assert!(Description::try_from("nul\0").is_err());
    }

    #[test]
    fn a_title_from_a_file_is_repaired_rather_than_refused() {
        assert_eq!(Title::repaired("two\nlines").unwrap().as_str(), "two lines");
        assert_eq!(Title::repaired(&"é".repeat(999)).unwrap().as_str(), "é".repeat(200));
        assert_eq!(Title::repaired("\n \0"), None);
    }

    #[test]
    fn a_sport_makes_a_title() {
        for sport in Sport::ALL {
            assert_eq!(
                Title::try_from(Title::of_sport(*sport).as_str()),
                Ok(Title::of_sport(*sport))
            );
        }
        assert_eq!(Title::of_sport(Sport::TrailRunning).as_str(), "Trail running");
    }

    #[test]
    fn never_echoes_the_input() {
        let error = Title::try_from("my home address\nis …").unwrap_err();
        assert_eq!(error.to_string(), "title must have no control or direction characters");
        assert_eq!(format!("{:?}", Title::try_from("to my doctor").unwrap()), "Title(…)");
    }
}
