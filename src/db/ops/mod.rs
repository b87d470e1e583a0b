//! What keeps the service going: jobs, the schedule, throttles, expiry, blobs, problem reports.

pub(in crate::db) mod blobs;
mod diagnostics;
mod expiry;
mod jobs;
mod throttles;

pub use blobs::{Accounted, BLOB_COLUMNS};
pub use diagnostics::Report;
pub use expiry::Done;
pub use jobs::{Job, Lease, Leased};
pub use throttles::{Rate, Throttled};

pub(in crate::db) use jobs::enqueue;
