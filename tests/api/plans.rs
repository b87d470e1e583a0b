//! How the database finds what is explored, at a size where it matters: by an index, whatever is asked.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use diesel::sql_types::{Integer, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{CLUSTER, Caller, TestApp, connect, northward_gpx};
use crate::tiles::{tells, tile};

/// Enough that reading all of a table costs more than any index.
const ROWS: &str = "30000";
/// A statement is planned for its values five times; then one plan for all may be kept.
const TIMES: usize = 7;
/// What grows with what is published.
const LARGE: [&str; 8] = [
    "published",
    "published_lines",
    "renditions",
    "members",
    "community_starts",
    "community_activities",
    "start_counts",
    "open_data",
];

/// What is asked of what is published: `POST` with a body, `GET` without.
fn questions() -> Vec<(&'static str, Value)> {
    let nearby = |more: Value| {
        let mut body = json!({ "position": [9.0, 48.0], "radius_m": 100_000, "limit": 20 });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ("/api/v1/explore/nearby", body)
    };
    vec![
        nearby(json!({})),
        nearby(json!({ "to": "line" })),
        nearby(json!({ "sport": "rowing" })),
        nearby(json!({ "kind": "planned", "day": { "min": "2026-01-01" } })),
        nearby(json!({ "distance_m": { "min": 5_000, "max": 5_050 } })),
        ("/api/v1/explore/search?bbox=8,47,9,48", Value::Null),
        ("/api/v1/explore/search?bbox=8,47,9,48&facets=true&sort=longest", Value::Null),
        ("/api/v1/explore/search", Value::Null),
        ("/api/v1/explore/search?sort=longest", Value::Null),
        ("/api/v1/explore/search?sort=shortest", Value::Null),
        ("/api/v1/explore/search?sort=steepest", Value::Null),
        ("/api/v1/explore/search?q=bavena", Value::Null),
        ("/api/v1/explore/search?q=bavenna", Value::Null),
        ("/tiles/0/0/0.mvt", Value::Null),
        ("/tiles/8/134/88.mvt", Value::Null),
        ("/tiles/9/268/177.mvt", Value::Null),
        ("/api/v1/explore/search?q=randonnee&sort=relevance", Value::Null),
        ("/api/v1/explore/search?q=randonnee&sort=longest&sport=rowing", Value::Null),
        ("/api/v1/explore/search?q=randonnee&bbox=8,47,9,48", Value::Null),
        ("/tiles/14/8601/5675.mvt", Value::Null),
        ("/ogc/collections/activities/items?bbox=8,47,9,48&limit=10", Value::Null),
        ("/ogc/collections/activities/items?limit=10", Value::Null),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_explored_reads_a_whole_table() {
    let app = TestApp::start().await;
    let ada = app.member("Ada").await;
    // Its numbers serve the made-up ones as a model.
    ada.has_published(&northward_gpx(9.0, 48.0, 300)).await;
    fill(&app);
    explain(&app).await;
    let mut found = Vec::new();
    let before = log().len();
    read_open_data(&app).await;
    found.extend(whole_tables(&log()[before..], "/open-data"));
    for (path, body) in questions() {
        let before = log().len();
        for _ in 0..TIMES {
            ask(&app.anyone(), path, &body).await;
        }
        if path.contains("nearby") {
            ask(&ada, path, &body).await;
        }
        found.extend(whole_tables(&log()[before..], &format!("{path} {body}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    a_crowded_tile_has_the_longest_lines(&app).await;
}

/// Which tables are read from end to end, by plans of what was asked.
fn whole_tables(plans: &str, asked: &str) -> Vec<String> {
    assert!(plans.contains("Index"), "no plan is told of {asked}: {plans}");
    let is_read = |table: &&str| plans.contains(&format!("Seq Scan on {table} "));
    let tables = LARGE.into_iter().filter(is_read);
    tables.map(|table| format!("{asked} reads all of {table}: {plans}")).collect()
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

async fn ask(caller: &Caller<'_>, path: &str, body: &Value) {
    let method = if body.is_null() { Method::GET } else { Method::POST };
    let request = caller.request(method, path);
    let request = if body.is_null() { request } else { request.json(body) };
    assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
}

fn fill(app: &TestApp) {
    let made = include_str!("../../benches/explore/made.sql").replace("{rows}", ROWS);
    let script = made + include_str!("../../benches/explore/whole.sql");
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", &app.database_url]);
    let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    psql.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(psql.wait().unwrap().success());
}

/// Has the database write down how it finds what this server asks of the commons.
async fn explain(app: &TestApp) {
    let name = app.database_url.rsplit('/').next().unwrap().split('?').next().unwrap();
    let role = format!("ALTER ROLE opentracks_commons IN DATABASE {name} SET");
    let script = format!(
        "LOAD 'auto_explain';
         {role} session_preload_libraries = 'auto_explain';
         {role} auto_explain.log_min_duration = 0;
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND usename = 'opentracks_commons'"
    );
    connect(app, "opentracks").await.batch_execute(&script).await.unwrap();
}

/// What the cluster wrote: of this database alone there are plans in it.
fn log() -> String {
    String::from_utf8_lossy(&fs::read(CLUSTER.folder.join("postgres.log")).unwrap()).into_owned()
}
