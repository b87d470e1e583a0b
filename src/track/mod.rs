//! The geo pipeline: `read` → `clean` → `measure` → `cut` → `encode` / `write`.
//!
//! Pure functions from bytes and columns to columns and bytes: no I/O, no clock, no randomness.

pub mod antimeridian;
pub mod clean;
pub mod columns;
pub mod cut;
pub mod draw;
pub mod edit;
pub mod elevation;
pub mod encode;
pub mod measure;
pub mod places;
pub mod plain;
pub mod read;
pub mod reading;
pub mod reshape;
pub mod simplify;
pub mod towns;
pub mod waypoints;
pub mod write;

pub use clean::clean;
pub use columns::{Columns, ExactTrack, PublicTrack};
pub use cut::{Cut, Ends, SensorsShown, Shade, Zone, cut, cut_again};
pub use measure::{Statistics, measure};
pub use places::PublicPlace;
pub use read::{FILE_BYTES_MAX, read};
pub use reading::{Flaw, Reading, Recording, Rule, Unreadable, Waypoint};
pub use waypoints::PublicWaypoint;
