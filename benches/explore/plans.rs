//! How the database answers each question: recorded by `auto_explain`, with times and pages.

use std::fs;
use std::path::Path;

use reqwest::Client;

use crate::data;
use crate::questions::Question;
use crate::server::Server;

/// A statement is planned for its values five times; then a plan for all may be kept.
const TIMES: usize = 8;

/// Asks each question some times and leaves the plans of the last in `plans.txt` of the folder.
pub async fn record(data: &Path, all: &[(String, Question)]) {
    explain(data, true);
    let server = Server::start_in(data.to_owned());
    let client = Client::new();
    let token = server.sign_in(&client).await;
    let mut plans = String::new();
    for (name, question) in all {
        let mut logged = 0;
        for turn in 0..TIMES {
            logged = log(data).len();
            question.ask(&client, &server, &token, turn).await;
        }
        plans.extend(["### ", name, "\n\n", &log(data)[logged..], "\n"]);
    }
    drop(server);
    explain(data, false);
    fs::write(data.join("plans.txt"), plans).unwrap();
}

/// Has the database write down the plan of whatever the commons login asks from the next start on, or not.
fn explain(data: &Path, is_on: bool) {
    let settings = [
        ("session_preload_libraries", "auto_explain"),
        ("auto_explain.log_min_duration", "0"),
        ("auto_explain.log_analyze", "on"),
        ("auto_explain.log_buffers", "on"),
    ];
    let role = |(name, value)| {
        let verb = if is_on { format!("SET {name} = '{value}'") } else { format!("RESET {name}") };
        format!("ALTER ROLE opentracks_commons {verb};\n")
    };
    let server = Server::start_in(data.to_owned());
    let script: String = settings.into_iter().map(role).collect();
    data::run(&server, &format!("LOAD 'auto_explain';\n{script}"));
}

fn log(data: &Path) -> String {
    fs::read_to_string(data.join("postgres.log")).unwrap()
}
