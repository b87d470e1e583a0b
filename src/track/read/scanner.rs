//! Cuts an XML document into tokens, in one pass and without copying.
//!
//! It is written by hand because it is where the time goes: on tracks it takes about half as
//! long as quick-xml 0.42, which checks encodings again, copies names and hands out every blank.

use memchr::{memchr, memchr3, memmem};

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'d> {
    /// `<name attributes>`, or `<name attributes/>`. The local name is the name without its prefix.
    Start { name: &'d str, local_name: &'d str, attributes: &'d str, is_empty: bool },
    /// `</name>`.
    End { name: &'d str },
    /// What stands between tags, entities as they are. It may be blank, but not empty.
    Text(&'d str),
    /// `<![CDATA[…]]>`.
    Verbatim(&'d str),
    /// `<!DOCTYPE`, or another declaration of that kind.
    Declaration,
    /// A `<` that begins nothing.
    Stray,
    /// Something that begins and does not end.
    CutOff,
}

/// Walks through a document, token by token; comments and instructions are left out.
pub(super) struct Scanner<'d> {
    rest: &'d str,
    length: usize,
}

impl<'d> Scanner<'d> {
    pub(super) fn new(document: &'d str) -> Self {
        Self { rest: document, length: document.len() }
    }

    /// How many bytes of the document are behind.
    pub(super) fn offset(&self) -> usize {
        self.length - self.rest.len()
    }

    /// Takes what stands before the end of the mark at `index`, and gives what is before the mark.
    fn take(&mut self, index: usize, mark: &str) -> Option<&'d str> {
        let taken = self.rest.get(..index)?;
        self.rest = self.rest.get(index + mark.len()..)?;
        Some(taken)
    }

    fn take_until(&mut self, mark: &str) -> Option<&'d str> {
        let index = match mark.as_bytes() {
            [byte] => memchr(*byte, self.rest.as_bytes()),
            bytes => memmem::find(self.rest.as_bytes(), bytes),
        };
        self.take(index?, mark)
    }

    fn cut_off(&mut self) -> Token<'d> {
        self.rest = "";
        Token::CutOff
    }
}

impl<'d> Iterator for Scanner<'d> {
    type Item = Token<'d>;

    fn next(&mut self) -> Option<Token<'d>> {
        loop {
            return Some(match self.rest.as_bytes() {
                [] => return None,
                [b'<', b'/', ..] => self.end_tag(),
                [b'<', b'!', ..] => match self.declaration() {
                    Some(token) => token,
                    None => continue,
                },
                [b'<', b'?', ..] => match self.take_until("?>") {
                    Some(_) => continue,
                    None => self.cut_off(),
                },
                [b'<', b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.., ..] => self.start_tag(),
                [b'<', ..] => {
                    self.rest = self.rest.get(1..).unwrap_or_default();
                    Token::Stray
                }
                text => {
                    let end = memchr(b'<', text).unwrap_or(text.len());
                    self.take(end, "").map_or(Token::CutOff, Token::Text)
                }
            });
        }
    }
}

impl<'d> Scanner<'d> {
    fn end_tag(&mut self) -> Token<'d> {
        match self.take_until(">") {
            Some(tag) => Token::End { name: tag.get(2..).unwrap_or_default().trim_ascii_end() },
            None => self.cut_off(),
        }
    }

    fn start_tag(&mut self) -> Token<'d> {
        self.whole_start_tag().unwrap_or_else(|| self.cut_off())
    }

    /// Most start tags have no attributes: they end where their name ends.
    fn whole_start_tag(&mut self) -> Option<Token<'d>> {
        let tag = self.rest;
        let mut local = 1;
        let mut name_end = 1;
        let after_name = loop {
            match *tag.as_bytes().get(name_end)? {
                byte @ (b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') => break byte,
                b':' => local = name_end + 1,
                _ => {}
            }
            name_end += 1;
        };
        let end = match after_name {
            b'>' => name_end,
            _ => name_end + end_of_tag(tag.as_bytes().get(name_end..)?)?,
        };
        self.rest = tag.get(end + 1..)?;
        let attributes = tag.get(name_end..end)?;
        let (attributes, is_empty) = match attributes.strip_suffix('/') {
            Some(attributes) => (attributes, true),
            None => (attributes, false),
        };
        let (name, local_name) = (tag.get(1..name_end)?, tag.get(local..name_end)?);
        Some(Token::Start { name, local_name, attributes, is_empty })
    }

    /// Takes what begins with `<!`. A comment is no token.
    fn declaration(&mut self) -> Option<Token<'d>> {
        let (token, end): (fn(&'d str) -> Option<Token<'d>>, _) = if self.rest.starts_with("<!--") {
            self.rest = self.rest.get(4..).unwrap_or_default();
            (|_| None, "-->")
        } else if self.rest.starts_with("<![CDATA[") {
            self.rest = self.rest.get(9..).unwrap_or_default();
            (|text| Some(Token::Verbatim(text)), "]]>")
        } else {
            (|_| Some(Token::Declaration), ">")
        };
        match self.take_until(end) {
            Some(text) => token(text),
            None => Some(self.cut_off()),
        }
    }
}

/// Where the `>` of a start tag is: not between quotes.
fn end_of_tag(tag: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let index = start + memchr3(b'>', b'"', b'\'', tag.get(start..)?)?;
        match tag.get(index)? {
            b'>' => return Some(index),
            quote => start = index + 2 + memchr(*quote, tag.get(index + 1..)?)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::Event;
    use quick_xml::reader::Reader;

    use super::*;

    fn start<'d>(name: &'d str, attributes: &'d str) -> Token<'d> {
        let local_name = name.trim_start_matches("g:");
        Token::Start { name, local_name, attributes, is_empty: false }
    }

    fn scan(document: &str) -> Vec<Token<'_>> {
        Scanner::new(document).collect()
    }

    #[test]
    fn a_document_is_cut_at_its_tags() {
        let tokens =
            scan("<?xml version='1.0'?><!-- <x> --><g:a b=\"1\">t&amp;<![CDATA[<c>]]></g:a\n><d/>");
        let empty = Token::Start { name: "d", local_name: "d", attributes: "", is_empty: true };
        let expected = [
            start("g:a", " b=\"1\""),
            Token::Text("t&amp;"),
            Token::Verbatim("<c>"),
            Token::End { name: "g:a" },
            empty,
        ];
        assert_eq!(tokens, expected);
    }

    #[test]
    fn a_tag_does_not_end_inside_quotes() {
        assert_eq!(scan("<a b='\">' c=\"'/>\">"), [start("a", " b='\">' c=\"'/>\"")]);
    }

    #[test]
    fn what_breaks_off_ends_the_document() {
        for document in ["<a", "<a b=\"1>", "</a", "<!-- -", "<![CDATA[x]]", "<!DOCTYPE a", "<?xml"]
        {
            assert_eq!(scan(document), [Token::CutOff], "{document}");
        }
    }

    #[test]
    fn a_lone_less_than_is_passed_over() {
        assert_eq!(scan("1 < 2"), [Token::Text("1 "), Token::Stray, Token::Text(" 2")]);
    }

    proptest! {
        #[test]
        fn every_document_is_walked_to_its_end(document in "([<>/!?a&;\"'= -]|<!--|-->|\\]\\]>|<!\\[CDATA\\[|ü){0,60}") {
            let mut scanner = Scanner::new(&document);
            prop_assert!(scanner.by_ref().count() <= document.len());
            prop_assert_eq!(scanner.offset(), document.len());
        }

        #[test]
        fn a_sound_document_is_cut_as_quick_xml_cuts_it(
            document in "(<a( b=\"[^\"<&]{0,3}\")?( c='[^'<&]{0,3}')?/?>|</a>|[^<&\u{feff}]{1,4}|<!--x-->|<!\\[CDATA\\[[^\\]]{0,3}\\]\\]>){0,20}",
        ) {
            prop_assert_eq!(ours(&document), theirs(&document));
        }
    }

    fn ours(document: &str) -> Vec<String> {
        let token = |token| match token {
            Token::Start { name, attributes, is_empty, .. } => {
                format!("<{name}{attributes}{is_empty}")
            }
            Token::End { name } => format!("/{name}"),
            Token::Text(text) => text.to_owned(),
            Token::Verbatim(text) => format!("[{text}"),
            Token::Declaration | Token::Stray | Token::CutOff => format!("{token:?}"),
        };
        Scanner::new(document).map(token).collect()
    }

    fn theirs(document: &str) -> Vec<String> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().allow_unmatched_ends = true;
        reader.config_mut().check_end_names = false;
        let mut events = Vec::new();
        loop {
            events.push(match reader.read_event().unwrap() {
                Event::Start(tag) => {
                    format!("<{}{}false", tag.name().as_ref(), tag.attributes_raw())
                }
                Event::Empty(tag) => {
                    format!("<{}{}true", tag.name().as_ref(), tag.attributes_raw())
                }
                Event::End(tag) => format!("/{}", tag.name().as_ref()),
                Event::Text(text) => text.into_inner().into_owned(),
                Event::CData(text) => format!("[{}", text.into_inner()),
                Event::Eof => return events,
                _ => continue,
            });
        }
    }
}
