//! Work that takes a core: off the threads that serve requests, and only so much of it at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task;

use super::Error;

/// Cores to work on; the others wait their turn.
#[derive(Clone)]
pub struct Cores(Arc<Semaphore>);

impl Cores {
    /// At most `parallel_max` works at a time.
    pub fn new(parallel_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(parallel_max)))
    }

    /// Runs `work` on a thread of its own when its turn has come.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.0.clone().acquire_owned().await.map_err(|_| Error::Task)?;
        let done = task::spawn_blocking(move || {
            let done = work();
            // Held by the work itself: a client that hangs up does not let another one in.
            drop(permit);
            done
        });
        done.await.map_err(|_| Error::Task)
    }
}
