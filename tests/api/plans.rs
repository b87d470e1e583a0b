//! How the database finds what is explored, at a size where it matters: by an index, whatever is asked.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use diesel::sql_types::{Integer, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use reqwest::Method;
use serde_json::{Value, json};

use crate::explore::{ids, nearby};
use crate::harness::{CLUSTER, Caller, TestApp, connect, northward_gpx};
use crate::tiles::{tells, tile, tile_of};

/// Enough that reading all of a table costs more than any index.
const ROWS: &str = "30000";
/// The most rows that a step of a plan may read of a table, whatever it leaves out of them: a tenth of what there is.
const ROWS_MAX: f64 = 3_000.0;
/// The most near a place: the thousand lines that are looked at, and not all that are in reach.
const NEAR_ROWS_MAX: f64 = 1_010.0;
/// The most points of interest that are looked at for a page.
const POINTS_MAX: f64 = 10_000.0;
/// The most pages that it may read besides those that its rows are on: more is a walk over an index.
const PAGES_MAX: f64 = 150.0;
/// A row lies on a page, and is found by some of an index.
const PAGES_A_ROW: f64 = 5.0;
/// A statement is planned for its values five times; then one plan for all may be kept.
const TIMES: usize = 7;
/// Where most of it is: 1,400 start within 100 km.
const HERE: (f64, f64) = (19.36, 44.24);
/// What grows with what is published.
const LARGE: [&str; 11] = [
    "published",
    "published_lines",
    "published_waypoints",
    "renditions",
    "members",
    "community_starts",
    "community_activities",
    "start_counts",
    "title_words",
    "heat_cells",
    "open_data",
];

/// What is asked of what is published: `POST` with a body, `GET` without.
#[expect(clippy::too_many_lines, reason = "a table")]
fn questions(id: &str) -> Vec<(String, Value)> {
    let (lon, lat) = HERE;
    let nearby = |more: Value| {
        let mut body = json!({ "position": [lon, lat], "radius_m": 100_000, "limit": 20 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("/api/v1/explore/nearby".to_owned(), body)
    };
    let along = |body: Value| ("/api/v1/explore/along".to_owned(), body);
    // Made by hand: after all that is in reach. Metres, then an id.
    let far = BASE64.encode([&99_999_f64.to_be_bytes()[..], &[0; 16]].concat());
    let way = json!([[lon, lat], [lon + 0.02, lat + 0.02]]);
    let mut all = vec![
        nearby(json!({})),
        nearby(json!({ "to": "line" })),
        nearby(json!({ "sport": "rowing" })),
        nearby(json!({ "kind": "planned", "day": { "min": "2026-01-01" } })),
        nearby(json!({ "distance_m": { "min": 5_000, "max": 5_005 } })),
        nearby(json!({ "ascent_m": { "min": 2_000 } })),
        nearby(json!({ "moving_s": { "min": 40_000 } })),
        nearby(json!({ "to": "line", "sport": "rowing" })),
        nearby(json!({ "to": "line", "distance_m": { "min": 5_000, "max": 5_005 } })),
        nearby(json!({ "to": "line", "kind": "planned", "day": { "min": "2026-09-20" } })),
        nearby(json!({ "to": "line", "day": { "max": "2020-12-31" } })),
        nearby(json!({ "to": "line", "ascent_m": { "min": 500, "max": 500.5 } })),
        nearby(json!({ "to": "line", "moving_s": { "min": 5_000, "max": 5_002 } })),
        nearby(json!({ "to": "line", "rating": { "min": 4 } })),
        nearby(json!({ "to": "line", "cursor": far })),
        nearby(json!({ "to": "line", "sport": "running", "cursor": far })),
        nearby(json!({ "day": { "max": "2020-12-31" } })),
        nearby(json!({ "moving_s": { "min": 5_000, "max": 5_002 } })),
        nearby(json!({ "rating": { "min": 4 } })),
        nearby(json!({ "rating": { "max": 2 } })),
        nearby(
            json!({ "sport": "rowing", "ascent_m": { "max": 9 }, "day": { "min": "2024-01-01" } }),
        ),
        along(json!({ "line": way })),
        along(json!({ "line": way, "sport": "rowing" })),
        along(json!({ "activity": id })),
    ];
    let paths = [
        "/api/v1/explore/search?bbox=19,44,20,45",
        "/api/v1/explore/search?bbox=19,44,20,45&facets=true&sort=longest",
        "/api/v1/explore/search",
        "/api/v1/explore/search?sort=longest",
        "/api/v1/explore/search?sort=shortest",
        "/api/v1/explore/search?sort=steepest",
        "/api/v1/explore/search?sport=rowing",
        "/api/v1/explore/search?moving_min_s=80000",
        "/api/v1/explore/search?moving_min_s=5000&moving_max_s=5002",
        "/api/v1/explore/search?ascent_min_m=4000",
        "/api/v1/explore/search?ascent_max_m=0.1",
        "/api/v1/explore/search?rating_min=4",
        "/api/v1/explore/search?rating_max=2",
        "/api/v1/explore/search?sort=best_rated",
        "/api/v1/explore/search?q=bavena",
        "/api/v1/explore/search?q=bavenna",
        "/api/v1/explore/search?q=10+km+bavenna+-lac",
        "/api/v1/explore/search?q=bavena+-lacs",
        "/api/v1/explore/search?bbox=19.36,44,19.36,45",
        "/api/v1/explore/search?q=randonnee&sort=relevance",
        "/api/v1/explore/search?q=randonnee&sort=longest&sport=rowing",
        "/api/v1/explore/search?q=randonnee&bbox=19,44,20,45",
        "/ogc/collections/activities/items?bbox=19,44,20,45&limit=10",
        "/ogc/collections/activities/items?limit=10",
        "/ogc/collections/activities/items?sport=rowing&limit=10",
        "/ogc/collections/activities/items?datetime=2023-05-01&limit=10",
        "/ogc/collections/waypoints/items?bbox=19.3,44.2,19.4,44.3&limit=10",
        "/ogc/collections/waypoints/items?limit=10",
        "/ogc/collections/waypoints/items?sport=rowing&kind=planned&limit=10",
        "/ogc/collections/waypoints/items?datetime=../1990-01-01&limit=10",
        "/ogc/collections/waypoints/items?bbox=19.3,44.2,19.4,44.3&sport=rowing&limit=10",
        "/tiles/0/0/0.mvt",
        "/tiles/heat/8/141/92.mvt",
    ];
    all.extend(paths.map(|path| (path.to_owned(), Value::Null)));
    all.extend([8, 9, 11, 14].map(|zoom| (tile_of(zoom, lon, lat), Value::Null)));
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_explored_reads_a_whole_table() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // Its numbers and its point of interest serve the made-up ones as a model.
    let spring = "<wpt lat=\"48.013\" lon=\"9.0\"><name>Spring</name></wpt><trk>";
    let gpx = String::from_utf8(northward_gpx(9.0, 48.0, 300)).unwrap().replace("<trk>", spring);
    let id = ada.has_published(gpx.as_bytes()).await;
    fill(&app, &ada.account_id).await;
    explain(&app).await;
    let mut found = Vec::new();
    let before = log().len();
    read_open_data(&app).await;
    found.extend(too_much(&log()[before..], "/open-data", ROWS_MAX));
    for (path, body) in questions(&id) {
        let before = log().len();
        for _ in 0..TIMES {
            ask(&app.anyone(), &path, &body).await;
            if path.contains("explore") {
                ask(&ada, &path, &body).await;
            }
        }
        let plans = &log()[before..];
        let rows_max = match path.as_str() {
            path if path.contains("nearby") => NEAR_ROWS_MAX,
            path if path.contains("waypoints") => POINTS_MAX,
            _ => ROWS_MAX,
        };
        found.extend(too_much(plans, &format!("{path} {body}"), rows_max));
        let is_asked = plans.contains("community_starts");
        // What only they see has no rating.
        let has_any = path.contains("nearby") && body["rating"].is_null();
        assert_eq!(is_asked, has_any, "{path} {body}: the communities of who asks");
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    a_crowded_tile_has_the_longest_lines(&app).await;
    pages_get_to_the_nearest_thousand_lines(&app).await;
    pages_get_to_every_point_of_interest(&app).await;
}

/// What is asked often is prepared once a connection. Of what has many filters there are too many shapes to keep
/// them all.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_many_filters_is_not_kept() {
    let app = TestApp::start().await;
    let name = app.database_url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let script = format!(
        "ALTER ROLE opentracks_commons IN DATABASE {name} SET log_statement = 'all';
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'opentracks_commons'"
    );
    connect(&app, "opentracks").await.batch_execute(&script).await.unwrap();
    let filters = [
        ("sport", json!("running")),
        ("ascent_m", json!({ "max": 2_000 })),
        ("day", json!({ "min": "2026-01-01" })),
        ("moving_s", json!({ "min": 60 })),
    ];
    for count in 0..=filters.len() {
        let mut body = json!({ "position": [HERE.0, HERE.1], "radius_m": 1_234.5 });
        for (name, filter) in &filters[..count] {
            body[name] = filter.clone();
        }
        let before = log().len();
        for _ in 0..3 {
            ask(&app.anyone(), "/api/v1/explore/nearby", &body).await;
        }
        let log = &log()[before..];
        let names = log.lines().filter(|line| line.contains("SELECT activity_id, away FROM"));
        let names: Vec<&str> = names.filter_map(|line| line.split("execute ").nth(1)).collect();
        let kept: BTreeSet<&str> = names.iter().filter_map(|name| name.split(':').next()).collect();
        let expected = if count < 3 { 1 } else { 3 };
        assert_eq!((names.len(), kept.len()), (3, expected), "{count} filters: {names:?}");
    }
}

/// What steps of plans of what was asked read too much, each told once.
fn too_much(log: &str, asked: &str, rows_max: f64) -> Vec<String> {
    let plans = log.split("plan:\n").skip(1).map(|plan| {
        let mut plan = serde_json::Deserializer::from_str(plan).into_iter::<Value>();
        plan.next().unwrap().unwrap()["Plan"].take()
    });
    let mut found = Vec::new();
    let mut read = 0.0;
    for plan in plans {
        let mut steps = vec![&plan];
        while let Some(step) = steps.pop() {
            steps.extend(step["Plans"].as_array().into_iter().flatten());
            let name = step["Relation Name"].as_str();
            if !name.is_some_and(|name| LARGE.contains(&name)) {
                continue;
            }
            let number = |key: &str| step[key].as_f64().unwrap_or(0.0);
            let rows = number("Actual Loops")
                * (number("Actual Rows")
                    + number("Rows Removed by Filter")
                    + number("Rows Removed by Index Recheck"));
            let pages = number("Shared Hit Blocks") + number("Shared Read Blocks");
            read += pages;
            let is_walk = PAGES_MAX * number("Actual Loops").max(1.0) + PAGES_A_ROW * rows < pages;
            if step["Node Type"] == "Seq Scan" || rows_max < rows || is_walk {
                let (kind, index) = (&step["Node Type"], &step["Index Name"]);
                let (rows, pages) = (rows.ceil(), pages.ceil());
                found.push(format!(
                    "{asked}: {kind} of {name:?} {index}: {rows} rows, {pages} pages"
                ));
            }
        }
    }
    assert!(0.0 < read, "no plan is told of {asked}: {log}");
    found.sort();
    found.dedup();
    found
}

/// An issue with everything in it, of which the first pages are read: each asks the same.
async fn read_open_data(app: &TestApp) {
    const PAGES: usize = 10;
    let issue = "
        INSERT INTO commons.open_data (activity_id, published_id, issue)
        SELECT activity_id, activity_id, 1 FROM commons.published;
        INSERT INTO commons.open_data_issues (issue, made_on, features)
        SELECT 1, '2026-05-30', count(*) FROM commons.open_data;
        CREATE OR REPLACE FUNCTION commons.agrees_to_open_data(member UUID) RETURNS BOOLEAN
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = '' AS $$ BEGIN RETURN true; END $$;
        ANALYZE commons.open_data";
    connect(app, "opentracks").await.batch_execute(issue).await.unwrap();
    let request = app.anyone().request(Method::GET, "/open-data/activities.geojsons");
    let mut answer = request.send().await.unwrap();
    for _ in 0..PAGES {
        assert!(answer.chunk().await.unwrap().is_some_and(|page| !page.is_empty()));
    }
}

/// At this size more lines pass through a square than a tile has room for.
async fn a_crowded_tile_has_the_longest_lines(app: &TestApp) {
    #[derive(diesel::QueryableByName)]
    struct Passing {
        #[diesel(sql_type = Integer)]
        x: i32,
        #[diesel(sql_type = Integer)]
        y: i32,
        #[diesel(sql_type = Text)]
        id: String,
    }
    let passing: Vec<Passing> = diesel::sql_query(
        "SELECT x, y, activity_id::text AS id FROM (
             SELECT x, y FROM commons.start_counts WHERE zoom = 9 GROUP BY x, y ORDER BY sum(change) DESC LIMIT 1
         ) AS crowded
         JOIN commons.published_lines ON published_lines.zoom = 10
             AND ST_Intersects(line, ST_TileEnvelope(9, x, y, margin => 1.0 / 64))
         JOIN commons.published USING (activity_id) ORDER BY distance_m DESC",
    )
    .load(&mut connect(app, "opentracks").await)
    .await
    .unwrap();
    let crowded = format!("/tiles/9/{}/{}.mvt", passing[0].x, passing[0].y);
    let crowded = tile(&app.anyone(), &crowded).await;
    let told = passing.iter().filter(|passing| tells(&crowded, &passing.id)).count();
    assert!(250 < passing.len() && told <= 250, "{told} of {}", passing.len());
    assert!(passing[..75].iter().all(|passing| tells(&crowded, &passing.id)));
}

/// More are in reach.
async fn pages_get_to_the_nearest_thousand_lines(app: &TestApp) {
    let mut question =
        json!({ "position": [HERE.0, HERE.1], "radius_m": 100_000, "to": "line", "limit": 100 });
    let mut found = Vec::new();
    loop {
        let page = nearby(&app.anyone(), &question).await;
        found.extend(ids(&page).into_iter().map(str::to_owned));
        question["cursor"] = page["next_cursor"].clone();
        if question["cursor"].is_null() {
            break;
        }
    }
    assert_eq!((found.len(), found.iter().collect::<BTreeSet<_>>().len()), (1_000, 1_000));
}

/// Of some that are rare, there are none on most pages.
async fn pages_get_to_every_point_of_interest(app: &TestApp) {
    #[derive(diesel::QueryableByName)]
    struct Id {
        #[diesel(sql_type = Text)]
        id: String,
    }
    let all: Vec<Id> = diesel::sql_query(
        "SELECT activity_id || '.' || number AS id FROM commons.published_waypoints
         JOIN commons.published USING (activity_id) WHERE sport = 'rowing' AND kind = 'planned'
         ORDER BY activity_id, number",
    )
    .load(&mut connect(app, "opentracks").await)
    .await
    .unwrap();
    assert!(!all.is_empty());
    let mut next = "/ogc/collections/waypoints/items?sport=rowing&kind=planned&limit=2".to_owned();
    let (mut found, mut pages) = (Vec::new(), 0);
    while !next.is_empty() {
        let page: Value = app.anyone().get(&next).await.json().await.unwrap();
        let features = page["features"].as_array().unwrap();
        found.extend(features.iter().map(|feature| feature["id"].as_str().unwrap().to_owned()));
        let mut links = page["links"].as_array().unwrap().iter();
        let link = links.find(|link| link["rel"] == "next");
        let address = link.map_or("", |link| link["href"].as_str().unwrap());
        address.find("/ogc/").map_or("", |from| &address[from..]).clone_into(&mut next);
        pages += 1;
    }
    assert_eq!(found, all.into_iter().map(|all| all.id).collect::<Vec<_>>());
    assert!(3 <= pages && pages <= 3 + found.len(), "{pages} pages of 10,000 points");
}

async fn ask(caller: &Caller<'_>, path: &str, body: &Value) {
    let method = if body.is_null() { Method::GET } else { Method::POST };
    let request = caller.request(method, path);
    let request = if body.is_null() { request } else { request.json(body) };
    assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
}

/// Fills the commons with what is made up; the member is in a community that a tenth is shared with, and in one that
/// next to nothing is.
async fn fill(app: &TestApp, member: &str) {
    let made = include_str!("../../benches/explore/made.sql").replace("{rows}", ROWS);
    let script = made + include_str!("../../benches/explore/whole.sql");
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &app.database_url]);
    let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(psql.wait().unwrap().success());
    let more = format!(
        "INSERT INTO commons.memberships (community_id, member_id, role, joined_at)
         SELECT md5('community' || n)::uuid, '{member}', 'member', now() FROM unnest(ARRAY[1, 900]) AS n;
         INSERT INTO commons.published_waypoints (activity_id, number, place, waypoint)
         SELECT published.activity_id, 1, start::geometry, model.waypoint
         FROM commons.published, (SELECT waypoint FROM commons.published_waypoints LIMIT 1) AS model;
         INSERT INTO commons.heat_cells (zoom, x, y, members)
         SELECT DISTINCT zoom, x, y, 5 FROM commons.start_counts;
         ANALYZE commons.memberships, commons.published_waypoints, commons.heat_cells"
    );
    connect(app, "opentracks").await.batch_execute(&more).await.unwrap();
}

/// Has the database write down how it finds what this server asks of the commons.
async fn explain(app: &TestApp) {
    let name = app.database_url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let role = format!("ALTER ROLE opentracks_commons IN DATABASE {name} SET");
    let script = format!(
        "LOAD 'auto_explain';
         {role} session_preload_libraries = 'auto_explain';
         {role} auto_explain.log_min_duration = 0;
         {role} auto_explain.log_analyze = on;
         {role} auto_explain.log_timing = off;
         {role} auto_explain.log_buffers = on;
         {role} auto_explain.log_format = 'json';
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'opentracks_commons'"
    );
    connect(app, "opentracks").await.batch_execute(&script).await.unwrap();
}

/// What the cluster wrote: of this database alone there are plans in it.
fn log() -> String {
    String::from_utf8_lossy(&fs::read(CLUSTER.folder.join("postgres.log")).unwrap()).into_owned()
}
