//! How generations and lanes go: by the clock, for room, by a call, with the manager.

use std::hash::Hash;
use std::rc::Rc;

use super::super::evict::Evicted;
use super::super::flight::GetError;
use super::super::lease::{Generation, Resource};
use super::{Entry, Table};
use crate::pool::mill::Landlord;
use crate::pool::{Pool, Tally};
use crate::state::{Id, Phase, Pond};

/// One at a time.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// Gives a lane's generation out no more. Who has a lease of it keeps it, and the lane. False if there was none.
    fn part(&self, lane: Id, reason: Evicted) -> bool {
        let key = self.lanes.borrow().get(&lane).cloned();
        let part = |key: K| Some((self.entries.borrow_mut().get_mut(&key)?.current.take()?, key));
        let parted = key.and_then(part);
        parted.map(|(generation, key)| self.partings.note(key, reason, generation)).is_some()
    }

    /// Forgets a lane that is gone.
    fn forget(&self, lane: Id, reason: Evicted) {
        self.part(lane, reason);
        let key = self.lanes.borrow_mut().remove(&lane);
        let entry = key.and_then(|key| self.entries.borrow_mut().remove(&key));
        drop(entry);
    }

    /// Parts with a lane's generation, and with the lane as soon as nobody uses it.
    fn evict(&self, lane: Id, reason: Evicted) -> bool {
        let parted = self.part(lane, reason);
        if self.mill.retire(lane) {
            self.forget(lane, reason);
        }
        parted
    }

    /// Whether there was a generation to give up.
    pub(in super::super) fn invalidate(&self, key: &K) -> bool {
        let found = self.lane_of(key).is_some_and(|lane| self.evict(lane, Evicted::Invalidated));
        self.partings.tell();
        found
    }

    pub(in super::super) fn invalidate_all(&self) -> usize {
        self.catch_up();
        let found = self.lanes().into_iter().filter(|&lane| self.evict(lane, Evicted::Invalidated)).count();
        self.partings.tell();
        found
    }
}

/// Room for keys.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// Sees to it that there is room for one more key. Tells nobody yet.
    pub(super) fn make_room(&self) -> Result<(), GetError> {
        self.shrink_to(self.max_pools.get().saturating_sub(1)).then_some(()).ok_or(GetError::Full)
    }

    /// Evicts idle pools, the longest idle first, until there are so few. False if more are in use.
    fn shrink_to(&self, pools: usize) -> bool {
        let taken = || self.entries.borrow().len() + self.reserved.get();
        while taken() > pools {
            let Some(idlest) = self.mill.look(Pond::idlest) else { return false };
            self.evict(idlest, Evicted::Capacity);
        }
        true
    }

    pub(in super::super) fn set_max_pools(&self, max_pools: usize) {
        self.catch_up();
        self.max_pools.set(max_pools);
        self.shrink_to(max_pools);
        self.partings.tell();
    }
}

/// The end.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// Gives no more leases, and closes every pool. Gives each of them to watch, and what they had together.
    pub(in super::super) fn close(&self) -> (Vec<Pool>, Tally) {
        self.closed.set(true);
        // All are closed before anybody hears of the first: nothing is added to what is there now.
        self.mill.refuse_all();
        let before = self.tally();
        self.ground();
        let pools: Vec<Pool> = self.lanes().into_iter().map(|lane| Pool::watch(&self.mill, lane)).collect();
        pools.iter().for_each(|pool| self.close_lane(pool.lane()));
        self.partings.tell();
        (pools, before)
    }

    fn close_lane(&self, lane: Id) {
        self.part(lane, Evicted::Closed);
        self.mill.close(lane);
        self.mill.forsake(lane);
        if self.mill.look(|pond| pond.lane_limit(lane)).is_none() {
            self.forget(lane, Evicted::Closed);
        }
    }

    /// Forgets every lane; those that are still leased go with their leases.
    pub(in super::super) fn clear(&self) {
        for lane in self.lanes() {
            self.mill.forsake(lane);
            self.forget(lane, Evicted::Closed);
        }
        self.partings.tell();
    }
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> Landlord for Table<K, S> {
    fn expired(&self, lane: Id, clock: Phase) {
        self.forget(lane, if clock == Phase::Age { Evicted::Lifetime } else { Evicted::Idle });
        self.partings.tell();
    }

    /// The next to ask gets a successor, in the same lane, which is renewed by that; who holds the old generation keeps it.
    fn aged(&self, lane: Id) {
        self.part(lane, Evicted::Lifetime);
        self.partings.tell();
    }

    fn resigned(&self, lane: Id, era: u32) {
        let of_era = |generation: &Rc<Generation<S>>| generation.household().era() == era;
        let key = self.lanes.borrow().get(&lane).cloned();
        let is_current =
            key.is_some_and(|key| self.entries.borrow().get(&key).is_some_and(|entry| entry.current.as_ref().is_some_and(of_era)));
        if is_current {
            self.evict(lane, Evicted::PoolClosed);
            self.partings.tell();
        }
    }

    fn lets(&self) -> bool {
        !self.closed.get()
    }
}

impl<K, S: Resource> Drop for Table<K, S> {
    /// Nobody can get a pool any more; those that are leased go with their leases.
    fn drop(&mut self) {
        let mut entries: Vec<(K, Entry<S>)> = self.entries.take().into_iter().collect();
        entries.sort_unstable_by_key(|(_, entry)| entry.lane.raw());
        for (key, entry) in entries {
            self.mill.forsake(entry.lane);
            if let Some(generation) = entry.current {
                self.partings.note(key, Evicted::Closed, generation);
            }
        }
        self.partings.tell();
    }
}
