//! Room in memory: so much of it for all, and a share of that for each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::network::Network;
use super::problem::Problem;
use crate::domain::AccountId;

/// How much memory all uploads of a process may take together.
pub type UploadRoom = Room<AccountId>;

/// What large answers take: while they are loaded, and until they are read.
pub struct AnswerRoom {
    /// By the network that they go to.
    pub room: Room<IpAddr>,
    loads: Semaphore,
    queues: Mutex<BTreeMap<IpAddr, Queue>>,
    loads_of_each_max: usize,
}

/// The requests of a network that are loading, or wait for it.
struct Queue {
    len: usize,
    loads: Arc<Semaphore>,
}

/// A turn to load, until it is dropped.
pub struct LoadTurn<'a> {
    _of_all: SemaphorePermit<'a>,
    _of_network: OwnedSemaphorePermit,
    _queued: Queued<'a>,
}

struct Queued<'a> {
    queues: &'a Mutex<BTreeMap<IpAddr, Queue>>,
    network: IpAddr,
}

/// Memory of which so much is taken together, and so much by each `K`.
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
    /// are loaded at a time, half of them of one network.
    pub fn new(bytes_max: usize, share_bytes_max: usize, loads_max: usize) -> Self {
        Self {
            room: Room::new(bytes_max, share_bytes_max),
            loads: Semaphore::new(loads_max),
            queues: Mutex::default(),
            loads_of_each_max: loads_max.div_ceil(2),
        }
    }

    /// A turn to load what may be large. It lasts until the answer is made, which then takes its own room. Each
    /// network has a queue of its own: who asks for a thousand waits for themselves.
    pub async fn turn(&self, Network(network): Network) -> Result<LoadTurn<'_>, Problem> {
        let (queued, loads) = self.queue(network);
        let of_network = loads.acquire_owned().await.map_err(|_| Problem::Busy)?;
        let of_all = self.loads.acquire().await.map_err(|_| Problem::Busy)?;
        Ok(LoadTurn { _of_all: of_all, _of_network: of_network, _queued: queued })
    }

    fn queue(&self, network: IpAddr) -> (Queued<'_>, Arc<Semaphore>) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Queue { len: 0, loads: Arc::new(Semaphore::new(self.loads_of_each_max)) };
        let queue = queues.entry(network).or_insert_with(new);
        queue.len += 1;
        (Queued { queues: &self.queues, network }, queue.loads.clone())
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut queue) = queues.entry(self.network) {
            queue.get_mut().len -= 1;
            if queue.get().len == 0 {
                queue.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

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

    #[tokio::test]
    async fn who_asks_for_a_thousand_waits_for_themselves() {
        let room = AnswerRoom::new(10, 6, 4);
        let [greedy, other] = [1, 2].map(|last| Network(IpAddr::from([10, 0, 0, last])));
        let first = room.turn(greedy).await.unwrap();
        let second = room.turn(greedy).await.unwrap();
        let mut waiting: Vec<_> = (0..1_000).map(|_| Box::pin(room.turn(greedy))).collect();
        for turn in &mut waiting {
            assert!(turn.now_or_never().is_none());
        }
        let of_other = room.turn(other).now_or_never().unwrap();
        assert!(of_other.is_ok());
        drop((first, waiting));
        assert!(room.turn(greedy).now_or_never().is_some());
        drop((second, of_other));
        assert!(room.queues.lock().unwrap().is_empty());
    }
}
