//! Others, while an account is handed over or erased: how long they wait.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use diesel::sql_types::Double;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use reqwest::Client;
use serde_json::json;
use uuid::Uuid;

use super::server::{EVE, PASSWORD, Server};
use super::{Signed, put, s};

/// What others met: how long each waited for its answer, and the longest wait for a lock.
pub struct Met {
    reads_ms: Vec<f64>,
    writes_ms: Vec<f64>,
    lock_ms_max: f64,
}

impl Met {
    pub fn tell(mut self, what: &str) {
        let mut line = format!("{what}:");
        for (name, times) in [("read", &mut self.reads_ms), ("upload", &mut self.writes_ms)] {
            times.sort_by(f64::total_cmp);
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            let (half, most, all) = (at(50), at(99), at(100));
            write!(
                line,
                " {} {name}s {half:.0} ms (99 %: {most:.0}, at most {all:.0}),",
                times.len()
            )
            .unwrap();
        }
        println!("{line} longest wait for a lock {:.1} ms", self.lock_ms_max);
    }
}

/// Somebody else reads and writes, and one looks at who waits for a lock, until it is over.
pub async fn watch(client: &Client, server: &Server, is_over: &AtomicBool) -> Met {
    let (mut reads_ms, mut writes_ms, mut lock_ms_max) = (Vec::new(), Vec::new(), 0.0_f64);
    let reading = async {
        let mut eve = Signed::of(client, server, EVE, PASSWORD.to_owned()).await;
        let nearby = json!({ "position": [8.5, 47.3], "radius_m": 50_000 });
        while !is_over.load(Ordering::Relaxed) {
            let token = eve.token().await;
            let own = client.get(server.url("/api/v1/me/activities")).bearer_auth(&token);
            let near = client.post(server.url("/api/v1/explore/nearby")).json(&nearby);
            for request in [own, near] {
                let began = Instant::now();
                assert_eq!(request.send().await.unwrap().status(), 200);
                reads_ms.push(s(began) * 1e3);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let writing = async {
        let mut eve = Signed::of(client, server, EVE, PASSWORD.to_owned()).await;
        while !is_over.load(Ordering::Relaxed) {
            let token = eve.token().await;
            let began = Instant::now();
            put(client, server, &token, Uuid::new_v4()).await;
            writes_ms.push(s(began) * 1e3);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let looking = async {
        let mut conn =
            AsyncPgConnection::establish(&server.database_url("opentracks")).await.unwrap();
        while !is_over.load(Ordering::Relaxed) {
            let waited: Waited = diesel::sql_query(WAITED).get_result(&mut conn).await.unwrap();
            lock_ms_max = lock_ms_max.max(waited.ms);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(reading, writing, looking);
    Met { reads_ms, writes_ms, lock_ms_max }
}

const WAITED: &str = "
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)::float8 * 1000 AS ms
    FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL";

#[derive(diesel::QueryableByName)]
struct Waited {
    #[diesel(sql_type = Double)]
    ms: f64,
}
