//! The KML reader, and archives: a document in one says the same as alone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::{files, sound};

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PK") {
        sound::check_read(bytes);
        return;
    }
    let document = files::document("<kml>", bytes);
    let alone = sound::check_read(&document);
    let packed = sound::check_read(&files::kmz(&document));
    sound::assert_same(alone.as_ref(), packed.as_ref());
});
