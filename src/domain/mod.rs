//! The words of the product, as types. A value that exists is valid.

mod invalid;
mod sport;

pub use invalid::Invalid;
pub use sport::Sport;
