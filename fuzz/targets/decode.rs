//! The decoder of stored tracks: damaged bytes do no harm, and what decodes encodes to an equal track.

#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use opentracks_fuzz::made::{Origin, Spot, columns};
use opentracks_fuzz::sound;
use opentracks_fuzz::track::ExactTrack;
use opentracks_fuzz::track::encode::{decode_exact, decode_public, encode_exact, encode_public};

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    /// What follows the header.
    Body(&'a [u8]),
    /// A track, and what became of its bytes.
    Damaged { origin: Origin, start_ms: i64, spots: Vec<Spot>, changes: Vec<(u16, u8)>, cut: u16 },
}

fuzz_target!(|input: Input| {
    let mut bytes = match &input {
        Input::Body(body) => [b"\x01E", *body].concat(),
        Input::Damaged { origin, start_ms, spots, .. } => {
            let track = ExactTrack::new(columns(*origin, start_ms / 4, spots));
            let bytes = encode_exact(&track);
            assert!(decode_exact(&bytes) == Ok(track));
            bytes
        }
    };
    if let Input::Damaged { changes, cut, .. } = input {
        for (place, byte) in changes {
            let place = usize::from(place) % bytes.len();
            bytes[place] = byte;
        }
        bytes.truncate(bytes.len() - usize::from(cut) % bytes.len());
    }
    check(&mut bytes);
});

fn check(bytes: &mut [u8]) {
    if let Ok(track) = decode_exact(bytes) {
        sound::check_columns(track.columns());
        assert!(decode_exact(&encode_exact(&track)) == Ok(track.clone()));
        assert!(decode_public(bytes).is_err());
        bytes[1] = b'P';
        let public = decode_public(bytes).expect("both kinds are stored alike");
        assert!(public.columns() == track.columns());
        assert!(decode_public(&encode_public(&public)) == Ok(public));
    }
}
