//! The GeoJSON reader.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::{files, sound};

const BEGINNING: &str = r#"{"type":"LineString","coordinates":"#;

fuzz_target!(|bytes: &[u8]| {
    sound::check_read(&files::document(BEGINNING, bytes));
});
