//! Lists that whoever sends them makes no longer than they are meant to be.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list of at most `MAX` items: the first one too many is an error, and nothing after it is kept.
pub fn at_most<'de, const MAX: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_seq(AtMost::<MAX, T>(PhantomData))
}

struct AtMost<const MAX: usize, T>(PhantomData<T>);

impl<'de, const MAX: usize, T: Deserialize<'de>> Visitor<'de> for AtMost<MAX, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            if list.len() == MAX {
                return Err(A::Error::invalid_length(MAX + 1, &self));
            }
            list.push(item);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three(json: &str) -> Option<Vec<u8>> {
        at_most::<3, _, _>(&mut serde_json::Deserializer::from_str(json)).ok()
    }

    #[test]
    fn the_first_item_too_many_ends_it() {
        assert_eq!(three("[1, 2, 3]"), Some(vec![1, 2, 3]));
        assert_eq!(three("[]"), Some(Vec::new()));
        assert_eq!(three("[1, 2, 3, 4]"), None);
        // What comes after it is not even looked at.
        assert_eq!(three("[1, 2, 3, 4, no JSON"), None);
    }
}
