//! The geo pipeline: `read` → `clean` → `measure` → `cut` → `simplify` → `encode` / `write`.
//!
//! Pure functions from bytes and columns to columns and bytes: no I/O, no clock, no randomness.

pub mod columns;
pub mod reading;

pub use columns::{Columns, ExactTrack, PublicTrack};
pub use reading::{Flaw, Reading, Recording, Rule, Unreadable, Waypoint};
