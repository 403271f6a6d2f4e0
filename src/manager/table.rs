//! Which key has which lane, which generation, and which factory under way.

mod changes;
mod evictions;
mod factories;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::rc::{Rc, Weak};

use super::evict::{Listener, Partings};
use super::flight::{Flight, GetError};
use super::lease::{Disposals, Generation, Lease, Resource};
use crate::error::{Closed, OptionError};
use crate::executor::LocalExecutor;
use crate::limit::Limit;
use crate::pool::household::{Household, Reign};
use crate::pool::mill::{Landlord, Mill};
use crate::pool::{Pool, PoolOptions, Tally};
use crate::state::{Counts, Expiry, Id, LaneOptions, Pond};

pub(super) type Overrides<K> = Box<dyn Fn(&K) -> PoolOptions>;

/// What a table is made with, checked.
pub(super) struct Terms<K> {
    pub(super) limit: Limit,
    pub(super) expiry: Expiry,
    pub(super) pool: PoolOptions,
    pub(super) overrides: Option<Overrides<K>>,
    pub(super) max_pools: usize,
    pub(super) listener: Option<Listener<K>>,
}

/// The pool of a key. Without a current generation it is only there for those who still use it, and the next to ask makes a new one.
struct Entry<S: Resource> {
    lane: Id,
    reign: Reign,
    current: Option<Rc<Generation<S>>>,
}

pub(super) struct Table<K, S: Resource> {
    mill: Rc<Mill>,
    pool: Cell<PoolOptions>,
    overrides: Option<Overrides<K>>,
    max_pools: Cell<usize>,
    /// Places kept for keys whose first factory is under way.
    reserved: Rc<Cell<usize>>,
    pub(super) disposals: Rc<Disposals>,
    partings: Partings<K, S>,
    entries: RefCell<HashMap<K, Entry<S>>>,
    lanes: RefCell<HashMap<Id, K>>,
    flights: RefCell<HashMap<K, Weak<Flight<S>>>>,
    eras: Cell<u32>,
    closed: Cell<bool>,
}

/// Making it and looking at it.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    pub(super) fn new(executor: &LocalExecutor, terms: Terms<K>) -> Rc<Self> {
        let table = Rc::new(Self {
            mill: Mill::new(executor, terms.limit, terms.expiry),
            pool: Cell::new(terms.pool),
            overrides: terms.overrides,
            max_pools: Cell::new(terms.max_pools),
            reserved: Rc::default(),
            disposals: Rc::default(),
            partings: Partings::new(terms.listener),
            entries: RefCell::default(),
            lanes: RefCell::default(),
            flights: RefCell::default(),
            eras: Cell::new(0),
            closed: Cell::new(false),
        });
        let landlord: Weak<dyn Landlord> = Rc::<Self>::downgrade(&table);
        table.mill.set_landlord(landlord);
        table
    }

    pub(super) fn mill(&self) -> &Rc<Mill> {
        &self.mill
    }

    /// Does what the clock asks for: nobody may have driven the executor since.
    pub(super) fn catch_up(&self) {
        self.mill.serve_due();
        self.partings.tell();
    }

    pub(super) fn len(&self) -> usize {
        self.catch_up();
        self.entries.borrow().len()
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.lane_of(key).is_some()
    }

    pub(super) fn keys(&self) -> Vec<K> {
        self.catch_up();
        self.entries.borrow().keys().cloned().collect()
    }

    /// The lane of a key that has a pool now.
    pub(super) fn lane_of(&self, key: &K) -> Option<Id> {
        self.catch_up();
        self.known_lane(key)
    }

    fn known_lane(&self, key: &K) -> Option<Id> {
        self.entries.borrow().get(key).map(|entry| entry.lane)
    }

    /// What the lanes have counted, with their keys, in an order that is the same every time.
    pub(super) fn counts(&self) -> Vec<(K, Counts, Limit)> {
        self.catch_up();
        let known = self.lanes().into_iter().filter_map(|lane| Some((self.lanes.borrow().get(&lane).cloned()?, lane)));
        known.filter_map(|(key, lane)| self.mill.look(|pond| Some((key, pond.counts(lane)?, pond.lane_limit(lane)?)))).collect()
    }

    /// All tasks there are, in all pools, and all that were cancelled so far.
    pub(super) fn tally(&self) -> Tally {
        Tally::of(&self.mill.look(Pond::totals))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get() || self.mill.executor().is_none()
    }

    /// All lanes, in an order that is the same every time.
    fn lanes(&self) -> Vec<Id> {
        let mut lanes: Vec<Id> = self.lanes.borrow().keys().copied().collect();
        lanes.sort_unstable_by_key(|lane| lane.raw());
        lanes
    }
}

/// Leases.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// A lease of the current generation of a key, if it has one.
    pub(super) fn lease(&self, key: &K) -> Result<Option<Lease<S>>, Closed> {
        if self.is_closed() {
            return Err(Closed(()));
        }
        self.catch_up();
        Ok(self.current(key))
    }

    fn current(&self, key: &K) -> Option<Lease<S>> {
        let generation = self.entries.borrow().get(key)?.current.clone()?;
        if let Some(lease) = Lease::another(&generation) {
            return Some(lease);
        }
        self.mill.hold(generation.household().lane());
        Some(self.lease_held(generation))
    }

    fn lease_held(&self, generation: Rc<Generation<S>>) -> Lease<S> {
        let lane = generation.household().lane();
        Lease::first(|generation| Pool::of(&self.mill, lane, Some(generation)), generation)
    }

    /// How the pool of a key is made.
    pub(super) fn options_for(&self, key: &K) -> Result<LaneOptions, OptionError> {
        let own = self.overrides.as_ref().map(|overrides| overrides(key)).unwrap_or_default();
        own.over(self.pool.get()).checked("pool_concurrency")
    }

    /// Makes `resource` the current generation of a key, in the lane it has or in a new one. If somebody came first, that is it.
    pub(super) fn settle(&self, key: &K, resource: S, options: LaneOptions) -> Result<Lease<S>, GetError> {
        let lease = match self.find_room(key, options) {
            Ok(room) => Ok(self.enthrone(key, resource, room, options)),
            Err(lease) => {
                self.disposals.dispose(resource, &self.mill.executor_handle());
                lease
            }
        };
        self.mill.tell_observers();
        self.partings.tell();
        lease
    }

    /// A lane for a new generation of a key, held for its lease; or what becomes of the call without one.
    fn find_room(&self, key: &K, options: LaneOptions) -> Result<(Id, Reign), Result<Lease<S>, GetError>> {
        if self.is_closed() {
            return Err(Err(GetError::Closed));
        }
        if let Some(lease) = self.current(key) {
            return Err(Ok(lease));
        }
        let known = self.entries.borrow().get(key).map(|entry| (entry.lane, Rc::clone(&entry.reign)));
        if let Some((lane, reign)) = known {
            self.mill.hold(lane);
            return Ok((lane, reign));
        }
        // A factory under way for this key has a place for it.
        if self.flight(key).is_none() {
            self.make_room().map_err(Err)?;
        }
        Ok((self.mill.open(options).ok_or(Err(GetError::Full))?, Reign::default()))
    }

    /// The lane is as a new one then: whoever had it before steers it no more.
    fn enthrone(&self, key: &K, resource: S, (lane, reign): (Id, Reign), options: LaneOptions) -> Lease<S> {
        self.eras.set(self.eras.get().wrapping_add(1).max(1));
        let household = Household::new(&self.mill, lane, self.eras.get(), &reign);
        let generation = Rc::new(Generation::new(resource, household, self.mill.executor_handle(), Rc::clone(&self.disposals)));
        self.lanes.borrow_mut().insert(lane, key.clone());
        let old = self.entries.borrow_mut().insert(key.clone(), Entry { lane, reign, current: Some(Rc::clone(&generation)) });
        if old.is_some() {
            self.mill.renew(lane);
            self.mill.reset(lane, options);
        }
        self.lease_held(generation)
    }
}

impl<K, S: Resource> fmt::Debug for Table<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mill, partings, closed, .. } = self;
        let mut out = f.debug_struct("Table");
        out.field("mill", mill).field("pools", &self.entries.borrow().len());
        out.field("partings", partings).field("closed", closed).finish_non_exhaustive()
    }
}
