//! What is not fit is refused: quickly, with a reason, without an echo, and nothing of it is kept.

use std::fs;
use std::io::Write;
use std::path::Path;

use diesel::sql_types::BigInt;
use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::harness::{Caller, TestApp, connect, northward_gpx};

/// Stands in everything that is sent here, and in no answer.
pub const CANARY: &str = "kanarie4711";
pub const ACTIVITIES: &str = "/api/v1/activities";
pub const NEARBY: &str = "/api/v1/explore/nearby";

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_track_is_told_why() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let gpx = |inner: &str| {
        format!("<gpx>\n<trk><name>{CANARY}</name><trkseg>\n{inner}\n</trkseg></trk></gpx>")
            .into_bytes()
    };
    let laughs = "<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\">";
    let attributes = format!("<trkpt{}/>", " a=\"1\"".repeat(800_000));
    let zeros = vec![0; 70_000_000];
    for (what, file, word, line) in [
        ("text", format!("Dear diary, {CANARY}").into_bytes(), "track", None),
        ("empty", Vec::new(), "empty", None),
        ("jpeg", [b"\xFF\xD8\xFF\xE0".as_slice(), CANARY.as_bytes()].concat(), "picture", None),
        ("web page", format!("<html><body>{CANARY}</body></html>").into_bytes(), "web page", None),
        (
            "truncated",
            format!("<gpx><trk><name>{CANARY}</name><trkseg><trkpt lat=\"47").into_bytes(),
            "",
            None,
        ),
        ("no point", gpx(""), "point", None),
        ("NaN", gpx("<trkpt lat=\"NaN\" lon=\"8.5\"/>"), "", Some(3)),
        ("latitude 95", gpx("<trkpt lat=\"95\" lon=\"8.5\"/>"), "", Some(3)),
        ("huge number", gpx("<trkpt lat=\"1e400\" lon=\"8.5\"/>"), "", Some(3)),
        (
            "doctype",
            format!("<?xml version=\"1.0\"?>\n<!DOCTYPE gpx SYSTEM \"{CANARY}\"><gpx/>")
                .into_bytes(),
            "DOCTYPE",
            Some(2),
        ),
        (
            "laughs",
            format!("<!DOCTYPE gpx [<!ENTITY a \"{CANARY}\">{laughs}]><gpx>&c;</gpx>").into_bytes(),
            "DOCTYPE",
            Some(1),
        ),
        ("attributes", gpx(&attributes), "attributes", Some(3)),
        ("gzip bomb", gzip(&zeros), "than", None),
        ("zip bomb", zip(CANARY, &zeros), "", None),
        ("deep json", "[".repeat(100_000).into_bytes(), "", None),
    ] {
        let answer = ada.upload(&file, &json!({ "title": CANARY })).await;
        assert_eq!(answer.status(), 422, "{what}");
        let problem = refused(answer, 422).await;
        let error = &problem["errors"][0];
        assert_eq!(error["field"], "file", "{what}: {problem}");
        assert!(error["reason"].as_str().unwrap().contains(word), "{what}: {problem}");
        assert!(line.is_none() || error["line"] == json!(line), "{what}: {problem}");
        assert!(!problem.to_string().contains(CANARY), "{what}: {problem}");
        assert_eq!(kept(&app).await, before, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_making_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let gpx = String::from_utf8(northward_gpx(8.5, 47.3, 30)).unwrap();
    let part = |name: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let file = part("file", &gpx);
    let with = "multipart/form-data; boundary=b";
    let long_head = format!(
        "--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{gpx}\r\n--b--",
        "a".repeat(1_000_000)
    );
    let many_heads =
        format!("--b\r\n{}\r\n{gpx}\r\n--b--", format!("X-{CANARY}: 1\r\n").repeat(50_000));
    for (what, kind, body, status) in [
        ("10,000 parts", with, part(CANARY, "").repeat(10_000) + "--b--", 400),
        ("10,000 files", with, file[..200].repeat(10_000) + "--b--", 400),
        ("a long head", with, long_head, 400),
        ("many headers", with, many_heads, 400),
        ("no boundary", "multipart/form-data", file.clone() + "--b--", 400),
        ("another boundary", "multipart/form-data; boundary=c", file.clone() + "--b--", 400),
        ("two files", with, file.clone() + &file + "--b--", 400),
        ("an unknown part", with, file.clone() + &part(CANARY, "") + "--b--", 400),
        ("no file", with, part("metadata", "{}") + "--b--", 422),
        ("nothing", with, "--b--".to_owned(), 400),
        ("no end", with, file.clone(), 400),
        (
            "no name",
            with,
            format!("--b\r\nContent-Disposition: form-data\r\n\r\n{gpx}\r\n--b--"),
            400,
        ),
        ("metadata that is no JSON", with, file.clone() + &part("metadata", CANARY) + "--b--", 400),
        (
            "metadata that would publish",
            with,
            file.clone() + &part("metadata", "{\"visibility\":\"published\"}") + "--b--",
            422,
        ),
        (
            "a title of 1 MB",
            with,
            file.clone()
                + &part("metadata", &json!({ "title": CANARY.repeat(100_000) }).to_string())
                + "--b--",
            413,
        ),
    ] {
        let request = ada.request(Method::POST, ACTIVITIES).header("Content-Type", kind).body(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{what}");
        let problem = refused(answer, status).await;
        assert!(!problem.to_string().contains(CANARY), "{what}: {problem}");
        assert_eq!(kept(&app).await, before, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_another_shape_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let line = "{\"type\":\"LineString\",\"coordinates\":[[8.5,47.3],[8.6,47.4]]}";
    let plan = |title: &str| format!("{{\"title\":{title},\"track\":{line}}}");
    let track = |coordinates: &str| {
        format!("{{\"track\":{{\"type\":\"LineString\",\"coordinates\":{coordinates}}}}}")
    };
    for (what, body, status) in [
        ("depth", "[".repeat(100_000), 400),
        ("depth below a field", format!("{{\"track\":{}", "[".repeat(100_000)), 400),
        ("no JSON", CANARY.to_owned(), 400),
        ("nothing", String::new(), 400),
        ("cut off", "{\"title\":\"".to_owned() + CANARY, 400),
        ("something after it", plan("\"x\"") + CANARY, 400),
        ("a lone surrogate", plan("\"\\ud800\""), 400),
        ("NUL in a title", plan("\"a\\u0000b\""), 422),
        ("a number for a title", plan("4711"), 422),
        ("a title of 1 MB", plan(&format!("\"{}\"", CANARY.repeat(100_000))), 422),
        ("no track", "{}".to_owned(), 422),
        ("an array", "[]".to_owned(), 422),
        (
            "a field twice",
            format!("{{\"title\":\"a\",\"title\":\"{CANARY}\",\"track\":{line}}}"),
            422,
        ),
        ("a latitude of 95", track("[[8.5,95],[8.6,95]]"), 422),
        ("a track of words", track(&format!("\"{CANARY}\"")), 422),
        (
            "a field that would publish",
            format!("{{\"visibility\":\"published\",\"track\":{line}}}"),
            422,
        ),
        (
            "a waypoint without a place",
            format!("{{\"track\":{line},\"waypoints\":[{{\"name\":\"{CANARY}\"}}]}}"),
            422,
        ),
        ("more than 4 MiB", " ".repeat(5_000_000), 413),
    ] {
        let answer = send_json(&ada, ACTIVITIES, body).await;
        assert_eq!(answer.status(), status, "{what}");
        let problem = refused(answer, status).await;
        assert!(!problem.to_string().contains(CANARY), "{what}: {problem}");
        assert_eq!(kept(&app).await, before, "{what}");
    }
    for (body, status) in [
        ("[".repeat(60_000), 400),
        (" ".repeat(70_000), 413),
        (format!("{{\"position\":\"{CANARY}\"}}"), 422),
    ] {
        let problem = refused(send_json(&app.anyone(), NEARBY, body).await, status).await;
        assert!(!problem.to_string().contains(CANARY), "{problem}");
    }
}

/// What is valid by JSON's grammar, and yet no value.
#[tokio::test(flavor = "multi_thread")]
async fn json_that_no_value_stands_for_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    for coordinates in [
        "[[8.5,1e999],[8.6,1e999]]",
        "[[8.5,\"\\ud800\"],[8.6,\"\\ud800\"]]",
        "[[8.5,-1e999]]",
        "{\"\\udfff\":1}",
    ] {
        let body =
            format!("{{\"track\":{{\"type\":\"LineString\",\"coordinates\":{coordinates}}}}}");
        let request = ada
            .request(Method::POST, ACTIVITIES)
            .header("Content-Type", "application/json")
            .body(body);
        let answer = request.send().await.expect(coordinates);
        assert!(answer.status().is_client_error(), "{coordinates}: {}", answer.status());
        let status = answer.status().as_u16();
        refused(answer, status).await;
        assert_eq!(kept(&app).await, before, "{coordinates}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_kind_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let before = kept(&app).await;
    let gpx = northward_gpx(8.5, 47.3, 30);
    for kind in [
        "application/gpx+xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        CANARY,
    ] {
        for path in [ACTIVITIES, NEARBY] {
            let request =
                ada.request(Method::POST, path).header("Content-Type", kind).body(gpx.clone());
            let problem = refused(request.send().await.unwrap(), 415).await;
            assert!(!problem.to_string().contains(CANARY));
        }
    }
    refused(ada.request(Method::POST, ACTIVITIES).body(gpx).send().await.unwrap(), 415).await;
    for (path, body) in [(ACTIVITIES, "{\"track\":null}"), (NEARBY, "{\"position\":[8.5,47.3]}")] {
        let request = ada.request(Method::POST, path).header("Content-Type", "application/json");
        let answer = request
            .header("Content-Encoding", "gzip")
            .body(gzip(body.as_bytes()))
            .send()
            .await
            .unwrap();
        refused(answer, 415).await;
    }
    let request =
        ada.request(Method::POST, ACTIVITIES).header("Idempotency-Key", "k".repeat(10_000));
    refused(
        request
            .multipart(crate::harness::form(&northward_gpx(8.5, 47.3, 30), &json!({})))
            .send()
            .await
            .unwrap(),
        400,
    )
    .await;
    assert_eq!(kept(&app).await, before);
}

/// The problem that an answer must be: of this status, and of the shape that all problems have.
pub async fn refused(answer: Response, status: u16) -> Value {
    let (found, kind) = (answer.status(), answer.headers().get("content-type").cloned());
    let body = answer.text().await.unwrap();
    assert_eq!(found, status, "{body}");
    assert_eq!(kind.unwrap(), "application/problem+json", "{body}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(problem["status"], status);
    assert!(problem["type"].as_str().unwrap().starts_with("/problems/"), "{problem}");
    for part in ["title", "detail"] {
        assert!(!problem[part].as_str().unwrap().is_empty(), "{problem}");
    }
    problem
}

/// How many files lie in the blob store, finished or not.
pub fn blobs(app: &TestApp) -> usize {
    fn count(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
    }
    count(&app.data.join("blobs"))
}

/// Everything that an upload leaves behind: rows of each table, and files.
pub async fn kept(app: &TestApp) -> Vec<(&'static str, i64)> {
    use diesel_async::RunQueryDsl;

    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let conn = &mut connect(app, "opentracks_owner").await;
    let mut found = vec![("blobs", i64::try_from(blobs(app)).unwrap())];
    for table in [
        "vault.activities",
        "vault.tracks",
        "vault.originals",
        "vault.photos",
        "commons.renditions",
        "commons.photos",
        "commons.published",
        "ops.activity_ids",
        "ops.photo_ids",
        "ops.jobs",
    ] {
        let query = diesel::sql_query(format!("SELECT count(*) AS rows FROM {table}"));
        found.push((table, query.get_result::<Count>(conn).await.unwrap().rows));
    }
    found
}

async fn send_json(caller: &Caller<'_>, path: &str, body: String) -> Response {
    caller
        .request(Method::POST, path)
        .header("Content-Type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A ZIP archive of one file, which says of itself that it is small.
fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let mut crc = Crc::new();
    crc.update(content);
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let name = format!("{name}.kml");
    let name_length = u16::try_from(name.len()).unwrap().to_le_bytes();
    let facts = [
        b"\x14\0\0\0\x08\0\0\0\0\0".as_slice(),
        &crc.sum().to_le_bytes(),
        &length(packed.len()),
        &length(1_000),
        &name_length,
        &[0, 0],
    ]
    .concat();
    let local = [b"PK\x03\x04".as_slice(), &facts, name.as_bytes(), &packed].concat();
    let central = [b"PK\x01\x02\x14\0".as_slice(), &facts, &[0; 14], name.as_bytes()].concat();
    let end = [
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
        &length(central.len()),
        &length(local.len()),
        &[0, 0],
    ]
    .concat();
    [local, central, end].concat()
}
