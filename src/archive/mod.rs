//! The archive that an account is handed over in, and taken in from: a ZIP archive of JSON Lines and files.
//!
//! What is in it follows from [`crate::privacy::inventory`]: a line stands for a row, its fields have the
//! names of the columns, and what was sealed stands there opened. [`layout`] says which table is in which
//! file, [`describe`] writes that down for whoever reads the archive.

pub mod describe;
pub mod layout;
pub mod unzip;
pub mod zip;

pub use layout::{File, Kind, Name};

/// Counts the changes of the layout that a program has to know of. An archive of another version is not
/// taken in.
pub const VERSION: u32 = 1;
/// What the manifest says the archive is.
pub const FORMAT: &str = "opentracks-account";
