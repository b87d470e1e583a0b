//! What is published near a position.

use std::collections::BTreeSet;

use diesel::sql_types::Text;
use serde_json::{Value, json};

use crate::bad_input::refused;
use crate::harness::{Caller, TestApp, connect, logged, northward_gpx};
use crate::logs::without_chance;
use crate::sharing::{Fix, walk};

const NEARBY: &str = "/api/v1/explore/nearby";
/// The mean radius of the Earth, in metres.
const RADIUS_M: f64 = 6_371_008.8;

#[tokio::test(flavor = "multi_thread")]
async fn the_nearest_comes_first_with_its_author_and_its_distance_to_the_visible_start() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("Ada").await, app.member("Ben").await);
    let here = [8.5, 47.3];
    let far = ada.has_published(&northward_gpx(8.6, 47.3, 300)).await;
    let near = ben.has_published(&northward_gpx(8.51, 47.3, 300)).await;
    let middle = ada.has_published(&northward_gpx(8.45, 47.3, 300)).await;
    // Nearest of all, and nobody's business.
    ada.has_activity(&northward_gpx(8.5, 47.2975, 300)).await;
    let taken_back = ada.has_published(&northward_gpx(8.5, 47.2975, 300)).await;
    assert_eq!(
        ada.post(&format!("/api/v1/activities/{taken_back}/unpublish"), &json!({})).await.status(),
        200
    );

    // Even its owner sees here what others see.
    for viewer in [app.anyone(), ada.clone()] {
        let found = nearby(&viewer, &json!({ "position": here, "radius_m": 20_000 })).await;
        assert_eq!(ids(&found), [near.as_str(), &middle, &far]);
        assert_eq!(found["next_cursor"], Value::Null);
        let authors = [&ben, &ada, &ada].map(|author| author.account_id.as_str());
        for (item, author) in found["items"].as_array().unwrap().iter().zip(authors) {
            assert_eq!(item["activity"]["author"]["id"], author);
            assert!(item["activity"].get("started_at").is_none());
            let path = format!(
                "/api/v1/activities/{}/track.geojson",
                item["activity"]["id"].as_str().unwrap()
            );
            let line: Value = app.anyone().get(&path).await.json().await.unwrap();
            let start = &line["features"][0]["geometry"]["coordinates"][0];
            let expected_m =
                great_circle_m(here, [start[0].as_f64().unwrap(), start[1].as_f64().unwrap()]);
            let distance_m = item["distance_m"].as_f64().unwrap();
            assert!((distance_m - expected_m).abs() < 0.5, "{distance_m} {expected_m}");
        }
        assert_eq!(found["items"][0]["activity"]["author"]["public_name"], "Ben");
    }
    let found = nearby(&app.anyone(), &json!({ "position": here, "radius_m": 5_000 })).await;
    assert_eq!(ids(&found), [near.as_str(), &middle]);
    assert!(
        ids(&nearby(&app.anyone(), &json!({ "position": here, "radius_m": 100 })).await).is_empty()
    );
    // 10 km unless asked otherwise.
    assert_eq!(ids(&nearby(&app.anyone(), &json!({ "position": here })).await).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_by_sport_kind_length_and_ascent() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let run = ada.has_published(&northward_gpx(8.5, 47.3, 200)).await;
    let ride =
        published_as(&ada, &northward_gpx(8.5, 47.3, 900), &json!({ "sport": "cycling" })).await;
    let plan =
        published_as(&ada, &northward_gpx(8.5, 47.3, 400), &json!({ "kind": "planned" })).await;
    let climb: Vec<Fix> = (0..300)
        .map(|step| Fix(f64::from(step) * 10.0, 0.0, f64::from(400 + step), i64::from(step) * 10))
        .collect();
    let climb =
        published_as(&ada, &walk("2026-05-30T07:00:00Z", &climb), &json!({ "sport": "hiking" }))
            .await;
    for (filter, expected) in [
        (json!({}), vec![&run, &ride, &plan, &climb]),
        (json!({ "sport": "cycling" }), vec![&ride]),
        (json!({ "sport": "running" }), vec![&run, &plan]),
        (json!({ "kind": "planned" }), vec![&plan]),
        (json!({ "kind": "recorded", "sport": "running" }), vec![&run]),
        // Of the visible part: 2 km of which half a kilometre is hidden, 9, 4 and 3.
        (json!({ "distance_m": { "min": 5_000 } }), vec![&ride]),
        (json!({ "distance_m": { "max": 1_950 } }), vec![&run]),
        (json!({ "distance_m": { "min": 2_000, "max": 5_000 } }), vec![&plan, &climb]),
        (json!({ "distance_m": {} }), vec![&run, &ride, &plan, &climb]),
        (json!({ "ascent_m": { "min": 100 } }), vec![&climb]),
        (json!({ "ascent_m": { "min": 100, "max": 120 } }), vec![]),
        (json!({ "sport": "swimming" }), vec![]),
    ] {
        let mut question = filter.clone();
        question["position"] = json!([8.5, 47.3]);
        let found = nearby(&app.anyone(), &question).await;
        let found: BTreeSet<&str> = ids(&found).into_iter().collect();
        assert_eq!(found, expected.iter().map(|id| id.as_str()).collect(), "{filter}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // Five start in one place, so that only the id tells them apart.
    for lon in [8.5, 8.5, 8.5, 8.5, 8.5, 8.52, 8.49] {
        ada.has_published(&northward_gpx(lon, 47.3, 100)).await;
    }
    let question =
        |limit: usize| json!({ "position": [8.5, 47.3], "radius_m": 10_000, "limit": limit });
    let whole = nearby(&app.anyone(), &question(100)).await;
    let all = ids(&whole);
    assert_eq!((all.len(), &whole["next_cursor"]), (7, &Value::Null));
    for limit in 1..=7 {
        let (mut question, mut seen) = (question(limit), Vec::new());
        loop {
            let page = nearby(&app.anyone(), &question).await;
            assert!(!ids(&page).is_empty() && ids(&page).len() <= limit);
            seen.extend(ids(&page).into_iter().map(str::to_owned));
            if page["next_cursor"].is_null() {
                break;
            }
            question["cursor"] = page["next_cursor"].clone();
        }
        assert_eq!(seen, all, "{limit}");
    }
    // What goes and comes meanwhile shifts nothing.
    let first = nearby(&app.anyone(), &question(3)).await;
    ada.post(&format!("/api/v1/activities/{}/unpublish", all[0]), &json!({})).await;
    ada.has_published(&northward_gpx(8.5, 47.299, 100)).await;
    let mut next = question(100);
    next["cursor"] = first["next_cursor"].clone();
    assert_eq!(ids(&nearby(&app.anyone(), &next).await)[..4], all[3..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_not_fit_is_told_which_field_it_is() {
    let app = TestApp::start().await;
    for (field, value) in [
        ("position", json!([181, 0])),
        ("position", json!([0, 91])),
        ("position", json!([0, -90.1])),
        ("position", json!([0])),
        ("position", json!(["8.5", "47.3"])),
        ("position", json!(null)),
        ("radius_m", json!(0)),
        ("radius_m", json!(-5)),
        ("radius_m", json!(100_001)),
        ("radius_m", json!("all")),
        ("limit", json!(0)),
        ("limit", json!(101)),
        ("limit", json!(-1)),
        ("limit", json!(1.5)),
        ("limit", json!(1_000_000_000_000_u64)),
        ("sport", json!("flying carpet")),
        ("kind", json!("dreamt")),
        ("cursor", json!("x")),
        ("cursor", json!("AAAA")),
        ("distance_m", json!({ "min": "short" })),
        ("distance_m", json!({ "least": 1 })),
        ("ascent_m", json!(5)),
        ("lat", json!(47.3)),
    ] {
        let mut question = json!({ "position": [8.5, 47.3] });
        question[field] = value.clone();
        let answer = app.anyone().post(NEARBY, &question).await;
        assert_eq!(answer.status(), 422, "{field} {value}");
        let problem = refused(answer, 422).await;
        assert!(
            problem["errors"][0]["field"].as_str().unwrap().starts_with(field),
            "{value}: {problem}"
        );
    }
    let problem = refused(app.anyone().post(NEARBY, &json!({ "radius_m": 5 })).await, 422).await;
    assert_eq!(problem["errors"][0]["field"], "position");
    // A position in an address would stand in logs; it is not taken there.
    refused(app.anyone().get(&format!("{NEARBY}?position=8.5,47.3")).await, 405).await;
    refused(
        app.with_token("nonsense").post(NEARBY, &json!({ "position": [8.5, 47.3] })).await,
        401,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_earth_is_round() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let at_the_date_line = ada.has_published(&northward_gpx(179.999, 10.0, 300)).await;
    let in_the_north = ada.has_published(&northward_gpx(30.0, 89.95, 300)).await;
    let in_the_south = ada.has_published(&northward_gpx(-120.0, -89.97, 300)).await;
    for (position, id) in [
        ([-179.999, 10.01], &at_the_date_line),
        ([180.0, 10.0], &at_the_date_line),
        ([-180.0, 10.0], &at_the_date_line),
        ([0.0, 90.0], &in_the_north),
        ([-150.0, 89.99], &in_the_north),
        ([60.0, -90.0], &in_the_south),
        ([60.0, -89.99], &in_the_south),
    ] {
        let found =
            nearby(&app.anyone(), &json!({ "position": position, "radius_m": 9_000 })).await;
        assert_eq!(ids(&found), [id.as_str()], "{position:?}");
        let distance_m = found["items"][0]["distance_m"].as_f64().unwrap();
        assert!(distance_m < 9_000.0, "{position:?} {distance_m}");
    }
    // All longitudes meet at the pole.
    let from = async |lon: f64| {
        nearby(&app.anyone(), &json!({ "position": [lon, 90.0], "radius_m": 9_000 })).await
    };
    let [one, other] = [from(0.0).await, from(77.0).await]
        .map(|found| found["items"][0]["distance_m"].as_f64().unwrap());
    assert!((one - other).abs() < 1e-3, "{one} {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_asked_from_is_kept_nowhere() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    for _ in 0..2 {
        ada.has_published(&northward_gpx(8.5, 47.3, 300)).await;
    }
    let (lon, lat) = (8.512_345_678, 47.298_765_432);
    for viewer in [app.anyone(), ada] {
        let mut question = json!({ "position": [lon, lat], "radius_m": 4_321.5, "limit": 1 });
        question["cursor"] = nearby(&viewer, &question).await["next_cursor"].clone();
        assert_eq!(ids(&nearby(&viewer, &question).await).len(), 1);
        question["position"] = json!([lon, 123.5]);
        refused(viewer.post(NEARBY, &question).await, 422).await;
    }
    app.run_jobs().await;
    let numbers = ["8.512345", "47.298765", "4321.5"].map(str::to_owned);
    let bytes = [lon, lat]
        .map(|number: f64| number.to_le_bytes().map(|byte| format!("{byte:02x}")).concat());
    let tables = everything_stored(&app).await;
    // The scan sees what is there: the public name of the author, in commons.members.
    assert!(tables.contains("Ada"));
    let log: String = logged().lines().map(without_chance).collect();
    let places = [("tables", tables.to_lowercase()), ("log", log)];
    for (place, content) in places {
        for number in numbers.iter().chain(&bytes) {
            assert!(!content.contains(number.as_str()), "{number} in {place}");
        }
    }
}

pub async fn nearby(caller: &Caller<'_>, question: &Value) -> Value {
    let answer = caller.post(NEARBY, question).await;
    assert_eq!(answer.status(), 200, "{question}");
    answer.json().await.unwrap()
}

pub fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["activity"]["id"].as_str().unwrap()).collect()
}

async fn published_as(caller: &Caller<'_>, file: &[u8], metadata: &Value) -> String {
    let kept: Value = caller.upload(file, metadata).await.json().await.unwrap();
    let id = kept["id"].as_str().unwrap().to_owned();
    let answer = caller.post(&format!("/api/v1/activities/{id}/publish"), &json!({})).await;
    assert_eq!(answer.status(), 200);
    id
}

/// Every row of every table of ours, and what the database remembers of statements, as text.
async fn everything_stored(app: &TestApp) -> String {
    use diesel_async::RunQueryDsl;

    #[derive(diesel::QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let conn = &mut connect(app, "opentracks_owner").await;
    let tables = "SELECT table_schema || '.' || table_name AS line FROM information_schema.tables \
                  WHERE table_schema IN ('identity', 'vault', 'commons', 'ops')";
    let tables: Vec<Line> = diesel::sql_query(tables).load(conn).await.unwrap();
    assert!(tables.len() > 10);
    let mut everything = String::new();
    for table in tables.iter().map(|table| table.line.as_str()).chain(["pg_stat_activity"]) {
        let rows = diesel::sql_query(format!(
            "SELECT coalesce(row_to_json(t)::text, '') || t::text AS line FROM {table} t"
        ));
        let rows: Vec<Line> = rows.load(conn).await.unwrap();
        everything.extend(rows.into_iter().map(|row| row.line + "\n"));
    }
    everything
}

fn great_circle_m(from: [f64; 2], to: [f64; 2]) -> f64 {
    let [lon, lat, other_lon, other_lat] = [from[0], from[1], to[0], to[1]].map(f64::to_radians);
    let half = ((other_lat - lat) / 2.0).sin().powi(2)
        + lat.cos() * other_lat.cos() * ((other_lon - lon) / 2.0).sin().powi(2);
    2.0 * RADIUS_M * half.sqrt().asin()
}

/// A rendition as it is in a list: all of it but its points of interest.
pub fn listed(rendition: &Value) -> Value {
    let mut listed = rendition.as_object().unwrap().clone();
    listed.remove("waypoints").unwrap();
    Value::Object(listed)
}

/// What somebody writes about their points of interest may be as long as a book: it is found by its first words,
/// no list brings it along, and a page of such points is a page of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_book_of_points_of_interest_is_in_no_list() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    let lat = |number: u32| 47.3 + f64::from(number) * 5e-5;
    let points: Vec<Value> = (0..900)
        .map(|number| {
            let words: Vec<String> = (0..400).map(|word| format!("w{number}x{word}")).collect();
            json!({ "position": [8.5, lat(number)], "name": "Mark", "description": words.join(" ") })
        })
        .collect();
    let line: Vec<Value> = (0..1_000).map(|number| json!([8.5, lat(number)])).collect();
    let plan = json!({
        "kind": "planned", "sport": "hiking", "title": "With a guide",
        "track": { "type": "LineString", "coordinates": line }, "waypoints": points,
    });
    let made = ada.post("/api/v1/activities", &plan).await;
    assert_eq!(made.status(), 201);
    let made: Value = made.json().await.unwrap();
    let id = made["id"].as_str().unwrap();
    let publish = format!("/api/v1/activities/{id}/publish");
    assert_eq!(ada.post(&publish, &json!({})).await.status(), 200);
    let path = format!("/api/v1/activities/{id}");
    let whole: Value = app.anyone().get(&path).await.json().await.unwrap();
    let members = format!("/api/v1/members/{}", ada.account_id);
    let told = whole["waypoints"].as_array().unwrap();
    assert!(800 < told.len(), "{}", told.len());
    let found = nearby(&app.anyone(), &json!({ "position": [8.5, 47.3] })).await;
    let member: Value = app.anyone().get(&members).await.json().await.unwrap();
    let word = told[0]["description"].as_str().unwrap().split(' ').next().unwrap();
    let searched = format!("/api/v1/explore/search?q={word}");
    let searched: Value = app.anyone().get(&searched).await.json().await.unwrap();
    for item in
        [&found["items"][0]["activity"], &member["activities"]["items"][0], &searched["items"][0]]
    {
        assert_eq!(*item, listed(&whole), "{found} {member} {searched}");
    }
    let page = "/ogc/collections/waypoints/items?limit=100";
    let page: Value = app.anyone().get(page).await.json().await.unwrap();
    assert_eq!(page["numberReturned"], 100);
    let texts = page["features"].as_array().unwrap().iter();
    let texts = texts.map(|point| point["properties"]["description"].as_str().unwrap());
    assert!(texts.eq(told.iter().take(100).map(|point| point["description"].as_str().unwrap())));
}
