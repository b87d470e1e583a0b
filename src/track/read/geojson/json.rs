//! Walks through a JSON text value by value, without building a tree.
//!
//! It is lenient where nothing is lost by it: commas may be missing or too many, and any word is
//! taken for a literal, since programs write `NaN` and `Infinity`, which JSON does not have.

use std::borrow::Cow;

use super::escape::unescape;

/// Why a walk ended before the end of the text.
pub(super) enum Stop {
    /// The text ends in the middle.
    Truncated,
    /// What follows is not JSON.
    Malformed,
    /// It is turned down altogether: a sentence part as in [`crate::track::Unreadable`].
    Refused(&'static str),
}

/// A position in a JSON text.
pub(super) struct Json<'t> {
    text: &'t str,
    offset: usize,
}

impl<'t> Json<'t> {
    /// The beginning of a text.
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, offset: 0 }
    }

    /// How many bytes lie behind.
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// The first byte of what comes next, blanks apart. `None` at the end.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.offset) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.offset += 1,
                byte => return byte.copied(),
            }
        }
    }

    /// Goes into the object or array that opens with `bracket`. Any other value is skipped, and
    /// the answer `false`.
    pub(super) fn enter(&mut self, bracket: u8) -> Result<bool, Stop> {
        if self.peek() != Some(bracket) {
            self.skip()?;
            return Ok(false);
        }
        self.offset += 1;
        Ok(true)
    }

    /// The next key of the object that was entered, or `None` past its end.
    pub(super) fn key(&mut self) -> Result<Option<Cow<'t, str>>, Stop> {
        match self.peek_item()? {
            b'}' => {
                self.offset += 1;
                Ok(None)
            }
            b'"' => {
                let key = self.string()?;
                match self.peek() {
                    Some(b':') => self.offset += 1,
                    Some(_) => return Err(Stop::Malformed),
                    None => return Err(Stop::Truncated),
                }
                Ok(Some(key))
            }
            _ => Err(Stop::Malformed),
        }
    }

    /// Whether another element of the array that was entered follows. If not, its end is behind.
    pub(super) fn element(&mut self) -> Result<bool, Stop> {
        match self.peek_item()? {
            b']' => {
                self.offset += 1;
                Ok(false)
            }
            b'}' | b':' => Err(Stop::Malformed),
            _ => Ok(true),
        }
    }

    /// The next value, if it is a string or a literal other than `null`. Else it is skipped.
    pub(super) fn atom(&mut self) -> Result<Option<Cow<'t, str>>, Stop> {
        match self.peek().ok_or(Stop::Truncated)? {
            b'"' => self.string().map(Some),
            b'{' | b'[' => self.skip().map(|()| None),
            _ => Ok(Some(self.literal()?).filter(|literal| *literal != "null").map(Cow::Borrowed)),
        }
    }

    /// Skips the next value with all that is in it, however deep.
    pub(super) fn skip(&mut self) -> Result<(), Stop> {
        let mut depth: usize = 0;
        loop {
            match self.peek().ok_or(Stop::Truncated)? {
                b'{' | b'[' => {
                    self.offset += 1;
                    depth += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1).ok_or(Stop::Malformed)?;
                    self.offset += 1;
                }
                b',' | b':' if depth != 0 => self.offset += 1,
                b'"' => {
                    self.quoted()?;
                }
                _ => {
                    self.literal()?;
                }
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn peek_item(&mut self) -> Result<u8, Stop> {
        if self.peek() == Some(b',') {
            self.offset += 1;
        }
        self.peek().ok_or(Stop::Truncated)
    }

    fn literal(&mut self) -> Result<&'t str, Stop> {
        let rest = self.text.as_bytes().get(self.offset..).unwrap_or_default();
        let goes_on =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+');
        let len = rest.iter().position(|byte| !goes_on(byte)).unwrap_or(rest.len());
        let literal = self.text.get(self.offset..self.offset + len);
        self.offset += len;
        literal.filter(|literal| !literal.is_empty()).ok_or(Stop::Malformed)
    }

    fn string(&mut self) -> Result<Cow<'t, str>, Stop> {
        let (quoted, is_escaped) = self.quoted()?;
        Ok(if is_escaped { Cow::Owned(unescape(quoted)) } else { Cow::Borrowed(quoted) })
    }

    /// What lies between the quote that comes next and the one that closes it, and whether there
    /// are escapes in it.
    fn quoted(&mut self) -> Result<(&'t str, bool), Stop> {
        let start = self.offset + 1;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let mut is_escaped = false;
        let mut bytes = rest.iter().enumerate();
        while let Some((len, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    let end = start + len;
                    self.offset = end + 1;
                    return Ok((self.text.get(start..end).unwrap_or_default(), is_escaped));
                }
                b'\\' => {
                    is_escaped = true;
                    bytes.next();
                }
                _ => {}
            }
        }
        self.offset = self.text.len();
        Err(Stop::Truncated)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn atom(text: &str) -> Option<String> {
        Json::new(text).atom().ok()?.map(Cow::into_owned)
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let members = prop::collection::btree_map(any::<String>(), inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Into::into),
                members.prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    #[test]
    fn strings_end_at_a_quote_that_is_not_escaped() {
        assert_eq!(atom(r#" "Zürich" "#).as_deref(), Some("Zürich"));
        assert_eq!(atom(r#""a \"b\" \\","c""#).as_deref(), Some(r#"a "b" \"#));
    }

    #[test]
    fn words_and_numbers_are_literals_and_null_is_nothing() {
        assert_eq!(atom(" -1.5e3,").as_deref(), Some("-1.5e3"));
        assert_eq!(atom("NaN]").as_deref(), Some("NaN"));
        assert_eq!(atom("null"), None);
        assert_eq!(atom("{\"a\":[1]}"), None);
    }

    #[test]
    fn a_value_is_skipped_however_deep_it_is() {
        let text = format!("{}{}7", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let mut json = Json::new(&text);
        assert!(json.skip().is_ok());
        assert_eq!(json.peek(), Some(b'7'));
    }

    #[test]
    fn a_missing_comma_does_no_harm() {
        let mut json = Json::new("[1 2,,]");
        assert!(json.enter(b'[').is_ok_and(|entered| entered));
        let mut atoms = Vec::new();
        while json.element().is_ok_and(|more| more) {
            let Ok(Some(atom)) = json.atom() else { break };
            atoms.push(atom);
        }
        assert_eq!(atoms, ["1", "2"]);
    }

    #[test]
    fn a_text_that_ends_in_the_middle_is_told_from_what_is_no_json() {
        for text in ["", "[1", "{\"a\"", "\"abc", "\"abc\\", "{\"a\":1"] {
            assert!(matches!(Json::new(text).skip(), Err(Stop::Truncated)), "{text}");
        }
        for text in ["]", "(", ":"] {
            assert!(matches!(Json::new(text).skip(), Err(Stop::Malformed)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_walked_to_its_end_and_no_further(value in any_json(), behind in "[\\]},]?") {
            let text = format!("{value}{behind}");
            let mut json = Json::new(&text);
            prop_assert!(json.skip().is_ok());
            prop_assert_eq!(&text[json.offset()..], behind);
        }

        #[test]
        fn any_text_is_walked_no_further_than_its_end(text in "[\\[\\]{}:,\"\\\\u0-9a-f. ]{0,64}") {
            let mut json = Json::new(&text);
            let is_whole = json.skip().is_ok();
            prop_assert!(json.offset() <= text.len());
            prop_assert!(is_whole || serde_json::from_str::<serde_json::Value>(&text).is_err());
            prop_assert!(atom(&text).is_none_or(|atom| atom.len() <= 3 * text.len()));
        }
    }
}
