//! The map of where many go: who agreed, and when there are enough of them.

use std::fmt::Write;

use chrono::{TimeDelta, TimeZone, Utc};
use serde_json::{Value, json};

use crate::harness::{PASSWORD, TestApp, northward_gpx};

/// Where these tests walk: each place lies in a tile of its own.
const PLACES: [f64; 5] = [8.51, 8.61, 8.71, 8.81, 8.91];

#[tokio::test(flavor = "multi_thread")]
async fn a_square_takes_five_members_who_agreed_and_published() {
    let app = TestApp::start().await;
    let mut all = Vec::new();
    for name in ["Ada", "Ben", "Cleo", "Dan", "Eve", "Silent", "Fickle"] {
        all.push(app.member(name).await);
    }
    let (agreeing, others) = all.split_at(5);
    let [silent, fickle] = others else { panic!("two others") };
    for member in agreeing.iter().chain([fickle]) {
        member.agree("heat_map", true).await;
    }
    app.advance(TimeDelta::seconds(1));
    fickle.agree("heat_map", false).await;
    for (index, lon) in PLACES.into_iter().enumerate() {
        for member in &agreeing[..4] {
            member.has_published(&northward_gpx(lon, 47.3, 300)).await;
        }
        let fifth = match index {
            0 => &agreeing[4],
            // A second walk of the same member is not a second member.
            1 => &agreeing[0],
            2 => silent,
            3 => fickle,
            _ => {
                agreeing[4].has_activity(&northward_gpx(lon, 47.3, 301)).await;
                continue;
            }
        };
        fifth.has_published(&northward_gpx(lon, 47.3, 301)).await;
    }
    assert_eq!(hot(&app).await, [false; 5], "an upload is not seen at once");
    app.advance(TimeDelta::days(1));
    app.run_jobs().await;
    assert_eq!(hot(&app).await, [true, false, false, false, false]);
    for zoom in [3, 15] {
        let answer = app.anyone().get(&format!("/tiles/heat/{zoom}/0/0.mvt")).await;
        assert_eq!(answer.status(), 404, "{zoom}");
    }
}

/// At the latest a day after one of five has withdrawn theirs, or has restricted their data.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_in_the_next_map_no_more() {
    let app = TestApp::start().await;
    let mut all = Vec::new();
    for name in ["Ada", "Ben", "Cleo", "Dan", "Eve"] {
        all.push(app.member(name).await);
        all[all.len() - 1].agree("heat_map", true).await;
    }
    let (last, others) = all.split_last().unwrap();
    for member in others {
        member.has_published(&northward_gpx(PLACES[0], 47.3, 300)).await;
    }
    let next_day = async || {
        app.advance(TimeDelta::days(1));
        app.run_jobs().await;
        (hot(&app).await[0], app.sign_in(&last.email, PASSWORD).await)
    };
    let own: Value = last
        .upload(&northward_gpx(PLACES[0], 47.3, 301), &json!({ "kind": "planned" }))
        .await
        .json()
        .await
        .unwrap();
    let publish = format!("/api/v1/activities/{}/publish", own["id"].as_str().unwrap());
    assert_eq!(last.post(&publish, &json!({})).await.status(), 200);
    let (is_hot, last) = next_day().await;
    assert!(!is_hot, "who plans a way has not gone it");

    let id = last.has_published(&northward_gpx(PLACES[0], 47.3, 302)).await;
    let (is_hot, last) = next_day().await;
    assert!(is_hot);
    let unpublish = format!("/api/v1/activities/{id}/unpublish");
    assert_eq!(last.post(&unpublish, &json!({})).await.status(), 200);
    let (is_hot, last) = next_day().await;
    assert!(!is_hot, "withdrawn");

    let publish = format!("/api/v1/activities/{id}/publish");
    assert_eq!(last.post(&publish, &json!({})).await.status(), 200);
    let (is_hot, last) = next_day().await;
    assert!(is_hot);
    let restrict = last.request(reqwest::Method::PUT, "/api/v1/me/restriction");
    assert_eq!(restrict.send().await.unwrap().status(), 200);
    let (is_hot, _) = next_day().await;
    assert!(!is_hot, "restricted");
}

/// Else one member could have so many squares made that there is no next map, and the last one goes on showing what was
/// withdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn of_each_member_the_newest_lines_count_as_far_as_they_go_five_times_round_the_map() {
    let app = TestApp::start().await;
    let mut all = Vec::new();
    for name in ["Ada", "Ben", "Cleo", "Dan", "Eve"] {
        all.push(app.member(name).await);
        all[all.len() - 1].agree("heat_map", true).await;
    }
    for member in &all {
        member.has_published(&northward_gpx(PLACES[0], 47.3, 300)).await;
    }
    for (crossings, counts) in [(2, true), (6, false)] {
        let flight = flight(crossings);
        let own = all[0].upload(&flight, &json!({ "sport": "flying" })).await;
        let own: Value = own.json().await.unwrap();
        let publish = format!("/api/v1/activities/{}/publish", own["id"].as_str().unwrap());
        assert_eq!(all[0].post(&publish, &json!({})).await.status(), 200);
        app.advance(TimeDelta::days(1));
        app.run_jobs().await;
        assert_eq!(hot(&app).await[0], counts, "{crossings} crossings");
        all[0] = app.sign_in(&all[0].email, PASSWORD).await;
    }
}

/// From the west of the map to its east and back, a degree every two minutes; later than all else here.
fn flight(crossings: u32) -> Vec<u8> {
    let mut gpx = String::from(
        "<gpx version=\"1.1\" creator=\"test\" xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><trkseg>",
    );
    let start = Utc.with_ymd_and_hms(2026, 5, 31, 0, 0, 0).unwrap();
    for point in 0..crossings * 340 {
        let (crossing, step) = (point / 340, point % 340);
        let east = if crossing % 2 == 0 { step } else { 339 - step };
        let lon = f64::from(east) - 170.0;
        let time = (start + TimeDelta::minutes(2) * i32::try_from(point).unwrap()).format("%FT%TZ");
        write!(gpx, "<trkpt lat=\"60.0\" lon=\"{lon}\"><time>{time}</time></trkpt>").unwrap();
    }
    (gpx + "</trkseg></trk></gpx>").into_bytes()
}

/// Eleven count as ten.
#[tokio::test(flavor = "multi_thread")]
async fn how_many_pass_is_told_in_round_steps() {
    let app = TestApp::start().await;
    let mut told = Vec::new();
    for number in 0..11 {
        let member = app.member(&format!("Member {number}")).await;
        member.agree("heat_map", true).await;
        member.has_published(&northward_gpx(PLACES[0], 47.3, 300)).await;
        if 8 <= number {
            app.advance(TimeDelta::days(1));
            app.run_jobs().await;
            // Where each of them hides an end fewer pass: how many is chance.
            told.push(members_told(&square(&app, PLACES[0], 14).await).pop());
        }
    }
    assert_eq!(told, [Some(5), Some(10), Some(10)]);
}

/// The numbers of members in a tile, as Mapbox Vector Tiles have them: a value (4) of a byte that is `uint_value` (5).
fn members_told(tile: &[u8]) -> Vec<u8> {
    let numbers = tile.windows(4).filter(|bytes| bytes.starts_with(&[4 << 3 | 2, 2, 5 << 3]));
    let mut numbers: Vec<u8> = numbers.map(|bytes| bytes[3]).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od_5_2_a_consent_is_taken_back_as_easily_as_it_is_given() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let told = async || -> Value { ada.get("/api/v1/me/consents").await.json().await.unwrap() };
    assert_eq!(told().await["items"][0]["given"], false, "nothing is agreed to by default");
    for given in [true, true, false] {
        app.advance(TimeDelta::minutes(1));
        ada.agree("heat_map", given).await;
        assert_eq!(told().await["items"][0]["given"], given);
    }
    let unknown = ada.request(reqwest::Method::PUT, "/api/v1/me/consents/everything");
    assert_eq!(unknown.json(&json!({ "given": true })).send().await.unwrap().status(), 404);
    let mut conn = crate::harness::connect(&app, "opentracks").await;
    let ledger: Vec<bool> = {
        use diesel::prelude::*;
        use diesel_async::RunQueryDsl;
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Bool)]
            is_given: bool,
        }
        let rows: Vec<Row> =
            diesel::sql_query("SELECT is_given FROM vault.consents ORDER BY decided_at")
                .load(&mut conn)
                .await
                .unwrap();
        rows.into_iter().map(|row| row.is_given).collect()
    };
    assert_eq!(ledger, [true, false], "what was decided before stays written down");
}

/// Whether there is a square at each of the places, and at each zoom level the same.
async fn hot(app: &TestApp) -> Vec<bool> {
    let mut all = Vec::new();
    for lon in PLACES {
        let mut each = Vec::new();
        for zoom in [14_u32, 13] {
            each.push(!square(app, lon, zoom).await.is_empty());
        }
        assert_eq!(each[0], each[1], "at {lon}");
        all.push(each[0]);
    }
    all
}

/// The tile that the middle of the walk lies in: what is hidden at its ends lies in others, but for a square.
async fn square(app: &TestApp, lon: f64, zoom: u32) -> Vec<u8> {
    let x = ((lon + 180.0) / 360.0 * f64::from(1_u32 << zoom)).floor();
    let y = 5_741 >> (14 - zoom);
    let answer = app.anyone().get(&format!("/tiles/heat/{zoom}/{x}/{y}.mvt")).await;
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}
