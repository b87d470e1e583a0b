//! Keeping, reading, changing, deleting.

use serde_json::{Value, json};

use crate::harness::{TestApp, fixture, northward_gpx};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_measured_private_and_its_owners_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = fixture("demo/mousehole_to_paul.gpx");
    let answer = ada.upload(&file, &json!({ "title": "Up the hill", "sport": "hiking" })).await;
    assert_eq!(answer.status(), 201);
    let activity: Value = answer.json().await.unwrap();
    assert_eq!(activity["title"], "Up the hill");
    assert_eq!(activity["visibility"], "private");
    assert_eq!(activity["sport"], "hiking");
    // GeographicLib's figure.
    let length = activity["statistics"]["distance_m"].as_f64().unwrap();
    assert!((length - 992.85).abs() < 0.1, "{length}");

    let path = format!("/api/v1/activities/{}", activity["id"].as_str().unwrap());
    let again: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(again, activity);
    let original = ada.get(&format!("{path}/original")).await.bytes().await.unwrap();
    assert_eq!(original, file);
    for stranger in [app.anyone(), app.member("Eve").await] {
        assert_eq!(stranger.get(&path).await.status(), 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_found_nearby_and_gone_when_taken_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let nearby = json!({ "position": [8.5, 47.3], "radius_m": 5000 });
    let found: Value = app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"][0]["activity"]["id"], json!(id), "{found}");
    assert_eq!(found["items"][0]["activity"]["author"]["public_name"], "Ada");
    assert!(found["items"][0]["distance_m"].as_f64().unwrap() > 150.0);

    let answer = ada.post(&format!("/api/v1/activities/{id}/unpublish"), &json!({})).await;
    assert_eq!(answer.status(), 200);
    let found: Value = app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"], json!([]));
    assert_eq!(app.anyone().get(&format!("/api/v1/activities/{id}")).await.status(), 404);
}
