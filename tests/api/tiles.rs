//! Vector tiles: lines with their authors, starts counted further out, gone with what is taken back.

use std::io::Write;
use std::process::{Command, Stdio};

use diesel_async::SimpleAsyncConnection;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, connect, dump_data, gpx_through, northward_gpx};
use crate::jobs::count;

/// The tile that holds a place.
pub fn tile_of(zoom: u32, lon: f64, lat: f64) -> String {
    let tiles = f64::from(1_u32 << zoom);
    let x = ((lon + 180.0) / 360.0 * tiles).floor();
    let lat = lat.to_radians();
    let y =
        ((1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * tiles).floor();
    format!("/tiles/{zoom}/{x}/{y}.mvt")
}

pub async fn tile(caller: &Caller<'_>, path: &str) -> Vec<u8> {
    let answer = caller.get(path).await;
    assert_eq!(answer.status(), 200, "{path}");
    assert_eq!(answer.headers()["content-type"], "application/vnd.mapbox-vector-tile");
    assert_eq!(answer.headers()["cache-control"], "public, no-cache");
    answer.bytes().await.unwrap().to_vec()
}

/// Whether a text stands in a tile: attributes are written as they are.
pub fn tells(tile: &[u8], text: &str) -> bool {
    tile.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_draws_what_is_published_with_its_author_until_it_is_taken_back() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let own: Value = ada
        .upload(&northward_gpx(8.5, 47.3, 300), &json!({ "title": "Up the brook" }))
        .await
        .json()
        .await
        .unwrap();
    let id = own["id"].as_str().unwrap();
    let near = tile_of(13, 8.5, 47.315);
    let far = tile_of(6, 8.5, 47.315);
    let empty = [tile(&app.anyone(), &near).await, tile(&app.anyone(), &far).await];
    assert!(empty.iter().all(Vec::is_empty));
    let publish = format!("/api/v1/activities/{id}/publish");
    assert_eq!(ada.post(&publish, &json!({})).await.status(), 200);
    for zoom in [9, 10, 13, 16, 18] {
        let drawn = tile(&app.anyone(), &tile_of(zoom, 8.5, 47.315)).await;
        for told in ["Up the brook", "Ada", id, "running", "2026-05-30"] {
            assert!(tells(&drawn, told), "{zoom}: {told}");
        }
    }
    for zoom in 0..9 {
        let counted = tile(&app.anyone(), &tile_of(zoom, 8.5, 47.315)).await;
        assert!(tells(&counted, "activities") && !tells(&counted, "Ada"), "{zoom}");
    }
    // A tag saves the way only while it holds.
    let tag = app.anyone().get(&near).await.headers()["etag"].clone();
    let again = async || {
        let request = app.anyone().request(Method::GET, &near).header("If-None-Match", &tag);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(again().await, 304);
    let unpublish = format!("/api/v1/activities/{id}/unpublish");
    assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    assert_eq!(again().await, 200);
    let gone = [tile(&app.anyone(), &near).await, tile(&app.anyone(), &far).await];
    assert_eq!(gone, empty);
}

/// Lines that go round a tile have it in the box around them, as many as there is room for in it.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_round_a_tile_takes_no_room_in_it() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let path = tile_of(10, 8.5, 47.4);
    // From 8.4375 to 8.7890 east, and from 47.2792 to 47.5172 north.
    let around =
        ada.has_published(&gpx_through(&[(8.42, 47.26), (8.81, 47.26), (8.81, 47.54)])).await;
    let inside = ada.has_published(&northward_gpx(8.5, 47.4, 300)).await;
    // What lies 200 m from its edge is drawn, so that the stroke does not end there.
    let beside = ada.has_published(&northward_gpx(8.435, 47.4, 300)).await;
    copy(&app, &around, 260).await;
    let drawn = tile(&app.anyone(), &path).await;
    assert!(tells(&drawn, &inside) && tells(&drawn, &beside) && !tells(&drawn, &around));
    let next = tile(&app.anyone(), &tile_of(10, 8.5, 47.27)).await;
    assert!(tells(&next, "Running") && !tells(&next, &inside), "where it goes it is drawn");
}

/// Makes more of what is published, each like it in all but its id.
pub async fn copy(app: &TestApp, id: &str, times: u32) {
    const TABLES: [&str; 3] = ["renditions", "published", "published_lines"];
    let seed = Uuid::new_v4();
    let of = |table: &str| {
        format!(
            "INSERT INTO commons.{table}
             SELECT (jsonb_populate_record(one, jsonb_build_object('activity_id', md5(n || '{seed}')::uuid))).*
             FROM commons.{table} AS one, generate_series(1, {times}) AS n WHERE activity_id = '{id}';"
        )
    };
    let script: String = TABLES.into_iter().map(of).collect();
    connect(app, "opentracks").await.batch_execute(&script).await.unwrap();
}

/// What zones and ends hide is in no tile: its places are those of the rendition.
#[tokio::test(flavor = "multi_thread")]
async fn a_tile_draws_the_visible_line_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    // Around the hidden start, in tiles of some 150 m.
    let hidden = tile_of(18, 8.5, 47.3005);
    assert!(tile(&app.anyone(), &hidden).await.is_empty());
    assert!(!tile(&app.anyone(), &tile_of(18, 8.5, 47.315)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_stay_right_when_they_are_summed_up() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let far = tile_of(3, 8.5, 47.3);
    for _ in 0..2 {
        let id = ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
        let unpublish = format!("/api/v1/activities/{id}/unpublish");
        assert_eq!(ada.post(&unpublish, &json!({})).await.status(), 200);
    }
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let before = tile(&app.anyone(), &far).await;
    app.run_jobs().await;
    assert_eq!(tile(&app.anyone(), &far).await, before);
    // What was taken back has left no row: a square has one.
    let dump = dump_data(&app);
    let counts = dump.split("COPY commons.start_counts").nth(1).unwrap();
    assert_eq!(counts.lines().skip(1).take_while(|line| *line != "\\.").count(), 9);
}

/// However many publish and withdraw in between: what one run leaves would grow.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_counted_is_summed_up_at_once() {
    let app = TestApp::start().await;
    let crowded = "INSERT INTO commons.start_counts (zoom, x, y, change)
                   SELECT 18, place, 0, 1 FROM generate_series(1, 20001) AS place, generate_series(1, 2)";
    connect(&app, "opentracks").await.batch_execute(crowded).await.unwrap();
    app.run_jobs().await;
    assert_eq!(count(&app, "commons.start_counts").await, 20_001);
    assert_eq!(count(&app, "(SELECT FROM commons.start_counts WHERE change = 2)").await, 20_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tile_that_is_not_there_is_not_found_and_the_rest_is_described() {
    let app = TestApp::start().await;
    for path in ["/tiles/19/0/0.mvt", "/tiles/1/2/0.mvt", "/tiles/1/0/2.mvt", "/tiles/300/0/0.mvt"]
    {
        refused(app.anyone().get(path).await, 404).await;
    }
    for path in ["/tiles/1/-1/0.mvt", "/tiles/1/0/x.mvt", "/tiles/1/0/0.png"] {
        refused(app.anyone().get(path).await, 404).await;
    }
    let described: Value = app.anyone().get("/tiles/tiles.json").await.json().await.unwrap();
    assert_eq!(described["tiles"][0], format!("{}/tiles/{{z}}/{{x}}/{{y}}.mvt", app.address));
    let style: Value = app.anyone().get("/tiles/style.json").await.json().await.unwrap();
    let source = &style["sources"]["opentracks"]["url"];
    assert_eq!(source, &json!(format!("{}/tiles/tiles.json", app.address)));
    assert!(!style.to_string().replace(&app.address, "").contains("http"));
}

/// The tiles and features are read by what people use, GDAL, and not by us alone.
#[tokio::test(flavor = "multi_thread")]
async fn gdal_reads_a_tile() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    let content = tile(&app.anyone(), &tile_of(13, 8.5, 47.315)).await;
    let path = app.data.join("13.mvt");
    std::fs::File::create(&path).unwrap().write_all(&content).unwrap();
    let output = Command::new("ogrinfo")
        .args(["-ro", "-al", path.to_str().unwrap()])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        told.contains("Layer name: activities") && told.contains("author (String) = Ada"),
        "{told}"
    );
}
