//! What goes over the antimeridian lies on both of its sides and nowhere else.

use serde_json::{Value, json};

use crate::harness::{TestApp, gpx_through};
use crate::tiles::{tells, tile, tile_of};

/// From Fiji's Taveuni eastwards.
const FERRY: [(f64, f64); 2] = [(179.9, -17.0), (-179.9, -17.0)];

/// On both sides, and over it; then in Africa and round the rest of the world.
const BOXES: [(&str, bool); 8] = [
    ("179.92,-18,179.95,-16", true),
    ("-179.95,-18,-179.92,-16", true),
    ("179,-18,-179,-16", true),
    ("0,-18,10,-16", false),
    ("-179.8,-18,179.8,-16", false),
    // The meridian itself.
    ("180,-18,-180,-16", true),
    ("180,-18,180,-16", true),
    ("180,-16,-180,-15", false),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_over_the_antimeridian_is_found_and_drawn_on_both_sides_alone() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let id = ada.has_published(&gpx_through(&FERRY)).await;
    let anyone = app.anyone();
    for (bbox, is_there) in BOXES {
        for (path, items) in
            [("/api/v1/explore/search", "items"), ("/ogc/collections/activities/items", "features")]
        {
            let found: Value =
                anyone.get(&format!("{path}?bbox={bbox}")).await.json().await.unwrap();
            let found = found[items].as_array().unwrap();
            assert_eq!(
                found.iter().any(|item| item["id"] == id.as_str()),
                is_there,
                "{path} {bbox}"
            );
        }
    }
    for zoom in [9, 13, 16] {
        for (lon, is_there) in [(179.95, true), (-179.95, true), (5.0, false), (-100.0, false)] {
            let drawn = tile(&anyone, &tile_of(zoom, lon, -17.0)).await;
            assert_eq!(tells(&drawn, &id), is_there, "{zoom} {lon}");
        }
    }
    for lon in [179.95, -179.95] {
        let body = json!({ "position": [lon, -17.0], "radius_m": 1_000, "to": "line" });
        let found: Value = anyone.post("/api/v1/explore/nearby", &body).await.json().await.unwrap();
        assert_eq!(found["items"][0]["activity"]["id"], id.as_str(), "{found}");
        assert!(found["items"][0]["distance_m"].as_f64().unwrap() < 20.0);
    }
    // The same way is the same way, and one on this side has a part of it.
    let back = ada.has_published(&gpx_through(&[FERRY[1], FERRY[0]])).await;
    let half = ada.has_published(&gpx_through(&[FERRY[0], (179.98, -17.0)])).await;
    let body = json!({ "activity": id });
    let found: Value = anyone.post("/api/v1/explore/along", &body).await.json().await.unwrap();
    let alike = |number: usize| {
        let item = &found["items"][number];
        (item["activity"]["id"].as_str().unwrap(), item["alike"].as_f64().unwrap())
    };
    assert_eq!([alike(0).0, alike(1).0], [&back, &half]);
    assert!(0.95 < alike(0).1 && (0.3..0.45).contains(&alike(1).1), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_line_is_cut_for_tools_and_open_data() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    ada.agree("open_data", true).await;
    let id = ada.has_published(&gpx_through(&FERRY)).await;
    app.run_jobs().await;
    let item = app.anyone().get(&format!("/ogc/collections/activities/items/{id}")).await;
    let open = app.anyone().get("/open-data/activities.geojsons").await.text().await.unwrap();
    for feature in [
        item.json::<Value>().await.unwrap(),
        serde_json::from_str(open.trim_matches(['\u{1e}', '\n'])).unwrap(),
    ] {
        assert_eq!(feature["geometry"]["type"], "MultiLineString");
        let lines = feature["geometry"]["coordinates"].as_array().unwrap();
        let ends = |line: &Value| {
            let points = line.as_array().unwrap();
            (points[0][0].as_f64().unwrap(), points[points.len() - 1][0].as_f64().unwrap())
        };
        let [west, east] = &lines[..] else { panic!("two lines: {feature}") };
        assert!(ends(west).0 > 179.0 && ends(west).1 >= 180.0, "{feature}");
        assert!(ends(east).0 <= -180.0 && ends(east).1 < -179.0, "{feature}");
    }
}
