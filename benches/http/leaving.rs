//! What leaving costs: the answer, the erasure, and what others wait for meanwhile.
//!
//! `OPENTRACKS_LEAVING=10000 cargo bench --bench http` uploads and publishes that many rides and measures
//! nothing else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use reqwest::Client;
use serde_json::json;

use crate::server::{EVE, PASSWORD, Server};

/// How often others ask.
const EVERY: Duration = Duration::from_millis(20);

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

/// Lets the demo account leave with at least `activities`, and prints how that went.
pub async fn show(client: &Client, server: &Server, file: &[u8], activities: i64) {
    // Signed in anew each time: a token is good for some minutes.
    while count(server, "vault.activities").await < activities {
        let token = server.sign_in(client).await;
        for _ in 0..25 {
            let puts = (0..4).map(|_| crate::put(client, server, &token, file));
            futures_util::future::join_all(puts).await;
        }
        crate::publish_all(client, server, &token).await;
    }
    let total = count(server, "vault.activities").await;
    server.sign_up(client).await;
    let (calm_ms, _) = others(client, server, file, &AtomicBool::new(false), 100).await;
    let memory_before_mb = server.peak_memory_kb() / 1_000;

    let is_over = AtomicBool::new(false);
    let leaving = async {
        let (me, token) = (server.url("/api/v1/me"), server.sign_in(client).await);
        let started = Instant::now();
        let leave =
            client.delete(&me).bearer_auth(&token).json(&json!({ "password": server.password() }));
        assert_eq!(leave.send().await.unwrap().status(), 202);
        let answered_s = started.elapsed().as_secs_f64();
        while count(server, "ops.erasures WHERE done_at IS NULL").await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let erased_s = started.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        (answered_s, erased_s)
    };
    let ((answered_s, erased_s), (meanwhile_ms, asked)) =
        tokio::join!(leaving, others(client, server, file, &is_over, usize::MAX));
    println!(
        "\nAn account with {total} published activities of 3,600 points: hidden, and answered, after {answered_s:.1} s; \
         erased, with what stays made anonymous, after {erased_s:.0} s. Others read and uploaded {asked} times \
         meanwhile: the slowest waited {meanwhile_ms:.0} ms ({calm_ms:.0} ms before). Peak memory {} MB, {memory_before_mb} \
         MB before.",
        server.peak_memory_kb() / 1_000
    );
}

/// Others read and write in turn, until it is over or they have asked so often: how long the slowest answer
/// took, in milliseconds, and how often they asked.
async fn others(
    client: &Client,
    server: &Server,
    file: &[u8],
    is_over: &AtomicBool,
    times: usize,
) -> (f64, usize) {
    let nearby = server.url("/api/v1/explore/nearby");
    let question = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
    let (mut slowest_ms, mut asked) = (0.0_f64, 0);
    let mut token = String::new();
    while !is_over.load(Ordering::Relaxed) && asked < times {
        if asked % 500 == 0 {
            token = server.sign_in_as(client, EVE, PASSWORD).await;
        }
        let started = Instant::now();
        match asked % 3 {
            0 => crate::put(client, server, &token, file).await,
            1 => {
                let answer = client.post(&nearby).json(&question).send().await.unwrap();
                assert_eq!(answer.status(), 200);
            }
            _ => {
                let own = client.get(server.url("/api/v1/me/activities")).bearer_auth(&token);
                assert_eq!(own.send().await.unwrap().status(), 200);
            }
        }
        slowest_ms = slowest_ms.max(started.elapsed().as_secs_f64() * 1_000.0);
        asked += 1;
        tokio::time::sleep(EVERY).await;
    }
    (slowest_ms, asked)
}

async fn count(server: &Server, of: &str) -> i64 {
    let mut conn = AsyncPgConnection::establish(&server.database_url("opentracks")).await.unwrap();
    let query = diesel::sql_query(format!("SELECT count(*) FROM {of}"));
    query.get_result::<Count>(&mut conn).await.unwrap().count
}
