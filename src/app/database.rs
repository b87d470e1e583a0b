//! What a server stands on: the clock, the operator's key, the database.

use std::fs;

use chrono::Utc;

use super::Error;
use crate::config::{Config, Mode};
use crate::db;
use crate::domain::Clock;
use crate::edge::cluster::{Cluster, Durability, Log};
use crate::edge::write_private_file;
use crate::privacy::retention;
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
    cluster: Option<Cluster>,
}

impl Database {
    /// The database that `config` names; starts the private cluster if it names none.
    pub fn start(config: &Config) -> Result<Self, Error> {
        if let Some(url) = &config.database_url {
            return Ok(Self { url: url.expose().to_owned(), cluster: None });
        }
        let oldest = retention::oldest_log(system_clock().now());
        let cluster = Cluster::start(&config.data, Durability::Durable, oldest)?;
        Ok(Self { url: cluster.url(), cluster: Some(cluster) })
    }

    /// What the private cluster logs, which nobody forgets but this program.
    pub fn log(&self) -> Option<Log> {
        self.cluster.as_ref().map(Cluster::log)
    }
}

/// Reads the operator's key. It is made on the first start, except in production, and never when the
/// database holds what another key sealed.
pub async fn master_key(config: &Config, database: &Database) -> Result<MasterKey, Error> {
    let path = &config.master_key_file;
    if !path.exists() {
        if config.mode == Mode::Production || db::is_in_use(&database.url).await? {
            return Err(Error::NoKey);
        }
        write_private_file(path, MasterKey::generate_file().as_bytes())?;
    }
    Ok(MasterKey::parse_file(&fs::read_to_string(path)?)?)
}
