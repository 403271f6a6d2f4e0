//! Who observes a pool, and how they are told: in order, each after the other, with nothing borrowed.
//!
//! The mill writes an event down at the very instant of the transition, and has it told as soon as foreign code may run. What
//! happens while observers are told waits for its turn, so that all of them see one order.

mod books;
#[cfg(feature = "metrics")]
mod export;
#[cfg(feature = "tracing")]
mod spans;
mod timings;

use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

pub(super) use books::{Books, Note};
pub use timings::{Distribution, PoolTimings};

use crate::clock::Clock;
use crate::event::Event;
use crate::foreign::isolated;
use crate::state::Id;
use timings::Timings;

/// Somebody who is told.
type Observer = Box<dyn Fn(&Note)>;

/// What is observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    #[default]
    Pool,
    /// All pools of a manager together.
    Manager,
}

/// Who is to observe a pool that is still to be made.
#[derive(Default)]
pub(crate) struct Observe {
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only what is exported has a scope"))]
    scope: Scope,
    /// Under which it is exported.
    name: Option<String>,
    observers: Vec<Observer>,
    timings: Option<Rc<Timings>>,
    #[cfg(feature = "tracing")]
    tracer: Option<Rc<spans::Tracer>>,
}

impl Observe {
    pub(crate) fn of(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    pub(crate) fn name(&mut self, name: String) {
        self.name = Some(name);
    }

    pub(crate) fn listen(&mut self, listener: impl Fn(&Event) + 'static) {
        self.observers.push(Box::new(move |note| listener(&note.event)));
    }
}

impl Observe {
    /// Measures how long tasks wait and run.
    pub(crate) fn measure(&mut self) {
        if self.timings.is_none() {
            let timings: Rc<Timings> = Rc::default();
            self.timings = Some(Rc::clone(&timings));
            self.observers.push(Box::new(move |note| timings.measure(note)));
        }
    }
}

impl Observe {
    /// Has a named pool exported, as far as the features go that are there.
    #[cfg_attr(not(any(feature = "metrics", feature = "tracing")), expect(unused_mut, reason = "nothing to add"))]
    fn export(mut self) -> Self {
        #[cfg(feature = "metrics")]
        if let Some(name) = &self.name {
            let exporter = export::Exporter::new(name, self.scope);
            self.observers.push(Box::new(move |note| exporter.export(note)));
        }
        #[cfg(feature = "tracing")]
        if let Some(name) = &self.name {
            let tracer = Rc::new(spans::Tracer::new(name));
            self.tracer = Some(Rc::clone(&tracer));
            self.observers.push(Box::new(move |note| tracer.trace(note)));
        }
        self
    }
}

impl fmt::Debug for Observe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observe").field("name", &self.name).field("observers", &self.observers.len()).finish_non_exhaustive()
    }
}

/// The observers of a mill. Empty for most, and then one look at it is all that they cost.
#[derive(Default)]
pub(super) struct Observers(OnceCell<Box<Watch>>);

impl Observers {
    pub(super) fn set(&self, observe: Observe, clock: &Clock) {
        let told = observe.export();
        if !told.observers.is_empty() {
            let (clock, books, telling) = (clock.clone(), RefCell::default(), Cell::new(false));
            // Only the first call counts, and there is only one.
            let _set = self.0.set(Box::new(Watch { clock, told, books, telling }));
        }
    }

    #[inline]
    pub(super) fn get(&self) -> Option<&Watch> {
        self.0.get().map(Box::as_ref)
    }

    /// Tells everybody what is written down, if anybody is there and nothing is being told.
    #[inline]
    pub(super) fn tell(&self) {
        if let Some(watch) = self.get() {
            watch.tell();
        }
    }
}

pub(super) struct Watch {
    clock: Clock,
    told: Observe,
    books: RefCell<Books>,
    telling: Cell<bool>,
}

impl Watch {
    pub(super) fn now(&self) -> Duration {
        self.clock.elapsed()
    }

    pub(super) fn timings(&self) -> Option<PoolTimings> {
        self.told.timings.as_ref().map(|timings| timings.read())
    }

    /// Writes something down, to be told later.
    pub(super) fn write<T>(&self, write: impl FnOnce(&mut Books) -> T) -> T {
        write(&mut self.books.borrow_mut())
    }

    fn tell(&self) {
        if self.telling.replace(true) {
            return;
        }
        while let Some(note) = self.write(Books::next) {
            self.told.observers.iter().for_each(|observer| isolated(|| observer(&note)));
        }
        self.telling.set(false);
    }
}

/// A task's future, in the span of the task where there is one; it is entered for each poll and for the drop.
#[cfg(feature = "tracing")]
pub(super) fn traced<F: Future>(observers: &Observers, ticket: Id, future: F) -> tracing::instrument::Instrumented<F> {
    let enter = |watch: &Watch| Some(watch.told.tracer.as_ref()?.enter(watch.write(|books| books.number(ticket))?));
    let span = observers.get().and_then(enter).unwrap_or_else(tracing::Span::none);
    tracing::Instrument::instrument(future, span)
}

#[cfg(not(feature = "tracing"))]
pub(super) fn traced<F: Future>(_: &Observers, _: Id, future: F) -> F {
    future
}
