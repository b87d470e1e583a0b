//! What leaves the process, one adapter each: the database cluster, blobs, mail, tiles.
//!
//! Of the rest, only `db` opens connections, and only `app` and `config` read files.

pub mod cluster;
pub mod files;
pub mod mail;
pub mod terrain;

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Says once for the process which cryptography secures its connections.
pub fn choose_tls() {
    let _chosen_before = rustls::crypto::ring::default_provider().install_default();
}

/// Writes a file whole or not at all, on disk, and for nobody else to read.
pub fn write_private_file(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    let mut file =
        File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    // The name is on disk only when its folder is.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes a folder that nobody else may look into.
fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}
