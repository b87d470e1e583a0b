//! Publishing and withdrawing while others read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use uuid::Uuid;

use crate::pace::Latencies;
use crate::server::Server;
use crate::wire;

const A_SECOND: f64 = 50.0;
/// How many activities are published and withdrawn in turns.
const ACTIVITIES: usize = 50;
const POINTS: u32 = 600;

/// Uploads some activities, and says how each is published, and then withdrawn.
pub async fn toggles(server: &Server, token: &str) -> Vec<Vec<u8>> {
    // Of its own: the server has closed those that lay idle.
    let client = &Client::new();
    let mut ids = Vec::new();
    for number in 0..ACTIVITIES {
        ids.push(upload(server, client, token, number).await);
    }
    let more = format!("Authorization: Bearer {token}\r\n");
    let toggle = |verb, id| format!("POST /api/v1/activities/{id}/{verb}");
    let all = ["publish", "unpublish"].map(|verb| ids.iter().map(move |id| toggle(verb, id)));
    all.into_iter().flatten().map(|first| wire::written(server, &first, &more, "{}")).collect()
}

/// What `read` measures while activities are published and withdrawn.
pub fn meanwhile(
    server: &Server,
    toggles: &[Vec<u8>],
    read: impl FnOnce() -> Latencies,
) -> Latencies {
    let is_read = AtomicBool::new(false);
    let goes_on = |_| !is_read.load(Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| wire::paced(A_SECOND, server, toggles, goes_on));
        let latencies = read();
        is_read.store(true, Ordering::Relaxed);
        latencies
    })
}

async fn upload(server: &Server, client: &Client, token: &str, number: usize) -> Uuid {
    let id = Uuid::new_v4();
    let mut gpx = "<gpx version=\"1.1\" creator=\"bench\" xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><trkseg>"
        .to_owned();
    for second in 0..POINTS {
        let (lat, lon) = (47.3 + f64::from(second) * 5e-5, 8.5 + number as f64 * 1e-3);
        let (minute, second) = (second / 60, second % 60);
        let point = format!(
            "<trkpt lat=\"{lat:.6}\" lon=\"{lon:.6}\"><time>2026-05-30T07:{minute:02}:{second:02}Z</time></trkpt>"
        );
        gpx += &point;
    }
    gpx += "</trkseg></trk></gpx>";
    let form = Form::new().part("file", Part::bytes(gpx.into_bytes()).file_name("ride.gpx"));
    let url = server.url(&format!("/api/v1/activities/{id}"));
    let answer = client.put(url).bearer_auth(token).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    id
}
