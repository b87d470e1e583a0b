//! A part of a list, and where the rest of it begins.

/// What one query found of a list.
pub struct Slice<T, P> {
    /// What was found.
    pub items: Vec<T>,
    /// After which place the rest begins; `None` when there is none.
    pub next: Option<P>,
}

impl<T, P> Slice<T, P> {
    /// The first `limit` of `found`, which holds one more if there is a rest; `place` tells where an
    /// item stands.
    pub(super) fn of(mut found: Vec<T>, limit: usize, place: impl Fn(&T) -> P) -> Self {
        let more = limit < found.len();
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(place);
        Self { items: found, next }
    }
}

/// So many rows are asked for to learn whether there are more than `limit`.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_rest_only_when_something_is_in_it() {
        let slice = |found: Vec<u8>| Slice::of(found, 2, |item| *item);
        assert_eq!(slice(vec![1, 2]).next, None);
        let more = slice(vec![1, 2, 3]);
        assert_eq!((more.items, more.next), (vec![1, 2], Some(2)));
    }
}
