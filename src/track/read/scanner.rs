//! Cuts an XML document into tokens, in one pass and without copying.
//!
//! It is written by hand because it is where the time goes: on tracks it takes about half as
//! long as quick-xml 0.42, which checks encodings again, copies names and hands out every blank.

use memchr::memmem;

use super::find::{find, find_any, find_below};

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Token<'d> {
    /// `<name attributes>`, or `<name attributes/>`.
    Start(StartTag<'d>),
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

/// A start tag, or one of an empty element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StartTag<'d> {
    pub(super) name: &'d str,
    /// The name without its prefix.
    pub(super) local_name: &'d str,
    pub(super) attributes: &'d str,
    pub(super) is_empty: bool,
}

/// Walks through a document, token by token; comments and instructions are left out.
pub(super) struct Scanner<'d> {
    document: &'d str,
    /// How many bytes are behind.
    offset: usize,
}

impl<'d> Scanner<'d> {
    pub(super) fn new(document: &'d str) -> Self {
        Self { document, offset: 0 }
    }

    /// How many bytes of the document are behind.
    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.offset
    }

    /// Goes on at a byte further on that ends a tag known to stand there.
    #[inline]
    pub(super) fn go_on(&mut self, offset: usize) {
        self.offset = offset;
    }

    /// Takes what stands before the next tag; it may be empty.
    #[inline]
    pub(super) fn take_text(&mut self) -> &'d str {
        let rest = self.rest();
        if rest.first() == Some(&b'<') {
            return "";
        }
        self.take(find(b'<', rest).unwrap_or(rest.len())).unwrap_or_default()
    }

    /// Takes `</name>`, if that is what follows.
    #[inline]
    pub(super) fn take_end_tag(&mut self, name: &str) -> bool {
        let rest = self.rest();
        let is_next = rest.starts_with(b"</")
            && rest.get(2..2 + name.len()) == Some(name.as_bytes())
            && rest.get(2 + name.len()) == Some(&b'>');
        self.offset += if is_next { b"</>".len() + name.len() } else { 0 };
        is_next
    }

    /// Takes a start tag, if a whole one is what follows.
    #[inline]
    pub(super) fn take_start_tag(&mut self) -> Option<StartTag<'d>> {
        match self.rest() {
            [b'<', b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.., ..] => self.start_tag(),
            _ => None,
        }
    }

    #[inline]
    fn rest(&self) -> &'d [u8] {
        self.document.as_bytes().get(self.offset..).unwrap_or_default()
    }

    /// Takes so many bytes, which end before an ASCII character, or at the end.
    #[inline]
    fn take(&mut self, length: usize) -> Option<&'d str> {
        let taken = self.document.get(self.offset..self.offset + length)?;
        self.offset += length;
        Some(taken)
    }

    /// Takes what stands before a mark, and passes over the mark.
    fn take_until(&mut self, mark: &str) -> Option<&'d str> {
        let taken = self.take(memmem::find(self.rest(), mark.as_bytes())?)?;
        self.offset += mark.len();
        Some(taken)
    }

    fn cut_off(&mut self) -> Token<'d> {
        self.offset = self.document.len();
        Token::CutOff
    }
}

impl<'d> Iterator for Scanner<'d> {
    type Item = Token<'d>;

    fn next(&mut self) -> Option<Token<'d>> {
        loop {
            return Some(match self.rest() {
                [] => return None,
                [b'<', b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.., ..] => {
                    self.start_tag().map_or_else(|| self.cut_off(), Token::Start)
                }
                [b'<', b'/', ..] => self.end_tag().unwrap_or_else(|| self.cut_off()),
                [b'<', b'!', ..] => match self.declaration() {
                    Some(token) => token,
                    None => continue,
                },
                [b'<', b'?', ..] => match self.take_until("?>") {
                    Some(_) => continue,
                    None => self.cut_off(),
                },
                [b'<', ..] => {
                    self.offset += 1;
                    Token::Stray
                }
                _ => Token::Text(self.take_text()),
            });
        }
    }
}

impl<'d> Scanner<'d> {
    fn end_tag(&mut self) -> Option<Token<'d>> {
        let tag = self.take(find(b'>', self.rest())?)?;
        self.offset += 1;
        Some(Token::End { name: tag.get(2..)?.trim_ascii_end() })
    }

    /// Most start tags have no attributes: they end where their name ends.
    #[inline]
    fn start_tag(&mut self) -> Option<StartTag<'d>> {
        let tag = self.rest();
        let mut local = 1;
        let mut name_end = 1;
        let after_name = loop {
            // No byte below the letters is part of a name, but for digits and some marks.
            name_end += find_below(b'A', tag.get(name_end..)?)?;
            match *tag.get(name_end)? {
                byte @ (b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') => break byte,
                b':' => local = name_end + 1,
                _ => {}
            }
            name_end += 1;
        };
        let end = match after_name {
            b'>' => name_end,
            _ => name_end + end_of_tag(tag.get(name_end..)?)?,
        };
        let name = self.document.get(self.offset + 1..self.offset + name_end)?;
        let local_name = name.get(local - 1..)?;
        let attributes = self.document.get(self.offset + name_end..self.offset + end)?;
        self.offset += end + 1;
        let (attributes, is_empty) = match attributes.strip_suffix('/') {
            Some(attributes) => (attributes, true),
            None => (attributes, false),
        };
        Some(StartTag { name, local_name, attributes, is_empty })
    }

    /// Takes what begins with `<!`. A comment is no token.
    fn declaration(&mut self) -> Option<Token<'d>> {
        let (token, start, end): (fn(&'d str) -> Option<Token<'d>>, _, _) =
            if self.rest().starts_with(b"<!--") {
                (|_| None, "<!--", "-->")
            } else if self.rest().starts_with(b"<![CDATA[") {
                (|text| Some(Token::Verbatim(text)), "<![CDATA[", "]]>")
            } else {
                (|_| Some(Token::Declaration), "<!", ">")
            };
        self.offset += start.len();
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
        let index = start + find_any([b'>', b'"', b'\''], tag.get(start..)?)?;
        match tag.get(index)? {
            b'>' => return Some(index),
            quote => start = index + 2 + find(*quote, tag.get(index + 1..)?)?,
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
        Token::Start(StartTag { name, local_name, attributes, is_empty: false })
    }

    fn scan(document: &str) -> Vec<Token<'_>> {
        Scanner::new(document).collect()
    }

    #[test]
    fn a_document_is_cut_at_its_tags() {
        let tokens =
            scan("<?xml version='1.0'?><!-- <x> --><g:a b=\"1\">t&amp;<![CDATA[<c>]]></g:a\n><d/>");
        let empty =
            Token::Start(StartTag { name: "d", local_name: "d", attributes: "", is_empty: true });
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
            Token::Start(StartTag { name, attributes, is_empty, .. }) => {
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
