//! The TCX reader.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::{files, sound};

fuzz_target!(|bytes: &[u8]| {
    sound::check_read(&files::document("<TrainingCenterDatabase>", bytes));
});
