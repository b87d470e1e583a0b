//! Privacy zones: what they hide is hidden from the answer on, and never shown again unsaid.

use futures_util::join;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::bad_input::refused;
use crate::harness::{Caller, Hold, TestApp, northward_gpx, waiting};
use crate::sharing::CHILDREN;

const ZONES: &str = "/api/v1/me/zones";
/// Metres in a degree of latitude, about.
const DEGREE_M: f64 = 111_320.0;
/// 1,500 m north of where the walks of these tests begin: in their middle.
const HOME: [f64; 2] = [8.5, 47.3 + 1_500.0 / DEGREE_M];

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_is_made_read_changed_and_deleted_by_its_owner_alone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let answer = ada.post(ZONES, &zone(HOME, 300.0)).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["etag"], "\"1\"");
    let made: Value = answer.json().await.unwrap();
    assert_eq!((&made["label"], &made["radius_m"]), (&json!("Home"), &json!(300.0)));
    assert_eq!(made["position"], json!(HOME));
    let path = format!("{ZONES}/{}", made["id"].as_str().unwrap());

    let listed: Value = ada.get(ZONES).await.json().await.unwrap();
    assert_eq!(listed["items"], json!([made]));
    assert_eq!(listed["remade"], json!({ "done": 0, "total": 0 }));
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), made);

    let larger = zone(HOME, 500.0);
    let stale = ada.request(Method::PUT, &path).header("If-Match", "\"7\"").json(&larger);
    refused(stale.send().await.unwrap(), 412).await;
    let changed: Value = put(&ada, &path, &larger).await.json().await.unwrap();
    assert_eq!((&changed["radius_m"], &changed["version"]), (&json!(500.0), &json!(2)));

    for stranger in [&eve, &app.anyone()] {
        let status = if stranger.token.is_some() { 404 } else { 401 };
        refused(stranger.get(&path).await, status).await;
        refused(stranger.delete(&path).await, status).await;
    }
    assert_eq!(eve.get(ZONES).await.json::<Value>().await.unwrap()["items"], json!([]));
    // An id that somebody else's zone has is as good as any other.
    assert_eq!(put(&eve, &path, &zone(HOME, 100.0)).await.status(), 201);
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), changed);

    assert_eq!(ada.delete(&path).await.status(), 204);
    refused(ada.get(&path).await, 404).await;
    refused(ada.delete(&path).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_call_makes_one_zone() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let zone = json!({ "label": "Home", "position": [8.5, 47.3], "radius_m": 200 });
    let make = async |caller: &Caller<'_>, key: &str| {
        let request = caller.request(Method::POST, "/api/v1/me/zones");
        let answer = request.header("Idempotency-Key", key).json(&zone).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()
    };
    let first = make(&ada, "k1").await;
    assert_eq!(make(&ada, "k1").await, first);
    // Nobody who asks for another place is told that it is hidden.
    let elsewhere = json!({ "label": "Home", "position": [8.6, 47.3], "radius_m": 200 });
    let request = ada.request(Method::POST, "/api/v1/me/zones").header("Idempotency-Key", "k1");
    refused(request.json(&elsewhere).send().await.unwrap(), 409).await;
    assert_ne!(make(&ada, "k2").await["id"], first["id"]);
    assert_ne!(make(&eve, "k1").await["id"], first["id"]);
    // At once, too.
    let (one, other) = join!(make(&ada, "k3"), make(&ada, "k3"));
    assert_eq!(one, other);
    let zones: Value = ada.get("/api/v1/me/zones").await.json().await.unwrap();
    assert_eq!(zones["items"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_is_not_fit_is_refused_by_field() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for (body, field) in [
        (zone(HOME, 99.0), "radius_m"),
        (zone(HOME, 5_001.0), "radius_m"),
        (zone([181.0, 0.0], 300.0), "position"),
        (zone([0.0, -91.0], 300.0), "position"),
        (json!({ "label": " ", "position": HOME, "radius_m": 300 }), "label"),
        (json!({ "label": "x".repeat(81), "position": HOME, "radius_m": 300 }), "label"),
    ] {
        let problem = refused(ada.post(ZONES, &body).await, 422).await;
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    for _ in 0..50 {
        assert_eq!(ada.post(ZONES, &zone(HOME, 300.0)).await.status(), 201);
    }
    let problem = refused(ada.post(ZONES, &zone(HOME, 300.0)).await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "zones");
}

/// A passage through it in the middle is cut out of everything that others get.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_inside_a_zone_is_shown_to_anybody_else() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(ZONES, &zone(HOME, 300.0)).await.status(), 201);
    let plan = json!({
        "kind": "planned", "title": "There", "track": { "type": "LineString", "coordinates": line() },
        "waypoints": [{ "position": HOME, "name": "Our door" }, { "position": [8.5, 47.305], "name": "Bridge" }],
    });
    let planned: Value = ada.post("/api/v1/activities", &plan).await.json().await.unwrap();
    let recorded = ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await;
    for own in [recorded, planned] {
        let path = path_of(&own);
        assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
        let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
        assert_eq!(seen["statistics"]["parts"], 2, "{seen}");
        let line: Value =
            app.anyone().get(&format!("{path}/track.geojson")).await.json().await.unwrap();
        let nearest_m = latitudes(&line)
            .into_iter()
            .map(|latitude| (latitude - HOME[1]).abs() * DEGREE_M)
            .fold(f64::INFINITY, f64::min);
        assert!((300.0..700.0).contains(&nearest_m), "{nearest_m}");
        for child in CHILDREN {
            let seen = app.anyone().get(&format!("{path}{child}")).await.text().await.unwrap();
            assert!(!seen.contains("Our door"), "{child}: {seen}");
        }
        let waypoints = seen["waypoints"].as_array().unwrap().len();
        assert_eq!(waypoints, usize::from(own["kind"] == "planned"), "the bridge is shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_zone_hides_what_is_shared_with_its_answer_and_shows_the_rest_again() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let path = format!("/api/v1/activities/{}", ada.has_published(&file).await);
    let before: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(before["statistics"]["parts"], 1);

    assert_eq!(ada.post(ZONES, &zone(HOME, 300.0)).await.status(), 201);
    for child in CHILDREN {
        refused(app.anyone().get(&format!("{path}{child}")).await, 404).await;
    }
    assert_eq!(nearby(&app).await["items"], json!([]));
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        (&own["visibility"], &own["sharing"]),
        (
            &json!("published"),
            &json!({ "published": true, "published_until": null, "shown": false })
        )
    );
    assert_eq!(remade(&ada).await, json!({ "done": 0, "total": 1 }));

    app.run_jobs().await;
    assert_eq!(remade(&ada).await, json!({ "done": 1, "total": 1 }));
    let after: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(after["statistics"]["parts"], 2);
    assert_eq!(nearby(&app).await["items"].as_array().unwrap().len(), 1);
    // It is no change of the activity: whoever edits it has read it.
    let own_after: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(own_after["version"], own["version"]);
    assert_eq!(own_after["sharing"]["shown"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_letting_a_zone_go_would_show_is_told_and_confirmed_first() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let made: Value = ada.post(ZONES, &zone(HOME, 300.0)).await.json().await.unwrap();
    let zone_path = format!("{ZONES}/{}", made["id"].as_str().unwrap());
    let inside = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let elsewhere = ada.has_published(&northward_gpx(9.5, 47.3, 300)).await;
    let _private = ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await;
    let path = format!("/api/v1/activities/{inside}");

    let smaller = zone(HOME, 100.0);
    let moved = zone([8.5, 47.35], 300.0);
    for unsaid in [
        ada.delete(&zone_path).await,
        ada.delete(&format!("{zone_path}?confirm=yes")).await,
        put(&ada, &zone_path, &smaller).await,
        put(&ada, &zone_path, &moved).await,
    ] {
        let problem = refused(unsaid, 409).await;
        assert_eq!(problem["type"], "/problems/unconfirmed");
        assert_eq!(problem["activities"], json!([inside]), "and not {elsewhere}");
    }
    // What confirms one change confirms no other.
    let told = refused(put(&ada, &zone_path, &smaller).await, 409).await;
    let confirmation = told["confirmation"].as_str().unwrap();
    refused(ada.delete(&format!("{zone_path}?confirm={confirmation}")).await, 409).await;
    app.run_jobs().await;
    assert_eq!(parts(&app, &path).await, 2);

    let told = refused(ada.delete(&zone_path).await, 409).await;
    let confirmation = told["confirmation"].as_str().unwrap();
    let deleted = ada.delete(&format!("{zone_path}?confirm={confirmation}")).await;
    assert_eq!(deleted.status(), 204);
    // The stricter state holds until the other is made.
    assert_eq!(parts(&app, &path).await, 2);
    app.run_jobs().await;
    assert_eq!(parts(&app, &path).await, 1);

    // What changes nothing for others needs no word.
    let made: Value = ada.post(ZONES, &zone([9.0, 46.0], 300.0)).await.json().await.unwrap();
    app.run_jobs().await;
    let zone_path = format!("{ZONES}/{}", made["id"].as_str().unwrap());
    assert_eq!(put(&ada, &zone_path, &zone([9.0, 46.1], 200.0)).await.status(), 200);
    assert_eq!(ada.delete(&zone_path).await.status(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_zone_hides_all_nothing_is_shared_and_that_is_said() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    assert_eq!(ada.post(ZONES, &zone(HOME, 3_000.0)).await.status(), 201);
    app.run_jobs().await;
    refused(app.anyone().get(&path).await, 404).await;
    let own: Value = ada.get(&path).await.json().await.unwrap();
    assert_eq!(
        own["sharing"],
        json!({ "published": true, "published_until": null, "shown": false })
    );
    // Its words can be changed all the same, and still nothing is shown.
    assert_eq!(ada.patch(&path, &json!({ "title": "Round the house" })).await.status(), 200);
    refused(app.anyone().get(&path).await, 404).await;
    for again in [path.clone(), path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await)] {
        let problem = refused(ada.post(&format!("{again}/publish"), &json!({})).await, 409).await;
        assert_eq!(problem["type"], "/problems/nothing-visible");
    }
}

/// Whatever its owner does to it, what is shown is cut by zones.
#[tokio::test(flavor = "multi_thread")]
async fn no_change_of_a_shared_line_shows_what_a_zone_hides() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    assert_eq!(ada.post(ZONES, &zone(HOME, 300.0)).await.status(), 201);
    let plan = json!({
        "kind": "planned", "title": "There", "track": { "type": "LineString", "coordinates": line() },
    });
    let own: Value = ada.post("/api/v1/activities", &plan).await.json().await.unwrap();
    let path = path_of(&own);
    for (method, call, body) in [
        (Method::POST, "/publish", json!({})),
        (Method::PATCH, "", json!({ "title": "Thither" })),
        (Method::POST, "/crop", json!({ "from_index": 5, "to_index": 295 })),
        (Method::POST, "/points/remove", json!({ "indices": [10, 150] })),
        (Method::POST, "/reverse", json!({})),
        (Method::PUT, "/track", json!({ "track": plan["track"] })),
        (Method::POST, "/split", json!({ "at_index": 270 })),
    ] {
        let request = ada.request(method, &format!("{path}{call}")).json(&body);
        assert!(request.send().await.unwrap().status().is_success(), "{call}");
        assert_eq!(parts(&app, &path).await, 2, "{call}");
    }
}

/// A word for it is not what it hides, and nobody else learns that it changed.
#[tokio::test(flavor = "multi_thread")]
async fn another_label_changes_nothing_for_others() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let made: Value = ada.post(ZONES, &zone(HOME, 300.0)).await.json().await.unwrap();
    let path = format!("{ZONES}/{}", made["id"].as_str().unwrap());
    let shared =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let renamed = json!({ "label": "Not home any more", "position": HOME, "radius_m": 300.0 });
    assert_eq!(put(&ada, &path, &renamed).await.status(), 200);
    assert_eq!(parts(&app, &shared).await, 2);
    assert_eq!(remade(&ada).await, json!({ "done": 1, "total": 1 }));
}

/// The line passes outside; the waypoint beside it is inside.
#[tokio::test(flavor = "multi_thread")]
async fn a_waypoint_that_would_come_into_sight_is_told_as_well() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // 180 m beside the line, and 90 m beside the waypoint, which the circle holds wherever its middle is.
    let aside = [8.5 + 180.0 / (DEGREE_M * HOME[1].to_radians().cos()), HOME[1]];
    let made: Value = ada.post(ZONES, &zone(aside, 100.0)).await.json().await.unwrap();
    let plan = json!({
        "kind": "planned", "title": "There", "track": { "type": "LineString", "coordinates": line() },
        "waypoints": [{ "position": [8.5 + 90.0 / (DEGREE_M * HOME[1].to_radians().cos()), HOME[1]], "name": "Our door" }],
    });
    let planned: Value = ada.post("/api/v1/activities", &plan).await.json().await.unwrap();
    let path = path_of(&planned);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(seen["waypoints"], json!([]), "{seen}");
    let told =
        refused(ada.delete(&format!("{ZONES}/{}", made["id"].as_str().unwrap())).await, 409).await;
    assert_eq!(told["activities"], json!([planned["id"]]));
}

/// Each hides it as long as the other is there: only one goes without a word.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_zones_over_one_place_the_last_goes_with_a_word_only() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut paths = Vec::new();
    for _ in 0..2 {
        let made: Value = ada.post(ZONES, &zone(HOME, 300.0)).await.json().await.unwrap();
        paths.push(format!("{ZONES}/{}", made["id"].as_str().unwrap()));
    }
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    // Both have looked before either is done.
    let hold = Hold::on(&app, "ops.jobs").await;
    let (first, second, ()) = join!(
        ada.delete(&paths[0]),
        async {
            waiting(&app, 1).await;
            ada.delete(&paths[1]).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (204, 412));
    refused(ada.delete(&paths[1]).await, 409).await;
    app.run_jobs().await;
    assert_eq!(parts(&app, &path).await, 2);
}

/// What is published while its owner lets a zone go was not told, so the zone stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_stays_when_something_is_shared_while_it_is_let_go() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let made: Value = ada.post(ZONES, &zone(HOME, 300.0)).await.json().await.unwrap();
    let zone_path = format!("{ZONES}/{}", made["id"].as_str().unwrap());
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let (publish, nothing) = (format!("{path}/publish"), json!({}));
    let hold = Hold::on(&app, "commons.published").await;
    let (published, deleted, ()) = join!(
        ada.post(&publish, &nothing),
        async {
            waiting(&app, 1).await;
            ada.delete(&zone_path).await
        },
        async {
            waiting(&app, 2).await;
            hold.release().await;
        }
    );
    assert_eq!((published.status().as_u16(), deleted.status().as_u16()), (200, 412));
    refused(ada.delete(&zone_path).await, 409).await;
    app.run_jobs().await;
    assert_eq!(parts(&app, &path).await, 2);
}

/// Whichever comes first, nothing that was made without the zone is served.
#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_meets_a_new_zone_shows_nothing_that_it_hides() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let (publish, body, nothing) = (format!("{path}/publish"), zone(HOME, 300.0), json!({}));
    for publish_first in [true, false] {
        assert_eq!(ada.post(&format!("{path}/unpublish"), &nothing).await.status(), 200);
        // The publish is held before it commits, or the zone is before it does.
        let held = if publish_first { "commons.published" } else { "ops.jobs" };
        let hold = Hold::on(&app, held).await;
        let published = async {
            waiting(&app, i64::from(!publish_first)).await;
            ada.post(&publish, &nothing).await
        };
        let zoned = async {
            waiting(&app, i64::from(publish_first)).await;
            ada.post(ZONES, &body).await
        };
        let release = async {
            waiting(&app, 2).await;
            hold.release().await;
        };
        let (published, zoned, ()) = join!(published, zoned, release);
        assert_eq!((published.status().as_u16(), zoned.status().as_u16()), (200, 201));
        let seen = app.anyone().get(&path).await;
        assert!(seen.status() == 404 || parts(&app, &path).await == 2);
        app.run_jobs().await;
        assert_eq!(parts(&app, &path).await, 2);
    }
}

/// What was prepared for others before the zone was there is not what they get.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_is_made_while_a_rendition_is_hides_from_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 300)).await);
    let (publish, nothing) = (format!("{path}/publish"), json!({}));
    // The zones have been read by then.
    let hold = Hold::on(&app, "vault.tracks").await;
    let zoned = async {
        waiting(&app, 1).await;
        assert_eq!(ada.post(ZONES, &zone(HOME, 300.0)).await.status(), 201);
        hold.release().await;
    };
    let (published, ()) = join!(ada.post(&publish, &nothing), zoned);
    assert_eq!(published.status(), 200);
    assert_eq!(parts(&app, &path).await, 2);
    app.run_jobs().await;
    assert_eq!(parts(&app, &path).await, 2);
}

fn zone(position: [f64; 2], radius_m: f64) -> Value {
    json!({ "label": "Home", "position": position, "radius_m": radius_m })
}

/// The way of [`northward_gpx`] with 300 points, drawn.
fn line() -> Vec<[f64; 2]> {
    (0..300).map(|point| [8.5, 47.3 + f64::from(point) * 10.0 / DEGREE_M]).collect()
}

fn latitudes(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [Value::Number(_), Value::Number(latitude), ..] => vec![latitude.as_f64().unwrap()],
            items => items.iter().flat_map(latitudes).collect(),
        },
        Value::Object(fields) => ["features", "geometry", "coordinates"]
            .iter()
            .filter_map(|name| fields.get(*name))
            .flat_map(latitudes)
            .collect(),
        _ => Vec::new(),
    }
}

async fn put(caller: &Caller<'_>, path: &str, body: &Value) -> Response {
    caller.request(Method::PUT, path).json(body).send().await.unwrap()
}

async fn parts(app: &TestApp, path: &str) -> u64 {
    let seen: Value = app.anyone().get(path).await.json().await.unwrap();
    seen["statistics"]["parts"].as_u64().unwrap()
}

async fn remade(caller: &Caller<'_>) -> Value {
    caller.get(ZONES).await.json::<Value>().await.unwrap()["remade"].clone()
}

async fn nearby(app: &TestApp) -> Value {
    let body = json!({ "position": [8.5, 47.31] });
    app.anyone().post("/api/v1/explore/nearby", &body).await.json().await.unwrap()
}

/// New rules of what is hidden count all zones up: what was made by the old ones is made anew.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_by_other_rules_is_made_anew() {
    use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let path = format!("/api/v1/activities/{id}");
    app.run_jobs().await;
    let before = app.anyone().get(&path).await.bytes().await.unwrap();
    let mut conn = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    let change = "DELETE FROM commons.renditions;
                  UPDATE vault.activities SET is_shown = false;
                  UPDATE identity.accounts SET zones_version = zones_version + 1";
    conn.batch_execute(change).await.unwrap();
    refused(app.anyone().get(&path).await, 404).await;
    app.advance(chrono::TimeDelta::hours(1));
    app.run_jobs().await;
    assert_eq!(app.anyone().get(&path).await.bytes().await.unwrap(), before);
}
