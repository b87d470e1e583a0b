//! What others see of an activity: the visible part, once its owner says so, and else nothing.

use std::collections::BTreeSet;
use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::activities::path_of;
use crate::bad_input::{kept, refused};
use crate::explore::listed;
use crate::harness::{Caller, TestApp, northward_gpx};

/// Where the walks of these tests begin.
const HOME: [f64; 2] = [8.5, 47.3];
/// What others can read of a published activity, below its address.
pub const CHILDREN: [&str; 10] = [
    "",
    "/track.geojson",
    "/track.gpx",
    "/track.tcx",
    "/track.kml",
    "/track.csv",
    "/preview.svg",
    "/preview.png",
    "/profile",
    "/analysis",
];
/// Those that tell places, waypoints among them, and the author.
const TELLING: [&str; 4] = ["", "/track.geojson", "/track.gpx", "/track.kml"];

#[tokio::test(flavor = "multi_thread")]
async fn others_get_exactly_these_fields() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let metadata = json!({ "title": "Up the brook", "description": "A path.", "sport": "running" });
    let own: Value = ada.upload(&straight_walk(), &metadata).await.json().await.unwrap();
    let path = path_of(&own);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    let seen: Value = app.anyone().get(&path).await.json().await.unwrap();
    assert_eq!(eve.get(&path).await.json::<Value>().await.unwrap(), seen);

    assert_eq!(
        keys(&seen),
        "author day description id kind rating sport statistics title visibility waypoints"
    );
    assert_eq!(keys(&seen["author"]), "id public_name");
    assert_eq!(keys(&seen["waypoints"][0]), "description name position");
    assert_eq!(
        keys(&seen["statistics"]),
        "ascent_m bbox descent_m distance_m effort_km elapsed_s elevation_max_m elevation_min_m elevation_noise_m \
         elevation_source moving_s parts points speed_avg_mps speed_max_mps"
    );
    assert_eq!(seen["author"], json!({ "id": ada.account_id, "public_name": "Ada" }));
    assert_eq!((&seen["day"], &seen["visibility"]), (&json!("2026-05-30"), &json!("published")));
    assert_eq!((&seen["title"], &seen["description"]), (&json!("Up the brook"), &json!("A path.")));
    // Its numbers are those of what can be seen: at least both ends are missing.
    let length = |activity: &Value| activity["statistics"]["distance_m"].as_f64().unwrap();
    assert!(length(&seen) < length(&own) - 400.0, "{seen}");
    assert!(seen["statistics"]["elapsed_s"].as_f64() < own["statistics"]["elapsed_s"].as_f64());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_public_answer_tells_where_or_at_which_hour_it_began_or_ended() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = straight_walk();
    let path = format!("/api/v1/activities/{}", ada.has_published(&file).await);
    let ends = [HOME, [HOME[0], HOME[1] + 2_990.0 / 111_320.0]];
    for child in TELLING {
        // The scan finds what is there to be found.
        let own = ada.get(&format!("{path}{child}")).await.text().await.unwrap();
        assert!(nearest_m(&own, ends) < 1.0, "{child}");
        assert!(own.contains("Front door"), "{child}");
    }
    let nearby = json!({ "position": HOME, "radius_m": 5_000 });
    for viewer in [app.anyone(), app.member("Eve").await] {
        let mut answers =
            vec![viewer.post("/api/v1/explore/nearby", &nearby).await.text().await.unwrap()];
        for child in TELLING {
            let answer = viewer.get(&format!("{path}{child}")).await;
            assert!(!answer.headers().contains_key("last-modified"));
            answers.push(answer.text().await.unwrap());
        }
        for answer in answers {
            let nearest = nearest_m(&answer, ends);
            assert!(nearest > 200.0 && nearest < 1_000.0, "{nearest} {answer}");
            // A waypoint shows where nothing else does, and what a device calls it may tell more.
            assert!(!answer.contains("Front door") && !answer.contains("Spring"), "{answer}");
            assert!(!has_hour(&answer), "{answer}");
            for sensor in [
                "<time>",
                "hr>",
                "heart",
                "cad>",
                "started_at",
                "created_at",
                "updated_at",
                "version\":",
                "flaws",
                "test",
            ] {
                assert!(!answer.contains(sensor), "{sensor}: {answer}");
            }
            assert!(answer.contains("Ada"), "{answer}");
        }
    }
    let gpx = app.anyone().get(&format!("{path}/track.gpx")).await.text().await.unwrap();
    assert!(gpx.contains("<author><name>Ada</name></author>"), "{gpx}");
}

/// Whatever happens where others do not look changes nothing that they see.
#[tokio::test(flavor = "multi_thread")]
async fn walks_that_differ_only_at_their_hidden_ends_look_the_same() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let calm = seen_by_others(&app, &ada, &walk("2026-05-30T07:00:00Z", &calm_ends())).await;
    let busy = seen_by_others(&app, &ada, &walk("2026-05-30T06:13:20Z", &busy_ends())).await;
    assert_eq!(calm, busy);
    assert!(calm.contains("\"parts\":1"), "{calm}");
}

/// Whether somebody set off before midnight is a matter of the hidden end, and so is that day.
#[tokio::test(flavor = "multi_thread")]
async fn the_day_is_that_of_the_visible_part() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let calm = seen_by_others(&app, &ada, &walk("2026-05-30T00:00:30Z", &calm_ends())).await;
    let busy = seen_by_others(&app, &ada, &walk("2026-05-29T23:13:50Z", &busy_ends())).await;
    assert_eq!(calm, busy);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_looks_like_absent() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let private = path_of(&ada.has_activity(&file).await);
    let [unpublished, deleted] = [ada.has_published(&file).await, ada.has_published(&file).await]
        .map(|id| format!("/api/v1/activities/{id}"));
    let tag = app.anyone().get(&unpublished).await.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(ada.post(&format!("{unpublished}/unpublish"), &json!({})).await.status(), 200);
    assert_eq!(ada.delete(&deleted).await.status(), 204);
    for viewer in [app.anyone(), app.member("Eve").await] {
        let absent = everything_about(&viewer, &unused_path(), &tag).await;
        assert!(absent.contains("404 ") && !absent.contains("200 "), "{absent}");
        for hidden in [&private, &unpublished, &deleted] {
            assert_eq!(everything_about(&viewer, hidden, &tag).await, absent);
        }
    }
    // None of it did anything.
    let own: Value = ada.get(&private).await.json().await.unwrap();
    assert_eq!((&own["version"], &own["visibility"]), (&json!(1), &json!("private")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_gone_from_every_address() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path =
        format!("/api/v1/activities/{}", ada.has_published(&northward_gpx(8.5, 47.3, 300)).await);
    let viewers = [app.anyone(), app.member("Eve").await];
    let mut known = Vec::new();
    for viewer in &viewers {
        for child in CHILDREN {
            let answer = viewer.get(&format!("{path}{child}")).await;
            assert_eq!(answer.status(), 200);
            let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
            let again = viewer
                .request(Method::GET, &format!("{path}{child}"))
                .header("If-None-Match", &tag);
            assert_eq!(again.send().await.unwrap().status(), 304);
            known.push((viewer, child, tag));
        }
    }
    assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    let absent = unused_path();
    for (viewer, child, tag) in known {
        for given in [None, Some(tag.as_str()), Some("*")] {
            let ask = async |path: &str| {
                let request = viewer.request(Method::GET, &format!("{path}{child}"));
                let request = given.map_or_else(
                    || request.try_clone().unwrap(),
                    |tag| request.try_clone().unwrap().header("If-None-Match", tag),
                );
                print(request.send().await.unwrap()).await
            };
            assert_eq!(ask(&path).await, ask(&absent).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_shares_changes_or_takes_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let eve = app.member("Eve").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let private = path_of(&ada.has_activity(&file).await);
    let published = format!("/api/v1/activities/{}", ada.has_published(&file).await);
    for path in [&private, &published] {
        for verb in ["publish", "unpublish"] {
            refused(eve.post(&format!("{path}/{verb}"), &json!({})).await, 404).await;
            refused(app.anyone().post(&format!("{path}/{verb}"), &json!({})).await, 401).await;
        }
        refused(eve.patch(path, &json!({ "title": "Mine" })).await, 404).await;
        refused(eve.delete(path).await, 404).await;
        refused(eve.get(&format!("{path}/original")).await, 404).await;
        refused(app.anyone().get(&format!("{path}/original")).await, 401).await;
    }
    assert_eq!(app.anyone().get(&private).await.status(), 404);
    let seen: Value = app.anyone().get(&published).await.json().await.unwrap();
    assert_eq!(seen["title"], "Running");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_that_is_all_ends_is_not_published() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for points in [1, 2, 20] {
        let path = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, points)).await);
        let before = (kept(&app).await, ada.get(&path).await.json::<Value>().await.unwrap());
        refused(ada.post(&format!("{path}/publish"), &json!({})).await, 409).await;
        assert_eq!((kept(&app).await, ada.get(&path).await.json::<Value>().await.unwrap()), before);
        assert_eq!(before.1["visibility"], "private");
        refused(app.anyone().get(&path).await, 404).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_is_published_shows_at_once() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = format!("/api/v1/activities/{}", ada.has_published(&straight_walk()).await);
    let tag = app.anyone().get(&path).await.headers()["etag"].clone();
    let edit = json!({ "title": "Renamed", "description": "By the mill.", "sport": "hiking" });
    assert_eq!(ada.patch(&path, &edit).await.status(), 200);
    let answer =
        app.anyone().request(Method::GET, &path).header("If-None-Match", tag).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let seen: Value = answer.json().await.unwrap();
    for field in ["title", "description", "sport"] {
        assert_eq!(seen[field], edit[field]);
    }
    let gpx = app.anyone().get(&format!("{path}/track.gpx")).await.text().await.unwrap();
    assert!(gpx.contains("Renamed") && gpx.contains("By the mill.") && gpx.contains("hiking"));
    let nearby = json!({ "position": HOME, "sport": "hiking" });
    let found: Value =
        app.anyone().post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"][0]["activity"], listed(&seen));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_field_of_an_upload_publishes() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let track = json!({ "type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.4]] });
    for field in [
        json!({ "visibility": "published" }),
        json!({ "published": true }),
        json!({ "sharing": { "published": true } }),
        json!({ "public": true }),
    ] {
        refused(ada.upload(&file, &field).await, 422).await;
        refused(ada.put(&Uuid::new_v4().to_string(), &file, &field).await, 422).await;
        let mut plan = field;
        plan["track"] = track.clone();
        refused(ada.post("/api/v1/activities", &plan).await, 422).await;
    }
    let request = ada.request(Method::POST, "/api/v1/activities?visibility=published");
    let answer = request.multipart(crate::harness::form(&file, &json!({}))).send().await.unwrap();
    assert!(answer.status() == 201 || answer.status().is_client_error());
    let conn = kept(&app).await;
    assert!(
        conn.contains(&("commons.renditions", 0)) && conn.contains(&("commons.published", 0)),
        "{conn:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_keep_an_answer_depends_on_whose_it_is() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let file = northward_gpx(8.5, 47.3, 300);
    let private = path_of(&ada.has_activity(&file).await);
    let published = format!("/api/v1/activities/{}", ada.has_published(&file).await);
    let header = |answer: &Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    for child in CHILDREN {
        for own in [&private, &published] {
            let answer = ada.get(&format!("{own}{child}")).await;
            assert_eq!(header(&answer, "cache-control").unwrap(), "private, no-store");
        }
        // Kept by anyone, and asked for each time, so that a withdrawn one is gone at once.
        let answer = app.anyone().get(&format!("{published}{child}")).await;
        assert_eq!(header(&answer, "cache-control").unwrap(), "public, no-cache");
        // The same address answers its owner otherwise.
        assert!(header(&answer, "vary").unwrap().to_lowercase().contains("authorization"));
        assert!(header(&answer, "etag").is_some());
        let answer = app.anyone().get(&format!("{private}{child}")).await;
        assert!(header(&answer, "cache-control").unwrap().contains("no-store"));
        assert_eq!(header(&answer, "etag"), None);
    }
    assert_eq!(
        header(&ada.get(&format!("{private}/original")).await, "cache-control").unwrap(),
        "private, no-store"
    );
    assert!(
        header(&ada.get("/api/v1/me/activities").await, "cache-control")
            .unwrap()
            .contains("no-store")
    );
}

/// A point of a walk: metres north and east of home, elevation, seconds since the walk began.
pub struct Fix(pub f64, pub f64, pub f64, pub i64);

/// A GPX file of a walk that began at `start`, with a heart rate, and with waypoints at both its
/// ends and in its middle.
pub fn walk(start: &str, fixes: &[Fix]) -> Vec<u8> {
    let start: DateTime<Utc> = start.parse().unwrap();
    let degrees = |fix: &Fix| {
        (HOME[1] + fix.0 / 111_320.0, HOME[0] + fix.1 / (111_320.0 * HOME[1].to_radians().cos()))
    };
    let mut gpx = String::from(
        "<gpx version=\"1.1\" creator=\"test\" xmlns:gpxtpx=\"http://www.garmin.com/xmlschemas/TrackPointExtension/v1\">",
    );
    for (name, fix) in [
        ("Front door", &fixes[0]),
        ("Spring", &Fix(1_500.0, 20.0, 0.0, 0)),
        ("Back door", &fixes[fixes.len() - 1]),
    ] {
        let (lat, lon) = degrees(fix);
        write!(gpx, "<wpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><name>{name}</name></wpt>").unwrap();
    }
    gpx.push_str("<trk><type>running</type><trkseg>");
    for fix in fixes {
        let ((lat, lon), time) = (degrees(fix), start + TimeDelta::seconds(fix.3));
        write!(
            gpx,
            "<trkpt lat=\"{lat:.7}\" lon=\"{lon:.7}\"><ele>{:.1}</ele><time>{}</time><extensions><gpxtpx:TrackPointExtension>\
             <gpxtpx:hr>{}</gpxtpx:hr></gpxtpx:TrackPointExtension></extensions></trkpt>",
            fix.2, time.format("%Y-%m-%dT%H:%M:%SZ"), 120 + fix.3 % 40
        )
        .unwrap();
    }
    gpx.push_str("</trkseg></trk></gpx>");
    gpx.into_bytes()
}

/// Three kilometres north.
pub fn straight_walk() -> Vec<u8> {
    let fixes: Vec<Fix> = (0..300)
        .map(|step| {
            Fix(f64::from(step) * 10.0, 0.0, f64::from(400 + step % 30), i64::from(step) * 4)
        })
        .collect();
    walk("2026-05-30T07:00:00Z", &fixes)
}

/// What lies between the ends that differ, from `from_s` on: the way from 200 m to 2,200 m.
fn middle(from_s: i64) -> impl Iterator<Item = Fix> {
    (20..=220).map(move |step| {
        Fix(
            f64::from(step) * 10.0,
            f64::from(step % 9),
            f64::from(400 + step % 50),
            from_s + i64::from(step - 20) * 4,
        )
    })
}

/// Straight out of the door at both ends; 80 s to where the middle begins.
fn calm_ends() -> Vec<Fix> {
    let start = (0..20).map(|step| Fix(f64::from(step) * 10.0, 0.0, 400.0, i64::from(step) * 4));
    let end = (221..=240).map(|step| Fix(f64::from(step) * 10.0, 0.0, 410.0, i64::from(step) * 4));
    start.chain(middle(80)).chain(end).collect()
}

/// Up and down in the garden for the better part of an hour first, and a nap before the end; both
/// ends are the same places as of the calm walk.
fn busy_ends() -> Vec<Fix> {
    let garden = (0..288).map(|step| {
        Fix(
            f64::from(step % 12) * 8.0,
            f64::from(step % 7) * 9.0,
            f64::from(480 + step % 23),
            i64::from(step) * 10,
        )
    });
    let out = [Fix(100.0, 40.0, 470.0, 2_890), Fix(160.0, 30.0, 460.0, 2_900)];
    let last = middle(2_880 + 80).last().unwrap().3;
    let home = [
        Fix(2_240.0, 30.0, 455.0, last + 20),
        Fix(2_250.0, 35.0, 455.0, last + 3_000),
        Fix(2_400.0, 0.0, 300.0, last + 3_100),
    ];
    garden.chain(out).chain(middle(2_880)).chain(home).collect()
}

/// All that others get of a published walk, headers and all, without what is random: ids, and tags
/// of answers that name one.
async fn seen_by_others(app: &TestApp, owner: &Caller<'_>, file: &[u8]) -> String {
    let id = owner.has_published(file).await;
    let path = format!("/api/v1/activities/{id}");
    let mut seen = Vec::new();
    for child in CHILDREN {
        seen.push(print(app.anyone().get(&format!("{path}{child}")).await).await);
    }
    let nearby = json!({ "position": HOME, "radius_m": 50_000 });
    seen.push(print(app.anyone().post("/api/v1/explore/nearby", &nearby).await).await);
    assert_eq!(owner.delete(&path).await.status(), 204);
    let ids = [owner.account_id.as_str(), id.as_str()];
    let masked = seen.iter().map(|answer| {
        let names_one = ids.iter().any(|id| answer.contains(id));
        let same = |line: &&str| !line.starts_with("etag: ") || !names_one;
        let answer = answer.lines().filter(same).collect::<Vec<_>>().join("\n");
        ids.iter().fold(answer, |answer, id| answer.replace(id, "(id)"))
    });
    masked.collect::<Vec<_>>().join("\n")
}

/// Every answer to `viewer` about what lies at `path`.
async fn everything_about(viewer: &Caller<'_>, path: &str, tag: &str) -> String {
    let mut all = String::new();
    let verbs = ["/original", "/publish", "/unpublish", "/track", "/reverse", "/nowhere"];
    for child in CHILDREN.iter().chain(&verbs) {
        for method in [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
            Method::TRACE,
        ] {
            let given = [
                ("X-None", ""),
                ("If-None-Match", tag),
                ("If-None-Match", "*"),
                ("If-Match", tag),
                ("If-Match", "\"1\""),
                ("Range", "bytes=0-9"),
                ("If-Modified-Since", "Sat, 30 May 2026 07:00:00 GMT"),
            ];
            for (name, value) in given {
                let request =
                    viewer.request(method.clone(), &format!("{path}{child}")).header(name, value);
                let request = if method == Method::PATCH {
                    request.json(&json!({ "title": "Mine" }))
                } else {
                    request
                };
                writeln!(
                    all,
                    "{method} {child} {name}: {}",
                    print(request.send().await.unwrap()).await
                )
                .unwrap();
            }
        }
    }
    all
}

/// An answer, byte for byte, but for when it was given and what it is called.
async fn print(answer: Response) -> String {
    let headers: BTreeSet<String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    let status = answer.status();
    let headers: Vec<String> = headers.into_iter().collect();
    format!("{status}\n{}\n\n{}\n", headers.join("\n"), answer.text().await.unwrap())
}

fn unused_path() -> String {
    format!("/api/v1/activities/{}", Uuid::new_v4())
}

fn keys(object: &Value) -> String {
    let keys: Vec<&str> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    keys.join(" ")
}

/// How near any two neighbouring numbers of a text come to one of `ends`, whichever way round they
/// are read.
fn nearest_m(text: &str, ends: [[f64; 2]; 2]) -> f64 {
    let numbers: Vec<f64> = text
        .split(|char: char| !char.is_ascii_digit() && char != '.' && char != '-')
        .filter_map(|word| word.parse().ok())
        .collect();
    let pairs = numbers.windows(4).flat_map(|near| {
        [(near[0], near[1]), (near[1], near[0]), (near[0], near[3]), (near[3], near[0])]
    });
    let distance_m = |(lon, lat): (f64, f64), end: [f64; 2]| {
        let (north, east) =
            ((lat - end[1]) * 111_200.0, (lon - end[0]) * 111_320.0 * end[1].to_radians().cos());
        north.hypot(east)
    };
    pairs.flat_map(|pair| ends.map(|end| distance_m(pair, end))).fold(f64::INFINITY, f64::min)
}

/// Whether a time of day stands in a text.
fn has_hour(text: &str) -> bool {
    let is_hour = |part: &[u8]| matches!(part, [a, b, b':', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()));
    text.as_bytes().windows(5).any(is_hour)
}

/// What its owner is shown beforehand is what others get then, to the byte.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_is_what_everyone_gets_and_shows_nobody_anything() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let zone = json!({ "label": "Home", "position": [HOME[0], HOME[1] + 0.013], "radius_m": 200 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    let metadata = json!({ "title": "Up the brook", "description": "A path." });
    let own: Value = ada.upload(&straight_walk(), &metadata).await.json().await.unwrap();
    let path = path_of(&own);
    let before = kept(&app).await;
    let mut previews = Vec::new();
    for child in CHILDREN {
        let preview = ada.get(&format!("{path}{child}?as=public")).await;
        assert_eq!(preview.status(), 200, "{child}");
        assert_eq!(preview.headers()["cache-control"], "private, no-store");
        previews.push(preview.bytes().await.unwrap());
        for stranger in [&eve, &app.anyone()] {
            refused(stranger.get(&format!("{path}{child}?as=public")).await, 404).await;
        }
    }
    assert_eq!(kept(&app).await, before);
    assert_eq!(ada.get(&path).await.json::<Value>().await.unwrap(), own);

    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    for (child, preview) in CHILDREN.into_iter().zip(previews) {
        let seen = app.anyone().get(&format!("{path}{child}")).await.bytes().await.unwrap();
        assert_eq!(preview, seen, "{child}");
        let again = ada.get(&format!("{path}{child}?as=public")).await.bytes().await.unwrap();
        assert_eq!(again, seen, "{child}");
    }
    refused(ada.get(&format!("{path}?as=everyone")).await, 422).await;
    let short = path_of(&ada.has_activity(&northward_gpx(8.5, 47.3, 20)).await);
    refused(ada.get(&format!("{short}?as=public")).await, 409).await;
    refused(ada.get(&format!("{short}/track.gpx?as=public")).await, 409).await;
}
