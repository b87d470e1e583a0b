//! What keeps the service going: jobs, the schedule, throttles, expiry, blobs.

pub(in crate::db) mod blobs;
mod expiry;
mod jobs;
mod throttles;

pub use blobs::{Accounted, BLOB_COLUMNS};
pub use jobs::{Job, Lease, Leased};
pub use throttles::{Rate, Throttled};

pub(in crate::db) use jobs::enqueue;
