//! Collects what is unsound while a file is read, and finds the lines only once it is over.

use memchr::memchr_iter;

use super::super::reading::{Flaw, Place, Rule, Unreadable};

/// One entry a rule, with the offset of its first breach.
#[derive(Default)]
pub(in crate::track) struct Flaws {
    noted: Vec<Noted>,
}

struct Noted {
    rule: Rule,
    count: u64,
    first_offset: usize,
}

impl Flaws {
    /// Notes one breach of `rule` at a byte of what is read.
    pub(in crate::track) fn note(&mut self, rule: Rule, offset: usize) {
        match self.noted.iter_mut().find(|noted| noted.rule == rule) {
            Some(noted) => noted.count = noted.count.saturating_add(1),
            None => self.noted.push(Noted { rule, count: 1, first_offset: offset }),
        }
    }

    /// The flaws of a text, with the line of each first breach.
    pub(in crate::track) fn into_lines(self, text: &[u8]) -> Vec<Flaw> {
        self.into_flaws(|offset| line(text, offset))
    }

    /// The flaws of a binary file, with the offset of each first breach.
    pub(in crate::track) fn into_offsets(self) -> Vec<Flaw> {
        self.into_flaws(|offset| Place::Offset(offset as u64))
    }

    /// Why a text without a sound point cannot be read: the first flaw that left nothing over, else
    /// `reason`.
    pub(in crate::track) fn into_unreadable(self, reason: &'static str, text: &[u8]) -> Unreadable {
        let mut noted = self.noted;
        noted.sort_by_key(|noted| noted.first_offset);
        let telling = noted.iter().find_map(|noted| {
            without_a_point(noted.rule).map(|reason| (reason, line(text, noted.first_offset)))
        });
        match telling {
            Some((reason, place)) => Unreadable { reason, place: Some(place) },
            None => Unreadable { reason, place: None },
        }
    }

    fn into_flaws(self, place: impl Fn(usize) -> Place) -> Vec<Flaw> {
        let flaw = |noted: Noted| Flaw {
            rule: noted.rule,
            count: noted.count,
            first: Some(place(noted.first_offset)),
        };
        self.noted.into_iter().map(flaw).collect()
    }
}

/// What a rule means for a file in which it left nothing over.
fn without_a_point(rule: Rule) -> Option<&'static str> {
    match rule {
        Rule::InvalidPosition => Some("has no point with a valid position"),
        Rule::Truncated => Some("ends in the middle, before any point"),
        _ => None,
    }
}

/// The line of a text that a byte lies on. It walks the text, so it is for faults alone.
pub(in crate::track) fn line(text: &[u8], offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    Place::Line(1 + memchr_iter(b'\n', before).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_has_one_entry_with_its_count_and_first_line() {
        let mut flaws = Flaws::default();
        flaws.note(Rule::InvalidTime, 4);
        flaws.note(Rule::InvalidValue, 0);
        flaws.note(Rule::InvalidTime, 99);

        let flaws = flaws.into_lines(b"ab\ncd\nef");
        let time = Flaw { rule: Rule::InvalidTime, count: 2, first: Some(Place::Line(2)) };
        let value = Flaw { rule: Rule::InvalidValue, count: 1, first: Some(Place::Line(1)) };
        assert_eq!(flaws, [time, value]);
    }

    #[test]
    fn a_file_without_a_point_says_what_left_it_without() {
        let mut flaws = Flaws::default();
        flaws.note(Rule::Truncated, 6);
        flaws.note(Rule::InvalidPosition, 3);
        flaws.note(Rule::Malformed, 0);

        let unreadable = flaws.into_unreadable("has no point", b"ab\ncd\nef");
        assert_eq!(unreadable.reason, "has no point with a valid position");
        assert_eq!(unreadable.place, Some(Place::Line(2)));
        assert_eq!(Flaws::default().into_unreadable("has no point", b"").reason, "has no point");
    }

    #[test]
    fn an_offset_past_the_end_lies_on_the_last_line() {
        assert_eq!(line(b"a\nb\nc", 99), Place::Line(3));
    }
}
