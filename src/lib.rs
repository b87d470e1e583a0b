//! OpenTracks.
pub mod domain;
pub mod track;
