//! What others get of an activity, as its owner chose: by default the least.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::communities::{community, json_of, share};
use crate::harness::{Caller, TestApp, northward_gpx};
use crate::links::{link, shared};
use crate::logs::without_chance;
use crate::sharing::CHILDREN;
use crate::tiles::{tile, tile_of};

/// A walk with a heart rate, published.
async fn published(ada: &Caller<'_>) -> String {
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let beat = "<extensions><gpxtpx:TrackPointExtension xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\">\
                <gpxtpx:hr>251</gpxtpx:hr><gpxtpx:cad>253</gpxtpx:cad></gpxtpx:TrackPointExtension></extensions></trkpt>";
    let id = ada.has_published(gpx.replace("</trkpt>", beat).as_bytes()).await;
    format!("/api/v1/activities/{id}")
}

async fn choose(ada: &Caller<'_>, path: &str, choices: Value) -> Value {
    let answer = ada.patch(path, &json!({ "choices": choices })).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

async fn text(caller: &Caller<'_>, path: &str) -> String {
    let answer = caller.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}

/// Whether a number stands in a text. No distance, time or elevation of the walk is one of those
/// that are looked for.
fn tells(text: &str, number: &str) -> bool {
    let text = without_chance(text);
    let numbers = text.split(|char: char| !char.is_ascii_digit() && char != '.');
    numbers.into_iter().any(|word| word.trim_end_matches(".0") == number)
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_others_get_the_least() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = published(&ada).await;
    let own: Value = ada.get(&path).await.json().await.unwrap();
    let least = json!({
        "hour": false, "heart_rate": false, "map": true, "statistics": true, "ends_m": 200
    });
    assert_eq!(own["choices"], least);
    for child in CHILDREN {
        let seen = text(&app.anyone(), &format!("{path}{child}")).await;
        // In a picture a number is a place on it.
        let tells_sensor = tells(&seen, "251") || tells(&seen, "253");
        assert!(child.starts_with("/preview") || !tells_sensor, "{child}: {seen}");
        assert!(!seen.contains("\"hour\"") && !seen.contains("2026-05-30T"), "{child}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heart_rate_is_shown_on_request_and_no_other_sensor() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = published(&ada).await;
    choose(&ada, &path, json!({ "heart_rate": true })).await;
    for child in ["/track.gpx", "/track.csv", "/profile", "/analysis"] {
        let seen = text(&app.anyone(), &format!("{path}{child}")).await;
        assert!(tells(&seen, "251") && !tells(&seen, "253"), "{child}: {seen}");
    }
    choose(&ada, &path, json!({ "heart_rate": false })).await;
    for child in CHILDREN.into_iter().filter(|child| !child.starts_with("/preview")) {
        assert!(!tells(&text(&app.anyone(), &format!("{path}{child}")).await, "251"), "{child}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hour_is_that_of_the_first_visible_point() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // From 07:00 on, 3 s every 10 m: the first 12 km take an hour.
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 2_500)).await;
    let path = format!("/api/v1/activities/{id}");
    let chosen = choose(&ada, &path, json!({ "hour": true })).await;
    assert_eq!(chosen["choices"]["ends_m"], 200, "what is left out stays");
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(seen["hour"], "2026-05-30T07:00:00Z");
    let zone = json!({ "label": "Home", "position": [8.5, 47.33], "radius_m": 5_000 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let zone = json!({ "label": "More", "position": [8.5, 47.38], "radius_m": 5_000 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    app.run_jobs().await;
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(seen["hour"], "2026-05-30T08:00:00Z");
}

/// Nothing tells where it was: no line, no box, no elevation, no file, no neighbourhood.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_map_tells_no_place() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = published(&ada).await;
    choose(&ada, &path, json!({ "map": false, "heart_rate": true })).await;
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert!(seen["statistics"]["distance_m"].as_f64().unwrap() > 1_000.0);
    for place in ["bbox", "elevation_min_m", "elevation_max_m"] {
        assert_eq!(seen["statistics"][place], Value::Null, "{place}");
    }
    assert_eq!(seen["waypoints"], json!([]));
    assert!(!seen.to_string().contains("47.3") && !seen.to_string().contains("8.5"), "{seen}");
    for child in CHILDREN.into_iter().filter(|child| !child.is_empty()) {
        refused(app.anyone().get(&format!("{path}{child}")).await, 404).await;
        refused(ada.get(&format!("{path}{child}?as=public")).await, 404).await;
        assert_eq!(ada.get(&format!("{path}{child}")).await.status(), 200, "{child}");
    }
    let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
    let found: Value =
        app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_much_of_the_ends_is_hidden_is_chosen_and_bounded() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = published(&ada).await;
    let points = async || {
        let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
        seen["statistics"]["points"].as_u64().unwrap()
    };
    let by_default = points().await;
    choose(&ada, &path, json!({ "ends_m": 500 })).await;
    assert!(points().await < by_default - 50);
    choose(&ada, &path, json!({ "ends_m": 0 })).await;
    assert_eq!(points().await, 300);
    for ends_m in [json!(5_001), json!(-1), json!(70_000), json!("200")] {
        let answer = ada.patch(&path, &json!({ "choices": { "ends_m": ends_m } })).await;
        refused(answer, 422).await;
    }
    refused(ada.patch(&path, &json!({ "choices": { "speed": true } })).await, 422).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_for_a_time_is_gone_when_it_is_over() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let publish = format!("{path}/publish");
    let until = app.now() + TimeDelta::minutes(3);
    let own: Value = ada.post(&publish, &json!({ "until": until })).await.json().await.unwrap();
    assert_eq!(own["sharing"]["published_until"], json!(until));
    let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
    let found = async || {
        let answer = app.anyone().post("/api/v1/explore/nearby", &nearby).await;
        answer.json::<Value>().await.unwrap()["items"].as_array().unwrap().len()
    };
    let drawn = async || !tile(&app.anyone(), &tile_of(13, 8.5, 47.315)).await.is_empty();
    app.advance(TimeDelta::minutes(3) - TimeDelta::seconds(1));
    assert_eq!((app.anyone().get(&path).await.status().as_u16(), found().await), (200, 1));
    assert!(drawn().await);
    app.advance(TimeDelta::seconds(1));
    // Before anything has swept it up.
    for child in CHILDREN {
        refused(app.anyone().get(&format!("{path}{child}")).await, 404).await;
    }
    assert_eq!((found().await, drawn().await), (0, false));
    app.run_jobs().await;
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&own["visibility"], &own["sharing"]["published_until"]),
        (&json!("private"), &Value::Null)
    );
    // Publishing it again without an end is for good.
    assert_eq!(
        ada.post(&publish, &json!({ "until": app.now() + TimeDelta::minutes(1) })).await.status(),
        200
    );
    assert_eq!(ada.post(&publish, &json!({})).await.status(), 200);
    app.advance(TimeDelta::minutes(2));
    app.run_jobs().await;
    assert_eq!(app.anyone().get(&path).await.status(), 200);
    for fault in [json!(app.now()), json!("+012026-01-01T00:00:00Z"), json!("soon")] {
        refused(ada.post(&publish, &json!({ "until": fault })).await, 422).await;
    }
}

/// From the moment on, and not from when somebody has taken it back.
#[tokio::test(flavor = "multi_thread")]
async fn who_sees_it_by_another_way_goes_on_seeing_it_when_a_publication_is_over() {
    let app = TestApp::start().await;
    let (ada, eve, bob) =
        (app.member("Ada").await, app.member("Eve").await, app.member("Bob").await);
    let brook = community(&ada, "Brook", "public").await;
    let joined = eve.post(&format!("{brook}/requests"), &json!({})).await;
    assert_eq!(joined.status(), 200);
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    assert_eq!(share(&ada, &path, &brook).await.status(), 200);
    let by_link = shared(&link(&ada, &path, json!({})).await);
    let until = json!({ "until": app.now() + TimeDelta::minutes(3) });
    assert_eq!(ada.post(&format!("{path}/publish"), &until).await.status(), 200);
    app.advance(TimeDelta::minutes(3));
    // Before anything has swept it up, and after.
    for _ in 0..2 {
        let seen = json_of(&eve, &path).await;
        assert_eq!((&seen["visibility"], &seen["rating"]), (&json!("community"), &Value::Null));
        assert_eq!(json_of(&app.anyone(), &by_link).await["visibility"], "link");
        for child in CHILDREN {
            refused(app.anyone().get(&format!("{path}{child}")).await, 404).await;
            refused(bob.get(&format!("{path}{child}")).await, 404).await;
        }
        refused(eve.get(&format!("{path}/reviews")).await, 404).await;
        let feed = json_of(&eve, &format!("{brook}/activities")).await;
        assert_eq!(feed["items"].as_array().unwrap().len(), 1);
        app.run_jobs().await;
    }
}
