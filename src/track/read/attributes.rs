//! The attributes of a start tag, read one by one and without copying.

use super::find::find;

/// How many attributes an element may have.
const ATTRIBUTES_MAX: usize = 64;
/// An attribute takes at least this many bytes, as in ` a=""`: shorter tags need no count.
const ATTRIBUTE_BYTES_MIN: usize = 5;

/// The attributes of a tag, as pairs of name and value. Values are as the document has them: what
/// formats look for in attributes needs no entities. What follows a breach of the rules is not read.
pub(super) struct Attributes<'t>(&'t str);

impl<'t> Attributes<'t> {
    /// Takes what stands in a start tag behind its name.
    pub(super) fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// Whether there are as many as only an attack has.
    pub(super) fn are_too_many(&self) -> bool {
        ATTRIBUTES_MAX * ATTRIBUTE_BYTES_MIN < self.0.len()
            && ATTRIBUTES_MAX < Self(self.0).take(ATTRIBUTES_MAX + 1).count()
    }
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t str, &'t str);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.split_at_checked(find(b'=', self.0.as_bytes())?)?;
        let rest = rest.get(1..)?.trim_ascii_start();
        let quote = *rest.as_bytes().first().filter(|quote| matches!(quote, b'"' | b'\''))?;
        let rest = rest.get(1..)?;
        let (value, rest) = rest.split_at_checked(find(quote, rest.as_bytes())?)?;
        self.0 = rest.get(1..)?;
        Some((name.trim_ascii(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_come_in_pairs() {
        let attributes = Attributes::new(" a=\"1\"\n x:b = '\"2'c='' ");
        assert_eq!(attributes.collect::<Vec<_>>(), [("a", "1"), ("x:b", "\"2"), ("c", "")]);
    }

    #[test]
    fn what_follows_a_breach_of_the_rules_is_not_read() {
        let attributes = Attributes::new(" a=\"1\" b=2 c=\"3\"");
        assert_eq!(attributes.collect::<Vec<_>>(), [("a", "1")]);
        assert_eq!(Attributes::new(" a").count(), 0);
        assert_eq!(Attributes::new(" a=\"1").count(), 0);
    }

    #[test]
    fn too_many_are_noticed() {
        assert!(!Attributes::new(&" a=\"\"".repeat(ATTRIBUTES_MAX)).are_too_many());
        assert!(Attributes::new(&" a=\"\"".repeat(ATTRIBUTES_MAX + 1)).are_too_many());
        assert!(!Attributes::new(&" a=\"long value\"".repeat(ATTRIBUTES_MAX)).are_too_many());
    }
}
