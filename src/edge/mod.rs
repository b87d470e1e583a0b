//! What leaves the process, one adapter each: the database cluster, blobs, mail.
//!
//! Nothing else opens a connection or a file.

pub mod cluster;
pub mod files;
pub mod mail;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes a folder that nobody else may look into.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
