//! Why a change of a community was not made.

use crate::access::Refusal;
use crate::db::stop;
pub(super) use crate::db::stop::outcome;
use crate::domain::Invalid;

/// Why a change of a community was not made. Nothing is done.
#[derive(Debug)]
pub enum Undone {
    /// It is not for who asked for it.
    Refused(Refusal),
    /// Another thing that is named is not there.
    Missing,
    /// What is to be changed has changed meanwhile.
    Stale,
    /// It goes past a limit, or makes no sense.
    Invalid(Invalid),
    /// There would be nobody to administer it.
    LastAdministrator,
    /// Who asks for it lets nothing be done with their data.
    Restricted,
}

/// Why a transaction was not carried through.
pub(super) type Stop = stop::Stop<Undone>;

impl From<Undone> for Stop {
    fn from(undone: Undone) -> Self {
        Self::Undone(undone)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Undone(Undone::Refused(refusal))
    }
}

impl From<Invalid> for Stop {
    fn from(invalid: Invalid) -> Self {
        Self::Undone(Undone::Invalid(invalid))
    }
}
