//! How long the map of where many go takes to be made anew, when all authors agree to it.

use std::fs;
use std::time::Instant;

use chrono::{DateTime, Utc};
use opentracks::db::Db;
use opentracks::seal::MasterKey;

use crate::data;
use crate::server::Server;

const AGREE: &str = "SET session_replication_role = replica;
    INSERT INTO vault.consents (account_id, consent, decided_at, is_given)
    SELECT member_id, 'heat_map', '2021-01-01', true FROM commons.members ON CONFLICT DO NOTHING;
    ANALYZE vault.consents;\n";
const AS_BEFORE: &str = "DELETE FROM vault.consents WHERE decided_at = '2021-01-01';
    TRUNCATE commons.heat_cells;\n";

pub async fn remake(server: &Server) {
    let key = fs::read_to_string(server.data.join("master.key")).unwrap();
    let key = MasterKey::parse_file(&key).unwrap();
    // Nothing has ended by then that was published for a time.
    let now = DateTime::<Utc>::UNIX_EPOCH;
    let db = Db::open(&server.database_url("opentracks"), key, now).await.unwrap();
    data::run(server, AGREE);
    let started = Instant::now();
    db.remake_heat_map(now).await.unwrap();
    println!("\nThe heat map is made anew in {:.0} s", started.elapsed().as_secs_f64());
    data::run(server, AS_BEFORE);
}
