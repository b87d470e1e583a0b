//! Who may do what in a community.
//!
//! A query states the [`CommunityFacts`]; [`Guarded`] gives out what the policy allows: the community
//! itself to whom may see it, and to whom may do more a [`May`], which reads and writes ask for.

use std::marker::PhantomData;

use super::{Viewer, Visible};
use crate::domain::{AccountId, CommunityId, CommunityVisibility, Role};

/// How a viewer stands to a community.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They are not signed in.
    Nobody,
    /// They are signed in and not in it.
    Stranger,
    /// They have asked to join.
    Asked,
    /// They are in it.
    Member,
    /// They let people in and keep them out.
    Moderator,
    /// They decide what it is.
    Administrator,
    /// They are kept out.
    Banned,
}

/// Why something is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// For them there is no such thing.
    Absent,
    /// It is there, as they know, and not theirs to do.
    Forbidden,
}

/// What a query found out about a viewer and a community.
#[derive(Clone, Copy, Debug)]
pub struct CommunityFacts {
    /// Which community.
    pub id: CommunityId,
    /// Who gets into it.
    pub visibility: CommunityVisibility,
    /// What the viewer is in it; `None` when they are not in it.
    pub role: Option<Role>,
    /// Whether they wait to be let in.
    pub has_asked: bool,
    /// Whether they are kept out.
    pub is_banned: bool,
}

macro_rules! acts {
    ($count:literal: $($(#[$doc:meta])+ $name:ident,)+) => {
        /// What can be done in a community.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])+ $name,)+
        }

        impl Act {
            /// Every act, for tests that must not miss one.
            pub const ALL: [Self; $count] = [$(Self::$name,)+];
        }

        /// A type for each [`Act`], so that the proof for one is none for another.
        pub mod act {
            $(
                $(#[$doc])+
                #[derive(Debug)]
                pub enum $name {}

                impl super::Acting for $name {
                    const ACT: super::Act = super::Act::$name;
                }
            )+
        }
    };
}

acts! { 11:
    /// Reading what it is called and what it is about.
    See,
    /// Reading who is in it and what is shared with it.
    SeeInside,
    /// Joining it, or asking to.
    Join,
    /// Ending one's own membership or request.
    Leave,
    /// Reading who asks to join, letting them in or refusing them.
    Approve,
    /// Saying what its members are in it.
    SetRoles,
    /// Ending the membership of somebody below oneself.
    Remove,
    /// Keeping somebody below oneself out, and letting them be again.
    Ban,
    /// Taking off it what is shared with it, whoever shared it.
    TakeOff,
    /// Changing what it is.
    Edit,
    /// Ending it.
    Delete,
}

/// An act, as a type.
pub trait Acting {
    /// Which one.
    const ACT: Act;
}

impl Standing {
    /// Every standing, for tests that must not miss one.
    pub const ALL: [Self; 7] = [
        Self::Nobody,
        Self::Stranger,
        Self::Asked,
        Self::Member,
        Self::Moderator,
        Self::Administrator,
        Self::Banned,
    ];

    fn of(viewer: Viewer, facts: CommunityFacts) -> Self {
        match (viewer, facts.role) {
            (Viewer::Anonymous, _) => Self::Nobody,
            (Viewer::Member(_), _) if facts.is_banned => Self::Banned,
            (Viewer::Member(_), Some(Role::Administrator)) => Self::Administrator,
            (Viewer::Member(_), Some(Role::Moderator)) => Self::Moderator,
            (Viewer::Member(_), Some(Role::Member)) => Self::Member,
            (Viewer::Member(_), None) if facts.has_asked => Self::Asked,
            (Viewer::Member(_), None) => Self::Stranger,
        }
    }

    /// The whole policy. No wildcard arm: a new variant does not compile until decided.
    ///
    /// Who is signed in and knows the id of a private community may know that there is one: that is
    /// how they ask to join. What a stranger would leave is not there.
    pub const fn may(self, act: Act, visibility: CommunityVisibility) -> Result<(), Refusal> {
        use Act::{
            Approve, Ban, Delete, Edit, Join, Leave, Remove, See, SeeInside, SetRoles, TakeOff,
        };
        use Standing::{Administrator, Asked, Banned, Member, Moderator, Nobody, Stranger};
        match (self, act) {
            (Nobody, See) => match visibility {
                CommunityVisibility::Public => Ok(()),
                CommunityVisibility::Private => Err(Refusal::Absent),
            },
            (Stranger, See | Join)
            | (Asked, See | Join | Leave)
            | (Member, See | SeeInside | Join | Leave)
            | (Moderator, See | SeeInside | Join | Leave | Approve | Remove | Ban | TakeOff)
            | (
                Administrator,
                See | SeeInside | Join | Leave | Approve | SetRoles | Remove | Ban | TakeOff | Edit
                | Delete,
            ) => Ok(()),
            (
                Stranger | Asked,
                SeeInside | Approve | SetRoles | Remove | Ban | TakeOff | Edit | Delete,
            )
            | (Member, Approve | SetRoles | Remove | Ban | TakeOff | Edit | Delete)
            | (Moderator, SetRoles | Edit | Delete) => Err(Refusal::Forbidden),
            (
                Nobody,
                SeeInside | Join | Leave | Approve | SetRoles | Remove | Ban | TakeOff | Edit
                | Delete,
            )
            | (Stranger, Leave)
            | (
                Banned,
                See | SeeInside | Join | Leave | Approve | SetRoles | Remove | Ban | TakeOff | Edit
                | Delete,
            ) => Err(Refusal::Absent),
        }
    }

    /// Whether they may end what somebody is in the community, or keep out who is not in it.
    pub const fn is_above(self, role: Option<Role>) -> bool {
        use Standing::{Administrator, Asked, Banned, Member, Moderator, Nobody, Stranger};
        match (self, role) {
            (Administrator, Some(Role::Administrator | Role::Moderator | Role::Member) | None)
            | (Moderator, Some(Role::Member) | None) => true,
            (Moderator, Some(Role::Administrator | Role::Moderator))
            | (
                Nobody | Stranger | Asked | Member | Banned,
                Some(Role::Administrator | Role::Moderator | Role::Member) | None,
            ) => false,
        }
    }
}

/// A community that nobody was let in to yet: it is out of reach.
#[must_use = "a guarded community shows nothing until the policy was asked"]
pub struct Guarded<T> {
    value: T,
    viewer: Viewer,
    facts: CommunityFacts,
}

impl<T> Guarded<T> {
    /// Guards what a query read for `viewer`. Only `db` calls this; `tests/architecture.rs` sees to it.
    pub(crate) fn new(viewer: Viewer, facts: CommunityFacts, value: T) -> Self {
        Self { value, viewer, facts }
    }

    /// The community, if its viewer may see it.
    pub fn open(self) -> Result<Visible<T>, Refusal> {
        self.may::<act::See>().map(|_| Visible(self.value))
    }

    /// The proof that its viewer may do `A` there, if they may.
    pub fn may<A: Acting>(&self) -> Result<May<A>, Refusal> {
        let standing = Standing::of(self.viewer, self.facts);
        standing.may(A::ACT, self.facts.visibility)?;
        let (id, visibility) = (self.facts.id, self.facts.visibility);
        Ok(May { id, visibility, viewer: self.viewer, standing, act: PhantomData })
    }
}

/// Proof that somebody may do `A` in a community.
///
/// ```compile_fail
/// use opentracks::access::{May, act};
///
/// fn end(_: &May<act::Delete>) {}
///
/// fn see(seen: &May<act::See>) {
///     end(seen); // error: seeing it is not ending it
/// }
/// ```
#[derive(Debug)]
pub struct May<A> {
    id: CommunityId,
    visibility: CommunityVisibility,
    viewer: Viewer,
    standing: Standing,
    act: PhantomData<A>,
}

/// Proof that what somebody is in a community may end.
#[derive(Debug)]
pub struct Parting {
    id: CommunityId,
    member: AccountId,
}

impl<A> May<A> {
    /// In which community.
    pub const fn community(&self) -> CommunityId {
        self.id
    }

    /// Who gets into it.
    pub const fn visibility(&self) -> CommunityVisibility {
        self.visibility
    }

    /// Who may.
    pub const fn viewer(&self) -> Viewer {
        self.viewer
    }

    fn part(&self, member: AccountId, role: Option<Role>) -> Result<Parting, Refusal> {
        let may = self.standing.is_above(role);
        may.then_some(Parting { id: self.id, member }).ok_or(Refusal::Forbidden)
    }
}

impl May<act::Leave> {
    /// One's own parting; nobody has none.
    pub fn own(&self) -> Option<Parting> {
        self.viewer.member().map(|member| Parting { id: self.id, member })
    }
}

impl May<act::Remove> {
    /// The parting of somebody who is `role` there.
    pub fn of(&self, member: AccountId, role: Role) -> Result<Parting, Refusal> {
        self.part(member, Some(role))
    }
}

impl May<act::Ban> {
    /// The parting of somebody who is `role` there, or not in it.
    pub fn of(&self, member: AccountId, role: Option<Role>) -> Result<Parting, Refusal> {
        self.part(member, role)
    }
}

impl Parting {
    /// From which community.
    pub const fn community(&self) -> CommunityId {
        self.id
    }

    /// Whose.
    pub const fn member(&self) -> AccountId {
        self.member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The policy as a table a lawyer can read: allowed, forbidden (403), or not there (404).
    #[test]
    fn policy_of_communities() {
        let cell = |standing: Standing, act: Act| {
            let both = CommunityVisibility::ALL.map(|visibility| standing.may(act, visibility));
            match both {
                [Ok(()), Ok(())] => "yes",
                [Ok(()), Err(Refusal::Absent)] => "public",
                [Err(Refusal::Forbidden), Err(Refusal::Forbidden)] => "403",
                [Err(Refusal::Absent), Err(Refusal::Absent)] => "-",
                undecided => panic!("{standing:?} {act:?} {undecided:?}"),
            }
        };
        let head =
            Standing::ALL.map(|standing| format!("{:<14}", format!("{standing:?}"))).join("");
        let rows = Act::ALL.map(|act| {
            let cells = Standing::ALL.map(|standing| format!("{:<14}", cell(standing, act)));
            format!("{:<10}{}", format!("{act:?}"), cells.join("").trim_end())
        });
        insta::assert_snapshot!(format!("{:<10}{}\n{}", "", head.trim_end(), rows.join("\n")), @r"
                  Nobody        Stranger      Asked         Member        Moderator     Administrator Banned
        See       public        yes           yes           yes           yes           yes           -
        SeeInside -             403           403           yes           yes           yes           -
        Join      -             yes           yes           yes           yes           yes           -
        Leave     -             -             yes           yes           yes           yes           -
        Approve   -             403           403           403           yes           yes           -
        SetRoles  -             403           403           403           403           yes           -
        Remove    -             403           403           403           yes           yes           -
        Ban       -             403           403           403           yes           yes           -
        TakeOff   -             403           403           403           yes           yes           -
        Edit      -             403           403           403           403           yes           -
        Delete    -             403           403           403           403           yes           -
        ");
    }

    /// Whom one ends the membership of, or keeps out.
    #[test]
    fn who_is_above_whom() {
        let roles = [None, Some(Role::Member), Some(Role::Moderator), Some(Role::Administrator)];
        let rows = Standing::ALL.map(|standing| {
            let below = roles.map(|role| if standing.is_above(role) { "yes" } else { "-" });
            let [outside, member, moderator, administrator] = below;
            let standing = format!("{standing:?}");
            format!("{standing:<14}{outside:<4}{member:<4}{moderator:<4}{administrator}")
        });
        insta::assert_snapshot!(rows.join("\n"), @r"
        Nobody        -   -   -   -
        Stranger      -   -   -   -
        Asked         -   -   -   -
        Member        -   -   -   -
        Moderator     yes yes -   -
        Administrator yes yes yes yes
        Banned        -   -   -   -
        ");
    }

    fn facts() -> CommunityFacts {
        CommunityFacts {
            id: CommunityId::random(),
            visibility: CommunityVisibility::Private,
            role: None,
            has_asked: false,
            is_banned: false,
        }
    }

    #[test]
    fn who_is_kept_out_is_that_whatever_else_they_are() {
        let member = Viewer::Member(AccountId::random());
        for role in [None, Some(Role::Administrator)] {
            let facts = CommunityFacts { role, has_asked: true, is_banned: true, ..facts() };
            assert_eq!(Guarded::new(member, facts, ()).open().err(), Some(Refusal::Absent));
        }
    }

    #[test]
    fn nobody_is_a_member_of_nothing() {
        let facts = CommunityFacts { role: Some(Role::Administrator), ..facts() };
        let guarded = Guarded::new(Viewer::Anonymous, facts, ());
        assert_eq!(guarded.may::<act::SeeInside>().err(), Some(Refusal::Absent));
        assert_eq!(guarded.may::<act::Delete>().err(), Some(Refusal::Absent));
    }
}
