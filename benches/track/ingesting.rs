//! What an upload costs before the database: all that `actions::record` does with its bytes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use opentracks::db::vault;
use opentracks::domain::{AccountId, ActivityId};
use opentracks::seal::{AccountKey, MasterKey};
use opentracks::track;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::table::{self, Goal};
use crate::timing::alone;

/// 2026-01-01T00:00:00Z.
const NOW_MS: i64 = 1_767_225_600_000;

/// From bytes to sealed track and file, on one thread.
pub fn ingest(format: &str, file: &[u8], points: usize) {
    let master = MasterKey::parse_file(&BASE64.encode([7; 32])).expect("a key has 32 bytes");
    let (key, _) = master.new_account_key(AccountId::from(Uuid::nil()));
    let key = Arc::new(key);
    let ingest_s = alone(|| {
        let digest = Sha256::digest(file);
        let reading = track::read(file).expect("the file is sound");
        let kept: Vec<_> =
            reading.recordings.into_iter().map(|recording| keep(&key, file, recording)).collect();
        (digest, kept)
    });
    let what =
        format!("Ingest, {format} → digest, read, clean, measure, encode, seal, {points} points");
    table::speed(what, points, ingest_s, Goal::AtLeast(0.7));
}

fn keep(
    key: &Arc<AccountKey>,
    file: &[u8],
    recording: track::Recording,
) -> (track::Statistics, vault::SealedTrack, Vec<u8>) {
    let id = ActivityId::from(Uuid::nil());
    let recording = track::clean(recording, NOW_MS).expect("the points are sound");
    let statistics = track::measure(recording.track.columns());
    let sealed = vault::SealedTrack::seal(key, id, &recording.track);
    (statistics, sealed, vault::seal_original(key, id, file))
}
