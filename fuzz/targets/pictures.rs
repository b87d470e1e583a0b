//! Any file as a picture: refused with a reason, or drawn within the memory that a picture may take, as pixels
//! and nothing else.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::domain::PhotoSize;
use opentracks_fuzz::memory::{Counting, peak_of};
use opentracks_fuzz::picture::{Jpeg, MEMORY_BYTES_MAX, Taken, check, portray, render};

#[global_allocator]
static COUNTING: Counting = Counting;

fuzz_target!(|file: &[u8]| {
    let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("in 2027");
    let _taken = Taken::read(file, now);
    let (checked, bytes) = peak_of(|| check(file));
    assert!(bytes as u64 <= MEMORY_BYTES_MAX, "{bytes} bytes to look at it");
    if let Err(unfit) = checked {
        assert!(!unfit.to_string().is_empty());
        return;
    }
    // What was taken in can be drawn: nobody is told so later.
    let (drawn, bytes) = peak_of(|| render(file));
    assert!(bytes as u64 <= MEMORY_BYTES_MAX, "{bytes} bytes to draw it");
    let drawn = drawn.expect("it was taken in");
    for (size, jpeg) in PhotoSize::ALL.into_iter().zip(&drawn.jpegs) {
        assert!((1..=size.side_max()).contains(&jpeg.width.max(jpeg.height)));
        check_clean(jpeg, now);
    }
    assert!((5..40).contains(&drawn.placeholder.len()));
    check_clean(&portray(file).expect("it was taken in").0, now);
});

/// Whole, and a head, tables, a frame and a scan.
fn check_clean(jpeg: &Jpeg, now: chrono::DateTime<chrono::Utc>) {
    check(&jpeg.bytes).expect("it is ours");
    assert!(Taken::read(&jpeg.bytes, now) == Taken::default());
    let mut rest = &jpeg.bytes[2..];
    while let [0xFF, kind, high, low, ..] = rest
        && *kind != 0xDA
    {
        assert!([0xE0, 0xDB, 0xC0, 0xC4].contains(kind), "{kind:02x}");
        rest = &rest[2 + usize::from(u16::from_be_bytes([*high, *low]))..];
    }
}
