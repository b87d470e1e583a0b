//! The made-up activities, and what they take on disk.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

use crate::server::Server;

/// A folder with `rows` of them, made unless it is there; whole, or with no more than nearby reads.
pub fn fill(rows: u64, is_whole: bool) -> PathBuf {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/explore/{rows}"));
    let whole = data.join("whole");
    if whole.exists() {
        return data;
    }
    let _none = fs::remove_dir_all(&data);
    fs::create_dir_all(&data).unwrap();
    let started = Instant::now();
    let server = Server::start_in(data.clone());
    let made = include_str!("made.sql").replace("{rows}", &rows.to_string());
    let stored = if is_whole { include_str!("whole.sql") } else { include_str!("lean.sql") };
    run(&server, &(made + stored));
    drop(server);
    fs::write(whole, "").unwrap();
    println!("Made {rows} activities in {:.0} s", started.elapsed().as_secs_f64());
    data
}

/// Runs a script as the owner of the cluster.
pub fn run(server: &Server, script: &str) {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-U", "opentracks", "-d", "opentracks", "-h"]);
    psql.arg(server.socket()).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut psql = psql.spawn().unwrap();
    psql.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(psql.wait().unwrap().success());
}

/// Places around which there is something: longitudes and latitudes in degrees.
pub async fn places(server: &Server, count: u32) -> Vec<(f64, f64)> {
    #[derive(diesel::QueryableByName)]
    struct Place {
        #[diesel(sql_type = diesel::sql_types::Double)]
        lon: f64,
        #[diesel(sql_type = diesel::sql_types::Double)]
        lat: f64,
    }
    let mut conn = connect(server).await;
    let places: Vec<Place> = diesel::sql_query(
        "SELECT ST_X(start::geometry) + 0.01 AS lon, ST_Y(start::geometry) - 0.01 AS lat
         FROM commons.published ORDER BY md5(activity_id::text) LIMIT $1",
    )
    .bind::<BigInt, _>(i64::from(count))
    .load(&mut conn)
    .await
    .unwrap();
    places.into_iter().map(|place| (place.lon, place.lat)).collect()
}

/// Prints what each table and index takes for each published activity.
pub async fn print_sizes(server: &Server) {
    #[derive(diesel::QueryableByName)]
    struct Size {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = BigInt)]
        each: i64,
    }
    let sizes: Vec<Size> = diesel::sql_query(
        "SELECT relname::text AS name, (CASE relkind WHEN 'r' THEN pg_table_size(oid) ELSE pg_relation_size(oid) END
                / (SELECT count(*) FROM commons.published)) AS each
         FROM pg_class WHERE relnamespace = 'commons'::regnamespace AND relkind IN ('r', 'i')
         ORDER BY each DESC, name",
    )
    .load(&mut connect(server).await)
    .await
    .unwrap();
    println!("\n| table or index | bytes for each published |\n| --- | --- |");
    for Size { name, each } in sizes.iter().filter(|size| 0 < size.each) {
        println!("| `{name}` | {each} |");
    }
    println!("| together | {} |", sizes.iter().map(|size| size.each).sum::<i64>());
}

async fn connect(server: &Server) -> AsyncPgConnection {
    AsyncPgConnection::establish(&server.database_url("opentracks")).await.unwrap()
}
