//! Factories: one at a time for a key, with a place for what it makes.

use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::rc::{Rc, Weak};

use futures::FutureExt;

use super::super::flight::{Berth, Flight, GetError, Outcome, Reserved};
use super::super::lease::Resource;
use super::Table;
use crate::error::message;
use crate::pool::Pool;
use crate::state::LaneOptions;

impl<K: Eq + Hash + Clone + 'static, S: Resource> Table<K, S> {
    /// The factory under way for a key.
    pub(in super::super) fn flight(&self, key: &K) -> Option<Rc<Flight<S>>> {
        self.flights.borrow().get(key).and_then(Weak::upgrade)
    }

    /// Starts a factory for a key.
    pub(in super::super) fn take_off<E>(
        self: &Rc<Self>,
        key: &K,
        factory: impl AsyncFnOnce(K) -> Result<S, E> + 'static,
    ) -> Result<Rc<Flight<S>>, GetError>
    where
        E: Into<Box<dyn std::error::Error>> + 'static,
    {
        let executor = self.mill.executor().ok_or(GetError::Closed)?;
        let options = self.options_for(key).map_err(GetError::Options)?;
        let berth = self.berth(key).inspect_err(|_| self.partings.tell())?;
        let flight = Flight::new(berth);
        self.flights.borrow_mut().insert(key.clone(), Rc::downgrade(&flight));
        self.partings.tell();
        let (table, told) = (Rc::downgrade(self), Rc::downgrade(&flight));
        let landing = Landing { table, flight: told, key: key.clone(), options };
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

    fn berth(&self, key: &K) -> Result<Berth, GetError> {
        if let Some(lane) = self.known_lane(key) {
            self.mill.hold(lane);
            return Ok(Berth::Lane { _hold: Pool::of(&self.mill, lane, None) });
        }
        self.make_room()?;
        Ok(Berth::Place { _reserved: Reserved::new(&self.reserved) })
    }

    /// Ends every flight; their factories are cancelled.
    pub(super) fn ground(&self) {
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
    options: LaneOptions,
}

impl<K: Eq + Hash + Clone + 'static, S: Resource> Landing<K, S> {
    fn land(self, made: Result<S, GetError>) {
        let outcome: Outcome<S> = match self.table.upgrade() {
            Some(table) => made.and_then(|resource| self.settle(&table, resource)),
            None => Err(GetError::Closed),
        };
        // Whoever is told and asks again finds what is there now, not this flight.
        self.leave();
        if let Some(flight) = self.flight.upgrade() {
            flight.land(outcome);
        }
    }

    fn settle(&self, table: &Table<K, S>, resource: S) -> Outcome<S> {
        table.catch_up();
        // The place is free for this very key; the hold of a lane is needed until the lease has its own.
        let berth = self.flight.upgrade().and_then(|flight| flight.take_berth());
        let hold = berth.filter(|berth| matches!(berth, Berth::Lane { .. }));
        let lease = table.settle(&self.key, resource, self.options);
        drop(hold);
        lease
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
