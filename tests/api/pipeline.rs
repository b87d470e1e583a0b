//! What is made of a track: files, series and numbers, exact for its owner and cut for others.

use reqwest::multipart::{Form, Part};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::{blobs, refused};
use crate::harness::{Caller, TestApp, northward_gpx};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_crop_measures_anew_moves_the_start_and_keeps_the_file() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let path = path_of(&ada.has_activity(&file).await);
    let cropped =
        done(ada.post(&format!("{path}/crop"), &json!({ "from_s": 30, "to_s": 300 })).await, 200)
            .await;
    assert_eq!((&cropped["statistics"]["points"], &cropped["version"]), (&json!(91), &json!(2)));
    assert_eq!(cropped["started_at"], "2026-05-30T07:00:30Z");
    let length = cropped["statistics"]["distance_m"].as_f64().unwrap();
    assert!((length - 900.0).abs() < 5.0, "{length}");
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), cropped);
    let by_points = json!({ "from_index": 10, "to_index": 19 });
    let cropped = done(ada.post(&format!("{path}/crop"), &by_points).await, 200).await;
    assert_eq!(cropped["statistics"]["points"], 10);
    assert_eq!(cropped["started_at"], "2026-05-30T07:01:00Z");
    assert_eq!(ada.get(&format!("{path}/original")).await.bytes().await.unwrap(), file);
    // The upload is still the same one.
    assert_eq!(ada.put(id_of(&path), &file, &json!({})).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_published_line_remakes_what_others_see() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = walk("2026-05-30T07:00:00Z", &long_walk(300));
    for edit in ["crop", "points/remove", "track", "split"] {
        let id = ada.has_published(&file).await;
        let path = format!("/api/v1/activities/{id}");
        let mut before = Vec::new();
        for child in CHILDREN {
            before.push(app.anyone().get(&format!("{path}{child}")).await.text().await.unwrap());
        }
        let answer = match edit {
            "crop" => {
                ada.post(&format!("{path}/crop"), &json!({ "from_index": 50, "to_index": 250 }))
                    .await
            }
            "points/remove" => {
                ada.post(&format!("{path}/points/remove"), &json!({ "indices": [150, 151] })).await
            }
            "track" => put_track(&ada, &path, &walk("2026-05-30T07:00:00Z", &long_walk(200))).await,
            _ => ada.post(&format!("{path}/split"), &json!({ "at_index": 150 })).await,
        };
        assert!(answer.status().is_success(), "{edit}: {}", answer.text().await.unwrap());
        for (child, before) in CHILDREN.iter().zip(before) {
            let after = app.anyone().get(&format!("{path}{child}")).await;
            assert_eq!(after.status(), 200);
            // A straight line looks the same with two points less.
            if edit != "points/remove" || !child.starts_with("/preview") {
                assert_ne!(after.text().await.unwrap(), before, "{edit} {child}");
            }
        }
        let shown: Value = app.anyone().get(&path).await.json().await.unwrap();
        let own: Value = ada.get(&path).await.json().await.unwrap();
        assert_eq!((&own["visibility"], &own["version"]), (&json!("published"), &json!(3)));
        let length = |activity: &Value| activity["statistics"]["distance_m"].as_f64().unwrap();
        assert!(length(&shown) < length(&own) - 390.0, "{edit}: {shown}");
    }
}

/// What was cropped away is nowhere any more, waypoints included, for two owners alike.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_cropped_away_leaves_no_trace_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = format!(
        "/api/v1/activities/{}",
        ada.has_published(&walk("2026-05-30T07:00:00Z", &long_walk(300))).await
    );
    let crop = json!({ "from_index": 60, "to_index": 240 });
    let own = done(ada.post(&format!("{path}/crop"), &crop).await, 200).await;
    let names: Vec<&str> = own["waypoints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Spring"]);
    for child in CHILDREN {
        let answer = app.anyone().get(&format!("{path}{child}")).await.text().await.unwrap();
        assert!(!answer.contains("door"), "{child}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_leaves_nothing_to_show_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let own: Value = ada.get(&path).await.json().await.unwrap();
    let shown = app.anyone().get(&path).await.text().await.unwrap();
    let short = json!({ "from_index": 0, "to_index": 30 });
    refused(ada.post(&format!("{path}/crop"), &short).await, 409).await;
    refused(ada.post(&format!("{path}/split"), &json!({ "at_index": 20 })).await, 409).await;
    refused(put_track(&ada, &path, &northward_gpx(8.5, 47.3, 20)).await, 409).await;
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), own);
    assert_eq!(app.anyone().get(&path).await.text().await.unwrap(), shown);
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1);
    let list: Value = ada.get("/api/v1/me/activities").await.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_makes_a_private_second_half_once_and_a_merge_undoes_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let whole = ada.has_activity(&file).await;
    let path = path_of(&whole);
    let mut halves = Vec::new();
    for status in [201, 200] {
        let request = ada.request(Method::POST, &format!("{path}/split"));
        let request = request.header("Idempotency-Key", "half").json(&json!({ "at_s": 300 }));
        let request = request.header("If-Match", "\"1\"");
        halves.push(done(request.send().await.unwrap(), status).await);
    }
    assert_eq!(halves[0], halves[1]);
    let [first, second] = [0, 1].map(|half| halves[0]["activities"][half].clone());
    assert_eq!(
        (&first["statistics"]["points"], &second["statistics"]["points"]),
        (&json!(101), &json!(200))
    );
    assert_eq!(
        (&second["started_at"], &second["visibility"]),
        (&json!("2026-05-30T07:05:00Z"), &json!("private"))
    );
    for half in [&first, &second] {
        let original = ada.get(&format!("{}/original", path_of(half))).await;
        assert_eq!(original.bytes().await.unwrap(), file);
    }

    // Whichever is named first, the earlier one comes first.
    let merge = format!("{}/merge", path_of(&second));
    let merged = done(ada.post(&merge, &json!({ "with": first["id"] })).await, 200).await;
    assert_eq!(
        (&merged["statistics"]["points"], &merged["statistics"]["parts"]),
        (&json!(301), &json!(2))
    );
    assert_eq!((&merged["started_at"], &merged["version"]), (&whole["started_at"], &json!(2)));
    refused(ada.get(&path).await, 404).await;
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_never_publishes() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let published = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let path = format!("/api/v1/activities/{published}");
    let shown = app.anyone().get(&path).await.text().await.unwrap();
    let other = ada.has_activity(&northward_gpx(8.5, 47.4, 300)).await;
    let merge = format!("{path}/merge");
    let problem = refused(ada.post(&merge, &json!({ "with": other["id"] })).await, 409).await;
    assert_eq!(problem["type"], "/problems/shared");
    assert_eq!(app.anyone().get(&path).await.text().await.unwrap(), shown);

    let merge = format!("{}/merge", path_of(&other));
    refused(ada.post(&merge, &json!({ "with": other["id"] })).await, 422).await;
    // Recorded at the same time.
    refused(ada.post(&merge, &json!({ "with": published })).await, 422).await;
    let hers = eve.has_activity(&northward_gpx(8.5, 47.3, 300)).await;
    let hidden = refused(ada.post(&merge, &json!({ "with": hers["id"] })).await, 404).await;
    let absent = json!({ "with": "0b8f2d5e-4c3a-4f6b-9d2e-7a1c5e9f3b60" });
    assert_eq!(refused(ada.post(&merge, &absent).await, 404).await, hidden);
    // What is merged in is gone for others too.
    let later = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap().replace("05-30", "05-31");
    let later = ada.has_published(later.as_bytes()).await;
    done(ada.post(&merge, &json!({ "with": later })).await, 200).await;
    refused(app.anyone().get(&format!("/api/v1/activities/{later}")).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_turned_round_redrawn_and_appended() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let line = |from: f64| json!({ "type": "LineString", "coordinates": [[8.5, from], [8.5, from + 0.02]] });
    let plan = async |from: f64| {
        let plan = json!({ "title": "Over", "sport": "hiking", "track": line(from) });
        done(ada.post("/api/v1/activities", &plan).await, 201).await
    };
    let path = path_of(&plan(47.3).await);
    done(ada.post(&format!("{path}/reverse"), &json!({})).await, 200).await;
    assert_eq!(drawn(&ada, &path).await, json!([[8.5, 47.32], [8.5, 47.3]]));

    let redrawn = json!({ "track": line(47.5), "waypoints": [{ "position": [8.5, 47.51], "name": "Spring" }] });
    let request = ada.request(Method::PUT, &format!("{path}/track")).json(&redrawn);
    let own = done(request.send().await.unwrap(), 200).await;
    assert_eq!((&own["waypoints"][0]["name"], &own["version"]), (&json!("Spring"), &json!(3)));
    let other = plan(47.6).await;
    let merged =
        done(ada.post(&format!("{path}/merge"), &json!({ "with": other["id"] })).await, 200).await;
    assert_eq!(merged["statistics"]["parts"], 1);
    assert_eq!(
        drawn(&ada, &path).await,
        json!([[8.5, 47.5], [8.5, 47.52], [8.5, 47.6], [8.5, 47.62]])
    );

    let recorded = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 30)).await);
    refused(ada.post(&format!("{recorded}/reverse"), &json!({})).await, 422).await;
    refused(ada.post(&format!("{path}/merge"), &json!({ "with": id_of(&recorded) })).await, 422)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_track_brings_its_file_and_the_old_one_is_erased() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let file = northward_gpx(9.5, 46.3, 50);
    let own = done(put_track(&ada, &path, &file).await, 200).await;
    assert_eq!((&own["statistics"]["points"], &own["title"]), (&json!(50), &json!("Running")));
    assert_eq!(ada.get(&format!("{path}/original")).await.bytes().await.unwrap(), file);
    let geojson = ada.get(&format!("{path}/track.geojson")).await.text().await.unwrap();
    let request = ada.request(Method::PUT, &format!("{path}/track"));
    let request = request.header("Content-Type", "application/geo+json").body(geojson);
    done(request.send().await.unwrap(), 200).await;
    app.run_jobs().await;
    assert_eq!(blobs(&app), 1);

    let several = crate::harness::fixture("demo/korita-zbevnica.gpx");
    refused(put_track(&ada, &path, &several).await, 422).await;
    refused(put_track(&ada, &path, b"not a track").await, 422).await;
    let form = crate::harness::form(&file, &json!({ "title": "Other" }));
    let request = ada.request(Method::PUT, &format!("{path}/track")).multipart(form);
    refused(request.send().await.unwrap(), 400).await;
    assert_eq!(blobs(&app), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_their_owners_and_of_the_version_they_have_read() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let other = ada.has_activity(&northward_gpx(8.5, 47.5, 300)).await;
    let published = format!("/api/v1/activities/{}", ada.has_published(&file).await);
    let private = path_of(&ada.has_activity(&file).await);
    let edits = [
        ("crop", json!({ "from_index": 0, "to_index": 200 })),
        ("split", json!({ "at_index": 150 })),
        ("merge", json!({ "with": other["id"] })),
        ("reverse", json!({})),
        ("points/remove", json!({ "indices": [3] })),
    ];
    for path in [&private, &published] {
        let before: Value = ada.get(path).await.json().await.unwrap();
        for (verb, body) in &edits {
            refused(eve.post(&format!("{path}/{verb}"), body).await, 404).await;
            refused(app.anyone().post(&format!("{path}/{verb}"), body).await, 401).await;
            let request = ada.request(Method::POST, &format!("{path}/{verb}"));
            let stale = request.header("If-Match", "\"77\"").json(body).send().await.unwrap();
            refused(stale, 412).await;
        }
        refused(put_track(&eve, path, &file).await, 404).await;
        assert_eq!(ada.get(path).await.json::<Value>().await.unwrap(), before);
    }
    for (verb, body, field) in [
        ("crop", json!({ "from_index": 0 }), "body"),
        ("crop", json!({ "from_index": 0, "to_index": 300 }), "to_index"),
        ("crop", json!({ "from_s": 9_000, "to_s": 9_001 }), "from_s"),
        ("split", json!({ "at_index": 299 }), "at_index"),
        ("split", json!({}), "body"),
        ("points/remove", json!({ "indices": [300] }), "indices"),
    ] {
        let problem = refused(ada.post(&format!("{private}/{verb}"), &body).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
}

async fn done(answer: Response, status: u16) -> Value {
    let (found, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn put_track(caller: &Caller<'_>, path: &str, file: &[u8]) -> Response {
    let form = Form::new().part("file", Part::bytes(file.to_vec()).file_name("track.gpx"));
    caller.request(Method::PUT, &format!("{path}/track")).multipart(form).send().await.unwrap()
}

/// The positions of an own line that has one part.
async fn drawn(caller: &Caller<'_>, path: &str) -> Value {
    let drawn: Value = caller.get(&format!("{path}/track.geojson")).await.json().await.unwrap();
    drawn["features"][0]["geometry"]["coordinates"].clone()
}

fn id_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
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

/// Heights of the model where points lack their own, and in the place of all when their owner asks.
#[tokio::test(flavor = "multi_thread")]
async fn an_elevation_model_fills_gaps_and_replaces_heights_when_asked_to() {
    let tiles = std::env::temp_dir().join(format!("opentracks-tiles-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&tiles).unwrap();
    let flat = 432_i16.to_be_bytes().repeat(1_201 * 1_201);
    std::fs::write(tiles.join("N47E008.hgt"), flat).unwrap();
    let settings = [("OPENTRACKS_ELEVATION", tiles.to_str().unwrap())];
    let app = TestApp::start_with(&settings).await;
    let ada = app.member("Ada").await;
    let recorded = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let bare = recorded.replace("<ele>100</ele>", "");
    let none = (0..7).fold(recorded.clone(), |gpx, height| {
        gpx.replace(&format!("<ele>{}</ele>", 100 + height), "")
    });
    let abroad = northward_gpx(9.5, 47.3, 300);
    for (gpx, source, after) in [
        (recorded.as_bytes(), "device", Some("model")),
        (bare.as_bytes(), "mixed", Some("model")),
        (none.as_bytes(), "model", Some("model")),
        (&abroad, "device", None),
    ] {
        let own = ada.has_activity(gpx).await;
        assert_eq!(own["statistics"]["elevation_source"], source);
        let path = path_of(&own);
        let answer = ada.post(&format!("{path}/elevation"), &json!({})).await;
        let Some(after) = after else {
            assert_eq!(refused(answer, 409).await["type"], "/problems/no-elevation-model");
            continue;
        };
        assert_eq!(answer.status(), 200);
        let own: Value = answer.json().await.unwrap();
        assert_eq!(own["statistics"]["elevation_source"], after);
        assert_eq!(own["statistics"]["elevation_max_m"], 432.0);
        assert_eq!(own["statistics"]["ascent_m"], 0.0);
    }
    std::fs::remove_dir_all(&tiles).unwrap();

    // Without tiles everything works, and it says so.
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let own = ada.has_activity(none.as_bytes()).await;
    assert_eq!(own["statistics"]["elevation_source"], "none");
    refused(ada.post(&format!("{}/elevation", path_of(&own)), &json!({})).await, 409).await;
}

/// A redrawn line comes with words as fit as those of an upload, or none.
#[tokio::test(flavor = "multi_thread")]
async fn words_of_a_redrawn_line_are_as_fit_as_those_of_an_upload() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let line: Vec<[f64; 2]> = (0..100).map(|point| [8.5, 47.3 + f64::from(point) * 1e-4]).collect();
    let track = json!({ "type": "LineString", "coordinates": line });
    let plan = json!({ "kind": "planned", "title": "There", "track": track });
    let own: Value = ada.post("/api/v1/activities", &plan).await.json().await.unwrap();
    let path = path_of(&own);
    let name = format!("Br\u{0}id\u{202e}ge {}", "x".repeat(5_000));
    let redrawn =
        json!({ "track": track, "waypoints": [{ "position": [8.5, 47.305], "name": name }] });
    let request = ada.request(reqwest::Method::PUT, &format!("{path}/track")).json(&redrawn);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    let name = seen["waypoints"][0]["name"].as_str().unwrap();
    assert!(name.starts_with("Br id ge") && name.chars().count() <= 200, "{name}");
}
