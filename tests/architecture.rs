//! The rules of `src/lib.rs`, enforced: who may use whom, and where the outside world is.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and which others it may use. Read downwards: arrows only point up.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("access", &["domain"]),
    ("privacy", &["domain"]),
    ("track", &["domain"]),
    ("archive", &["domain", "privacy"]),
    ("picture", &["domain"]),
    ("seal", &["domain"]),
    ("db", &["access", "archive", "domain", "picture", "privacy", "seal", "track"]),
    ("edge", &["domain", "privacy", "track"]),
    (
        "actions",
        &["access", "archive", "db", "domain", "edge", "picture", "privacy", "seal", "track"],
    ),
    (
        "http",
        &[
            "access", "actions", "archive", "db", "domain", "edge", "picture", "privacy", "seal",
            "track",
        ],
    ),
    ("jobs", &["access", "actions", "db", "domain", "edge", "picture", "privacy", "seal", "track"]),
    ("config", &["edge"]),
];

/// Words that may appear in some modules only, and do: one that moved would guard nothing.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("actix_web::", &["http", "app"]),
    ("actix_http::", &["app"]),
    ("tokio_postgres", &["db"]),
    ("diesel::", &["db"]),
    ("diesel_async::", &["db"]),
    ("postgis_diesel::", &["db"]),
    ("object_store::", &["edge"]),
    ("lettre::", &["edge"]),
    ("chacha20::", &["seal"]),
    ("ring::aead", &["seal"]),
    ("jsonwebtoken::", &["seal"]),
    ("Command::new(", &["edge"]),
    ("std::fs", &["edge", "app", "config"]),
    ("tracing::", &["http", "jobs", "main"]),
    ("Utc::now", &["app"]),
    // Only a query seals, and only the cutter and the decoder make what the public sees.
    ("Sealed::new(", &["db"]),
    ("Guarded::new(", &["db"]),
    ("PublicTrack::new(", &["track"]),
    // Only the cutter tells others a place, and only one module touches the decoders.
    ("PublicPlace(", &["track"]),
    ("image::", &["picture"]),
    ("image_webp::", &["picture"]),
    ("png::", &["picture"]),
    ("zune_jpeg::", &["picture"]),
    ("exif::", &["picture"]),
];

/// What is behind the wall, as a handler and as a statement would name it.
const BEHIND_THE_WALL: &[&str] = &["actions::", "vault", "db::Db", "ExactTrack"];
const BEHIND_THE_LOGIN: &[&str] = &["identity", "vault", "Db"];

/// Files that must not name some words, and why. What lies in the folder of the same name is part of a file.
const NOT_IN: &[(&[&str], &[&str], &str)] = &[
    (
        &[
            "http/explore.rs",
            "http/along.rs",
            "http/search.rs",
            "http/ogc.rs",
            "http/open_data.rs",
            "http/tiles.rs",
        ],
        BEHIND_THE_WALL,
        "exploring knows the commons alone",
    ),
    (
        &[
            "db/commons/nearby.rs",
            "db/commons/along.rs",
            "db/commons/places.rs",
            "db/commons/search.rs",
            "db/commons/sought.rs",
            "db/commons/features.rs",
            "db/commons/tiles.rs",
        ],
        BEHIND_THE_LOGIN,
        "exploring knows the commons alone",
    ),
    (&["http/members.rs"], BEHIND_THE_WALL, "a member's page knows the commons alone"),
    (&["db/commons/members.rs"], BEHIND_THE_LOGIN, "a member's page knows the commons alone"),
    (&["db/commons/feed.rs"], BEHIND_THE_LOGIN, "a feed knows the commons alone"),
    (
        &["http/log.rs"],
        &["peer_addr", ".path()", ".uri()", "query_string"],
        "see what is never logged",
    ),
];

#[test]
fn modules_use_only_what_they_may() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(module, _)| *module == source.module) else {
            continue;
        };
        for (number, line) in source.code() {
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                if used != source.module && !used.is_empty() && !allowed.contains(&used) {
                    faults.push(source.fault(number, &format!("may not use crate::{used}")));
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_outside_world_stays_in_its_module() {
    let (sources, mut faults) = (sources(), Vec::new());
    for (word, homes) in ONLY_IN {
        let mut is_at_home = false;
        for source in &sources {
            for (number, _) in source.code().filter(|(_, line)| line.contains(word)) {
                if homes.contains(&source.module.as_str()) {
                    is_at_home = true;
                } else {
                    faults.push(source.fault(number, &format!("{word} belongs in {homes:?}")));
                }
            }
        }
        if !is_at_home {
            faults.push(format!("{word} is not in {homes:?} any more"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn some_files_do_not_even_know_the_words() {
    let (sources, mut faults) = (sources(), Vec::new());
    for (files, words, reason) in NOT_IN {
        for file in *files {
            let folder = root().join(file.trim_end_matches(".rs"));
            let is_part = |path: &Path| path == root().join(file) || path.starts_with(&folder);
            let parts: Vec<_> = sources.iter().filter(|source| is_part(&source.path)).collect();
            assert!(!parts.is_empty(), "{file} is not there");
            for source in parts {
                for (number, line) in source.code() {
                    for word in words.iter().filter(|word| line.contains(**word)) {
                        faults.push(source.fault(number, &format!("names {word}: {reason}")));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<PathBuf> = sources()
        .into_iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path)
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// The map in `lib.rs` names every module, and `MAY_USE` has a row for all but the outermost.
#[test]
fn the_map_is_whole() {
    let map = fs::read_to_string(root().join("lib.rs")).unwrap();
    let declared = map.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in declared {
        assert!(map.contains(&format!("//! | [`{module}`]")), "{module} is not on the map");
        let ruled = module == "app" || MAY_USE.iter().any(|(known, _)| *known == module);
        assert!(ruled, "{module} has no rule");
    }
}

struct Source {
    path: PathBuf,
    /// The top-level module the file belongs to.
    module: String,
    text: String,
}

impl Source {
    /// Numbered lines up to the unit tests, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().zip(1..).map(|(line, number)| (number, line.trim_start()));
        lines
            .take_while(|(_, line)| *line != "#[cfg(test)]")
            .filter(|(_, line)| !line.starts_with("//"))
    }

    fn fault(&self, number: usize, what: &str) -> String {
        format!("{}:{number}: {what}", self.path.display())
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let root = root();
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // The pages that people open lie beside the code that fills them.
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let inside = path.strip_prefix(&root).unwrap();
            let first = inside.iter().next().unwrap().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            sources.push(Source { text: fs::read_to_string(&path).unwrap(), module, path });
        }
    }
    assert!(!sources.is_empty());
    sources
}
