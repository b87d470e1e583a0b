//! The pipelines of tracks and of pictures, and what has to be true of whatever comes out of them.
//!
//! They are pure, so their sources are built here from where they lie, without the server:
//! that takes a minute instead of ten, and the fuzzer sees the pipelines and nothing else.

#[path = "../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../src/picture/mod.rs"]
pub mod picture;
#[path = "../../src/track/mod.rs"]
pub mod track;

/// The promises of the writers, which the product's own tests hold them to as well.
#[path = "../../src/track/write/returns.rs"]
pub mod returns;

/// The promises of the readers, likewise.
#[path = "../../src/track/read/sound.rs"]
pub mod sound;

pub mod files;
pub mod made;
pub mod memory;
