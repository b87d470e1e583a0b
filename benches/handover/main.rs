//! What handing an account over takes: time, the memory of the server, and how long others wait meanwhile.
//!
//! `HANDOVER_ACTIVITIES` says how many activities the account has; 1,000 unless it says otherwise.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(dead_code, reason = "the server is shared with another benchmark")]
#![allow(clippy::cast_precision_loss, reason = "counts and clock ticks are far below 2^52")]

#[path = "../http/server.rs"]
mod server;

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::sql_types::Double;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use futures_util::{StreamExt, stream};
use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use server::Server;

const POINTS: u32 = 3_600;
const ACTIVITIES: usize = 1_000;
/// How long others are watched without anything else going on.
const IDLE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() {
    let activities = std::env::var("HANDOVER_ACTIVITIES").ok();
    let activities = activities.map_or(ACTIVITIES, |count| count.parse().unwrap());
    let server = Server::start();
    opentracks::edge::choose_tls();
    let client = Client::new();
    let began = Instant::now();
    let ids: Vec<Uuid> = (0..activities).map(|_| Uuid::new_v4()).collect();
    let mut token = (server.sign_in(&client).await, Instant::now());
    for some in ids.chunks(100) {
        if Duration::from_mins(4) < token.1.elapsed() {
            token = (server.sign_in(&client).await, Instant::now());
        }
        let uploads = stream::iter(some).map(|id| put(&client, &server, &token.0, *id));
        uploads.buffer_unordered(4).collect::<Vec<()>>().await;
    }
    println!("{activities} activities of {POINTS} points uploaded in {:.0} s", s(began));

    let idle_done = AtomicBool::new(false);
    let (idle, ()) = tokio::join!(watch(&client, &server, ids[0], &idle_done), async {
        tokio::time::sleep(IDLE).await;
        idle_done.store(true, Ordering::Relaxed);
    });
    idle.tell("others, before");

    // The token is of another minute by now.
    let token = server.sign_in(&client).await;
    server.forget_peak_memory();
    let before_mb = server.peak_memory_kb() / 1_000;
    let began = Instant::now();
    let is_done = AtomicBool::new(false);
    let (met, id) = tokio::join!(watch(&client, &server, ids[0], &is_done), async {
        let id = export(&client, &server, token).await;
        is_done.store(true, Ordering::Relaxed);
        id
    });
    let took_s = s(began);
    println!(
        "exported in {took_s:.0} s, {:.1} ms an activity; memory of the server {before_mb} MB before, {} MB at the most",
        took_s * 1e3 / activities as f64,
        server.peak_memory_kb() / 1_000,
    );
    met.tell("others, meanwhile");

    let token = server.sign_in(&client).await;
    server.forget_peak_memory();
    let began = Instant::now();
    let url = server.url(&format!("/api/v1/me/exports/{id}/archive"));
    let mut answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut bytes = 0;
    while let Some(chunk) = answer.chunk().await.unwrap() {
        bytes += chunk.len();
    }
    println!(
        "downloaded {:.0} MB in {:.1} s; memory of the server {} MB at the most",
        bytes as f64 / 1e6,
        s(began),
        server.peak_memory_kb() / 1_000,
    );
}

/// What others met: how long each waited for its answer, and the longest wait for a lock.
struct Met {
    reads_ms: Vec<f64>,
    writes_ms: Vec<f64>,
    lock_ms_max: f64,
}

impl Met {
    fn tell(mut self, what: &str) {
        let mut line = format!("{what}:");
        for (name, times) in [("read", &mut self.reads_ms), ("upload", &mut self.writes_ms)] {
            times.sort_by(f64::total_cmp);
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            let (half, most, all) = (at(50), at(99), at(100));
            write!(
                line,
                " {} {name}s {half:.0} ms (99 %: {most:.0}, at most {all:.0}),",
                times.len()
            )
            .unwrap();
        }
        println!("{line} longest wait for a lock {:.1} ms", self.lock_ms_max);
    }
}

/// Reads and writes as the owner of the account does, and looks at who waits for a lock, until it is told.
async fn watch(client: &Client, server: &Server, id: Uuid, is_done: &AtomicBool) -> Met {
    let (mut reads_ms, mut writes_ms, mut lock_ms_max) = (Vec::new(), Vec::new(), 0.0_f64);
    let reading = async {
        let mut token = (server.sign_in(client).await, Instant::now());
        while !is_done.load(Ordering::Relaxed) {
            if Duration::from_mins(4) < token.1.elapsed() {
                token = (server.sign_in(client).await, Instant::now());
            }
            for path in [format!("/activities/{id}"), "/me/activities".to_owned()] {
                let began = Instant::now();
                let url = server.url(&format!("/api/v1{path}"));
                let answer = client.get(&url).bearer_auth(&token.0).send().await.unwrap();
                assert_eq!(answer.status(), 200);
                reads_ms.push(s(began) * 1e3);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let writing = async {
        let mut token = (server.sign_in(client).await, Instant::now());
        while !is_done.load(Ordering::Relaxed) {
            if Duration::from_mins(4) < token.1.elapsed() {
                token = (server.sign_in(client).await, Instant::now());
            }
            let began = Instant::now();
            put(client, server, &token.0, Uuid::new_v4()).await;
            writes_ms.push(s(began) * 1e3);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let looking = async {
        let mut conn =
            AsyncPgConnection::establish(&server.database_url("opentracks")).await.unwrap();
        while !is_done.load(Ordering::Relaxed) {
            let waited: Waited = diesel::sql_query(WAITED).get_result(&mut conn).await.unwrap();
            lock_ms_max = lock_ms_max.max(waited.ms);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(reading, writing, looking);
    Met { reads_ms, writes_ms, lock_ms_max }
}

const WAITED: &str = "
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float8 * 1000 AS ms
    FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL";

#[derive(diesel::QueryableByName)]
struct Waited {
    #[diesel(sql_type = Double)]
    ms: f64,
}

/// Asks for an export, and waits until it is ready.
async fn export(client: &Client, server: &Server, token: String) -> String {
    let url = server.url("/api/v1/me/exports");
    let asked = client.post(&url).bearer_auth(&token).json(&json!({})).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    let id = asked["id"].as_str().unwrap().to_owned();
    let mut token = (token, Instant::now());
    loop {
        if Duration::from_mins(4) < token.1.elapsed() {
            token = (server.sign_in(client).await, Instant::now());
        }
        let url = server.url(&format!("/api/v1/me/exports/{id}"));
        let told: Value =
            client.get(&url).bearer_auth(&token.0).send().await.unwrap().json().await.unwrap();
        if told["state"] == "finished" {
            return id;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn put(client: &Client, server: &Server, token: &str, id: Uuid) {
    let form = Form::new().part("file", Part::bytes(ride(id)).file_name("ride.gpx"));
    let url = server.url(&format!("/api/v1/activities/{id}"));
    let answer = client.put(url).bearer_auth(token).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

/// A ride of an hour at 1 Hz with elevation, time and heart rate, somewhere else for each id.
fn ride(id: Uuid) -> Vec<u8> {
    let mut gpx = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"bench\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\" \
         xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\"><trk><name>Ride</name><trkseg>\n",
    );
    let bytes = id.as_bytes();
    let phase = f64::from(bytes[0]) / 40.0;
    for second in 0..POINTS {
        let turn = f64::from(second) * 0.01 + phase;
        let jitter = f64::from(bytes[second as usize % 16]) * 1e-7;
        let (lat, lon) =
            (47.3 + f64::from(second) * 5e-5 + jitter, 8.5 + turn.sin() * 1e-3 - jitter);
        let (minute, seconds) = (second / 60 % 60, second % 60);
        let (elevation, heart_rate) = (450.0 + (turn * 0.3).sin() * 40.0, 130 + second % 30);
        writeln!(
            gpx,
            "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><ele>{elevation:.1}</ele>\
             <time>2026-05-30T07:{minute:02}:{seconds:02}Z</time><extensions><gpxtpx:TrackPointExtension>\
             <gpxtpx:hr>{heart_rate}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions></trkpt>"
        )
        .unwrap();
    }
    gpx.push_str("</trkseg></trk></gpx>\n");
    gpx.into_bytes()
}

fn s(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
