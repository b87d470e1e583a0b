//! Turns at what takes long: each network has so many at once, so that what is there for all of them stays so.

use std::net::IpAddr;

use super::network::Network;
use super::problem::Problem;
use super::room::{Room, Taken};

/// How many of each kind a network has at once.
pub struct Turns {
    /// At what runs along a line.
    pub along: Turn,
    /// At a file of the open data, until all of it is on its way.
    pub file: Turn,
    /// At what is searched for, is near lines, or is on a page after the first: half of the connections.
    pub search: Turn,
}

/// Turns of a kind.
pub struct Turn(Room<IpAddr>);

impl Default for Turns {
    fn default() -> Self {
        Self { along: Turn::new(1), file: Turn::new(2), search: Turn::new(5) }
    }
}

impl Turn {
    fn new(at_once_max: usize) -> Self {
        Self(Room::new(usize::MAX, at_once_max))
    }

    /// One for a network, until it is dropped.
    pub fn of(&self, Network(network): Network) -> Result<Taken<IpAddr>, Problem> {
        let mut turn = self.0.of(network);
        turn.take(1).map_err(|_| Problem::AtOnce)?;
        Ok(turn)
    }

    /// Does `work` in a turn of a network, to its end: the database does not stop working for who hangs up, and they
    /// have no other turn meanwhile.
    pub async fn run<T: Send + 'static>(
        &self,
        network: Network,
        work: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = self.of(network)?;
        let work = tokio::spawn(async move {
            let done = work.await;
            drop(turn);
            done
        });
        work.await.map_err(|error| Problem::Internal(error.to_string()))?
    }
}
