//! What leaves the process, one adapter each: the database cluster, blobs, mail.
//!
//! Nothing else opens a connection or a file.

pub mod cluster;
pub mod files;
pub mod mail;
