//! Public names that may be chosen: none that reads as somebody else's, or as who runs the service.

use unicode_normalization::UnicodeNormalization;
use unicode_security::{MixedScript, skeleton};

use super::{Invalid, PublicName};

/// Why a name is not to be had. It is the same whether somebody bears it, bore it lately, or nobody
/// may: which, is not told.
pub const NOT_AVAILABLE: Invalid = Invalid { field: "public_name", reason: "is not available" };

/// Words that make a name speak for who runs the service, wherever they stand in it.
const RESERVED_WORDS: &[&str] = &[
    "admin",
    "admins",
    "administrateur",
    "administrator",
    "moderateur",
    "moderator",
    "official",
    "officiel",
    "opentracks",
    "opentracker",
    "staff",
    "support",
];

/// Names that stand for the service, for nobody, or for everybody.
const RESERVED_NAMES: &[&str] = &[
    "abuse",
    "anonyme",
    "anonymous",
    "ancien membre",
    "contact",
    "deleted",
    "everyone",
    "former member",
    "help",
    "hostmaster",
    "info",
    "me",
    "no reply",
    "nobody",
    "null",
    "postmaster",
    "privacy",
    "root",
    "security",
    "service",
    "system",
    "team",
    "undefined",
    "unknown",
    "webmaster",
];

impl PublicName {
    /// A name that somebody chooses. What was kept before is read with `try_from`: the rules may have
    /// changed since.
    ///
    /// # Errors
    ///
    /// When it has nothing to read, mixes alphabets within a word as no language does, or speaks for
    /// who runs the service.
    pub fn chosen(raw: &str) -> Result<Self, Invalid> {
        let name = Self::try_from(raw)?;
        let invalid = |reason| Invalid { field: "public_name", reason };
        let skeleton = name.skeleton();
        if skeleton.is_empty() {
            return Err(invalid("must have something to read"));
        }
        if !words(name.as_str()).all(is_of_one_script) {
            return Err(invalid("must not mix alphabets within a word"));
        }
        let is_reserved = RESERVED_NAMES.iter().any(|reserved| reading(reserved) == skeleton)
            || RESERVED_WORDS.iter().map(|word| reading(word)).any(|reserved| {
                // Written apart, together, or in the middle of something longer.
                words(name.as_str()).any(|word| reading(word) == reserved)
                    || skeleton == reserved
                    || (LONG <= reserved.len() && skeleton.contains(&reserved))
            });
        if is_reserved { Err(NOT_AVAILABLE) } else { Ok(name) }
    }

    /// How the name reads, whatever letters it is made of: names that can be taken for each other have
    /// the same. It is compared and never shown.
    pub fn skeleton(&self) -> String {
        reading(self.as_str())
    }
}

/// From this length on a reserved word is looked for inside of others: no name has it by chance.
const LONG: usize = 10;

/// The skeleton of UTS 39, and coarser: without case, marks over letters, spaces and punctuation.
fn reading(text: &str) -> String {
    // Full width and other forms for compatibility first, then letters that look like others. Case is
    // folded between two skeletons: what looks alike in capitals may not in small letters.
    let compatible: String = text.nfkc().collect();
    let small = skeleton(&compatible).collect::<String>().to_lowercase();
    let alike = skeleton(&small).filter(|char| !is_passed_over(*char));
    // UTS 39 reads `I`, `l`, `1` and `|` as the same, but for the small letter.
    alike.map(|char| if matches!(char, 'i' | 'ı') { 'l' } else { char }).collect()
}

/// What is not read: spaces, punctuation, what has no width, and marks that combine with Latin, Greek
/// and Cyrillic letters. In other scripts marks are letters of their own.
fn is_passed_over(char: char) -> bool {
    char.is_whitespace()
        || char.is_control()
        || char.is_ascii_punctuation()
        || matches!(char,
            '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{206f}'
            | '\u{3000}'..='\u{303f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{e0000}'..='\u{e0fff}')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| char.is_whitespace() || char.is_ascii_punctuation())
        .filter(|word| !word.is_empty())
}

/// Whether a word has letters of one script, or of those that East Asian texts mix with Latin.
fn is_of_one_script(word: &str) -> bool {
    if word.is_single_script() {
        return true;
    }
    let others: String = word.chars().filter(|char| !char.is_ascii()).collect();
    let is_east_asian = |char: char| {
        matches!(char, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
    };
    others.is_single_script() && others.chars().all(is_east_asian)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads_as(one: &str, other: &str) -> bool {
        reading(one) == reading(other)
    }

    #[test]
    fn names_that_look_alike_read_alike() {
        for (one, other) in [
            ("Ada Lovelace", "ada  lovelace"),
            ("Ada Lovelace", "AdaLovelace"),
            ("Ada Lovelace", "Ada_Lovelace."),
            // Cyrillic letters, full width, zero width, mathematical letters.
            ("Scope", "Ѕсоре"),
            ("Ada", "Ａｄａ"),
            ("Ada", "A\u{200b}d\u{ad}a\u{2060}"),
            ("Ada", "𝐀𝐝𝐚"),
            ("Ada", "A\u{301}\u{301}\u{301}da"),
            ("Illustrious", "lllustrious"),
            ("Paul", "PauI"),
            ("IVAN", "ivan"),
            ("Zoe", "Zoë"),
            ("Bob", "B0b"),
            ("Bill 1", "Bill l"),
        ] {
            assert!(reads_as(one, other), "{one} {other}: {} {}", reading(one), reading(other));
        }
    }

    proptest! {
        #[test]
        fn how_a_name_is_spelt_makes_no_other_one(
            name in "[a-zA-Z0-9]{1,12}([ ._-][a-zA-Z0-9]{1,12}){0,3}"
        ) {
            let joined: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
            for spelling in [name.to_uppercase(), name.to_lowercase(), joined] {
                prop_assert_eq!(reading(&spelling), reading(&name));
            }
        }

        #[test]
        fn a_name_that_may_be_chosen_can_be_read_and_is_chosen_again(name in "\\PC{0,20}") {
            let Ok(chosen) = PublicName::chosen(&name) else { return Ok(()) };
            prop_assert!(!chosen.skeleton().is_empty());
            prop_assert!(!chosen.as_str().chars().any(char::is_control));
            let again = PublicName::chosen(chosen.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), chosen.as_str());
        }
    }

    #[test]
    fn other_names_read_otherwise() {
        for (one, other) in [("Ada", "Eve"), ("Ada", "Adam"), ("馬", "鹿"), ("Ada 2", "Ada 3")] {
            assert!(!reads_as(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_people_are_called_may_be_chosen() {
        for name in [
            "Ada",
            "Countess 馬",
            "עדה",
            "Zoë d'Aubigné-Łęcki",
            "Владимир",
            "さくら Sakura",
            "山田Taro",
            "12345678",
            "=3D.",
            "🚴 Ben",
            "Team Blue",
            "Infomaniac",
        ] {
            assert!(PublicName::chosen(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn nobody_speaks_for_the_service() {
        for name in [
            "admin",
            "Admin 2",
            "The Moderator",
            "OpenTracks",
            "0penTracks",
            "Open Tracks",
            "ΟрenTracks",
            "MyOpenTracksApp",
            "Former member",
            "no-reply",
            "ＲＯＯＴ",
        ] {
            assert!(PublicName::chosen(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_word_is_of_one_alphabet_and_there_is_something_to_read() {
        for name in ["Аda", "Раul", "...", "\u{200b}\u{2060}", "\u{3164}"] {
            assert!(PublicName::chosen(name).is_err(), "{name}");
        }
    }
}
