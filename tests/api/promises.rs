//! The promises of PRIVACY.md, one test a row, named after it.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use opentracks::privacy::policy;
use serde_json::{Value, json};

use crate::activities::path_of;
use crate::communities::{community, put, shares};
use crate::harness::{PASSWORD, POLICY, TestApp, connect, dump_data, logged, northward_gpx};
use crate::logs::without_chance;
use crate::photo_reach::count;

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_1_1_only_address_password_and_public_name_are_needed() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "public_name": "Ada", "accept_policy": POLICY,
    });
    let answer = app.anyone().post("/api/v1/auth/register", &body).await;
    assert_eq!(answer.status(), 202);
    for needed in ["email", "password", "public_name", "accept_policy"] {
        let mut less = body.clone();
        less.as_object_mut().unwrap().remove(needed);
        let answer: Value =
            app.anyone().post("/api/v1/auth/register", &less).await.json().await.unwrap();
        assert_eq!(answer["errors"][0], json!({ "field": needed, "reason": "is missing" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_2_2_passwords_are_argon2id_hashes() {
    let app = TestApp::start().await;
    app.member("Ada").await;
    let stored = dump_data(&app);
    assert!(stored.contains("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(!stored.contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_3_1_a_record_keeps_its_numbers_words_and_places() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 100)).unwrap();
    let waypoint = "<wpt lat=\"47.305\" lon=\"8.5\"><name>Spring</name></wpt><trk>";
    let gpx = gpx.replacen("<trk>", waypoint, 1);
    let metadata = json!({ "title": "Morning", "description": "Along the river" });
    let kept: Value = ada.upload(gpx.as_bytes(), &metadata).await.json().await.unwrap();
    assert_eq!(kept["description"], "Along the river");
    assert_eq!(kept["waypoints"][0]["name"], "Spring");
    let statistics = &kept["statistics"];
    assert!((statistics["distance_m"].as_f64().unwrap() - 990.0).abs() < 5.0, "{statistics}");
    assert_eq!(statistics["elapsed_s"], json!(297.0), "{statistics}");
    assert_eq!(statistics["elevation_max_m"], json!(106.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_3_2_its_owner_changes_and_deletes_a_record() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let kept = ada.has_activity(&northward_gpx(8.5, 47.3, 100)).await;
    let path = format!("/api/v1/activities/{}", kept["id"].as_str().unwrap());
    let changed: Value =
        ada.patch(&path, &json!({ "title": "Evening" })).await.json().await.unwrap();
    assert_eq!(changed["title"], "Evening");
    assert_eq!(ada.delete(&path).await.status(), 204);
    assert_eq!(ada.get(&path).await.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_3_3_nothing_is_public_but_by_the_publish_call() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let file = northward_gpx(8.5, 47.3, 300);
    let refused = ada.upload(&file, &json!({ "visibility": "published" })).await;
    assert_eq!(refused.status(), 422);
    let kept = ada.has_activity(&file).await;
    let path = format!("/api/v1/activities/{}", kept["id"].as_str().unwrap());
    assert_eq!(ada.patch(&path, &json!({ "visibility": "published" })).await.status(), 422);
    assert_eq!(eve.post(&format!("{path}/publish"), &json!({})).await.status(), 404);
    for stranger in [&eve, &app.anyone()] {
        assert_eq!(stranger.get(&path).await.status(), 404);
    }
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    for stranger in [&eve, &app.anyone()] {
        assert_eq!(stranger.get(&path).await.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_3_4_a_position_that_asks_is_kept_nowhere() {
    let app = TestApp::start().await;
    let asks = json!({ "position": [8.512_345_6, 47.398_765_4], "radius_m": 4321 });
    let answer = app.member("Ada").await.post("/api/v1/explore/nearby", &asks).await;
    assert_eq!(answer.status(), 200);
    for trace in ["8.5123456", "47.3987654", "85123456", "473987654"] {
        assert!(!dump_data(&app).contains(trace), "{trace} is in the database");
        let log = logged();
        let mut lines = log.lines().filter(|line| line.contains(trace)).map(without_chance);
        let line = lines.find(|line| line.contains(trace));
        assert_eq!(line, None, "{trace} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_3_5_who_joins_a_private_community_is_approved() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("Ada").await, app.member("Eve").await);
    let (open, closed) =
        (community(&ada, "Open", "public").await, community(&ada, "Closed", "private").await);
    let activity = shares(&ada, &closed).await;
    assert_eq!(eve.post(&format!("{open}/requests"), &json!({})).await.status(), 200);
    assert_eq!(eve.post(&format!("{closed}/requests"), &json!({})).await.status(), 202);
    let request = format!("{closed}/requests/{}", eve.account_id);
    // Who waits is not in it, and does not let themself in.
    assert_eq!(put(&eve, &request).await.status(), 403);
    for child in ["members", "activities"] {
        assert_eq!(eve.get(&format!("{closed}/{child}")).await.status(), 403);
    }
    assert_eq!(eve.get(&activity).await.status(), 404);
    assert_eq!(put(&ada, &request).await.status(), 200);
    assert_eq!(eve.get(&activity).await.status(), 200);
    // Nobody else sees that there is one.
    assert_eq!(app.anyone().get(&closed).await.status(), 404);
    assert_eq!(app.anyone().get(&open).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_4_1_a_device_stays_signed_in() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut refresh_token = ada.refresh_token.clone().unwrap();
    // Two years of a phone that is used every five months.
    for _ in 0..5 {
        app.advance(TimeDelta::days(150));
        let body = json!({ "refresh_token": refresh_token });
        let tokens: Value =
            app.anyone().post("/api/v1/auth/refresh", &body).await.json().await.unwrap();
        assert_eq!(app.caller(&ada.email, &tokens).get("/api/v1/me").await.status(), 200);
        tokens["refresh_token"].as_str().unwrap().clone_into(&mut refresh_token);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_6_1_the_author_is_named_wherever_a_work_is_used() {
    let app = TestApp::start().await;
    let id = app.member("Ada Lovelace").await.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let anyone = app.anyone();
    for child in ["", "/track.geojson", "/track.gpx"] {
        let text =
            anyone.get(&format!("/api/v1/activities/{id}{child}")).await.text().await.unwrap();
        assert!(text.contains("Ada Lovelace"), "{child}: {text}");
    }
    let nearby = json!({ "position": [8.5, 47.3] });
    let found: Value = anyone.post("/api/v1/explore/nearby", &nearby).await.json().await.unwrap();
    assert_eq!(found["items"][0]["activity"]["author"]["public_name"], "Ada Lovelace");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_7_2_a_deleted_activity_leaves_no_row_and_no_file() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    assert_eq!(files_under(&app.data.join("blobs")), 1);
    assert_eq!(ada.delete(&format!("/api/v1/activities/{id}")).await.status(), 204);
    app.run_jobs().await;
    assert_eq!(files_under(&app.data.join("blobs")), 0);
    let stored = dump_data(&app);
    // What remains of it is that its id was used.
    assert_eq!(stored.matches(&id).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ot_10_the_accepted_version_is_recorded() {
    let app = TestApp::start().await;
    let body = json!({
        "email": "ada@example.org", "password": PASSWORD, "public_name": "Ada", "accept_policy": "another",
    });
    let refused: Value =
        app.anyone().post("/api/v1/auth/register", &body).await.json().await.unwrap();
    assert_eq!(refused["errors"][0]["field"], "accept_policy");
    let me: Value = app.member("Eve").await.get("/api/v1/me").await.json().await.unwrap();
    assert_eq!(me["policy_version"], policy::VERSION);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_8_1_others_see_the_public_name_only() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let names = json!({ "given_name": "Augusta", "family_name": "King" });
    assert_eq!(ada.patch("/api/v1/me", &names).await.status(), 200);
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let eve = app.member("Eve").await;
    for child in ["", "/track.geojson", "/track.gpx"] {
        let text = eve.get(&format!("/api/v1/activities/{id}{child}")).await.text().await.unwrap();
        for private in ["ada@example.org", "Augusta", "King"] {
            assert!(!text.contains(private), "{child}: {private}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_14_a_member_sees_and_ends_their_sessions() {
    let app = TestApp::start().await;
    let phone = app.member("Ada").await;
    let laptop = app.sign_in(&phone.email, PASSWORD).await;
    let sessions: Value = laptop.get("/api/v1/me/sessions").await.json().await.unwrap();
    let sessions = sessions["items"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| session["current"] == false).unwrap();
    let path = format!("/api/v1/me/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(laptop.delete(&path).await.status(), 204);
    assert_eq!(phone.get("/api/v1/me").await.status(), 401);
    assert_eq!(laptop.get("/api/v1/me").await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od_5_5_the_policy_says_where_to_complain() {
    let app = TestApp::start().await;
    let policy: Value = app.anyone().get("/privacy").await.json().await.unwrap();
    let rights = policy["rights"].as_array().unwrap();
    let complaint = rights.iter().find(|right| right["right"] == "Complaint").unwrap();
    assert!(complaint["how"].as_str().unwrap().contains("www.cnil.fr"));
    let french: Value = app.anyone().get("/privacy?lang=fr").await.json().await.unwrap();
    let rights = french["rights"].as_array().unwrap();
    assert!(rights.iter().any(|right| right["right"] == "Réclamation"), "{french}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od_c_no_answer_sets_a_cookie() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for path in [
        "/privacy",
        "/docs/",
        "/openapi.json",
        "/health/live",
        "/nowhere",
        "/api/v1/me",
        "/api/v1/me/sessions",
    ] {
        assert!(ada.get(path).await.headers().get("set-cookie").is_none(), "{path}");
    }
    let body = json!({ "email": ada.email, "password": PASSWORD });
    assert!(
        app.anyone().post("/api/v1/auth/login", &body).await.headers().get("set-cookie").is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_ok_2_processors_follow_from_the_settings() {
    let mail = ("OPENTRACKS_MAIL", "smtps://ada:s3cret@relay.example.net:465");
    let app = TestApp::start_with(&[mail]).await;
    let text = app.anyone().get("/privacy").await.text().await.unwrap();
    let policy: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        policy["processors"],
        json!([{ "purpose": "Sending mail", "name": "relay.example.net" }])
    );
    assert!(!text.contains("s3cret"));
    let alone: Value = TestApp::start().await.anyone().get("/privacy").await.json().await.unwrap();
    assert_eq!(alone["processors"], json!([]));
}

/// In no encoding: text, integers and floats of either end, base64 or hexadecimal.
#[tokio::test(flavor = "multi_thread")]
async fn promise_sp_7_1_a_private_activity_lies_sealed_at_rest() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let (lon, lat) = (8.512_345_6_f64, 47.398_765_4_f64);
    let metadata = json!({ "title": "Xanadu title", "description": "Xanadu note" });
    let own: Value =
        ada.upload(&northward_gpx(lon, lat, 300), &metadata).await.json().await.unwrap();
    // Neither a look at what others would see nor a zone leaves a trace.
    for child in ["", "/track.gpx"] {
        let preview = ada.get(&format!("{}{child}?as=public", path_of(&own))).await;
        assert_eq!(preview.status(), 200);
    }
    let zone = json!({ "label": "Xanadu home", "position": [lon, lat], "radius_m": 300 });
    assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    app.run_jobs().await;

    let mut traces: Vec<Vec<u8>> =
        ["Xanadu", "8.5123", "47.3987", "ada@example.org"].map(Into::into).to_vec();
    for degrees in [lon, lat] {
        #[allow(clippy::cast_possible_truncation, reason = "degrees in 1e-7 fit")]
        let e7 = (degrees * 1e7).round() as i32;
        traces.extend([degrees.to_le_bytes().to_vec(), degrees.to_be_bytes().to_vec()]);
        traces.extend([
            e7.to_le_bytes().to_vec(),
            e7.to_be_bytes().to_vec(),
            e7.to_string().into_bytes(),
        ]);
    }
    let mut places = vec![("the database".to_owned(), dump_data(&app).into_bytes())];
    read_all(&app.data, &mut places);
    assert!(places.len() > 1, "the sealed file is on disk");
    let files = database_files(&app).await;
    read_all(&files, &mut places);
    // What is sealed may hold four bytes by chance; who knows where she lives has at least twice as many.
    let mut by_chance = Vec::new();
    for (place, content) in places {
        let hex =
            |trace: &[u8]| trace.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        for trace in &traces {
            let found = count(&content, trace) + count(&content, hex(trace).as_bytes());
            if trace.len() < 5 {
                by_chance.extend(vec![place.clone(); found]);
            } else {
                assert_eq!(found, 0, "{place} holds {}", String::from_utf8_lossy(trace));
            }
        }
    }
    assert!(by_chance.len() < 2, "{by_chance:?}");

    // The scan finds what is there to be found: where the visible line begins, once it is public.
    assert_eq!(ada.post(&format!("{}/publish", path_of(&own)), &json!({})).await.status(), 200);
    let mut places = Vec::new();
    read_all(&database_files(&app).await, &mut places);
    assert!(places.iter().any(|(_, content)| contains(content, &lon.to_le_bytes())));
}

/// Where the database lies on disk, with rows that were deleted or taken back.
async fn database_files(app: &TestApp) -> PathBuf {
    use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

    let mut conn = connect(app, "opentracks").await;
    conn.batch_execute("CHECKPOINT").await.unwrap();
    let folder = "(SELECT current_setting('data_directory') || '/base/' || oid \
                  FROM pg_database WHERE datname = current_database())";
    let folder = diesel::dsl::sql::<diesel::sql_types::Text>(folder);
    diesel::select(folder).get_result::<String>(&mut conn).await.unwrap().into()
}

/// Each row of PRIVACY.md names a test that exists.
#[test]
fn every_promise_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    read_all(&root.join("tests"), &mut sources);
    let sources: String = sources.iter().map(|(_, text)| String::from_utf8_lossy(text)).collect();
    let rows = fs::read_to_string(root.join("PRIVACY.md")).unwrap();
    let rows: Vec<&str> =
        rows.lines().filter(|line| line.starts_with("| O") || line.starts_with("| SP-")).collect();
    assert!(rows.len() >= 18);
    for row in rows {
        let test = row.rsplit('`').nth(1).unwrap();
        assert!(sources.contains(&format!("fn {test}()")), "{row}");
    }
}

fn contains(content: &[u8], trace: &[u8]) -> bool {
    memchr::memmem::find(content, trace).is_some()
}

/// Every file below `folder`, with its path.
fn read_all(folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, files);
        } else {
            // One of a database that is at work may be gone by now.
            let content = fs::read(&path).ok();
            files.extend(content.map(|content| (path.display().to_string(), content)));
        }
    }
}

fn files_under(folder: &Path) -> usize {
    let mut files = Vec::new();
    read_all(folder, &mut files);
    files.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_p1_what_is_published_is_searched_and_drawn() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let words = json!({ "title": "Up the brook" });
    let own: Value = ada.upload(&northward_gpx(8.5, 47.3, 300), &words).await.json().await.unwrap();
    let search = "/api/v1/explore/search?q=brook&bbox=8,47,9,48";
    let found = async || {
        let answer: Value = app.anyone().get(search).await.json().await.unwrap();
        let drawn = app.anyone().get("/tiles/0/0/0.mvt").await.bytes().await.unwrap();
        (answer["items"].as_array().unwrap().len(), drawn.is_empty())
    };
    assert_eq!(found().await, (0, true));
    let path = path_of(&own);
    assert_eq!(ada.post(&format!("{path}/publish"), &json!({})).await.status(), 200);
    assert_eq!(found().await, (1, false));
    assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    assert_eq!(found().await, (0, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_od18_p2_what_is_published_is_reused_with_its_authors_name() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let items: Value =
        app.anyone().get("/ogc/collections/activities/items").await.json().await.unwrap();
    let [feature] = items["features"].as_array().unwrap().as_slice() else { panic!("{items}") };
    assert_eq!((&feature["id"], &feature["properties"]["author"]), (&json!(id), &json!("Ada")));
    assert_eq!(feature["geometry"]["type"], "MultiLineString");
}
