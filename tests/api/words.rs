//! Words and ids that tell more than their owner meant to.

use serde_json::{Value, json};

use crate::harness::{TestApp, northward_gpx};

/// Devices call a track by the minute it began. Nobody chose that word for others.
#[tokio::test(flavor = "multi_thread")]
async fn words_that_a_file_brought_are_its_owners_until_chosen() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let words = "<trk><name>2026-05-30 06:58</name><desc>Home to work</desc>";
    let id = ada.has_published(gpx.replacen("<trk>", words, 1).as_bytes()).await;
    let path = format!("/api/v1/activities/{id}");

    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&own["title"], &own["description"]),
        (&json!("2026-05-30 06:58"), &json!("Home to work"))
    );
    for child in ["", "/track.geojson", "/track.gpx", "/track.tcx", "/track.kml", "/track.csv"] {
        let text = app.anyone().get(&format!("{path}{child}")).await.text().await.unwrap();
        assert!(!text.contains("06:58") && !text.contains("Home to work"), "{child}: {text}");
    }
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!((&seen["title"], &seen["description"]), (&json!("Running"), &Value::Null));

    assert_eq!(ada.patch(&path, &json!({ "title": "Along the river" })).await.status(), 200);
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!((&seen["title"], &seen["description"]), (&json!("Along the river"), &Value::Null));
}

/// Ids of other versions tell when, and on which device, they were made.
#[tokio::test(flavor = "multi_thread")]
async fn only_random_ids_are_taken() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 30);
    for id in [
        "c232ab00-9414-11ec-b3c8-9f6bdeced846",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let answer = ada.put(id, &file, &json!({})).await;
        assert_eq!(answer.status(), 422, "{id}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], "id");
    }
}
