//! What the privacy policy promises, as values the rest of the program must use.

pub mod anonymity;
pub mod erasure;
pub mod former_names;
mod french;
pub mod inventory;
pub mod policy;
pub mod retention;
