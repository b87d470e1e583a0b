//! Publishing and withdrawing while others read.

use reqwest::Client;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use uuid::Uuid;

use crate::pace::{self, Latencies};
use crate::server::Server;

const A_SECOND: f64 = 50.0;
/// How many activities are published and withdrawn in turns.
const ACTIVITIES: usize = 50;
const POINTS: u32 = 600;

/// What `read` measures while activities are published and withdrawn.
pub async fn while_reading(
    server: &Server,
    client: &Client,
    token: &str,
    read: impl AsyncFnOnce() -> Latencies,
) -> Latencies {
    let mut ids = Vec::new();
    for number in 0..ACTIVITIES {
        ids.push(upload(server, client, token, number).await);
    }
    let toggle = |turn: usize| {
        let verb = if (turn / ACTIVITIES).is_multiple_of(2) { "publish" } else { "unpublish" };
        let url = server.url(&format!("/api/v1/activities/{}/{verb}", ids[turn % ACTIVITIES]));
        let ask = client.post(url).bearer_auth(token).json(&json!({}));
        async move {
            // The server may have closed a connection just then: the next one is another.
            if let Ok(answer) = ask.send().await {
                assert!(answer.status().is_success(), "{}", answer.status());
            }
        }
    };
    let forever = pace::at(A_SECOND, usize::MAX, toggle);
    tokio::select! {
        latencies = read() => latencies,
        _ = forever => unreachable!("it goes on for ever"),
    }
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
