//! Settings: the environment, and a TOML file that may stand in for it. Parsed once.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use serde::Deserialize;
use url::Url;

use crate::edge::mail::Destination;

/// Every setting, with its default in place.
pub struct Config {
    /// Where the API is served.
    pub listen: SocketAddr,
    /// How clients reach it.
    pub public_url: Url,
    /// Where everything is kept that has no place of its own.
    pub data: PathBuf,
    /// The database; `None` for a private cluster under `data`.
    pub database_url: Option<Secret>,
    /// The blob store.
    pub blobs: Url,
    /// How an S3 server is reached and signed to: the usual `AWS_…` variables. They hold secrets.
    pub s3: Vec<(String, Secret)>,
    /// Where mail goes.
    pub mail: Mail,
    /// The operator's key.
    pub master_key_file: PathBuf,
    /// Whether the key file may be made when it is missing.
    pub mode: Mode,
    /// Where figures are served; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// A folder of elevation tiles.
    pub elevation: Option<PathBuf>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who runs the server and how they are reached, as the policy states it.
    pub operator: Option<String>,
    /// Who hosts it and where, as the policy states it.
    pub hosting: Option<String>,
}

/// How mail is sent.
pub struct Mail {
    /// By what way. May hold a password.
    pub destination: Destination,
    /// As whom.
    pub sender: String,
}

/// For whom the server runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Someone who tries it out: what is missing is made.
    #[default]
    Development,
    /// The public: keys and database are given by the operator.
    Production,
}

/// A text that is never printed.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is wrong with the settings. It names settings, never values.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that does not exist.
    #[error("{0} is not a setting; see opentracks --help")]
    Unknown(String),
    /// A value that does not parse.
    #[error("{name} must be {expected}")]
    Unfit {
        /// Which.
        name: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A setting that production mode demands.
    #[error("{0} must be given in production mode")]
    Missing(&'static str),
    /// The file cannot be read.
    #[error("the settings file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// The file is not TOML, or has a key that is not a setting.
    #[error("the settings file is not TOML: {0}")]
    Syntax(String),
}

/// Each setting: its name in the environment, its key in the file, what it is for.
pub const SETTINGS: &[(&str, &str, &str)] = &[
    ("OPENTRACKS_LISTEN", "listen", "address of the API [127.0.0.1:8080]"),
    ("OPENTRACKS_PUBLIC_URL", "public_url", "how clients reach it [http:// and the address]"),
    ("OPENTRACKS_DATA", "data", "folder for everything without a place of its own [./data]"),
    (
        "DATABASE_URL",
        "database_url",
        "postgres:// URL, with sslmode=disable, prefer, require or verify-full, the latter with \
         sslrootcert=FILE if need be [a private cluster under the data folder]",
    ),
    (
        "OPENTRACKS_BLOBS",
        "blobs",
        "file:// or s3:// URL of the blob store, the latter with AWS_ENDPOINT, AWS_REGION, \
         AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY [the folder blobs under data]",
    ),
    (
        "OPENTRACKS_MAIL",
        "mail",
        "folder, or smtps://user:password@host:port, or smtp://…?tls=required; without TLS only to this machine \
         [folder: outbox under data]",
    ),
    (
        "OPENTRACKS_MAIL_FROM",
        "mail_from",
        "sender of mails [OpenTracks <no-reply@host of the public URL>]",
    ),
    (
        "OPENTRACKS_MASTER_KEY_FILE",
        "master_key_file",
        "the operator's key [master.key under data, made if missing]",
    ),
    (
        "OPENTRACKS_ELEVATION",
        "elevation",
        "folder of .hgt or GeoTIFF elevation tiles, named such as N47E008 [none]",
    ),
    ("OPENTRACKS_METRICS_LISTEN", "metrics_listen", "address of /metrics [none]"),
    (
        "OPENTRACKS_TRUSTED_PROXIES",
        "trusted_proxies",
        "addresses or networks, with commas between, whose X-Forwarded-For is believed [none]; who comes through \
         another proxy shares with all others what one network may ask for",
    ),
    (
        "OPENTRACKS_OPERATOR",
        "operator",
        "who runs this server and how people reach them, as the policy states it [not stated]",
    ),
    (
        "OPENTRACKS_HOSTING",
        "hosting",
        "who hosts this server and in which country, as the policy states it [not stated]",
    ),
    ("OPENTRACKS_MODE", "mode", "development or production [development]"),
];

/// Names the settings file.
const FILE: &str = "OPENTRACKS_CONFIG";
/// Tells which log lines are printed; read where logging starts.
pub const LOG: &str = "OPENTRACKS_LOG";

impl Config {
    /// Reads the settings from `environment`, which goes before the file that it may name.
    pub fn read(environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, Error> {
        let mut given = BTreeMap::new();
        let (mut file, mut s3) = (None, Vec::new());
        for (name, value) in environment {
            if name.starts_with("AWS_") {
                s3.push((name, Secret(value)));
            } else if name == FILE {
                file = Some(value);
            } else if let Some((name, ..)) = SETTINGS.iter().find(|(known, ..)| *known == name) {
                given.insert(*name, value);
            } else if name.starts_with("OPENTRACKS_") && name != LOG {
                return Err(Error::Unknown(name));
            }
        }
        if let Some(file) = file {
            for (name, value) in read_file(Path::new(&file))? {
                given.entry(name).or_insert(value);
            }
        }
        Self::assemble(&given, s3)
    }

    fn assemble(
        given: &BTreeMap<&'static str, String>,
        s3: Vec<(String, Secret)>,
    ) -> Result<Self, Error> {
        let text = |name| given.get(name).map(String::as_str);
        let listen =
            socket("OPENTRACKS_LISTEN", text("OPENTRACKS_LISTEN").unwrap_or("127.0.0.1:8080"))?;
        let public_url = match text("OPENTRACKS_PUBLIC_URL") {
            Some(url) => parse_url("OPENTRACKS_PUBLIC_URL", url.trim_end_matches('/'))?,
            None => parse_url("OPENTRACKS_PUBLIC_URL", &format!("http://{listen}"))?,
        };
        let data = std::path::absolute(text("OPENTRACKS_DATA").unwrap_or("./data"))?;
        let mode = match text("OPENTRACKS_MODE") {
            None | Some("development") => Mode::Development,
            Some("production") => Mode::Production,
            Some(_) => return Err(unfit("OPENTRACKS_MODE", "development or production")),
        };
        let metrics = text("OPENTRACKS_METRICS_LISTEN");
        let config = Self {
            listen,
            database_url: text("DATABASE_URL").map(|url| Secret(url.to_owned())),
            blobs: match text("OPENTRACKS_BLOBS") {
                Some(url) => parse_url("OPENTRACKS_BLOBS", url)?,
                None => Url::from_file_path(data.join("blobs"))
                    .map_err(|()| unfit("OPENTRACKS_DATA", "a folder"))?,
            },
            s3,
            mail: mail(text("OPENTRACKS_MAIL"), text("OPENTRACKS_MAIL_FROM"), &public_url, &data)?,
            master_key_file: text("OPENTRACKS_MASTER_KEY_FILE")
                .map_or_else(|| data.join("master.key"), PathBuf::from),
            metrics_listen: metrics
                .map(|text| socket("OPENTRACKS_METRICS_LISTEN", text))
                .transpose()?,
            elevation: text("OPENTRACKS_ELEVATION").map(PathBuf::from),
            trusted_proxies: networks(text("OPENTRACKS_TRUSTED_PROXIES").unwrap_or_default())?,
            operator: text("OPENTRACKS_OPERATOR").map(ToOwned::to_owned),
            hosting: text("OPENTRACKS_HOSTING").map(ToOwned::to_owned),
            public_url,
            data,
            mode,
        };
        if mode == Mode::Production {
            for name in [
                "OPENTRACKS_MASTER_KEY_FILE",
                "DATABASE_URL",
                "OPENTRACKS_PUBLIC_URL",
                // Nobody reads the mails of a folder that was not asked for.
                "OPENTRACKS_MAIL",
                "OPENTRACKS_OPERATOR",
                "OPENTRACKS_HOSTING",
            ] {
                text(name).ok_or(Error::Missing(name))?;
            }
        }
        Ok(config)
    }
}

fn mail(way: Option<&str>, sender: Option<&str>, public: &Url, data: &Path) -> Result<Mail, Error> {
    let destination = match way {
        None | Some("folder") => Destination::Folder(data.join("outbox")),
        Some(url) if url.starts_with("smtp://") || url.starts_with("smtps://") => {
            if !is_kept_from_others(url) {
                let expected =
                    "smtps://, or smtp:// with ?tls=required, unless its host is this machine";
                return Err(unfit("OPENTRACKS_MAIL", expected));
            }
            Destination::Smtp(url.to_owned())
        }
        Some(_) => return Err(unfit("OPENTRACKS_MAIL", "folder or an smtp:// or smtps:// URL")),
    };
    // An address needs a name, not a number, behind its @.
    let host = public.domain().unwrap_or("localhost");
    let sender = sender.map_or_else(|| format!("OpenTracks <no-reply@{host}>"), ToOwned::to_owned);
    Ok(Mail { destination, sender })
}

/// Whether nobody on the way to a mail server can read the codes and links that go there. What does not parse is refused
/// by who sends.
fn is_kept_from_others(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return true };
    let demands_tls = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    url.scheme() == "smtps" || demands_tls || url.host_str().is_some_and(is_this_machine)
}

/// What lies behind a socket, or an address of this machine, is nobody else's.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.is_empty()
        || host == "localhost"
        || host.starts_with("%2F")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_file(path: &Path) -> Result<Vec<(&'static str, String)>, Error> {
    let table: toml::Table = std::fs::read_to_string(path)?
        .parse()
        .map_err(|error: toml::de::Error| Error::Syntax(error.message().to_owned()))?;
    table
        .into_iter()
        .map(|(key, value)| {
            let known = SETTINGS.iter().find(|(_, known, _)| *known == key);
            let (name, ..) = known.ok_or(Error::Unknown(key))?;
            let toml::Value::String(text) = value else { return Err(unfit(name, "a text")) };
            Ok((*name, text))
        })
        .collect()
}

fn socket(name: &'static str, text: &str) -> Result<SocketAddr, Error> {
    text.parse().map_err(|_| unfit(name, "an address and port, such as 127.0.0.1:8080"))
}

fn networks(list: &str) -> Result<Vec<IpNet>, Error> {
    let listed = list.split(',').map(str::trim).filter(|network| !network.is_empty());
    let parse = |network: &str| {
        let address = network.parse::<IpAddr>().map(IpNet::from);
        address.or_else(|_| network.parse::<IpNet>()).map_err(|_| {
            unfit("OPENTRACKS_TRUSTED_PROXIES", "addresses or networks, such as 10.0.0.0/8")
        })
    };
    listed.map(parse).collect()
}

fn parse_url(name: &'static str, text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| unfit(name, "a URL"))
}

const fn unfit(name: &'static str, expected: &'static str) -> Error {
    Error::Unfit { name, expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
        Config::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn nothing_has_to_be_set() {
        let config = read(&[("HOME", "/root")]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080/");
        assert!(config.blobs.path().ends_with("/data/blobs"));
        assert!(matches!(config.mail.destination, Destination::Folder(_)));
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = read(&[("OPENTRACKS_LISTNE", "127.0.0.1:80")]).err().unwrap();
        assert_eq!(error.to_string(), "OPENTRACKS_LISTNE is not a setting; see opentracks --help");
    }

    #[test]
    fn an_unfit_value_is_named_and_not_shown() {
        let error = read(&[("OPENTRACKS_MAIL", "smpt://ada:secret@host")]).err().unwrap();
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().starts_with("OPENTRACKS_MAIL must be"), "{error}");
    }

    #[test]
    fn mail_is_not_read_on_its_way() {
        let is_taken = |url| read(&[("OPENTRACKS_MAIL", url)]).is_ok();
        for url in [
            "smtps://ada:secret@mail.example.org",
            "smtp://ada:secret@mail.example.org:587?tls=required",
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
            "smtp://localhost",
        ] {
            assert!(is_taken(url), "{url}");
        }
        for url in [
            "smtp://ada:secret@mail.example.org",
            "smtp://mail.example.org?tls=opportunistic",
            "smtp://localhost.example.org",
        ] {
            assert!(!is_taken(url), "{url}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let config = read(&[("OPENTRACKS_TRUSTED_PROXIES", "127.0.0.1, fd00::/8")]).unwrap();
        let networks: Vec<String> =
            config.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["127.0.0.1/32", "fd00::/8"]);
        assert!(read(&[("OPENTRACKS_TRUSTED_PROXIES", "localhost")]).is_err());
    }

    #[test]
    fn production_demands_what_development_makes_up() {
        let error = read(&[("OPENTRACKS_MODE", "production")]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "OPENTRACKS_MASTER_KEY_FILE must be given in production mode"
        );
    }

    #[test]
    fn the_environment_goes_before_the_file_and_the_file_has_no_unknown_keys() {
        let folder = std::env::temp_dir().join(format!("opentracks-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("opentracks.toml");
        let path = file.to_str().unwrap();

        std::fs::write(&file, "listen = '127.0.0.1:1'\nmetrics_listen = '127.0.0.1:2'").unwrap();
        let config =
            read(&[("OPENTRACKS_CONFIG", path), ("OPENTRACKS_LISTEN", "127.0.0.1:3")]).unwrap();
        assert_eq!((config.listen.port(), config.metrics_listen.unwrap().port()), (3, 2));

        std::fs::write(&file, "listne = '127.0.0.1:1'").unwrap();
        assert!(
            matches!(read(&[("OPENTRACKS_CONFIG", path)]), Err(Error::Unknown(key)) if key == "listne")
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
