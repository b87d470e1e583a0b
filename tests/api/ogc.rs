//! OGC API – Features over what is published, read by GDAL as well.

use std::process::{Command, Stdio};

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, northward_gpx};

const ITEMS: &str = "/ogc/collections/activities/items";

async fn json_of(app: &TestApp, path: &str) -> Value {
    let answer = app.anyone().get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["cache-control"], "public, no-cache", "{path}");
    answer.json().await.unwrap()
}

async fn published(ada: &Caller<'_>, lon: f64, words: Value) -> String {
    let own: Value = ada.upload(&northward_gpx(lon, 47.3, 300), &words).await.json().await.unwrap();
    let id = own["id"].as_str().unwrap().to_owned();
    let publish = format!("/api/v1/activities/{id}/publish");
    assert_eq!(ada.post(&publish, &json!({})).await.status(), 200);
    id
}

/// Requirements 1 to 6 and 11 to 15 of OGC 17-069r4: every link leads somewhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_landing_page_leads_everywhere() {
    let app = TestApp::start().await;
    let landing = json_of(&app, "/ogc").await;
    for rel in ["self", "service-desc", "service-doc", "conformance", "data"] {
        let link = landing["links"].as_array().unwrap().iter().find(|link| link["rel"] == rel);
        let href = link.unwrap()["href"].as_str().unwrap();
        let answer = app.anyone().get(href.strip_prefix(&app.address).unwrap()).await;
        assert_eq!(answer.status(), 200, "{href}");
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind.split("; ").next().unwrap(), link.unwrap()["type"], "{href}");
    }
    let conforms = json_of(&app, "/ogc/conformance").await;
    assert!(
        conforms["conformsTo"].as_array().unwrap().iter().any(|class| {
            class == "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
        })
    );
    let collections = json_of(&app, "/ogc/collections").await;
    for collection in collections["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        assert_eq!(&json_of(&app, &format!("/ogc/collections/{id}")).await, collection);
        assert!(collection["links"].as_array().unwrap().iter().any(|link| link["rel"] == "items"));
    }
    refused(app.anyone().get("/ogc/collections/secrets").await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_the_renditions_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let run = published(&ada, 8.5, json!({ "title": "Run", "sport": "running" })).await;
    let ride = published(&ada, 9.5, json!({ "title": "Ride", "sport": "cycling" })).await;
    ada.has_activity(&northward_gpx(8.5, 47.3, 301)).await;
    let found = json_of(&app, ITEMS).await;
    assert_eq!(
        (&found["type"], &found["numberReturned"]),
        (&json!("FeatureCollection"), &json!(2))
    );
    let feature = json_of(&app, &format!("{ITEMS}/{run}")).await;
    assert!(found["features"].as_array().unwrap().contains(&feature));
    assert_eq!(feature["properties"]["author"], "Ada");
    assert_eq!(feature["geometry"]["type"], "MultiLineString");
    let rendition: Value =
        app.anyone().get(&format!("/api/v1/activities/{run}")).await.json().await.unwrap();
    for name in ["title", "description", "kind", "sport", "day"] {
        assert_eq!(feature["properties"][name], rendition[name], "{name}");
    }
    assert_eq!(feature["properties"]["distance_m"], rendition["statistics"]["distance_m"]);
    let [south, north] = [1, 3].map(|edge| rendition["statistics"]["bbox"][edge].as_f64().unwrap());
    for position in feature["geometry"]["coordinates"][0].as_array().unwrap() {
        let lat = position[1].as_f64().unwrap();
        assert!(south - 1e-7 <= lat && lat <= north + 1e-7, "{lat}");
    }
    for (query, expected) in [
        ("bbox=8,47,9,48", vec![&run]),
        ("sport=cycling", vec![&ride]),
        ("kind=planned", vec![]),
        ("datetime=2026-05-30&sport=running", vec![&run]),
        ("datetime=2026-05-31T00:00:00Z/..", vec![]),
        ("limit=10000&sport=cycling", vec![&ride]),
    ] {
        let found = json_of(&app, &format!("{ITEMS}?{query}")).await;
        let ids: Vec<&Value> =
            found["features"].as_array().unwrap().iter().map(|feature| &feature["id"]).collect();
        assert_eq!(ids, expected, "{query}");
    }
    // Asked again, what is unchanged need not be sent again.
    let tag = app.anyone().get(ITEMS).await.headers()["etag"].clone();
    app.advance(TimeDelta::seconds(5));
    let again = app.anyone().request(Method::GET, ITEMS).header("If-None-Match", &tag);
    assert_eq!(again.send().await.unwrap().status(), 304);
    let first = json_of(&app, &format!("{ITEMS}?limit=1")).await;
    let next = |page: &Value| {
        let links = page["links"].as_array().unwrap();
        let next = links.iter().find(|link| link["rel"] == "next")?;
        Some(next["href"].as_str().unwrap().strip_prefix(&app.address).unwrap().to_owned())
    };
    let second = json_of(&app, &next(&first).unwrap()).await;
    assert_ne!(first["features"][0]["id"], second["features"][0]["id"]);
    assert_eq!(next(&second), None);

    let unpublish = format!("/api/v1/activities/{run}/unpublish");
    assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    refused(app.anyone().get(&format!("{ITEMS}/{run}")).await, 404).await;
    assert_eq!(json_of(&app, ITEMS).await["numberReturned"], 1);
    let hide = json!({ "choices": { "map": false } });
    assert_eq!(ada.patch(&format!("/api/v1/activities/{ride}"), &hide).await.status(), 200);
    refused(app.anyone().get(&format!("{ITEMS}/{ride}")).await, 404).await;
    assert_eq!(json_of(&app, ITEMS).await["numberReturned"], 0);
}

/// Points of interest are found where they lie, and those in what is hidden are not.
#[tokio::test(flavor = "multi_thread")]
async fn waypoints_are_features_as_far_as_they_are_seen() {
    const WAYPOINTS: &str = "/ogc/collections/waypoints/items";
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let mut ids = Vec::new();
    for lon in [8.5, 9.5] {
        let places: String = [("Door", 47.3), ("Well", 47.31), ("Oak", 47.315)]
            .map(|(name, lat)| {
                format!("<wpt lat=\"{lat}\" lon=\"{lon}\"><name>{name}</name></wpt>")
            })
            .concat();
        let line = String::from_utf8(northward_gpx(lon, 47.3, 300)).unwrap();
        let file = line.replacen("<trk>", &format!("{places}<trk>"), 1);
        ids.push(ada.has_published(file.as_bytes()).await);
    }
    let names = |found: &Value| -> Vec<(f64, String)> {
        let features = found["features"].as_array().unwrap().iter();
        let name = |feature: &Value| {
            let lat = feature["geometry"]["coordinates"][1].as_f64().unwrap();
            (lat, feature["properties"]["activity"].as_str().unwrap().to_owned())
        };
        features.map(name).collect()
    };
    let here = json_of(&app, &format!("{WAYPOINTS}?bbox=8,47,9,48")).await;
    assert_eq!(names(&here), [(47.31, ids[0].clone()), (47.315, ids[0].clone())]);
    // Page by page there are the same.
    let (mut all, mut next) = (Vec::new(), format!("{WAYPOINTS}?limit=1"));
    loop {
        let page = json_of(&app, &next).await;
        all.extend(names(&page));
        let links = page["links"].as_array().unwrap();
        let Some(link) = links.iter().find(|link| link["rel"] == "next") else { break };
        link["href"].as_str().unwrap().strip_prefix(&app.address).unwrap().clone_into(&mut next);
    }
    assert_eq!(all.len(), 4);
    let first = &here["features"][0];
    let path = format!("{WAYPOINTS}/{}", first["id"].as_str().unwrap());
    assert_eq!(&json_of(&app, &path).await, first);
    assert_eq!(first["properties"]["author"], "Ada");
    for unknown in ["2", "x", "70000"] {
        refused(app.anyone().get(&format!("{WAYPOINTS}/{}.{unknown}", ids[0])).await, 404).await;
    }
    let unpublish = format!("/api/v1/activities/{}/unpublish", ids[0]);
    assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    let left = json_of(&app, WAYPOINTS).await;
    assert_eq!(names(&left).len(), 2);
    refused(app.anyone().get(&path).await, 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_standard_calls_unfit_is_400() {
    let app = TestApp::start().await;
    for query in [
        "limit=0",
        "limit=-1",
        "limit=ten",
        "bbox=1,2,3",
        "bbox=8,48,9,47",
        "datetime=today",
        "unknown=1",
        "sport=dancing",
        "datetime=2026-05-31/2026-05-30",
        "cursor=x",
        "f=html",
    ] {
        refused(app.anyone().get(&format!("{ITEMS}?{query}")).await, 400).await;
    }
}

/// Requirements 8 and 9: of every resource.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_resource_knows_is_400() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let line = String::from_utf8(northward_gpx(8.5, 47.3, 300)).unwrap();
    let well = "<wpt lat=\"47.31\" lon=\"8.5\"><name>Well</name></wpt><trk>";
    let id = ada.has_published(line.replacen("<trk>", well, 1).as_bytes()).await;
    for path in [
        "/ogc".to_owned(),
        "/ogc/".to_owned(),
        "/ogc/api".to_owned(),
        "/ogc/conformance".to_owned(),
        "/ogc/collections".to_owned(),
        "/ogc/collections/activities".to_owned(),
        format!("{ITEMS}/{id}"),
        ITEMS.to_owned(),
        "/ogc/collections/waypoints".to_owned(),
        format!("/ogc/collections/waypoints/items/{id}.0"),
        "/ogc/collections/waypoints/items".to_owned(),
    ] {
        for known in ["", "?", "?f=json"] {
            assert_eq!(app.anyone().get(&format!("{path}{known}")).await.status(), 200, "{path}");
        }
        for unknown in ["unknown=1", "f=html", "f=json&unknown", "F=json"] {
            refused(app.anyone().get(&format!("{path}?{unknown}")).await, 400).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_the_features() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    published(&ada, 8.5, json!({ "title": "Run" })).await;
    published(&ada, 9.5, json!({ "title": "Ride" })).await;
    let source = format!("OAPIF:{}/ogc", app.address);
    let told = gdal("ogrinfo", &["-ro", "-al", "-oo", "PAGE_SIZE=1", &source]).await;
    assert!(told.contains("Layer name: activities") && told.contains("Feature Count: 2"), "{told}");
    assert!(told.contains("author (String) = Ada") && told.contains("MULTILINESTRING"), "{told}");
    let target = app.data.join("activities.geojson");
    let target = target.to_str().unwrap();
    let clip = ["-spat", "8", "47", "9", "48"];
    gdal("ogr2ogr", &[&["-f", "GeoJSON", target, &source, "activities"], &clip[..]].concat()).await;
    let copied: Value = serde_json::from_str(&std::fs::read_to_string(target).unwrap()).unwrap();
    assert_eq!(copied["features"].as_array().unwrap().len(), 1);
    assert_eq!(copied["features"][0]["properties"]["title"], "Run");
}

/// The tests of the standard's annex A by a public verifier, but for A.2: it asks for a class of part 2 there.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_verifier_finds_the_core() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let line = String::from_utf8(northward_gpx(8.5, 48.3, 300)).unwrap();
    let well = "<wpt lat=\"48.31\" lon=\"8.5\"><name>Well</name></wpt><trk>";
    for _ in 0..12 {
        ada.has_published(line.replacen("<trk>", well, 1).as_bytes()).await;
    }
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tools/ogc/bin/python");
    // It waits for an answer for five seconds, which is no part of the standard.
    let patient = "import sys, pytest, httpx._config as httpx
limits = httpx.DEFAULT_TIMEOUT_CONFIG
limits.connect = limits.read = limits.write = limits.pool = 60.0
sys.exit(pytest.main(sys.argv[1:]))";
    let tests = ["-c", patient, "--pyargs", "ogctests.features.core", "-k", "not test_crs"];
    let mut command = Command::new(python);
    command.args(tests).args(["-p", "no:cacheprovider", "--tb=short"]).stdin(Stdio::null());
    command.env("INSTANCE_URL", format!("{}/ogc", app.address)).env("no_proxy", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("28 passed, 1 deselected"), "{told}");
}

/// What a program of GDAL says.
pub async fn gdal(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).env("no_proxy", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}
