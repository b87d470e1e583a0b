//! Figures of the real server on this machine: uploads and answers a second, with the server's own
//! work and memory, and what the wall costs. A bare answer of the same server stands beside them.

#![allow(clippy::unwrap_used, reason = "a benchmark stops where it fails")]
#![allow(clippy::print_stdout, reason = "the figures are what it is for")]
#![allow(clippy::cast_precision_loss, reason = "counts and clock ticks are far below 2^52")]

mod leaving;
mod server;
mod sharing;

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use server::Server;

const POINTS: u32 = 3_600;
const UPLOADS: usize = 120;
const ANSWERS: usize = 2_000;
#[tokio::main]
async fn main() {
    let server = Server::start();
    opentracks::edge::choose_tls();
    let client = Client::new();
    let token = server.sign_in(&client).await;
    let file = ride();
    if let Ok(activities) = std::env::var("OPENTRACKS_LEAVING") {
        return leaving::show(&client, &server, &file, activities.parse().unwrap()).await;
    }
    println!("Server: {} cores; file: {POINTS} points, {} kB\n", cores(), file.len() / 1_000);
    println!("| what | clients | a second | server ms CPU each |");
    println!("| --- | --- | --- | --- |");

    for clients in [1, 2, 4] {
        let upload = || put(&client, &server, &token, &file);
        server.report("upload of 3,600 points", clients, UPLOADS, upload).await;
    }
    publish_all(&client, &server, &token).await;
    let url = server.url("/api/v1/explore/nearby");
    let question = json!({ "position": [8.5, 47.3], "radius_m": 50_000, "limit": 20 });
    for clients in [1, 4] {
        let ask = || async {
            assert_eq!(client.post(&url).json(&question).send().await.unwrap().status(), 200);
        };
        server.report("nearby, 20 of some hundred", clients, ANSWERS, ask).await;
    }
    let url = server.url("/health/live");
    for clients in [1, 4] {
        let ask = || async {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        };
        server.report("bare answer (/health/live)", clients, ANSWERS, ask).await;
    }
    sharing::show(&client, &server, &token, &file).await;
    leaving::show(&client, &server, &file, 0).await;
    println!("\nPeak memory of the server: {} MB", server.peak_memory_kb() / 1_000);
}

async fn put(client: &Client, server: &Server, token: &str, file: &[u8]) {
    // Each upload is another file, so that none is taken for a repeated one.
    let id = Uuid::new_v4();
    let file = [file, format!("<!-- {id} -->").as_bytes()].concat();
    let form = Form::new().part("file", Part::bytes(file).file_name("ride.gpx"));
    let url = server.url(&format!("/api/v1/activities/{id}"));
    let answer = client.put(url).bearer_auth(token).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
}

async fn publish_all(client: &Client, server: &Server, token: &str) {
    let url = server.url("/api/v1/me/visibility");
    let wish = json!({ "visibility": "published" });
    loop {
        let answer = client.post(&url).bearer_auth(token).json(&wish).send().await.unwrap();
        let changed: Value = answer.json().await.unwrap();
        if changed["more"] == false {
            return;
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A ride of an hour at 1 Hz with elevation, time and heart rate, about 250 bytes a point.
fn ride() -> Vec<u8> {
    let mut gpx = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"bench\" \
         xmlns=\"http://www.topografix.com/GPX/1/1\" \
         xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\"><trk><name>Ride</name><trkseg>\n",
    );
    for second in 0..POINTS {
        let turn = f64::from(second) * 0.01;
        let (lat, lon) = (47.3 + f64::from(second) * 5e-5, 8.5 + turn.sin() * 1e-3);
        let (minute, s) = (second / 60 % 60, second % 60);
        let (elevation, heart_rate) = (450.0 + (turn * 0.3).sin() * 40.0, 130 + second % 30);
        let point = format!(
            "      <trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\">\n        <ele>{elevation:.1}</ele>\n        \
             <time>2026-05-30T07:{minute:02}:{s:02}Z</time>\n        <extensions><gpxtpx:TrackPointExtension>\
             <gpxtpx:hr>{heart_rate}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions>\n      </trkpt>\n"
        );
        gpx.push_str(&point);
    }
    gpx.push_str("</trkseg></trk></gpx>\n");
    gpx.into_bytes()
}
