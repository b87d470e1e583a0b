//! Real files over HTTP: each is read, or refused with a reason.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::TestApp;

/// Names a folder with more files, in a folder `gpx` of it.
const MORE: &str = "OPENTRACKS_CORPUS";
const TRACK_FILES: [&str; 3] = ["gpx", "gz", "zip"];

/// What became of a file.
enum Outcome {
    Read,
    ReadWithFlaws(String),
    Refused(String),
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the table is for whoever runs it with --nocapture")]
async fn every_file_is_read_or_refused_with_a_reason() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files = files_in(&fixtures);
    files.retain(|file| {
        file.extension().is_some_and(|kind| TRACK_FILES.iter().any(|track| kind == *track))
    });
    assert!(files.len() >= 15, "{}", files.len());
    if let Some(more) = env::var_os(MORE) {
        files.extend(files_in(&Path::new(&more).join("gpx")));
    }
    let mut outcomes = Vec::new();
    for file in files {
        let answer = ada.upload(&fs::read(&file).unwrap(), &json!({})).await;
        let status = answer.status().as_u16();
        let outcome = if status == 201 {
            outcome_of(&answer.json().await.unwrap())
        } else {
            assert!((400..500).contains(&status), "{status} for {}", file.display());
            let problem = refused(answer, status).await;
            let error = &problem["errors"][0];
            assert_eq!(error["field"], "file", "{}: {problem}", file.display());
            Outcome::Refused(problem["detail"].as_str().unwrap().to_owned())
        };
        outcomes.push((file, outcome));
    }
    println!("{}", table(&outcomes));
    // Most of what people have can be read.
    let read =
        outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Refused(_))).count();
    assert!(read * 3 >= outcomes.len() * 2, "{read} of {}", outcomes.len());
}

fn outcome_of(kept: &Value) -> Outcome {
    let several = kept["activities"].as_array().cloned().unwrap_or_default();
    let all = std::iter::once(kept).chain(&several);
    let flaws = all.flat_map(|one| one["flaws"].as_array().cloned().unwrap_or_default());
    let mut rules: Vec<String> =
        flaws.map(|flaw| flaw["rule"].as_str().unwrap().to_owned()).collect();
    rules.sort();
    rules.dedup();
    if rules.is_empty() { Outcome::Read } else { Outcome::ReadWithFlaws(rules.join(", ")) }
}

/// All files below a folder, in the order of their paths.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.flat_map(|path| if path.is_dir() { files_in(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

fn table(outcomes: &[(PathBuf, Outcome)]) -> String {
    let (mut read, mut flawed, mut refused) = (0, Vec::new(), Vec::new());
    for (file, outcome) in outcomes {
        let name = file.iter().rev().take(2).map(|part| part.to_string_lossy()).collect::<Vec<_>>();
        let line = |reason: &str| format!("  {}/{}: {reason}", name[1], name[0]);
        match outcome {
            Outcome::Read => read += 1,
            Outcome::ReadWithFlaws(rules) => flawed.push(line(rules)),
            Outcome::Refused(reason) => refused.push(line(reason)),
        }
    }
    format!(
        "{} files\nread: {read}\nread with flaws: {}\n{}\nrefused: {}\n{}",
        outcomes.len(),
        flawed.len(),
        flawed.join("\n"),
        refused.len(),
        refused.join("\n")
    )
}
