//! Why a change of a community was not made.

use crate::access::Refusal;
use crate::db::Error;
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
}

/// Why a transaction was not carried through.
pub(super) enum Stop {
    Undone(Undone),
    Failed(Error),
}

/// What a transaction came to.
pub(super) fn outcome<T>(result: Result<T, Stop>) -> Result<Result<T, Undone>, Error> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(Stop::Undone(undone)) => Ok(Err(undone)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

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

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}
