//! Room in memory: so much of it for all, and a share of that for each.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::problem::Problem;
use crate::domain::AccountId;

/// How much memory all uploads of a process may take together.
pub type UploadRoom = Room<AccountId>;

/// What large answers take: while they are loaded, and until they are read.
pub struct AnswerRoom {
    /// By the network that they go to.
    pub room: Room<IpAddr>,
    loads: Semaphore,
}

/// See above.
pub struct Room<K: Ord>(Arc<Inner<K>>);

struct Inner<K: Ord> {
    bytes_max: usize,
    share_bytes_max: usize,
    held: Mutex<Held<K>>,
}

struct Held<K: Ord> {
    bytes: usize,
    by: BTreeMap<K, usize>,
}

/// Room that somebody has taken, until this is dropped.
pub struct Taken<K: Ord + Copy> {
    room: Arc<Inner<K>>,
    holder: K,
    bytes: usize,
}

impl<K: Ord + Copy> Room<K> {
    /// Room for `bytes_max`, of which nobody holds more than `share_bytes_max`.
    pub fn new(bytes_max: usize, share_bytes_max: usize) -> Self {
        let held = Mutex::new(Held { bytes: 0, by: BTreeMap::new() });
        Self(Arc::new(Inner { bytes_max, share_bytes_max, held }))
    }

    /// Nothing yet, for `holder`.
    pub fn of(&self, holder: K) -> Taken<K> {
        Taken { room: self.0.clone(), holder, bytes: 0 }
    }
}

impl<K: Ord + Copy> Taken<K> {
    /// Takes so much more, or is told that there is no room. What is more than a share by itself goes where its
    /// holder has nothing else: it would never be given to them otherwise.
    pub fn take(&mut self, bytes: usize) -> Result<(), Problem> {
        let mut held = self.room.held();
        let own = held.by.get(&self.holder).copied().unwrap_or(0);
        let is_beyond_share = 0 < own && self.room.share_bytes_max < own + bytes;
        if self.room.bytes_max < held.bytes + bytes || is_beyond_share {
            return Err(Problem::Busy);
        }
        held.bytes += bytes;
        held.by.insert(self.holder, own + bytes);
        drop(held);
        self.bytes += bytes;
        Ok(())
    }
}

impl<K: Ord + Copy> Drop for Taken<K> {
    fn drop(&mut self) {
        let mut held = self.room.held();
        held.bytes -= self.bytes;
        let own = held.by.get(&self.holder).copied().unwrap_or(0) - self.bytes;
        match own {
            0 => held.by.remove(&self.holder),
            own => held.by.insert(self.holder, own),
        };
    }
}

impl<K: Ord> Inner<K> {
    fn held(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AnswerRoom {
    /// Room for `bytes_max`, of which no network holds more than `share_bytes_max`; at most `loads_max` answers
    /// are loaded at a time.
    pub fn new(bytes_max: usize, share_bytes_max: usize, loads_max: usize) -> Self {
        Self { room: Room::new(bytes_max, share_bytes_max), loads: Semaphore::new(loads_max) }
    }

    /// A turn to load what may be large. It lasts until the answer is made, which then takes its own room.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.loads.acquire().await.map_err(|_| Problem::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_makes_room_and_nobody_takes_more_than_their_share() {
        let room = Room::new(10, 6);
        let mut first = room.of(1);
        let mut again = room.of(1);
        let mut other = room.of(2);
        assert!(first.take(4).is_ok());
        assert!(again.take(3).is_err());
        assert!(again.take(2).is_ok());
        assert!(other.take(5).is_err());
        assert!(other.take(4).is_ok());
        drop(first);
        assert!(again.take(4).is_ok());
        assert!(other.take(1).is_err());
        drop((again, other));
        let mut large = room.of(3);
        assert!(large.take(8).is_ok());
        assert!(room.of(3).take(1).is_err());
        drop(large);
        let held = room.0.held();
        assert_eq!((held.bytes, held.by.len()), (0, 0));
    }
}
