//! What sharing costs: reading a rendition, the checks of the wall, making renditions, making a
//! thousand of them anew.

use std::hint::black_box;
use std::time::Instant;

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use opentracks::track::cut::grid::Grid;
use opentracks::track::encode::encode_public;
use opentracks::track::{Ends, SensorsShown, Zone, cut, measure, read};
use reqwest::Client;
use serde_json::{Value, json};

use crate::server::Server;

/// How many renditions are made anew.
const REMADE: u64 = 1_000;
const READS: usize = 2_000;
const STATEMENTS: u32 = 5_000;

/// What is read of a rendition, with the facts that decide whether it is shown.
const WITH_FACTS: &str = "
    SELECT renditions.*, members.public_name, commons.is_shared_with($2, renditions.activity_id),
           commons.are_apart($2, renditions.author_id)
    FROM commons.renditions LEFT JOIN commons.members ON member_id = author_id
    WHERE activity_id = $1";
/// The same without them, as a system would read it that lets everyone see everything.
const WITHOUT: &str = "
    SELECT renditions.*, members.public_name
    FROM commons.renditions LEFT JOIN commons.members ON member_id = author_id
    WHERE activity_id = $1 AND $2 IS NOT NULL";

/// Prints the rows.
pub async fn show(client: &Client, server: &Server, token: &str, file: &[u8]) {
    let id = any_published(client, server, token).await;
    let url = server.url(&format!("/api/v1/activities/{id}"));
    for clients in [1, 4] {
        let read = || async {
            assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
        };
        server.report("a rendition, read by anyone", clients, READS, read).await;
        let own = || async {
            let answer = client.get(&url).bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        };
        server.report("the same activity, read by its owner", clients, READS, own).await;
    }
    let with_s = statement_s(server, "opentracks_commons", WITH_FACTS, &id).await;
    let without_s = statement_s(server, "opentracks", WITHOUT, &id).await;
    println!(
        "\nOne rendition by SQL: {:.0} µs with the facts that decide, as the commons login; {:.0} µs without, as \
         the owner of the tables: {:.2} times",
        with_s * 1e6,
        without_s * 1e6,
        with_s / without_s
    );
    println!(
        "Rendition of 3,600 points, cut, measured, encoded: {:.0} a second on one core",
        made_a_second(file)
    );
    remake(client, server, token, file).await;
}

async fn any_published(client: &Client, server: &Server, token: &str) -> String {
    let url = server.url("/api/v1/me/activities?visibility=published&limit=1");
    let page: Value =
        client.get(&url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
    page["items"][0]["id"].as_str().unwrap().to_owned()
}

/// How long one statement takes, over many.
async fn statement_s(server: &Server, role: &str, statement: &str, id: &str) -> f64 {
    use diesel::sql_types::Text;
    let mut conn = AsyncPgConnection::establish(&server.database_url(role)).await.unwrap();
    let statement = statement.replace("$1", "$1::uuid").replace("$2", "$2::uuid");
    let started = Instant::now();
    for _ in 0..STATEMENTS {
        let query = diesel::sql_query(&statement).bind::<Text, _>(id).bind::<Text, _>(id);
        assert_eq!(query.execute(&mut conn).await.unwrap(), 1);
    }
    started.elapsed().as_secs_f64() / f64::from(STATEMENTS)
}

fn made_a_second(file: &[u8]) -> f64 {
    let track = read(file).unwrap().recordings.remove(0).track;
    let columns = track.columns();
    let zone = |index: usize| {
        let (lat_e7, lon_e7) = (columns.lat_e7[index], columns.lon_e7[index]);
        Zone { lat_e7, lon_e7, radius_m: 500.0 }
    };
    let zones = [zone(0), zone(columns.len() / 2)];
    let ends = Ends { radius_m: 200.0, grid: Grid::FIXED };
    let started = Instant::now();
    let mut made = 0;
    while started.elapsed().as_secs_f64() < 2.0 {
        let cut = cut(&track, &zones, ends, SensorsShown::None).unwrap();
        black_box((measure(cut.track.columns()), encode_public(&cut.track)));
        made += 1;
    }
    f64::from(made) / started.elapsed().as_secs_f64()
}

/// Times how long a new zone takes until all is shown again.
async fn remake(client: &Client, server: &Server, token: &str, file: &[u8]) {
    let zones = server.url("/api/v1/me/zones");
    let remade = async || -> (u64, u64) {
        let answer = client.get(&zones).bearer_auth(token).send().await.unwrap();
        let told: Value = answer.json().await.unwrap();
        let number = |name: &str| told["remade"][name].as_u64().unwrap();
        (number("done"), number("total"))
    };
    while remade().await.1 < REMADE {
        for _ in 0..100 {
            crate::put(client, server, token, file).await;
        }
        crate::publish_all(client, server, token).await;
    }
    let zone = json!({ "label": "Half way", "position": [8.5, 47.39], "radius_m": 400 });
    let started = Instant::now();
    let answer = client.post(&zones).bearer_auth(token).json(&zone).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let hidden_s = started.elapsed().as_secs_f64();
    let total = loop {
        let (done, total) = remade().await;
        if done == total {
            break total;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let remade_s = started.elapsed().as_secs_f64();
    println!(
        "A new zone with {total} activities of 3,600 points shared: answered, and all of it hidden, after \
         {hidden_s:.2} s; shown again as the zone says after {remade_s:.1} s"
    );
}
