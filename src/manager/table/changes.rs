//! Changes of options while pools are there: those that come are made with the new ones, those that are there follow.

use std::hash::Hash;

use super::super::lease::Resource;
use super::Table;
use crate::error::OptionError;
use crate::limit::Limit;
use crate::pool::PoolOptions;
use crate::state::{Expiry, Id, LaneOptions, Pond};

impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// False if the key has no pool.
    pub(in super::super) fn resize_pool(&self, key: &K, limit: Limit) -> bool {
        let lane = self.lane_of(key);
        lane.map(|lane| self.mill.change(lane, |pond, lane| pond.resize_lane(lane, limit))).is_some()
    }

    /// All are asked for before the first is changed: one that is refused changes nothing.
    pub(in super::super) fn set_pool(&self, change: impl FnOnce(&mut PoolOptions)) -> Result<(), OptionError> {
        let before = self.pool.get();
        let mut pool = before;
        change(&mut pool);
        pool.checked("pool_concurrency")?;
        self.pool.set(pool);
        let options = self.options_for_all().inspect_err(|_| self.pool.set(before))?;
        for (lane, options) in options {
            self.mill.change(lane, |pond, lane| {
                pond.resize_lane(lane, options.limit);
                pond.set_capacity(lane, options.capacity);
            });
        }
        Ok(())
    }

    fn options_for_all(&self) -> Result<Vec<(Id, LaneOptions)>, OptionError> {
        self.catch_up();
        let keys: Vec<(Id, K)> = self.lanes.borrow().iter().map(|(lane, key)| (*lane, key.clone())).collect();
        keys.into_iter().map(|(lane, key)| Ok((lane, self.options_for(&key)?))).collect()
    }

    /// What is over by the new spans goes at once.
    pub(in super::super) fn set_expiry(&self, change: impl FnOnce(&mut Expiry)) {
        self.catch_up();
        let mut expiry = self.mill.look(Pond::expiry);
        change(&mut expiry);
        self.mill.set_expiry(expiry);
        self.catch_up();
    }
}
