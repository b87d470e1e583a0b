//! What keeps the service going: jobs, the schedule, throttles, expiry, blobs, problem reports, the ledger of
//! erasures.

pub(in crate::db) mod blobs;
mod diagnostics;
pub(in crate::db) mod erasures;
mod expiry;
mod jobs;
mod leases;
mod throttles;

pub use blobs::Accounted;
pub use diagnostics::Report;
pub use erasures::{Erasure, Open};
pub use expiry::Done;
pub use jobs::{Job, Lane};
pub use leases::{Lease, Leased};
pub use throttles::{Rate, Throttled};

pub(in crate::db) use jobs::{call_off, enqueue, ensure_as, remove};
