//! What a person was called before, kept as marks from which nobody reads it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::anonymity::{Names, TextMark, letters_of, words_of};

/// No more words of them are remembered, those of many names.
const WORDS_MAX: usize = 200;
/// No more of them are looked for inside of words: the last ones.
const RUNS_MAX: usize = 50;

/// Marks of names and addresses that somebody let go of. Once they leave, nothing that stays may hold one.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct FormerNames {
    #[serde(default, rename = "former")]
    words: BTreeSet<TextMark>,
    /// Each with how many characters it has.
    #[serde(default, rename = "former_runs")]
    runs: Vec<(usize, TextMark)>,
}

impl FormerNames {
    /// Remembers what somebody was called `before` and is not called `now`.
    pub fn remember(&mut self, before: &Names, now: &Names, mark: impl Fn(&str) -> TextMark) {
        self.words.extend(before.words().difference(now.words()).map(|word| mark(word)));
        while WORDS_MAX < self.words.len() {
            self.words.pop_first();
        }
        for run in before.runs().difference(now.runs()) {
            let kept = (run.chars().count(), mark(run));
            self.runs.retain(|run| *run != kept);
            self.runs.push(kept);
        }
        self.runs.drain(..self.runs.len().saturating_sub(RUNS_MAX));
    }

    /// Whether a text holds one of them, as [`Names::are_in`] tells of names that are known.
    pub fn are_in(&self, text: &str, mark: impl Fn(&str) -> TextMark) -> bool {
        words_of(text).iter().any(|word| self.words.contains(&mark(word)))
            || self.are_inside(text, mark)
    }

    /// Takes a mark of as many pieces of the text as it has letters, for each length.
    fn are_inside(&self, text: &str, mark: impl Fn(&str) -> TextMark) -> bool {
        let run = letters_of(text);
        let starts: Vec<usize> =
            run.char_indices().map(|(start, _)| start).chain([run.len()]).collect();
        let lengths: BTreeSet<usize> = self.runs.iter().map(|(length, _)| *length).collect();
        lengths.into_iter().any(|length| {
            let mut pieces = starts.iter().zip(starts.iter().skip(length));
            pieces.any(|(start, end)| self.runs.contains(&(length, mark(&run[*start..*end]))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells the short words of these tests apart, and is no secret.
    fn mark(text: &str) -> TextMark {
        let mut mark = [0; 16];
        for (index, byte) in text.bytes().enumerate() {
            mark[index % 16] = u8::wrapping_mul(mark[index % 16], 31) ^ byte;
        }
        mark
    }

    fn former(names: &[&str], address: &str) -> FormerNames {
        let mut former = FormerNames::default();
        let before = Names::of(names.iter().copied(), address);
        former.remember(&before, &Names::of(["Robin"], "robin@example.net"), mark);
        former
    }

    #[test]
    fn what_is_found_of_a_name_is_found_of_a_former_one() {
        let jane = former(&["Jane Dupont"], "j@dupont.example");
        for text in
            ["Jane's loop", "JaneDupont's evening loop", "xXjane_dupontXx", "to j@dupont.example"]
        {
            assert!(jane.are_in(text, mark), "{text}");
        }
        for text in ["Janet's loop", "Robin's loop", "Evening loop", "example", ""] {
            assert!(!jane.are_in(text, mark), "{text}");
        }
        let taro = former(&["山田太郎"], "taro@example.org");
        assert!(taro.are_in("今日は山田太郎のコース", mark));
        assert!(!taro.are_in("今日のコース", mark));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_last_names_stay() {
        let mut former = FormerNames::default();
        let name = |number: usize| Names::of([format!("runner{number}").as_str()], "r@example.org");
        for number in 0..300 {
            former.remember(&name(number), &name(number + 1), mark);
        }
        assert_eq!((former.words.len(), former.runs.len()), (WORDS_MAX, RUNS_MAX));
        assert!(former.are_in("withrunner299again", mark));
    }

    #[test]
    fn profiles_that_know_words_only_are_read() {
        let old: FormerNames = serde_json::from_str("{}").unwrap();
        assert!(!old.are_in("Jane Dupont", mark));
    }
}
