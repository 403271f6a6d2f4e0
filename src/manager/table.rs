//! Which key has which lane, which generation, and which factory under way.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};

use futures::FutureExt;

use super::flight::{Flight, GetError, Outcome};
use super::lease::{Disposals, Generation, Lease, Resource};
use crate::error::{Closed, message};
use crate::executor::LocalExecutor;
use crate::limit::Limit;
use crate::pool::Pool;
use crate::pool::mill::{Landlord, Mill};
use crate::state::{Expiry, Id, LaneOptions};

/// The pool of a key. Without a generation it is over its lifetime, and the next to ask makes a new one.
struct Entry<S: Resource> {
    lane: Id,
    current: Option<Rc<Generation<S>>>,
}

pub(super) struct Table<K, S: Resource> {
    mill: Rc<Mill>,
    pool: LaneOptions,
    pub(super) disposals: Rc<Disposals>,
    entries: RefCell<HashMap<K, Entry<S>>>,
    lanes: RefCell<HashMap<Id, K>>,
    flights: RefCell<HashMap<K, Weak<Flight<S>>>>,
    closed: Cell<bool>,
}

/// Making it and looking at it.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    pub(super) fn new(executor: &LocalExecutor, limit: Limit, expiry: Expiry, pool: LaneOptions) -> Rc<Self> {
        let table = Rc::new(Self {
            mill: Mill::new(executor, limit, expiry),
            pool,
            disposals: Rc::default(),
            entries: RefCell::default(),
            lanes: RefCell::default(),
            flights: RefCell::default(),
            closed: Cell::new(false),
        });
        let landlord: Weak<dyn Landlord> = Rc::<Self>::downgrade(&table);
        table.mill.set_landlord(landlord);
        table
    }

    pub(super) fn mill(&self) -> &Rc<Mill> {
        &self.mill
    }

    pub(super) fn len(&self) -> usize {
        self.entries.borrow().len()
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.borrow().contains_key(key)
    }

    pub(super) fn keys(&self) -> Vec<K> {
        self.entries.borrow().keys().cloned().collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.get() || self.mill.executor().is_none()
    }
}

/// Leases.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// A lease of the current generation of a key, if it has one.
    pub(super) fn lease(&self, key: &K) -> Result<Option<Lease<S>>, Closed> {
        if self.is_closed() {
            return Err(Closed(()));
        }
        // Nobody may have driven the executor since: what has expired by now is not given out.
        self.mill.serve_due();
        self.forget_closed(key);
        let found = self.entries.borrow().get(key).and_then(|entry| Some((entry.lane, entry.current.clone()?)));
        Ok(found.map(|(lane, generation)| {
            self.mill.hold(lane);
            self.lease_held(lane, generation)
        }))
    }

    fn lease_held(&self, lane: Id, generation: Rc<Generation<S>>) -> Lease<S> {
        Lease::new(|generation| Pool::of(&self.mill, lane, Some(generation)), generation)
    }

    /// Makes `resource` the current generation of a key, in the lane it has or in a new one.
    pub(super) fn settle(&self, key: &K, resource: S) -> Result<Lease<S>, Closed> {
        let executor = self.mill.executor().filter(|_| !self.closed.get());
        let generation = Rc::new(Generation::new(resource, self.mill.executor_handle(), Rc::clone(&self.disposals)));
        if executor.is_none() {
            return Err(Closed(()));
        }
        self.forget_closed(key);
        let known = self.entries.borrow().get(key).map(|entry| entry.lane);
        let lane = match known {
            Some(lane) => {
                self.mill.hold(lane);
                self.mill.renew(lane);
                lane
            }
            None => self.mill.open(self.pool).ok_or(Closed(()))?,
        };
        self.lanes.borrow_mut().insert(lane, key.clone());
        let entry = Entry { lane, current: Some(Rc::clone(&generation)) };
        let old = self.entries.borrow_mut().insert(key.clone(), entry);
        drop(old);
        let lease = self.lease_held(lane, generation);
        self.mill.tell_observers();
        Ok(lease)
    }

    /// A pool that one of its users has closed is gone once it is drained, and the key is free again.
    fn forget_closed(&self, key: &K) {
        let lane = self.entries.borrow().get(key).map(|entry| entry.lane);
        let over = |lane: &Id| self.mill.look(|pond| pond.is_closed(*lane) && pond.is_drained(*lane));
        if let Some(lane) = lane.filter(over) {
            self.mill.change(lane, |pond, lane| {
                pond.remove(lane);
            });
            self.forget(lane);
        }
    }

    fn forget(&self, lane: Id) {
        let key = self.lanes.borrow_mut().remove(&lane);
        let entry = key.and_then(|key| self.entries.borrow_mut().remove(&key));
        drop(entry);
    }
}

/// Factories.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// The factory under way for a key.
    pub(super) fn flight(&self, key: &K) -> Option<Rc<Flight<S>>> {
        self.flights.borrow().get(key).and_then(Weak::upgrade)
    }

    /// Starts a factory for a key.
    pub(super) fn take_off<E>(
        self: &Rc<Self>,
        key: &K,
        factory: impl AsyncFnOnce(K) -> Result<S, E> + 'static,
    ) -> Result<Rc<Flight<S>>, GetError>
    where
        E: Into<Box<dyn std::error::Error>> + 'static,
    {
        let executor = self.mill.executor().ok_or(GetError::Closed)?;
        let flight = Flight::new();
        self.flights.borrow_mut().insert(key.clone(), Rc::downgrade(&flight));
        let landing = Landing { table: Rc::downgrade(self), flight: Rc::downgrade(&flight), key: key.clone() };
        let task = executor.spawn(async move {
            let key = landing.key.clone();
            let made = AssertUnwindSafe(async move { factory(key).await }).catch_unwind().await;
            landing.land(match made {
                Ok(made) => made.map_err(|error| GetError::Failed(Rc::from(error.into()))),
                Err(payload) => Err(GetError::Panicked(message(payload.as_ref()).into())),
            });
        });
        flight.is_flown_by(task);
        Ok(flight)
    }

    /// Ends every flight; their factories are cancelled.
    fn ground(&self) {
        let flights: Vec<Rc<Flight<S>>> = self.flights.borrow().values().filter_map(Weak::upgrade).collect();
        for flight in flights {
            flight.land(Err(GetError::Closed));
            flight.cancel();
        }
    }
}

/// A flight seen from its factory; dropped without landing, it was cancelled or its executor is gone.
struct Landing<K: Eq + Hash + Clone + 'static, S: Resource> {
    table: Weak<Table<K, S>>,
    flight: Weak<Flight<S>>,
    key: K,
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> Landing<K, S> {
    fn land(self, made: Result<S, GetError>) {
        let outcome: Outcome<S> = match self.table.upgrade() {
            Some(table) => made.and_then(|resource| Ok(table.settle(&self.key, resource)?)),
            None => Err(GetError::Closed),
        };
        // Whoever is told and asks again finds what is there now, not this flight.
        self.leave();
        if let Some(flight) = self.flight.upgrade() {
            flight.land(outcome);
        }
    }

    fn leave(&self) {
        let Some(table) = self.table.upgrade() else { return };
        let mut flights = table.flights.borrow_mut();
        if flights.get(&self.key).is_some_and(|flight| Weak::ptr_eq(flight, &self.flight)) {
            flights.remove(&self.key);
        }
    }
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> Drop for Landing<K, S> {
    fn drop(&mut self) {
        self.leave();
        if let Some(flight) = self.flight.upgrade() {
            flight.land(Err(GetError::Closed));
        }
    }
}

/// The end.
impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// Gives no more leases, and closes every pool. Gives each of them to watch, with the number of its tasks.
    pub(super) fn close(&self) -> Vec<(Pool, u64)> {
        self.closed.set(true);
        self.ground();
        let pools: Vec<Pool> = self.lanes().into_iter().map(|lane| Pool::watch(&self.mill, lane)).collect();
        let pools: Vec<(Pool, u64)> = pools.into_iter().map(|pool| (pool.clone(), pool.tasks())).collect();
        pools.iter().for_each(|(pool, _)| self.close_lane(pool.lane()));
        pools
    }

    fn close_lane(&self, lane: Id) {
        self.mill.close(lane);
        self.mill.forsake(lane);
        if self.mill.look(|pond| pond.lane_limit(lane)).is_none() {
            self.forget(lane);
        }
    }

    /// Lets go of every generation; those that nobody uses are disposed of.
    pub(super) fn clear(&self) {
        for lane in self.lanes() {
            self.mill.forsake(lane);
            self.forget(lane);
        }
    }

    /// All lanes, in an order that is the same every time.
    fn lanes(&self) -> Vec<Id> {
        let mut lanes: Vec<Id> = self.lanes.borrow().keys().copied().collect();
        lanes.sort_unstable_by_key(|lane| lane.raw());
        lanes
    }
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> Landlord for Table<K, S> {
    fn expired(&self, lane: Id) {
        self.forget(lane);
    }

    /// The next to ask gets a successor, in the same lane, which is renewed by that; who holds the old generation keeps it.
    fn aged(&self, lane: Id) {
        let key = self.lanes.borrow().get(&lane).cloned();
        let old = key.and_then(|key| self.entries.borrow_mut().get_mut(&key).and_then(|entry| entry.current.take()));
        drop(old);
    }

    fn lets(&self) -> bool {
        !self.closed.get()
    }
}

impl<K, S: Resource> Drop for Table<K, S> {
    /// Nobody can get a pool any more; those that are leased go with their leases.
    fn drop(&mut self) {
        self.lanes.take().into_keys().for_each(|lane| self.mill.forsake(lane));
    }
}
