//! The tour of the README, executed: each command gives the answer that stands below it.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]
#![allow(missing_docs, reason = "names of tests are claims, and say it all")]

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// Stands between the answers of two commands.
const MARK: &str = "-- next --";
/// In an answer of the README: something that differs each time.
const ANYTHING: char = '…';

#[test]
fn the_tour_goes_as_the_readme_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tour = steps(&fs::read_to_string(root.join("README.md")).unwrap());
    assert!(tour.len() >= 6, "the README has a tour");

    let folder =
        std::env::temp_dir().join(format!("opentracks-tour-{}", uuid::Uuid::new_v4().simple()));
    fs::create_dir(&folder).unwrap();
    symlink(root.join("fixtures"), folder.join("fixtures")).unwrap();
    // A loopback address of its own, so that no port is guessed and links in answers lead here.
    let [.., low, lower] = std::process::id().to_be_bytes();
    let listen = format!("127.77.{low}.{lower}:8080");
    let mut server = Command::new(env!("CARGO_BIN_EXE_opentracks"))
        .arg("serve")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("OPENTRACKS_LISTEN", &listen)
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first_line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
    let address = first_line.trim().rsplit("http://").next().unwrap();

    let mut script = String::new();
    for (commands, _) in &tour {
        writeln!(script, "{commands}\necho '{MARK}'").unwrap();
    }
    assert_eq!(address, listen);
    let script = script.replace("127.0.0.1:8080", address);
    let output = Command::new("bash")
        .env("no_proxy", listen.split(':').next().unwrap())
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(&folder)
        .output();
    server.kill().unwrap();
    server.wait().unwrap();
    let output = output.unwrap();
    fs::remove_dir_all(&folder).unwrap();

    let (answers, complaints) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{answers}{complaints}");
    for ((commands, expected), answer) in tour.iter().zip(answers.split(MARK)) {
        assert!(
            matches(expected.trim(), answer.trim()),
            "{commands}\ngave\n{answer}\nnot\n{expected}"
        );
    }
}

/// The commands of the tour, each with the answer below it, if there is one.
fn steps(readme: &str) -> Vec<(String, String)> {
    let tour = readme.split("\n## ").find(|section| section.starts_with("A tour")).unwrap();
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut blocks = tour.split("```");
    blocks.next();
    while let Some(block) = blocks.next() {
        match block.split_once('\n').unwrap() {
            ("sh", commands) => steps.push((commands.to_owned(), ANYTHING.to_string())),
            (_, answer) => answer.clone_into(&mut steps.last_mut().unwrap().1),
        }
        blocks.next();
    }
    steps
}

/// Whether `answer` is `expected`, where `…` stands for anything.
fn matches(expected: &str, answer: &str) -> bool {
    let mut rest = answer;
    let mut parts = expected.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let parts: Vec<&str> = parts.collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let found = if last {
            rest.strip_suffix(part).map(|_| rest.len())
        } else {
            rest.find(part).map(|at| at + part.len())
        };
        let Some(end) = found else { return false };
        rest = &rest[end..];
    }
    rest.is_empty()
}

#[test]
fn dots_stand_for_anything_and_nothing_else_does() {
    assert!(matches("{ \"id\": \"…\", \"n\": 1 }", "{ \"id\": \"x\", \"n\": 1 }"));
    assert!(matches("…", "whatever"));
    assert!(!matches("a…c", "abcd"));
    assert!(!matches("a", "ab"));
}
