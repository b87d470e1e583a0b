//! Why a transaction is not carried through: because it failed, or because it is not to be.

use super::Error;

/// Ends a transaction with nothing done.
pub(in crate::db) enum Stop<U> {
    /// It is not to be, and this is why.
    Undone(U),
    /// It failed.
    Failed(Error),
}

/// What a transaction came to.
pub(in crate::db) fn outcome<T, U>(result: Result<T, Stop<U>>) -> Result<Result<T, U>, Error> {
    match result {
        Ok(done) => Ok(Ok(done)),
        Err(Stop::Undone(undone)) => Ok(Err(undone)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

impl<U> From<Error> for Stop<U> {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl<U> From<diesel::result::Error> for Stop<U> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}
