//! A recorder of events.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::Event;

/// Writes down the events of a pool or a manager, all or the latest. Clones write into the same log.
///
/// `Display` is the trace: one line for each event, in the format described at [`Event`], each with its line break.
/// [`Replay`](crate::Replay) checks it.
///
/// # Cost
/// One entry of 64 bytes or so for each event; [`with_capacity`](Self::with_capacity) bounds their number.
///
/// # Examples
/// ```
/// use millpond::{EventLog, LocalExecutor, ManualClock, Pool};
///
/// let log = EventLog::new();
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let pool = Pool::builder(&ex).concurrency(1).on_event(log.listener()).build()?;
/// ex.block_on(pool.run(async {}))?;
/// assert_eq!(
///     log.to_string(),
///     "1 0.000000000 pool=1 opened concurrency=1\n\
///      2 0.000000000 pool=1 task=1 submitted priority=normal\n\
///      3 0.000000000 pool=1 task=1 started\n\
///      4 0.000000000 pool=1 task=1 settled succeeded\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct EventLog {
    book: Rc<Book>,
}

#[derive(Default)]
struct Book {
    events: RefCell<VecDeque<Event>>,
    /// The most it keeps; without end if there is none.
    capacity: Option<usize>,
    lost: Cell<u64>,
}

impl EventLog {
    /// A log of everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A log of the latest events, as many as `capacity` at most; it counts those it has [`lost`](Self::lost).
    ///
    /// # Examples
    /// ```
    /// # use millpond::{EventLog, LocalExecutor, Pool};
    /// let log = EventLog::with_capacity(2);
    /// let ex = LocalExecutor::new();
    /// let pool = Pool::builder(&ex).on_event(log.listener()).build()?;
    /// ex.block_on(pool.run(async {}))?;
    /// assert_eq!((log.len(), log.lost()), (2, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { book: Rc::new(Book { capacity: Some(capacity), ..Book::default() }) }
    }

    /// What to give to `on_event` of a builder.
    pub fn listener(&self) -> impl Fn(&Event) + 'static {
        let log = self.clone();
        move |event| log.note(*event)
    }

    /// Writes an event down.
    pub fn note(&self, event: Event) {
        let mut events = self.book.events.borrow_mut();
        events.push_back(event);
        if self.book.capacity.is_some_and(|capacity| events.len() > capacity) {
            events.pop_front();
            self.book.lost.set(self.book.lost.get() + 1);
        }
    }

    /// Takes all that is written down, oldest first, and goes on with an empty page.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        self.book.events.take().into()
    }

    /// A copy of all that is written down, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.book.events.borrow().iter().copied().collect()
    }

    /// How many events are written down.
    #[must_use]
    pub fn len(&self) -> usize {
        self.book.events.borrow().len()
    }

    /// Whether nothing is written down.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many older events made room for later ones; those that were taken do not count.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.book.lost.get()
    }
}

impl fmt::Display for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.book.events.borrow().iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl fmt::Debug for EventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLog").field("len", &self.len()).field("lost", &self.lost()).finish_non_exhaustive()
    }
}
