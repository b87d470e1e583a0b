//! What is made of a track: files, series and numbers, exact for its owner and cut for others.

use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{TestApp, northward_gpx};
use crate::sharing::{CHILDREN, Fix, walk};

#[tokio::test(flavor = "multi_thread")]
async fn every_format_has_all_points_for_the_owner_and_the_visible_ones_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let shown: Value = app.anyone().get(&path).await.json().await.unwrap();
    let visible = usize::try_from(shown["statistics"]["points"].as_u64().unwrap()).unwrap();
    for (format, media_type, mark) in [
        ("tcx", "application/vnd.garmin.tcx+xml", "<Trackpoint>"),
        ("kml", "application/vnd.google-earth.kml+xml", ",100\n"),
        ("csv", "text/csv; charset=utf-8", "\n1,"),
    ] {
        let child = format!("{path}/track.{format}");
        let own = ada.get(&child).await;
        assert_eq!(own.headers()["content-type"], media_type);
        let named = own.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(named.ends_with(&format!(".{format}\"")), "{named}");
        let own = own.text().await.unwrap();
        let public = app.anyone().get(&child).await.text().await.unwrap();
        assert!(own.contains("2026-05-30T07:00:00"), "{format}: {own}");
        assert!(!public.contains("T07:") && !public.contains("2026-05-30T"), "{format}: {public}");
        if format != "kml" {
            assert_eq!(own.matches(mark).count(), 300, "{format}: {own}");
            assert_eq!(public.matches(mark).count(), visible, "{format}: {public}");
        }
        // The first point is where its author lives.
        assert!(own.contains("47.3") && !public.contains("47.3,") && !public.contains("47.300"));
        assert!(public.contains("Ada"), "{format}: {public}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_format_of_a_private_track_is_there_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    for stranger in [app.anyone(), app.member("Eve").await] {
        for child in CHILDREN {
            refused(stranger.get(&format!("{path}{child}")).await, 404).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_of_chart_size_and_keeps_the_extremes() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let own = ada.has_activity(&walk("2026-05-30T07:00:00Z", &long_walk(3_000))).await;
    let profile: Value = ada.get(&format!("{}/profile", path_of(&own))).await.json().await.unwrap();
    let columns = ["distance_m", "elapsed_s", "elevation_m", "speed_mps", "heart_rate_bpm"];
    let shown = profile["point"].as_array().unwrap().len();
    assert!(shown <= 1_000 && shown > 300, "{shown}");
    for column in columns {
        assert_eq!(profile[column].as_array().unwrap().len(), shown, "{column}");
    }
    assert_eq!(profile["part_starts"], json!([0]));
    let statistics = &own["statistics"];
    assert_eq!(greatest(&profile["elevation_m"]), statistics["elevation_max_m"].as_f64());
    assert_eq!(greatest(&profile["distance_m"]), statistics["distance_m"].as_f64());
    let speed = greatest(&profile["speed_mps"]).unwrap();
    assert!((speed - statistics["speed_max_mps"].as_f64().unwrap()).abs() < 1e-3);
    assert!(profile.get("power_w").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn others_get_series_and_numbers_of_the_visible_parts_and_no_sensors() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&walk("2026-05-30T07:00:00Z", &long_walk(300))).await;
    let path = format!("/api/v1/activities/{id}");
    let shown: Value = app.anyone().get(&path).await.json().await.unwrap();
    let own: Value = ada.get(&format!("{path}/analysis")).await.json().await.unwrap();
    assert!(own["sensors"]["heart_rate_bpm"]["avg"].as_f64().unwrap() > 100.0, "{own}");
    assert_eq!(own["splits"].as_array().unwrap().len(), 3);
    assert_eq!(own["best_efforts"][1]["distance_m"], 1_000.0);
    assert_eq!(own["estimate"], Value::Null);

    for child in ["profile", "analysis"] {
        let answer = app.anyone().get(&format!("{path}/{child}")).await;
        assert_eq!(answer.headers()["cache-control"], "public, no-cache");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("heart") && !text.contains("sensors"), "{text}");
    }
    let profile: Value = app.anyone().get(&format!("{path}/profile")).await.json().await.unwrap();
    assert_eq!(greatest(&profile["distance_m"]), shown["statistics"]["distance_m"].as_f64());
    assert_eq!((&profile["elapsed_s"][0], &profile["point"][0]), (&json!(0.0), &json!(0)));
    let analysis: Value = app.anyone().get(&format!("{path}/analysis")).await.json().await.unwrap();
    let length: f64 = analysis["splits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|split| split["distance_m"].as_f64().unwrap())
        .sum();
    assert!((length - shown["statistics"]["distance_m"].as_f64().unwrap()).abs() < 1e-6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_how_long_it_takes() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let plan = |sport: &str| {
        json!({ "title": "Over", "sport": sport, "track": { "type": "LineString",
            "coordinates": [[8.5, 47.3, 400], [8.51, 47.31, 420], [8.52, 47.32, 410]] } })
    };
    for (sport, method) in [("hiking", json!("din33466")), ("sailing", Value::Null)] {
        let kept: Value = ada.post("/api/v1/activities", &plan(sport)).await.json().await.unwrap();
        let path = format!("{}/analysis", path_of(&kept));
        let analysis: Value = ada.get(&path).await.json().await.unwrap();
        assert_eq!(analysis["estimate"]["method"], method, "{analysis}");
    }
}

/// Northwards, ten metres and four seconds a step.
fn long_walk(steps: u32) -> Vec<Fix> {
    let fix = |step: u32| {
        let (north, up) = (f64::from(step) * 10.0, f64::from(400 + step % 61));
        Fix(north, 0.0, up, i64::from(step) * 4)
    };
    (0..steps).map(fix).collect()
}

fn greatest(values: &Value) -> Option<f64> {
    values.as_array()?.iter().filter_map(Value::as_f64).reduce(f64::max)
}
