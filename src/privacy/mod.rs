//! What the privacy policy promises, as values the rest of the program must use.

mod french;
pub mod inventory;
pub mod policy;
pub mod retention;
