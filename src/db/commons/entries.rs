//! People whose names stand in a list of a community: those who wait, and those who are kept out.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::communities::NamePosition;
use super::members::Member;
use crate::db::{Error, Slice};

/// Somebody in such a list.
pub struct Entry {
    /// Who.
    pub member: Member,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// In the order of the columns that are selected.
pub(super) type Row = (Uuid, String, DateTime<Utc>);

impl Entry {
    pub(super) fn slice(rows: Vec<Row>, limit: usize) -> Result<Slice<Self, NamePosition>, Error> {
        let position = |(id, name, _): &Row| NamePosition { name: name.clone(), id: *id };
        let Slice { items, next } = Slice::of(rows, limit, position);
        Ok(Slice { items: items.into_iter().map(Self::open).collect::<Result<_, _>>()?, next })
    }

    pub(super) fn open((id, name, since): Row) -> Result<Self, Error> {
        Ok(Self { member: Member::open(id, &name)?, since })
    }
}
