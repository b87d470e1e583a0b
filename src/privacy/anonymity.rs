//! What in a work's words and dates would tell whose it was, once its author has left.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Parts of names with fewer letters are no more than initials.
const NAME_CHARS_MIN: usize = 2;
/// A name of so many letters is looked for inside other words too, and across spaces.
const INSIDE_CHARS_MIN: usize = 6;

/// What stands for a text in which nobody reads it: a MAC of it, shortened.
pub type TextMark = [u8; 16];

/// What a person is called, in whatever spelling.
pub struct Names {
    words: BTreeSet<String>,
    /// What is looked for inside words too.
    runs: BTreeSet<String>,
}

impl Names {
    /// All that a person is called, and their address: what stands before the @ is theirs, the rest alone is
    /// their provider's.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>, address: &'a str) -> Self {
        let own = address.rsplit_once('@').map(|(own, _)| own);
        let mut found = Self { words: BTreeSet::new(), runs: BTreeSet::new() };
        for name in names.into_iter().chain(own) {
            found.words.extend(words_of(name));
            found.runs.insert(letters_of(name));
        }
        found.runs.insert(letters_of(address));
        found.runs.retain(|run| is_inside(run));
        found
    }

    /// Their words, as [`words_of`] a text.
    pub fn words(&self) -> &BTreeSet<String> {
        &self.words
    }

    /// Those that are looked for inside of other words too, as [`letters_of`] a text.
    pub fn runs(&self) -> &BTreeSet<String> {
        &self.runs
    }

    /// Whether a text holds one of them, whatever its case and accents.
    pub fn are_in(&self, text: &str) -> bool {
        let text = folded(text);
        let run = letters(&text);
        words(&text).any(|word| self.words.contains(word))
            || self.runs.iter().any(|name| run.contains(name.as_str()))
    }
}

/// The words of a text as they are compared with names: without case and accents, and no initials.
pub fn words_of(text: &str) -> BTreeSet<String> {
    words(&folded(text)).filter(is_name).map(str::to_owned).collect()
}

/// The letters and digits of a text as they are compared with names: without case and accents, and in one run.
pub fn letters_of(text: &str) -> String {
    letters(&folded(text))
}

/// What makes two texts ones of a series: their letters, without case, accents, numbers and signs.
/// Empty for a text without letters.
pub fn outline(text: &str) -> String {
    folded(text).chars().filter(|char| char.is_alphabetic()).collect()
}

/// Whether a text tells what may be a time or a day: `07:12`, `2026-05-30`, `20260530`, `30 May`, `7 am`,
/// `Sunday`. In doubt it does.
pub fn tells_a_time(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    let is_written_in_numbers = chars.windows(3).any(|three| {
        let is_between = matches!(three[1], ':' | '-' | '/' | '.' | '–' | 'h' | '年' | '月');
        three[0].is_numeric() && is_between && three[2].is_numeric()
    });
    let text = folded(text);
    let parts = words(&text).flat_map(parts_of_one_kind);
    let parts: Vec<&str> = parts.filter(|part| !BETWEEN.contains(part)).collect();
    let is_written_in_words = (0..parts.len()).any(|index| {
        let before = index.checked_sub(1).map(|before| parts[before]);
        let is_after_a_number = before.is_some_and(is_number);
        let is_beside_a_number =
            is_after_a_number || parts.get(index + 1).copied().is_some_and(is_number);
        match parts[index] {
            number if is_number(number) => DATE_DIGITS_MIN <= number.len(),
            word if DAYS.contains(&word) => true,
            word if HOURS.contains(&word) => is_after_a_number,
            word => is_beside_a_number && MONTHS.iter().any(|month| is_month(word, month)),
        }
    });
    is_written_in_numbers || is_written_in_words
}

/// A number of so many digits may be a day: `300526`.
const DATE_DIGITS_MIN: usize = 6;
/// Days of the week, in English and French, as far as they are no other word.
const DAYS: [&str; 14] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
];
/// What makes a time of a number before it.
const HOURS: [&str; 8] = ["am", "pm", "h", "oclock", "uhr", "heure", "heures", "hrs"];
/// What stands between a number and a month: the 30th of May, le 1er août.
const BETWEEN: [&str; 10] = ["st", "nd", "rd", "th", "er", "ere", "of", "the", "de", "du"];
/// Months in English and French, without accents.
const MONTHS: [&str; 24] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
];
/// A month is known by so many letters.
const MONTH_CHARS_MIN: usize = 3;

/// Whether a word is a month, or how it is shortened.
fn is_month(word: &str, month: &str) -> bool {
    MONTH_CHARS_MIN <= word.len() && month.starts_with(word)
}

fn is_number(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_digit())
}

/// `30may` is a number and a word.
fn parts_of_one_kind(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_other = |char: char| char.is_ascii_digit() != first.is_ascii_digit();
        let (part, after) = rest.split_at(rest.find(is_other).unwrap_or(rest.len()));
        rest = after;
        Some(part)
    })
}

/// The first day of the month that a day lies in.
pub fn month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn is_name(word: &&str) -> bool {
    NAME_CHARS_MIN <= word.chars().count()
}

/// Not every script parts words.
fn is_inside(name: &str) -> bool {
    let chars = name.chars().count();
    let parts_no_words = NAME_CHARS_MIN <= chars && !name.chars().any(|char| char.is_ascii());
    INSIDE_CHARS_MIN <= chars || parts_no_words
}

fn letters(text: &str) -> String {
    words(text).collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn folded(text: &str) -> String {
    let letters = text.nfkd().filter(|char| !is_combining_mark(*char));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Names {
        Names::of(["Ada L.", "Augusta", "King-Noël"], "ada.lovelace@example.org")
    }

    #[test]
    fn a_name_is_found_in_any_spelling() {
        for text in [
            "Ada's evening loop",
            "with ADA",
            "ádà",
            "Loop of A. Lovelace",
            "king of the hill",
            "Noel market",
            "write to ada.lovelace@example.org",
            "AdaLovelace rides",
            "a d a . l o v e l a c e",
        ] {
            assert!(ada().are_in(text), "{text}");
        }
        assert!(Names::of(["@ada"], "a@example.org").are_in("Ada's loop"));
        assert!(Names::of([], "a@lovelace.example").are_in("write to a@lovelace.example"));
    }

    #[test]
    fn other_words_are_none() {
        for text in
            ["Evening loop", "Adagio", "L 17", "example.org", "Kingdom of the Sky", "Canada", ""]
        {
            assert!(!ada().are_in(text), "{text}");
        }
    }

    #[test]
    fn a_name_without_spaces_around_it_is_found_too() {
        let names = Names::of(["山田太郎"], "taro@example.org");
        assert!(names.are_in("今日は山田太郎のコース") && !names.are_in("今日のコース"));
    }

    #[test]
    fn texts_of_a_series_have_one_outline() {
        assert_eq!(outline("Commute #12"), outline("commute 13!"));
        assert_eq!(outline("Été à vélo"), outline("ete a velo"));
        assert_ne!(outline("Lake loop"), outline("Hill loop"));
        assert_eq!(outline("12/4"), "");
    }

    #[test]
    fn times_and_days_in_a_text_are_noticed() {
        for text in [
            "Run at 07:12",
            "2026-05-30",
            "on 30.5.26 with the club",
            "at 7h30",
            "Run 30 May 2026",
            "May 30th",
            "le 1er août",
            "30mai",
            "Sunday 7am",
            "vers 18 h",
            "20260530 0712",
            "300526",
            "Sortie du dimanche",
            "Sept. 12",
        ] {
            assert!(tells_a_time(text), "{text}");
        }
        for text in [
            "Lake loop",
            "10 km",
            "Stage 3",
            "A-1",
            "Mars Hill",
            "A march through the hills",
            "D 1091",
            "GR 20 north",
            "You may see 3 lakes",
            "12 marches",
        ] {
            assert!(!tells_a_time(text), "{text}");
        }
    }

    #[test]
    fn a_day_becomes_its_month() {
        let day = |day| NaiveDate::from_ymd_opt(2026, 5, day).unwrap();
        assert_eq!(month(day(31)), day(1));
    }
}
