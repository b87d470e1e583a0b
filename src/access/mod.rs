//! Who may see and change what. Pure: no I/O, no SQL, no clock.
//!
//! A query hands over every row [`Sealed`], with the facts that decide; only this module opens it.
//! [`Visible`] and [`Owned`] have private fields and no public constructor, so holding one is proof
//! that the rules were asked.

mod communities;

use std::ops::Deref;

use crate::domain::{AccountId, Visibility};

pub use communities::{Act, Acting, CommunityFacts, Guarded, May, Parting, Refusal, Standing, act};

/// Who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// Someone who is not signed in.
    Anonymous,
    /// A member.
    Member(AccountId),
}

impl Viewer {
    /// The member who asks; nobody is none.
    pub const fn member(self) -> Option<AccountId> {
        match self {
            Self::Anonymous => None,
            Self::Member(account) => Some(account),
        }
    }
}

/// How the viewer stands to what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is theirs.
    Owner,
    /// They came with a good link to it.
    LinkHolder,
    /// They are in a community that it is shared with.
    Fellow,
    /// It is somebody else's, or nobody's.
    Stranger,
    /// They and its author keep apart.
    Apart,
}

/// What a query found out. The database states facts; only this module judges them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Whose it is; `None` when its author has left.
    pub owner: Option<AccountId>,
    /// Whom it is meant for, now.
    pub visibility: Visibility,
    /// Whether the viewer is a member of a community that it is shared with.
    pub is_shared_with_viewer: bool,
    /// Whether the viewer or its author keeps away from the other.
    pub are_apart: bool,
    /// Whether it was found by a good link to it, with its password if it has one.
    pub is_by_link: bool,
}

impl Relation {
    /// Every relation, for tests that must not miss one.
    pub const ALL: [Self; 5] =
        [Self::Owner, Self::LinkHolder, Self::Fellow, Self::Stranger, Self::Apart];

    /// Nobody never equals nobody: an anonymous viewer does not own what has no owner. A link is
    /// good for whoever holds it: who they are is not even looked at.
    fn of(viewer: Viewer, facts: Facts) -> Self {
        match (viewer, facts.owner) {
            _ if facts.is_by_link => Self::LinkHolder,
            (Viewer::Member(viewer), Some(owner)) if viewer == owner => Self::Owner,
            (Viewer::Member(_) | Viewer::Anonymous, _) if facts.are_apart => Self::Apart,
            (Viewer::Member(_), _) if facts.is_shared_with_viewer => Self::Fellow,
            (Viewer::Member(_) | Viewer::Anonymous, _) => Self::Stranger,
        }
    }

    /// The whole visibility policy. No wildcard arm: a new variant does not compile until decided.
    pub const fn may_see(self, visibility: Visibility) -> bool {
        use Visibility::{Community, Link, Private, Published};
        match (self, visibility) {
            (Self::Owner, Private | Link | Community | Published)
            | (Self::LinkHolder, Link | Community | Published)
            | (Self::Fellow, Community | Published)
            | (Self::Stranger, Published) => true,
            (Self::LinkHolder, Private)
            | (Self::Fellow, Private | Link)
            | (Self::Stranger, Private | Link | Community)
            | (Self::Apart, Private | Link | Community | Published) => false,
        }
    }
}

/// A stored thing that nobody was let in to yet: its value is out of reach.
#[must_use = "a sealed value shows nothing until it is opened or claimed"]
pub struct Sealed<T> {
    value: T,
    relation: Relation,
    visibility: Visibility,
}

impl<T> Sealed<T> {
    /// Seals what a query read for `viewer`. Only `db` calls this; `tests/architecture.rs` sees to it.
    pub(crate) fn new(viewer: Viewer, facts: Facts, value: T) -> Self {
        Self { value, relation: Relation::of(viewer, facts), visibility: facts.visibility }
    }

    /// The value, if its viewer may see it.
    pub fn open(self) -> Option<Visible<T>> {
        self.relation.may_see(self.visibility).then_some(Visible(self.value))
    }

    /// The value to change or to read in full, if its viewer owns it.
    pub fn claim(self) -> Option<Owned<T>> {
        (self.relation == Relation::Owner).then_some(Owned(self.value))
    }
}

/// Proof that the viewer may see `T`. Answers are built from this and nothing else.
///
/// ```compile_fail
/// let forged = opentracks::access::Visible("a private thing"); // error: the field is private
/// ```
#[derive(Debug)]
pub struct Visible<T>(T);

/// Proof that the viewer owns `T`. Writes, and reads of exact positions, ask for this.
///
/// ```compile_fail
/// let forged = opentracks::access::Owned("somebody's thing"); // error: the field is private
/// ```
#[derive(Debug)]
pub struct Owned<T>(T);

impl<T> Owned<T> {
    /// The value, to be changed and stored again.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Visible<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy as a table a lawyer can read.
    #[test]
    fn policy() {
        let rows = Relation::ALL.map(|relation| {
            let [private, link, community, published] = Visibility::ALL
                .map(|visibility| if relation.may_see(visibility) { "yes" } else { "-" });
            let relation = format!("{relation:?}");
            format!("{relation:<11}{private:<8}{link:<5}{community:<10}{published}")
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        Owner      yes     yes  yes       yes
        LinkHolder -       yes  yes       yes
        Fellow     -       -    yes       yes
        Stranger   -       -    -         yes
        Apart      -       -    -         -
        ");
    }

    #[test]
    fn only_the_owner_claims() {
        let owner = AccountId::random();
        let facts =
            Facts { owner: Some(owner), visibility: Visibility::Published, ..Facts::default() };
        assert!(Sealed::new(Viewer::Member(owner), facts, ()).claim().is_some());
        assert!(Sealed::new(Viewer::Member(AccountId::random()), facts, ()).claim().is_none());
        assert!(Sealed::new(Viewer::Anonymous, facts, ()).claim().is_none());
        let by_link = Facts { is_by_link: true, ..facts };
        assert!(Sealed::new(Viewer::Member(owner), by_link, ()).claim().is_none());
    }

    #[test]
    fn nobody_does_not_own_what_has_no_owner() {
        let facts = Facts::default();
        assert!(Sealed::new(Viewer::Anonymous, facts, ()).claim().is_none());
        assert!(Sealed::new(Viewer::Anonymous, facts, ()).open().is_none());
    }

    #[test]
    fn nobody_is_in_no_community() {
        let facts = Facts {
            visibility: Visibility::Community,
            is_shared_with_viewer: true,
            ..Facts::default()
        };
        assert!(Sealed::new(Viewer::Anonymous, facts, ()).open().is_none());
    }

    #[test]
    fn being_apart_outweighs_being_in_a_community() {
        let facts = Facts {
            owner: Some(AccountId::random()),
            visibility: Visibility::Published,
            is_shared_with_viewer: true,
            are_apart: true,
            ..Facts::default()
        };
        assert!(Sealed::new(Viewer::Member(AccountId::random()), facts, ()).open().is_none());
    }
}
