//! Keeping, reading, changing, deleting.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::bad_input::{blobs, refused};
use crate::harness::{Caller, TestApp, fixture, northward_gpx};

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

    let path = path_of(&activity);
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
    let found: Value =
        app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"][0]["activity"]["id"], json!(id), "{found}");
    assert_eq!(found["items"][0]["activity"]["author"]["public_name"], "Ada");
    assert!(found["items"][0]["distance_m"].as_f64().unwrap() > 150.0);

    let answer = ada.post(&format!("/api/v1/activities/{id}/unpublish"), &json!({})).await;
    assert_eq!(answer.status(), 200);
    let found: Value =
        app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"], json!([]));
    assert_eq!(app.anyone().get(&format!("/api/v1/activities/{id}")).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_overwrites_nothing_its_author_has_not_seen() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let metadata =
        json!({ "title": "Before", "description": "Along the brook.", "sport": "running" });
    let answer = ada.upload(&northward_gpx(8.5, 47.3, 100), &metadata).await;
    let first_tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let path = path_of(&answer.json().await.unwrap());
    app.advance(chrono::TimeDelta::minutes(5));

    let answer = patch_if(&ada, &path, &first_tag, &json!({ "title": "After" })).await;
    assert_eq!(answer.status(), 200);
    let second_tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    assert_ne!(second_tag, first_tag);
    let edited: Value = answer.json().await.unwrap();
    assert_eq!((&edited["title"], &edited["version"]), (&json!("After"), &json!(2)));
    // What the edit does not name stays.
    assert_eq!(
        (&edited["description"], &edited["sport"]),
        (&json!("Along the brook."), &json!("running"))
    );
    assert_ne!(edited["updated_at"], edited["created_at"]);

    let stale = patch_if(&ada, &path, &first_tag, &json!({ "title": "Lost" })).await;
    refused(stale, 412).await;
    let stale =
        ada.request(Method::DELETE, &path).header("If-Match", &first_tag).send().await.unwrap();
    refused(stale, 412).await;
    for verb in ["publish", "unpublish"] {
        let request = ada.request(Method::POST, &format!("{path}/{verb}"));
        refused(request.header("If-Match", &first_tag).send().await.unwrap(), 412).await;
    }
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), edited);

    let answer = patch_if(&ada, &path, &second_tag, &json!({ "description": null })).await;
    let cleared: Value = answer.json().await.unwrap();
    assert_eq!((&cleared["description"], &cleared["title"]), (&Value::Null, &json!("After")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_changes_words_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await);
    let before: Value = ada.get(&path).await.json().await.unwrap();
    for (field, value) in [
        ("visibility", json!("published")),
        ("sharing", json!({ "published": true })),
        ("published", json!(true)),
        ("owner", json!(eve.account_id)),
        ("account_id", json!(eve.account_id)),
        ("author", json!({ "id": eve.account_id })),
        ("id", json!("11111111-1111-4111-8111-111111111111")),
        ("started_at", json!("2020-01-01T00:00:00Z")),
        ("created_at", json!("2020-01-01T00:00:00Z")),
        ("version", json!(7)),
        ("statistics", json!({ "distance_m": 1 })),
        ("waypoints", json!([])),
    ] {
        let answer = ada.patch(&path, &json!({ "title": "Changed", field: value })).await;
        let problem = refused(answer, 422).await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for (field, value) in
        [("title", json!(null)), ("title", json!("")), ("sport", json!("flying carpet"))]
    {
        let answer = ada.patch(&path, &json!({ field: value })).await;
        // A title can be changed and not removed; leaving it as it was is no fault either.
        assert!(value.is_null() || answer.status() == 422, "{field}: {}", answer.status());
    }
    let after: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!((&after["title"], &after["visibility"]), (&before["title"], &before["visibility"]));
    assert_eq!(
        (&after["started_at"], &after["statistics"]),
        (&before["started_at"], &before["statistics"])
    );
    assert_eq!(eve.patch(&path, &json!({ "title": "Mine" })).await.status(), 404);
    assert_eq!(eve.delete(&path).await.status(), 404);
    assert_eq!(ada.get(&path).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_is_gone_with_its_file_and_its_id_stays_taken() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let id = ada.has_published(&file).await;
    let path = format!("/api/v1/activities/{id}");
    assert_eq!(blobs(&app), 1);

    assert_eq!(ada.delete(&path).await.status(), 204);
    for child in ["", "/track.geojson", "/track.gpx", "/original"] {
        refused(ada.get(&format!("{path}{child}")).await, 404).await;
    }
    refused(app.anyone().get(&path).await, 404).await;
    refused(ada.delete(&path).await, 404).await;
    refused(ada.patch(&path, &json!({ "title": "Back" })).await, 404).await;
    for verb in ["publish", "unpublish"] {
        refused(ada.post(&format!("{path}/{verb}"), &json!({})).await, 404).await;
    }
    let list: Value = ada.get("/api/v1/me/activities").await.json().await.unwrap();
    assert_eq!(list["items"], json!([]));
    app.run_jobs().await;
    assert_eq!(blobs(&app), 0);

    // A device that did not hear of it must not bring it back.
    refused(ada.put(&id, &file, &json!({})).await, 410).await;
    refused(ada.get(&path).await, 404).await;
    assert_eq!(blobs(&app), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_track_comes_back_point_by_point() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 50);
    let path = path_of(&ada.has_activity(&file).await);
    let sent = String::from_utf8(file.clone()).unwrap();

    let answer = ada.get(&format!("{path}/track.geojson")).await;
    assert_eq!(answer.headers()["content-type"], "application/geo+json");
    let collection: Value = answer.json().await.unwrap();
    let line = &collection["features"][0]["geometry"];
    assert_eq!(line["type"], "LineString");
    let points: Vec<(f64, f64, f64)> = line["coordinates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|position| {
            let number = |index: usize| position[index].as_f64().unwrap();
            (number(1), number(0), number(2))
        })
        .collect();
    assert_eq!(points, points_of(&sent));

    let answer = ada.get(&format!("{path}/track.gpx")).await;
    assert_eq!(answer.headers()["content-type"], "application/gpx+xml");
    let written = answer.text().await.unwrap();
    assert_eq!(points_of(&written), points_of(&sent));
    let times = |gpx: &str| -> Vec<String> {
        let after = gpx.split("<time>").skip(1);
        after.map(|rest| rest.split(['Z', '.']).next().unwrap().to_owned()).collect()
    };
    assert_eq!(times(&written), times(&sent));

    let original = ada.get(&format!("{path}/original")).await;
    let named = original.headers()["content-disposition"].to_str().unwrap();
    assert!(named.starts_with("attachment") && !named.contains("track.gpx"), "{named}");
    assert_eq!(original.bytes().await.unwrap(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_holds_several_activities_becomes_several() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = fixture("demo/korita-zbevnica.gpx");
    let answer = ada.upload(&file, &json!({})).await;
    assert_eq!(answer.status(), 201);
    let kept: Value = answer.json().await.unwrap();
    assert!(kept["flaws"].is_array());
    let activities = kept["activities"].as_array().unwrap();
    assert!(activities.len() > 1);
    let length: f64 =
        activities.iter().map(|one| one["statistics"]["distance_m"].as_f64().unwrap()).sum();
    // The sum of the geodesic lengths of its segments.
    assert!((length - 14_914.28).abs() < 15.0, "{length}");
    for activity in activities {
        assert_eq!(activity["visibility"], "private");
        assert!(activity["flaws"].is_array());
        let path = path_of(activity);
        assert_eq!(&ada.get(&path).await.json::<Value>().await.unwrap(), activity);
        assert_eq!(ada.get(&format!("{path}/original")).await.bytes().await.unwrap(), file);
    }
    let list: Value = ada.get("/api/v1/me/activities").await.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), activities.len());
}

/// What is sound is kept, and its owner learns what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_breaks_off_says_so_and_where() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for (file, flaw) in [
        ("truncated-99pct", json!({ "rule": "truncated", "count": 1, "where": "line 1276" })),
        ("trailing-garbage", json!({ "rule": "malformed", "count": 1, "where": "line 1291" })),
    ] {
        let kept = ada.has_activity(&fixture(&format!("tracks/bad/DERIVED/{file}.gpx"))).await;
        assert_eq!(kept["flaws"], json!([flaw]), "{file}");
        assert_eq!(ada.get(&path_of(&kept)).await.json::<Value>().await.unwrap(), kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_drawn_in_json() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let line = json!([[8.5, 47.3, 400], [8.51, 47.31, 420], [8.52, 47.32, 410]]);
    let plan = json!({
        "kind": "planned", "title": "Over the ridge", "sport": "hiking",
        "track": { "type": "LineString", "coordinates": line },
        "waypoints": [{ "position": [8.51, 47.31], "name": "Spring", "description": "Fresh water" }],
    });
    let answer = ada.post("/api/v1/activities", &plan).await;
    assert_eq!(answer.status(), 201);
    let kept: Value = answer.json().await.unwrap();
    assert_eq!(
        (&kept["kind"], &kept["title"], &kept["sport"]),
        (&json!("planned"), &json!("Over the ridge"), &json!("hiking"))
    );
    assert_eq!((&kept["visibility"], &kept["started_at"]), (&json!("private"), &Value::Null));
    assert_eq!(
        kept["waypoints"],
        json!([{ "position": [8.51, 47.31], "name": "Spring", "description": "Fresh water" }])
    );
    let drawn: Value =
        ada.get(&format!("{}/track.geojson", path_of(&kept))).await.json().await.unwrap();
    assert_eq!(drawn["features"][0]["geometry"]["coordinates"], line);

    let parts = json!({ "title": "Two", "track": { "type": "MultiLineString", "coordinates": [line, [[8.6, 47.4], [8.61, 47.41]]] } });
    let kept: Value = ada.post("/api/v1/activities", &parts).await.json().await.unwrap();
    assert_eq!((&kept["kind"], &kept["statistics"]["parts"]), (&json!("planned"), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_may_come_before_the_file_or_after_it_or_not_at_all() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = || Part::bytes(northward_gpx(8.5, 47.3, 30)).file_name("track.gpx");
    let metadata =
        || json!({ "title": "Mine", "sport": "cycling", "kind": "recorded" }).to_string();
    for form in [
        Form::new().part("file", file()).text("metadata", metadata()),
        Form::new().text("metadata", metadata()).part("file", file()),
    ] {
        let request = ada.request(Method::POST, "/api/v1/activities").multipart(form);
        let kept: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!((&kept["title"], &kept["sport"]), (&json!("Mine"), &json!("cycling")));
        assert_eq!(kept["started_at"], "2026-05-30T07:00:00Z");
    }
    let request =
        ada.request(Method::POST, "/api/v1/activities").multipart(Form::new().part("file", file()));
    let kept: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&kept["title"], &kept["sport"]), (&json!("Running"), &json!("running")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_was_recorded_in_the_future() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 30);
    // It is noon of 1 June 2026; a clock may be a day ahead, not more.
    for start in ["2026-06-04T12:00:00Z", "2031-01-01T00:00:00Z", "1975-01-01T00:00:00Z"] {
        let answer = ada.upload(&file, &json!({ "kind": "recorded", "started_at": start })).await;
        let problem = refused(answer, 422).await;
        assert_eq!(problem["errors"][0]["field"], "started_at", "{problem}");
    }
    assert_eq!(blobs(&app), 0);

    // A file whose clock is wrong keeps its line, without its times.
    let ahead = String::from_utf8(file).unwrap().replace("2026-05-30", "2031-05-30");
    let kept = ada.has_activity(ahead.as_bytes()).await;
    assert_eq!(kept["started_at"], Value::Null);
    assert_eq!(kept["flaws"][0]["count"], 30, "{}", kept["flaws"]);
}

pub fn path_of(activity: &Value) -> String {
    format!("/api/v1/activities/{}", activity["id"].as_str().unwrap())
}

async fn patch_if(caller: &Caller<'_>, path: &str, tag: &str, body: &Value) -> reqwest::Response {
    caller.request(Method::PATCH, path).header("If-Match", tag).json(body).send().await.unwrap()
}

/// Latitude, longitude and elevation of every track point of a GPX file.
fn points_of(gpx: &str) -> Vec<(f64, f64, f64)> {
    let between = |text: &str, from: &str, to: &str| -> f64 {
        text.split(from).nth(1).unwrap().split(to).next().unwrap().parse().unwrap()
    };
    let points = gpx.split("<trkpt").skip(1);
    points
        .map(|point| {
            (
                between(point, "lat=\"", "\""),
                between(point, "lon=\"", "\""),
                between(point, "<ele>", "</ele>"),
            )
        })
        .collect()
}
