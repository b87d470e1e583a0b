//! OpenTracks: a privacy-first GPS activity tracking backend.
//!
//! The map. Read it once; it is checked by `cargo doc` and by `tests/architecture.rs`.
//!
//! # Layers
//!
//! | module | is about | knows of |
//! |---|---|---|
//! | [`domain`] | the words of the product, as types | nothing |
//! | [`access`] | who may see and change what | `domain` |
//! | [`privacy`] | what the policy promises: inventory, retention, policy | `domain` |
//! | [`track`] | the geo pipeline: from bytes to columns, numbers and what is shown | `domain` |
//! | [`archive`] | the archive that an account is handed over in: its files, its form | `domain`, `privacy` |
//! | [`picture`] | the picture pipeline: from bytes to clean pixels | `domain` |
//! | [`seal`] | keys, encryption and tokens | `domain` |
//! | [`db`] | every SQL statement | the seven above |
//! | [`edge`] | what leaves the process: the cluster, blobs, mail, tiles | `domain`, `privacy`, `track` |
//! | [`actions`] | the verbs that take more than one step | all above |
//! | [`http`] | extract, call, present | all above |
//! | [`jobs`] | what happens unasked | all above but `archive` and `http` |
//! | [`config`] | settings, parsed once | `edge` |
//! | [`app`] | the composition root | everything |
//!
//! # Invariants
//!
//! * `domain`, `access`, `privacy`, `track`, `picture` and `archive` are pure: no I/O, no clock, no randomness but ids.
//! * Only [`db`] reaches the database; what it reads for a viewer leaves it [`access::Sealed`].
//! * [`db::Db`] acts for an owner or a job. [`db::Commons`] acts for everybody else, on a database
//!   login that has no privilege on `identity` and `vault`.
//! * Exact positions never have a `Serialize`; [`track::cut()`] is the only way from a
//!   [`track::ExactTrack`] to a [`track::PublicTrack`], and nothing else is stored in the commons.
//! * Others get pixels of a photo and nothing else of its file: [`picture::render()`] is the only way.
//! * What is private lies sealed: encrypted with the key of its account, bound to its place.
//! * The clock is read in [`app`] and handed on.
//! * Nothing personal is logged, nor quoted in an error.

pub mod access;
pub mod actions;
pub mod app;
pub mod archive;
pub mod config;
pub mod db;
pub mod domain;
pub mod edge;
pub mod http;
pub mod jobs;
pub mod picture;
pub mod privacy;
pub mod seal;
pub mod track;
