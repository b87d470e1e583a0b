//! The tolerant walk through an XML document that every XML format is read by.
//!
//! It goes on past what can be repaired (an end tag that is missing or too many, an unknown
//! entity, something after the root) and stops for good at what only an attack contains. Prefixes
//! are dropped and namespaces not looked at: files with prefixes nobody declared are common.

use std::borrow::Cow;

use quick_xml::escape::unescape;

use super::super::reading::{Rule, Unreadable};
pub(super) use super::attributes::Attributes;
use super::find::find;
use super::flaws::{Flaws, line};
use super::refrain::{Refrain, Tag};
use super::scanner::{Scanner, StartTag, Token};

/// How deep elements may lie in each other.
const DEPTH_MAX: usize = 32;
/// Why a document is turned down altogether: a sentence part as in [`Unreadable::reason`].
pub(super) type Refusal = &'static str;

const DOCUMENT_TYPE: Refusal = "has a document type declaration (DOCTYPE), which is not accepted";
const TOO_DEEP: Refusal = "has elements nested more than 32 deep";
const TOO_MANY_ATTRIBUTES: Refusal = "has an element with more than 64 attributes";
const TEXT_TOO_LONG: Refusal = "has an element with an overlong text";

/// What a format makes of a document.
pub(super) trait Handler {
    /// The elements that mean something in the format; the default is any other.
    type Name: Copy + Default + PartialEq;
    /// The longest text an element may have.
    const TEXT_BYTES_MAX: usize = 1024 * 1024;

    /// The element that has this local name.
    fn name(local_name: &str) -> Self::Name;

    /// An element begins.
    fn open(
        &mut self,
        element: Element<Self::Name>,
        attributes: Attributes<'_>,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal>;

    /// An element ends, with the text between the last tag inside it, or its own, and its end.
    fn close(
        &mut self,
        element: Element<Self::Name>,
        text: &str,
        flaws: &mut Flaws,
    ) -> Result<(), Refusal>;
}

/// An element and where it is.
#[derive(Clone, Copy)]
pub(super) struct Element<Name> {
    pub(super) name: Name,
    /// The element around it; the default at the root.
    pub(super) parent: Name,
    /// The byte of the document just past the tag.
    pub(super) offset: usize,
}

/// The local name of the root element.
pub(super) fn root(document: &str) -> Result<&str, Unreadable> {
    let mut scanner = Scanner::new(document);
    let reason = loop {
        match scanner.next() {
            Some(Token::Start(tag)) => return Ok(tag.local_name),
            Some(Token::Text(text)) if text.trim().is_empty() => {}
            Some(Token::Declaration) => break DOCUMENT_TYPE,
            _ => break "is not XML: it has no root element",
        }
    };
    Err(Unreadable { reason, place: Some(line(document.as_bytes(), scanner.offset())) })
}

/// Walks through a document. A document that breaks off in the middle is walked as far as it goes,
/// and the flaw noted: the elements still open are not closed.
pub(super) fn walk<H: Handler>(
    document: &str,
    handler: &mut H,
    flaws: &mut Flaws,
) -> Result<(), Unreadable> {
    let scanner = Scanner::new(document);
    let open = Vec::with_capacity(DEPTH_MAX);
    let (refrain, raw, text) = (Refrain::new(), "", Cow::Borrowed(""));
    let mut walk = Walk { document, scanner, refrain, handler, flaws, open, raw, text };
    walk.run().map_err(|reason| {
        let place = Some(line(document.as_bytes(), walk.scanner.offset()));
        Unreadable { reason, place }
    })
}

struct Walk<'w, 'd, H: Handler> {
    document: &'d str,
    scanner: Scanner<'d>,
    refrain: Refrain<'d, H::Name>,
    handler: &'w mut H,
    flaws: &'w mut Flaws,
    open: Vec<Open<'d, H::Name>>,
    /// What stood since the last tag: the last piece, as the document has it, and what was before.
    raw: &'d str,
    text: Cow<'d, str>,
}

struct Open<'d, Name> {
    name: Name,
    full_name: &'d str,
}

impl<'d, H: Handler> Walk<'_, 'd, H> {
    fn run(&mut self) -> Result<(), Refusal> {
        let mut follows_attributes = false;
        loop {
            self.take_text();
            let follows_value = self.raw.as_bytes().first().is_some_and(|byte| b' ' < *byte);
            let begins_stretch = std::mem::take(&mut follows_attributes) || follows_value;
            let innermost = self.open.last().map(|open| open.full_name);
            if begins_stretch && self.replay()? {
                // All of its tags are taken in.
            } else if let Some(tag) = self.scanner.take_start_tag() {
                follows_attributes = !tag.attributes.is_empty();
                self.start(tag)?;
            } else if innermost.is_some_and(|name| self.scanner.take_end_tag(name)) {
                self.end_noted()?;
            } else if !self.take_rare()? {
                self.note(Rule::Truncated);
                return Ok(());
            }
            // Before the root, too, no element is open, but then there is text.
            if self.open.is_empty() && self.raw.is_empty() {
                self.check_past_root();
                return Ok(());
            }
        }
    }

    /// Goes on over a stretch of tags that came before; `false` if another one follows.
    #[inline]
    fn replay(&mut self) -> Result<bool, Refusal> {
        let start = self.scanner.offset();
        let Some(stretch) = self.refrain.recognize(self.document, start) else { return Ok(false) };
        let mut index = 0;
        while let (Some(innermost), Some(tag)) =
            (self.open.last(), self.refrain.tag(stretch, index))
        {
            if !tag.is_start && innermost.full_name != tag.full_name {
                break;
            }
            if 0 < index {
                self.raw = tag.text;
            }
            self.scanner.go_on(start + tag.end);
            if tag.is_start {
                self.begin(tag.name, tag.full_name, Attributes::new(""))?;
            } else {
                self.end_innermost()?;
            }
            index += 1;
        }
        Ok(0 < index)
    }

    /// Takes in what is neither text, start nor end of the innermost element; `false` at the end.
    fn take_rare(&mut self) -> Result<bool, Refusal> {
        self.refrain.forget();
        match self.scanner.next() {
            Some(Token::Start(tag)) => self.start(tag)?,
            Some(Token::End { name }) => self.end(name)?,
            Some(Token::Text(text)) => self.hold(text),
            Some(Token::Verbatim(text)) => {
                self.resolve();
                self.text += text;
            }
            Some(Token::Stray) => self.note(Rule::Malformed),
            Some(Token::Declaration) => return Err(DOCUMENT_TYPE),
            Some(Token::CutOff) | None => return Ok(false),
        }
        Ok(true)
    }

    #[inline]
    fn start(&mut self, tag: StartTag<'d>) -> Result<(), Refusal> {
        let (name, attributes) = (H::name(tag.local_name), Attributes::new(tag.attributes));
        if attributes.are_too_many() {
            return Err(TOO_MANY_ATTRIBUTES);
        }
        if tag.attributes.is_empty() && !tag.is_empty {
            self.note_tag(name, tag.name, true);
        } else {
            self.refrain.pause();
        }
        self.begin(name, tag.name, attributes)?;
        if tag.is_empty { self.end_innermost() } else { Ok(()) }
    }

    /// Opens an element.
    #[inline]
    fn begin(
        &mut self,
        name: H::Name,
        full_name: &'d str,
        attributes: Attributes<'d>,
    ) -> Result<(), Refusal> {
        if DEPTH_MAX <= self.open.len() {
            return Err(TOO_DEEP);
        }
        let parent = self.innermost();
        self.open.push(Open { name, full_name });
        self.forget_text();
        let element = Element { name, parent, offset: self.scanner.offset() };
        self.handler.open(element, attributes, self.flaws)
    }

    /// Takes in the end tag of the innermost element.
    #[inline]
    fn end_noted(&mut self) -> Result<(), Refusal> {
        if let Some(Open { name, full_name }) = self.open.last() {
            self.note_tag(*name, full_name, false);
        }
        self.end_innermost()
    }

    #[inline]
    fn note_tag(&mut self, name: H::Name, full_name: &'d str, is_start: bool) {
        let tag = Tag { is_start, name, full_name, text: self.raw, end: 0 };
        self.refrain.note(tag, self.scanner.offset());
    }

    /// Takes in an end tag. One that does not fit the innermost element ends the elements around
    /// it up to the one it fits, or none.
    fn end(&mut self, full_name: &str) -> Result<(), Refusal> {
        if self.open.last().is_some_and(|open| open.full_name == full_name) {
            return self.end_innermost();
        }
        self.note(Rule::Malformed);
        let Some(level) = self.open.iter().rposition(|open| open.full_name == full_name) else {
            return Ok(());
        };
        while level < self.open.len() {
            self.end_innermost()?;
        }
        Ok(())
    }

    #[inline]
    fn end_innermost(&mut self) -> Result<(), Refusal> {
        let Some(Open { name, .. }) = self.open.pop() else { return Ok(()) };
        self.resolve();
        if H::TEXT_BYTES_MAX < self.text.len() {
            return Err(TEXT_TOO_LONG);
        }
        let parent = self.innermost();
        let element = Element { name, parent, offset: self.scanner.offset() };
        self.handler.close(element, &self.text, self.flaws)?;
        self.forget_text();
        Ok(())
    }

    #[inline]
    fn innermost(&self) -> H::Name {
        self.open.last().map(|open| open.name).unwrap_or_default()
    }

    #[inline]
    fn take_text(&mut self) {
        let text = self.scanner.take_text();
        if !text.is_empty() {
            self.hold(text);
        }
    }

    /// Keeps a piece of text as the last one.
    #[inline]
    fn hold(&mut self, text: &'d str) {
        if !self.raw.is_empty() {
            self.resolve();
        }
        self.raw = text;
    }

    #[inline]
    fn forget_text(&mut self) {
        self.raw = "";
        self.text = Cow::Borrowed("");
    }

    /// Resolves the entities of the last piece of text. Most pieces are blanks before a start tag,
    /// and need not be looked at.
    #[inline]
    fn resolve(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        if self.text.is_empty() && find(b'&', raw.as_bytes()).is_none() {
            self.text = Cow::Borrowed(raw);
        } else {
            self.append(raw);
        }
    }

    /// Without a document type there are but the five entities of XML itself and the numbered ones;
    /// a text with others is kept as it is.
    #[cold]
    fn append(&mut self, raw: &'d str) {
        if let Ok(text) = unescape(raw) {
            self.text += text;
        } else {
            self.note(Rule::Malformed);
            self.text += raw;
        }
    }

    /// Nothing but blanks and comments may follow the root; what does is not read.
    fn check_past_root(&mut self) {
        if self.scanner.any(|token| !matches!(token, Token::Text(text) if text.trim().is_empty())) {
            self.note(Rule::Malformed);
        }
    }

    fn note(&mut self, rule: Rule) {
        self.flaws.note(rule, self.scanner.offset());
    }
}

/// A text worth keeping, as the document has it.
pub(super) fn text_of(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::super::reading::Place;
    use super::*;

    /// Writes down what it is told.
    #[derive(Default)]
    struct Log(Vec<String>);

    impl Handler for Log {
        type Name = char;
        const TEXT_BYTES_MAX: usize = 100;

        fn name(local_name: &str) -> char {
            local_name.chars().next().unwrap_or_default()
        }

        fn open(
            &mut self,
            element: Element<char>,
            attributes: Attributes<'_>,
            _: &mut Flaws,
        ) -> Result<(), Refusal> {
            let attributes: Vec<_> =
                attributes.flat_map(|(name, value)| [" ", name, "=", value]).collect();
            self.0.push(format!("<{}{}", element.name, attributes.concat()));
            Ok(())
        }

        fn close(
            &mut self,
            element: Element<char>,
            text: &str,
            _: &mut Flaws,
        ) -> Result<(), Refusal> {
            self.0.push(format!("{text}/{}", element.name));
            Ok(())
        }
    }

    fn log(document: &str) -> (String, Vec<Rule>) {
        let (mut log, mut flaws) = (Log::default(), Flaws::default());
        walk(document, &mut log, &mut flaws).unwrap();
        let rules = flaws.into_offsets().into_iter().map(|flaw| flaw.rule).collect();
        (log.0.join(" "), rules)
    }

    fn refusal(document: &str) -> Refusal {
        walk(document, &mut Log::default(), &mut Flaws::default()).unwrap_err().reason
    }

    /// What is told of a document, and the rules that it breaks.
    fn told(document: &str) -> (Vec<String>, Vec<(Rule, u64)>) {
        let (mut log, mut flaws) = (Log::default(), Flaws::default());
        if let Err(unreadable) = walk(document, &mut log, &mut flaws) {
            log.0.push(unreadable.reason.to_owned());
        }
        let flaws = flaws.into_lines(document.as_bytes());
        (log.0, flaws.iter().map(|flaw| (flaw.rule, flaw.count)).collect())
    }

    proptest! {
        #[test]
        fn what_comes_again_is_told_like_the_first_time(
            pieces in vec(
                prop::sample::select(vec![
                    "<a>", "</a>", "<b>", "</b>", "<x:b>", "</x:b>", "<c d='1'>", "</c>", "<a/>", "<c d='2'/>",
                    "1", "22", " ", "\n  ", "&lt;", "<![CDATA[3]]>", "</a >",
                ]),
                1..16,
            ),
            times in 1..6_usize,
            more in vec(prop::sample::select(vec!["<a>", "</a>", "</r>", "<r>", "4", " "]), 0..6),
        ) {
            let document = format!("<r e='0'>{}{}", pieces.concat().repeat(times), more.concat());
            // No stretch of tags has a comment in it, so that each is told by itself.
            let apart = document.replace('<', "<!-- --><").replace("<!-- --><![", "<![");
            prop_assert_eq!(told(&document), told(&apart));
        }
    }

    #[test]
    fn elements_come_with_their_attributes_and_their_own_text() {
        let (log, flaws) = log("<a>\n<x:b c = \"1\"  x:d='2'>t</x:b><e/></a>\n<!-- end -->");
        assert_eq!(log, "<a <b c=1 x:d=2 t/b <e /e /a");
        assert!(flaws.is_empty());
    }

    #[test]
    fn entities_and_verbatim_texts_are_resolved() {
        let (log, flaws) = log("<a>1 &lt; 2 &#x41;<![CDATA[ & ]]>&amp; 3</a>");
        assert_eq!(log, "<a 1 < 2 A & & 3/a");
        assert!(flaws.is_empty());
    }

    #[test]
    fn a_comment_does_not_part_a_text() {
        assert_eq!(log("<a>1<!-- one -->2<?two?>3<!---->&lt;</a>").0, "<a 123</a");
    }

    #[test]
    fn an_unknown_entity_stays_and_is_reported() {
        let (log, flaws) = log("<a>Rock & Roll &nbsp;</a>");
        assert_eq!(log, "<a Rock & Roll &nbsp;/a");
        assert_eq!(flaws, [Rule::Malformed]);
    }

    #[test]
    fn end_tags_that_are_missing_or_too_many_are_made_good() {
        let (log, flaws) = log("<a><b><c>1</b></d><e>2</e></a>");
        assert_eq!(log, "<a <b <c 1/c /b <e 2/e /a");
        assert_eq!(flaws, [Rule::Malformed]);
    }

    #[test]
    fn a_document_that_breaks_off_is_walked_as_far_as_it_goes() {
        let (log, flaws) = log("<a><b>1</b><b>2");
        assert_eq!(log, "<a <b 1/b <b");
        assert_eq!(flaws, [Rule::Truncated]);
    }

    #[test]
    fn what_follows_the_root_is_not_read() {
        let (log, flaws) = log("<a></a>\n<b></b>");
        assert_eq!(log, "<a /a");
        assert_eq!(flaws, [Rule::Malformed]);
    }

    #[test]
    fn what_only_attacks_contain_is_refused() {
        let many = format!("<a{}>", " b=\"\"".repeat(65));
        assert_eq!(refusal(&many), TOO_MANY_ATTRIBUTES);
        assert_eq!(refusal(&"<a>".repeat(DEPTH_MAX + 1)), TOO_DEEP);
        assert_eq!(refusal(&format!("<a>{}</a>", "x".repeat(101))), TEXT_TOO_LONG);
        assert_eq!(refusal("<a><!DOCTYPE a></a>"), DOCUMENT_TYPE);
    }

    #[test]
    fn the_root_is_found_behind_the_prolog() {
        assert_eq!(root("<?xml version=\"1.0\"?>\n<!-- x -->\n<g:gpx a=\"1\"/>"), Ok("gpx"));
        let unreadable = root("<?xml version=\"1.0\"?>\n<!DOCTYPE gpx>\n<gpx/>").unwrap_err();
        assert_eq!(unreadable, Unreadable { reason: DOCUMENT_TYPE, place: Some(Place::Line(2)) });
        assert!(root("<").is_err());
        assert!(root("<!-- only a remark -->").is_err());
    }
}
