//! Exploring at size: made-up activities around made-up towns, asked for over HTTP.
//!
//! `EXPLORE_ROWS` says how many, several with spaces between. Each number has a folder of its own
//! under `target/explore`, filled the first time. The plans of what is asked are left beside the data.
//! `EXPLORE_ASK` keeps to the questions whose names begin with it; throughput is asked about with `nearby`,
//! and where many go with `heat`.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts are positive and far below 2^52"
)]

mod data;
mod heat;
mod pace;
mod pgbench;
mod plans;
mod publishing;
mod questions;
#[path = "../http/server.rs"]
#[allow(dead_code, reason = "the other benchmark uses the rest")]
mod server;
mod wire;

use reqwest::Client;

use questions::Question;
use server::Server;

/// How many answers are timed of each kind.
const ANSWERS: usize = 1_000;
/// How often two things that are compared are measured in turn, so that what else the machine does falls on both.
const TURNS: usize = 5;
/// For how long a pace is kept each time, in seconds.
const PACE_FOR_S: f64 = 5.0;
/// Up to here there is all that a server would have stored; beyond, what nearby reads.
const WHOLE_MAX: u64 = 1_000_000;

// One thread, so that the client takes no more of the two cores than it must.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    opentracks::edge::choose_tls();
    let sizes = std::env::var("EXPLORE_ROWS");
    let sizes = sizes.unwrap_or_else(|_| "10000 1000000".to_owned());
    for rows in sizes.split_whitespace().map(|rows| rows.parse().unwrap()) {
        show(rows).await;
    }
}

async fn show(rows: u64) {
    let is_whole = rows <= WHOLE_MAX;
    let data = data::fill(rows, is_whole);
    let mut all = questions::all(&data).await;
    if !is_whole {
        all.truncate(1);
    }
    plans::record(&data, &all).await;
    let server = Server::start_in(data);
    let client = Client::new();
    let token = server.sign_in(&client).await;
    println!("\n## {rows} activities\n\n| question | p50 ms | p99 ms |\n| --- | --- | --- |");
    let only = std::env::var("EXPLORE_ASK").unwrap_or_default();
    for (name, asked) in all.iter().filter(|(name, _)| name.starts_with(&only)) {
        let one_by_one =
            pace::in_turn(ANSWERS, |turn| asked.ask(&client, &server, &token, turn)).await;
        println!("| {name} | {one_by_one} |");
    }
    if is_whole && "nearby".starts_with(&only) {
        throughput(&server, &token, &all[0].1).await;
    }
    if is_whole && "heat map".starts_with(&only) {
        heat::remake(&server).await;
    }
    data::print_sizes(&server).await;
}

/// Nearby against the same statement without the server, at half load, and while others publish.
async fn throughput(server: &Server, token: &str, nearby: &Question) {
    let turns = [(); TURNS].map(|()| (wire::rate(server, nearby), pgbench::rate(server, nearby)));
    let mean = |rates: [f64; TURNS]| rates.iter().sum::<f64>() / TURNS as f64;
    let (by_http, by_pgbench) = (mean(turns.map(|turn| turn.0)), mean(turns.map(|turn| turn.1)));
    println!(
        "\nNearby, 4 clients: {by_http:.0} a second; pgbench with the same statement: {by_pgbench:.0}; {:.0} %",
        by_http / by_pgbench * 100.0
    );
    let half = by_http / 2.0;
    let requests = wire::requests(server, nearby);
    let read = || wire::at(half, (half * PACE_FOR_S) as usize, server, &requests);
    let toggles = publishing::toggles(server, token).await;
    let turns = [(); TURNS].map(|()| (read(), publishing::meanwhile(server, &toggles, read)));
    let (alone, meanwhile): (Vec<_>, Vec<_>) = turns.into_iter().unzip();
    println!("At half load, {half:.0} a second: p50 and p99 {} ms", pace::middle(alone));
    println!(
        "The same while 50 a second are published or withdrawn: {} ms",
        pace::middle(meanwhile)
    );
}
