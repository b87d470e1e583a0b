//! What a server stands on: the clock, the operator's key, the database.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use chrono::Utc;

use super::Error;
use crate::config::{Config, Mode};
use crate::domain::Clock;
use crate::edge::cluster::{Cluster, Durability};
use crate::seal::MasterKey;

/// The clock of the machine.
#[allow(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn system_clock() -> Clock {
    Clock::new(Utc::now)
}

/// A database to work with: the operator's, or a private cluster that lives as long as this value.
pub struct Database {
    /// Its address, as the user that owns it.
    pub url: String,
    _cluster: Option<Cluster>,
}

impl Database {
    /// The database that `config` names; starts the private cluster if it names none.
    pub fn start(config: &Config) -> Result<Self, Error> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.expose().to_owned(), _cluster: None });
        }
        let cluster = Cluster::start(&config.data, Durability::Durable)?;
        Ok(Self { url: cluster.url(), _cluster: Some(cluster) })
    }
}

/// Reads the operator's key; makes it on the first start, except in production.
pub fn master_key(config: &Config) -> Result<MasterKey, Error> {
    let path = &config.master_key_file;
    if !path.exists() {
        if config.mode == Mode::Production {
            return Err(Error::NoKey);
        }
        write_key(path)?;
    }
    Ok(MasterKey::parse_file(&fs::read_to_string(path)?)?)
}

/// Whole or not at all, on disk, and for nobody else to read.
fn write_key(path: &Path) -> Result<(), std::io::Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let part = path.with_extension("part");
    let mut file =
        fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(MasterKey::generate_file().as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}
