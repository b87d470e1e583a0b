//! The open data: who is in it, how tools read it, and that what is withdrawn is gone from it at once.

use chrono::TimeDelta;
use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::{Caller, PASSWORD, TestApp, connect, northward_gpx};
use crate::heard::Heard;
use crate::interference::{Country, Dice, Twins};
use crate::ogc::gdal;

const SEQUENCE: &str = "/open-data/activities.geojsons";
const FLAT: &str = "/open-data/activities.fgb";

/// Who asks is not told of, so it does not matter who does.
async fn get(app: &TestApp, path: &str) -> Heard {
    let heard = Heard::of(app.anyone().request(Method::GET, path)).await;
    assert_eq!(heard.status, 200, "{path}");
    heard
}

/// The features of the text sequence: each stands between a record separator and a line feed.
async fn features(app: &TestApp) -> Vec<Value> {
    let heard = get(app, SEQUENCE).await;
    assert_eq!(heard.header("cache-control"), Some("private, no-store"));
    let text = heard.text();
    let texts: Vec<&str> = text.split('\u{1e}').collect();
    assert_eq!(texts[0], "");
    let feature = |text: &&str| serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
    texts[1..].iter().map(feature).collect()
}

async fn ids(app: &TestApp) -> Vec<String> {
    let id = |feature: &Value| feature["id"].as_str().unwrap().to_owned();
    features(app).await.iter().map(id).collect()
}

/// All ids that are listed as withdrawn, page by page.
async fn withdrawn(app: &TestApp) -> Vec<String> {
    let (mut all, mut next) = (Vec::new(), "/open-data/withdrawn?limit=1".to_owned());
    loop {
        let page = get(app, &next).await.json();
        let items = page["items"].as_array().unwrap().iter();
        all.extend(items.map(|id| id.as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        next = format!("/open-data/withdrawn?limit=1&cursor={cursor}");
    }
}

/// Everything that there is of the open data.
async fn everything(app: &TestApp) -> String {
    let mut all = String::new();
    for path in [SEQUENCE, FLAT, "/open-data", "/open-data/withdrawn"] {
        all += &get(app, path).await.text();
    }
    all
}

async fn published(owner: &Caller<'_>, title: &str, more: Value) -> String {
    let words = json!({ "title": title, "description": "Ω, \"quoted\"", "sport": "running" });
    let own: Value =
        owner.upload(&northward_gpx(8.5, 47.3, 300), &words).await.json().await.unwrap();
    let path = format!("/api/v1/activities/{}", own["id"].as_str().unwrap());
    assert_eq!(owner.post(&format!("{path}/publish"), &more).await.status(), 200);
    path
}

fn id_of(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

async fn next_day(app: &TestApp) {
    app.advance(TimeDelta::days(1));
    app.run_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_a_day_holds_what_is_published_and_agreed_to_and_nothing_else() {
    let app = TestApp::start().await;
    let (ada, ben, cleo) =
        (app.member("Ada").await, app.member("Ben").await, app.member("Cleo").await);
    assert_eq!(get(&app, "/open-data").await.json()["issue"], Value::Null);
    assert_eq!(ids(&app).await, Vec::<String>::new());
    let none = published(&ben, "Never asked", json!({})).await;
    cleo.agree("open_data", true).await;
    app.advance(TimeDelta::seconds(1));
    cleo.agree("open_data", false).await;
    published(&cleo, "Took it back", json!({})).await;
    ada.agree("open_data", true).await;
    let run = published(&ada, "Run", json!({})).await;
    published(&ada, "For a week", json!({ "until": app.now() + TimeDelta::days(7) })).await;
    let hidden = published(&ada, "Somewhere", json!({})).await;
    let hide = json!({ "choices": { "map": false } });
    assert_eq!(ada.patch(&hidden, &hide).await.status(), 200);
    ada.has_activity(&northward_gpx(8.5, 47.3, 301)).await;
    app.run_jobs().await;
    assert_eq!(ids(&app).await, [id_of(&run)]);
    let issue = get(&app, "/open-data").await.json();
    assert_eq!(issue["issue"], json!({ "number": 1, "made_on": "2026-06-01", "features": 1 }));
    let links = issue["files"].as_array().unwrap().iter().chain([&issue["withdrawn"]]);
    for link in links {
        get(&app, link["href"].as_str().unwrap().strip_prefix(&app.address).unwrap()).await;
    }
    // What it says is what others get who ask for the very activity.
    let item = format!("/ogc/collections/activities/items/{}", id_of(&run));
    assert_eq!(features(&app).await, [get(&app, &item).await.json()]);

    ben.agree("open_data", true).await;
    let ride = published(&ada, "Ride", json!({})).await;
    assert_eq!(ids(&app).await, [id_of(&run)], "an upload is not seen in it at once");
    next_day(&app).await;
    let mut expected = [&run, &ride, &none].map(|path| id_of(path));
    expected.sort();
    assert_eq!(ids(&app).await, expected);
    assert_eq!(get(&app, "/open-data").await.json()["issue"]["made_on"], "2026-06-02");
    assert_eq!(withdrawn(&app).await, Vec::<String>::new());
    refused(app.anyone().get("/open-data/activities.csv").await, 404).await;
    refused(app.anyone().get("/open-data/withdrawn?cursor=x").await, 422).await;
}

/// More than are read at once, of every kind, with all that is told of them.
#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_in_both_files_what_the_api_says() {
    const COPIES: usize = 250;
    let app = TestApp::start().await;
    let ada = app.member("Ada Ünal").await;
    ada.agree("open_data", true).await;
    // In two parts, and with nothing that could be left out.
    let pause = json!({ "label": "Well", "position": [8.5, 47.313], "radius_m": 200 });
    assert_eq!(ada.post("/api/v1/me/zones", &pause).await.status(), 201);
    app.run_jobs().await;
    let full = published(&ada, "Run Ω", json!({})).await;
    let line: Vec<[f64; 2]> = (0..30).map(|step| [9.5, 47.3 + f64::from(step) / 1e3]).collect();
    let plan = json!({
        "kind": "planned", "title": "Plan", "sport": "hiking",
        "track": { "type": "LineString", "coordinates": line },
    });
    let plan: Value = ada.post("/api/v1/activities", &plan).await.json().await.unwrap();
    let plan = format!("/api/v1/activities/{}", plan["id"].as_str().unwrap());
    assert_eq!(ada.post(&format!("{plan}/publish"), &json!({})).await.status(), 200);
    let copies = format!(
        "CREATE TEMPORARY TABLE copies AS SELECT gen_random_uuid() AS id FROM generate_series(1, {COPIES});
         INSERT INTO commons.renditions SELECT (jsonb_populate_record(model, jsonb_build_object('activity_id', id))).*
         FROM commons.renditions AS model, copies WHERE activity_id = '{of}';
         INSERT INTO commons.published SELECT (jsonb_populate_record(model, jsonb_build_object('activity_id', id))).*
         FROM commons.published AS model, copies WHERE activity_id = '{of}';",
        of = id_of(&full)
    );
    connect(&app, "opentracks").await.batch_execute(&copies).await.unwrap();
    app.issue_open_data().await;
    let told = features(&app).await;
    assert_eq!(told.len(), COPIES + 2);
    for path in [&full, &plan] {
        let item = get(&app, &format!("/ogc/collections/activities/items/{}", id_of(path))).await;
        assert!(told.contains(&item.json()));
    }
    for path in [SEQUENCE, FLAT] {
        let file = app.data.join(id_of(path));
        std::fs::write(&file, get(&app, path).await.body).unwrap();
        let (file, target) = (file.to_str().unwrap(), app.data.join("read.geojson"));
        let target = target.to_str().unwrap();
        let _left = std::fs::remove_file(target);
        let info = gdal("ogrinfo", &["-ro", "-al", "-so", file]).await;
        assert!(info.contains(&format!("Feature Count: {}", COPIES + 2)), "{info}");
        assert!(info.contains("Multi Line String") && info.contains("WGS 84"), "{info}");
        let exactly = ["-lco", "COORDINATE_PRECISION=7", "-lco", "ID_FIELD=id"];
        let copy = ["-f", "GeoJSON", target, file];
        gdal("ogr2ogr", &[&copy[..], &exactly[..]].concat()).await;
        let read: Value = serde_json::from_slice(&std::fs::read(target).unwrap()).unwrap();
        let read = read["features"].as_array().unwrap();
        assert_eq!(read.len(), told.len());
        for (told, read) in told.iter().zip(read) {
            assert_eq!(read["geometry"], told["geometry"], "{path}");
            assert_eq!(read["properties"]["author"], "Ada Ünal", "{path}");
            for (name, value) in told["properties"].as_object().unwrap() {
                let read = &read["properties"][name];
                // GDAL writes 15 digits.
                let is_as_near = read
                    .as_f64()
                    .zip(value.as_f64())
                    .is_some_and(|(read, told)| (read - told).abs() <= told.abs() * 1e-14);
                assert!(is_as_near || read == value, "{path} {name}: {read}, not {value}");
            }
        }
    }
    let parts = told.iter().map(|feature| feature["geometry"]["coordinates"].as_array());
    assert_eq!(parts.map(|parts| parts.unwrap().len()).max(), Some(2));
}

/// By whichever way it goes, it is gone with the answer, in every file; the next issue lists its id and no more.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_in_no_byte_from_the_answer_on() {
    let app = TestApp::start().await;
    for way in [
        "unpublish",
        "delete",
        "hide",
        "end",
        "retitle",
        "zone",
        "rename",
        "restrict",
        "disagree",
        "leave",
        "erase",
    ] {
        let name = format!("Canary of {way}");
        let ada = app.member(&name).await;
        ada.agree("open_data", true).await;
        let path = published(&ada, &format!("Moonrise {way}"), json!({})).await;
        let id = id_of(&path);
        app.issue_open_data().await;
        let before = everything(&app).await;
        assert!(before.matches(&id).count() >= 2 && before.matches(&name).count() == 2, "{way}");
        app.advance(TimeDelta::seconds(1));
        let answer = match way {
            "unpublish" => ada.post(&format!("{path}/unpublish"), &json!({})).await,
            "delete" => ada.delete(&path).await,
            "hide" => ada.patch(&path, &json!({ "choices": { "map": false } })).await,
            "end" => {
                let until = app.now() + TimeDelta::days(7);
                ada.post(&format!("{path}/publish"), &json!({ "until": until })).await
            }
            "retitle" => ada.patch(&path, &json!({ "title": "Another" })).await,
            "zone" => {
                let zone = json!({ "label": "Door", "position": [8.5, 47.31], "radius_m": 200 });
                ada.post("/api/v1/me/zones", &zone).await
            }
            "rename" => ada.patch("/api/v1/me", &json!({ "public_name": "Somebody else" })).await,
            "restrict" => ada.request(Method::PUT, "/api/v1/me/restriction").send().await.unwrap(),
            "disagree" => {
                let request = ada.request(Method::PUT, "/api/v1/me/consents/open_data");
                request.json(&json!({ "given": false })).send().await.unwrap()
            }
            "leave" => ada.leave(&json!({})).await,
            _ => ada.leave(&json!({ "published": "erase" })).await,
        };
        assert!(answer.status().is_success(), "{way}: {}", answer.status());
        let after = everything(&app).await;
        assert!(!after.contains(&name) && (way == "rename" || !after.contains(&id)), "{way}");
        assert!(way == "rename" || !after.contains(&format!("Moonrise {way}")), "{way}");
        app.finish_leaving().await;
        app.issue_open_data().await;
        let is_back = matches!(way, "retitle" | "zone" | "rename");
        assert_eq!(ids(&app).await.contains(&id), is_back, "{way}");
        assert_eq!(withdrawn(&app).await.contains(&id), !is_back, "{way}");
        // Nobody is left who could agree to a work without an author.
        assert!(is_back || !everything(&app).await.contains(&format!("Moonrise {way}")), "{way}");
    }
}

/// Nothing but ids, of nothing but what was in an issue, and not for long.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_what_was_withdrawn_is_no_register() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.agree("open_data", true).await;
    let (stays, goes, comes_back) = (
        published(&ada, "Stays", json!({})).await,
        published(&ada, "Goes", json!({})).await,
        published(&ada, "Comes back", json!({})).await,
    );
    app.run_jobs().await;
    let brief = published(&ada, "Brief", json!({})).await;
    for path in [&goes, &comes_back, &brief] {
        assert_eq!(ada.post(&format!("{path}/unpublish"), &json!({})).await.status(), 200);
    }
    assert_eq!(withdrawn(&app).await, Vec::<String>::new(), "when it went is not seen");
    next_day(&app).await;
    let mut both = [&goes, &comes_back].map(|path| id_of(path));
    both.sort();
    assert_eq!(withdrawn(&app).await, both);
    let list = get(&app, "/open-data/withdrawn").await.json();
    assert_eq!(list, json!({ "items": both, "next_cursor": null }));
    let ada = app.sign_in(&ada.email, PASSWORD).await;
    assert_eq!(ada.post(&format!("{comes_back}/publish"), &json!({})).await.status(), 200);
    next_day(&app).await;
    assert_eq!(withdrawn(&app).await, [id_of(&goes)]);
    app.advance(TimeDelta::days(27));
    app.run_jobs().await;
    assert_eq!(withdrawn(&app).await, [id_of(&goes)]);
    app.advance(TimeDelta::days(2));
    app.run_jobs().await;
    assert_eq!(withdrawn(&app).await, Vec::<String>::new(), "after 30 days");
    assert_eq!(ids(&app).await.len(), 2);
    assert!(ids(&app).await.contains(&id_of(&stays)));
    // It is no row any more, so that the id is nowhere in what is open.
    let left = crate::harness::dump_data(&app);
    let rows = left.split("COPY commons.open_data ").nth(1).unwrap().split("\\.").next().unwrap();
    assert!(!rows.contains(&id_of(&goes)) && rows.contains(&id_of(&comes_back)));
}

/// A process that dies while it makes an issue leaves rows of the next one.
#[tokio::test(flavor = "multi_thread")]
async fn an_issue_that_is_half_made_is_not_seen_and_leaves_no_trace() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.agree("open_data", true).await;
    app.issue_open_data().await;
    let (goes, stays) =
        (published(&ada, "Goes", json!({})).await, published(&ada, "Stays", json!({})).await);
    let mut conn = connect(&app, "opentracks").await;
    for path in [&goes, &stays] {
        let row = format!("('{id}', '{id}', 2)", id = id_of(path));
        let half = format!(
            "INSERT INTO commons.open_data (activity_id, published_id, issue) VALUES {row}"
        );
        conn.batch_execute(&half).await.unwrap();
    }
    assert_eq!(ids(&app).await, Vec::<String>::new());
    assert_eq!(ada.post(&format!("{goes}/unpublish"), &json!({})).await.status(), 200);
    for _ in 0..2 {
        app.issue_open_data().await;
        assert_eq!(ids(&app).await, [id_of(&stays)]);
        assert_eq!(withdrawn(&app).await, Vec::<String>::new(), "it never was in an issue");
    }
}

/// Tracks that differ in what is hidden alone give the same files.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_does_not_show_in_a_file() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.agree("open_data", true).await;
    let country = Country {
        origin: [47.3, 8.5],
        places: [[0.0, 0.0], [2_300.0, 900.0], [3_400.0, 3_000.0]],
        zoned: [true, true, false],
    };
    for place in 0..2 {
        let zone = json!({ "label": "Kept", "position": country.position(place), "radius_m": 300 });
        assert_eq!(ada.post("/api/v1/me/zones", &zone).await.status(), 201);
    }
    app.run_jobs().await;
    let mut dice = Dice(11);
    let Twins { files: [one, other] } = country.twins(&mut dice, true);
    let path = format!("/api/v1/activities/{}", ada.has_published(&one).await);
    let mut heard = Vec::new();
    for file in [&one, &other] {
        let request = ada.request(Method::PUT, &format!("{path}/track"));
        let file = reqwest::multipart::Part::bytes(file.clone()).file_name("track.gpx");
        let request = request.multipart(reqwest::multipart::Form::new().part("file", file));
        assert_eq!(request.send().await.unwrap().status(), 200);
        app.issue_open_data().await;
        heard.push((get(&app, SEQUENCE).await, get(&app, FLAT).await));
    }
    assert_ne!(one, other);
    assert!(heard[0].0.text().contains(&id_of(&path)));
    assert!(heard[0] == heard[1]);
}
