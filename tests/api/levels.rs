//! `POST /me/visibility`: many at once, up and down.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::{kept, refused};
use crate::harness::{Caller, TestApp, northward_gpx};

async fn change(ada: &Caller<'_>, wish: Value) -> Value {
    let answer = ada.post("/api/v1/me/visibility", &wish).await;
    assert_eq!(answer.status(), 200, "{wish}");
    answer.json().await.unwrap()
}

/// Two that can be shown, and one that is all ends.
async fn three(ada: &Caller<'_>) -> [String; 3] {
    let mut paths = Vec::new();
    for points in [300, 301, 20] {
        paths.push(path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, points)).await));
    }
    paths.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_published_and_taken_back_at_once() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let paths = three(&ada).await;
    let others = path_of(&eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let before = kept(&app).await;
    let dry = change(&ada, json!({ "visibility": "published", "dry_run": true })).await;
    assert_eq!(kept(&app).await, before);
    let real = change(&ada, json!({ "visibility": "published" })).await;
    for list in ["changed", "nothing_visible", "more"] {
        assert_eq!(dry[list], real[list], "{list}");
    }
    assert_eq!(real["changed"].as_array().unwrap().len(), 2);
    assert_eq!(real["nothing_visible"].as_array().unwrap().len(), 1);
    assert_eq!(real["more"], false);
    for path in &paths[..2] {
        assert_eq!(app.anyone().get(path).await.status(), 200);
    }
    for path in [&paths[2], &others] {
        refused(app.anyone().get(path).await, 404).await;
    }
    // A link goes as well.
    let link = ada.post(&format!("{}/links", paths[0]), &json!({})).await;
    let link: Value = link.json().await.unwrap();
    let shared = format!("/api/v1/shared/{}", link["token"].as_str().unwrap());
    assert_eq!(app.anyone().get(&shared).await.status(), 200);
    let back = change(&ada, json!({ "visibility": "private" })).await;
    assert_eq!(back["changed"].as_array().unwrap().len(), 2);
    for path in paths.iter().chain([&shared]) {
        refused(app.anyone().get(path).await, 404).await;
    }
    let again = change(&ada, json!({ "visibility": "private" })).await;
    assert_eq!(again["changed"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_chooses_which() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let paths = three(&ada).await;
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let until = app.now() + TimeDelta::days(1);
    let wish =
        json!({ "visibility": "published", "until": until, "filter": { "ids": [id(&paths[1])] } });
    assert_eq!(change(&ada, wish).await["changed"], json!([id(&paths[1])]));
    let own: Value = ada.get(&paths[1]).await.json().await.unwrap();
    assert_eq!(own["sharing"]["published_until"], json!(until));
    refused(app.anyone().get(&paths[0]).await, 404).await;
    let none = json!({ "visibility": "private", "filter": { "sport": "hiking" } });
    assert_eq!(change(&ada, none).await["changed"], json!([]));
    let wish = json!({ "visibility": "private", "filter": { "visibility": "published" } });
    assert_eq!(change(&ada, wish).await["changed"], json!([id(&paths[1])]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_by_field() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let some = "3f2b8c1e-9d4a-4f6b-8c2d-1e5a7b9c0d3f";
    let many: Vec<&str> = vec![some; 201];
    for fault in [
        json!({}),
        json!({ "visibility": "link" }),
        json!({ "visibility": "everyone" }),
        json!({ "visibility": "community" }),
        json!({ "visibility": "private", "community": some }),
        json!({ "visibility": "private", "until": app.now() + TimeDelta::days(1) }),
        json!({ "visibility": "private", "filter": { "ids": many } }),
        json!({ "visibility": "private", "filter": { "from": "+012026-01-01T00:00:00Z" } }),
        json!({ "visibility": "private", "filter": { "owner": some } }),
    ] {
        refused(ada.post("/api/v1/me/visibility", &fault).await, 422).await;
    }
    // A community of somebody else's is as good as none.
    let wish = json!({ "visibility": "community", "community": some });
    refused(ada.post("/api/v1/me/visibility", &wish).await, 404).await;
    let past = json!({ "visibility": "published", "until": app.now() });
    ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await;
    refused(ada.post("/api/v1/me/visibility", &past).await, 422).await;
}
