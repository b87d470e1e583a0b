//! Remembers stretches of tags that come again and again.
//!
//! Point after point has the same tags in the same order, and but for values and attributes the
//! same bytes. So the stretch that followed last time is tried first: where a single comparison
//! finds it again, its tags need not be taken apart again.

/// So many stretches are remembered; a point of any known device has fewer.
const STRETCHES_MAX: usize = 32;
/// No stretch has more tags.
const TAGS_MAX: usize = 32;

/// Longer ones are not worth to be remembered.
const BYTES_MAX: usize = 1_024;

/// A tag without attributes, and where it ends, counted from where its stretch begins.
#[derive(Clone, Copy)]
pub(super) struct Tag<'d, Name> {
    pub(super) is_start: bool,
    pub(super) name: Name,
    pub(super) full_name: &'d str,
    /// What stood before the tag. Before the first one of a stretch there is a value instead.
    pub(super) text: &'d str,
    pub(super) end: usize,
}

/// Tags one after the other, with nothing but blanks between them.
struct Stretch<'d, Name> {
    /// All of it, as the document has it.
    source: &'d str,
    tags: Vec<Tag<'d, Name>>,
    /// The stretch that came after it last time.
    next: usize,
}

/// The stretches so far.
pub(super) struct Refrain<'d, Name> {
    stretches: Vec<Stretch<'d, Name>>,
    /// The stretch that came last.
    last: usize,
    /// Where the stretch under way begins, if it is to be remembered.
    start: Option<usize>,
    tags: Vec<Tag<'d, Name>>,
    /// Whether it has all its tags.
    is_over: bool,
}

impl<'d, Name: Copy> Refrain<'d, Name> {
    pub(super) fn new() -> Self {
        Self { stretches: Vec::new(), last: 0, start: None, tags: Vec::new(), is_over: false }
    }

    /// Which stretch begins at `offset`, if it is the one to be expected. Otherwise what follows is
    /// to be remembered as one.
    #[inline]
    pub(super) fn recognize(&mut self, document: &'d str, offset: usize) -> Option<usize> {
        self.remember(document);
        let expected = self.stretches.get(self.last).map_or(0, |last| last.next);
        let rest = document.as_bytes().get(offset..).unwrap_or_default();
        let stretch = self.stretches.get(expected);
        if stretch.is_some_and(|stretch| rest.starts_with(stretch.source.as_bytes())) {
            self.last = expected;
            return Some(expected);
        }
        self.start = Some(offset);
        None
    }

    /// A tag of a stretch that was recognized.
    #[inline]
    pub(super) fn tag(&self, stretch: usize, index: usize) -> Option<Tag<'d, Name>> {
        self.stretches.get(stretch)?.tags.get(index).copied()
    }

    /// Takes in a tag that ends at `offset`.
    #[inline]
    pub(super) fn note(&mut self, tag: Tag<'d, Name>, offset: usize) {
        if let Some(start) = self.start.filter(|_| !self.is_over) {
            self.tags.push(Tag { end: offset - start, ..tag });
            if TAGS_MAX < self.tags.len() {
                self.forget();
            }
        }
    }

    /// Ends the stretch under way before a tag that is not to be part of it.
    #[inline]
    pub(super) fn pause(&mut self) {
        self.is_over = true;
    }

    /// Gives up the stretch under way: something in it is out of the ordinary.
    pub(super) fn forget(&mut self) {
        self.start = None;
        self.tags.clear();
        self.is_over = false;
    }

    /// Remembers the stretch under way, if there is one, as what came after the last one.
    #[inline]
    fn remember(&mut self, document: &'d str) {
        if let (Some(start), Some(last)) = (self.start, self.tags.last()) {
            let source = document.get(start..start + last.end).unwrap_or_default();
            if source.len() <= BYTES_MAX {
                self.keep(source);
            }
        }
        self.forget();
    }

    fn keep(&mut self, source: &'d str) {
        let known = self.stretches.iter().position(|stretch| stretch.source == source);
        let index = known.unwrap_or(self.stretches.len());
        if index == STRETCHES_MAX {
            return;
        }
        if known.is_none() {
            let tags = std::mem::take(&mut self.tags);
            self.stretches.push(Stretch { source, tags, next: 0 });
        }
        self.stretches[self.last].next = index;
        self.last = index;
    }
}
