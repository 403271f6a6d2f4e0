//! What a map and its tasks share: which of them have not ended, the outputs that nobody has taken, and the one at the door.
//!
//! A task that finds the pool's line full waits *at the door*: an executor task of its own waits for room in its stead. So the map
//! holds a place among those who wait only as long as somebody polls it there, and a map that nobody polls is in nobody's way.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures::future::LocalBoxFuture;

use super::super::deadlock::ties::Probe;
use super::super::job::{Settled, Sink};
use super::super::mill::Mill;
use super::super::submit::{Submit, TaskBuilder};
use super::super::watchers::Watcher;
use super::held::Held;
use crate::error::{Closed, TaskError};
use crate::foreign::isolated;
use crate::state::slab::Slab;
use crate::state::{Id, Outcome};

pub(super) struct Flight<T> {
    mill: Rc<Mill>,
    /// Whether an output is an error that ends the map.
    is_error: fn(&Settled<T>) -> bool,
    /// The tickets of the tasks that have not ended.
    seats: RefCell<Slab<Id>>,
    taken: Cell<u32>,
    /// The number of the next task.
    number: Cell<u64>,
    held: RefCell<Held<Settled<T>>>,
    door: Cell<Option<LocalBoxFuture<'static, ()>>>,
    at_door: Cell<bool>,
    porter: Cell<Option<Waker>>,
    /// The pool was closed before every item was taken.
    short: Cell<bool>,
    /// Nothing is to come any more.
    over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

/// Looking.
impl<T> Flight<T> {
    pub(super) fn new(mill: Rc<Mill>, is_error: fn(&Settled<T>) -> bool) -> Self {
        Self {
            mill,
            is_error,
            seats: RefCell::new(Slab::new()),
            taken: Cell::new(0),
            number: Cell::new(0),
            held: RefCell::new(Held::ordered()),
            door: Cell::new(None),
            at_door: Cell::new(false),
            porter: Cell::new(None),
            short: Cell::new(false),
            over: Cell::new(false),
            waker: Cell::new(None),
        }
    }

    /// How many tasks have not ended. The one at the door is none yet; while it stands there, nothing is pulled and nothing has ended.
    pub(super) fn unfinished(&self) -> u32 {
        self.taken.get()
    }

    pub(super) fn look<R>(&self, look: impl FnOnce(&Held<Settled<T>>) -> R) -> R {
        look(&self.held.borrow())
    }

    pub(super) fn give_as_completed(&self) {
        self.held.borrow_mut().give_as_completed();
    }

    pub(super) fn take(&self) -> Option<Settled<T>> {
        self.held.borrow_mut().take()
    }

    pub(super) fn is_at_door(&self) -> bool {
        self.at_door.get()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    pub(super) fn fall_short(&self) {
        self.short.set(!self.over.get());
    }

    /// Whether items were left when the pool was closed. Told once.
    pub(super) fn take_short(&self) -> bool {
        self.short.take()
    }

    pub(super) fn is_short(&self) -> bool {
        self.short.get()
    }

    /// Remembers whom to wake.
    pub(super) fn listen(&self, waker: &Waker) {
        let known = self.waker.take().filter(|known| known.will_wake(waker));
        self.waker.set(Some(known.unwrap_or_else(|| waker.clone())));
    }

    /// Says what whoever polls the map waits for: its tasks. Who is at the door may help, and hides them.
    pub(super) fn tie(&self) {
        if !self.is_at_door() {
            self.mill.tie_to(self.seats.borrow().iter().map(|(_, ticket)| *ticket));
        }
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Coming and going.
impl<T: 'static> Flight<T> {
    /// Gives a task to the pool; if its line is full, sends it to the door.
    pub(super) fn submit<F: Future<Output = T> + 'static>(self: &Rc<Self>, task: TaskBuilder<F>) {
        let mut submit = task.submit();
        match self.offer(&mut submit, &Context::from_waker(Waker::noop())) {
            Poll::Ready(accepted) => self.settle_door(accepted),
            Poll::Pending => self.wait_at_door(submit),
        }
    }

    fn offer<F: Future<Output = T> + 'static>(self: &Rc<Self>, submit: &mut Submit<F>, cx: &Context<'_>) -> Poll<Result<(), Closed<F>>> {
        submit.poll_with(cx, |entry| (self.board(entry.ticket), ()))
    }

    /// The seat of a task that the pool has accepted.
    fn board(self: &Rc<Self>, ticket: Id) -> Seat<T> {
        let seat = self.seats.borrow_mut().insert(ticket).unwrap_or(Id::NONE);
        let number = self.number.get();
        self.taken.set(self.taken.get() + 1);
        self.number.set(number + 1);
        Seat { flight: Rc::clone(self), seat, number }
    }

    /// False if the task was given up before.
    fn disembark(&self, seat: Id) -> bool {
        let left = self.seats.borrow_mut().remove(seat).is_some();
        self.taken.set(self.taken.get() - u32::from(left));
        left
    }

    /// Gives up everything that has not ended.
    pub(super) fn cancel(&self) {
        self.over.set(true);
        self.short.set(false);
        let seats = self.seats.replace(Slab::new());
        self.taken.set(0);
        let tickets: Vec<Id> = seats.iter().map(|(_, ticket)| *ticket).collect();
        self.mill.end_all(&tickets, || TaskError::Cancelled);
        self.leave_door();
    }

    /// The first error: what has not ended never will, and what waits for its turn will have none.
    fn stop(&self, error: Settled<T>) {
        let dropped = self.held.borrow_mut().end_with(error);
        self.cancel();
        drop(dropped);
    }
}

/// The door.
impl<T: 'static> Flight<T> {
    fn wait_at_door<F: Future<Output = T> + 'static>(self: &Rc<Self>, mut submit: Submit<F>) {
        let flight = Rc::clone(self);
        let wait = poll_fn(move |cx| flight.offer(&mut submit, cx).map(|accepted| flight.settle_door(accepted)));
        self.door.set(Some(Box::pin(wait)));
        self.at_door.set(true);
        if let Some(executor) = self.mill.executor() {
            executor.spawn_detached(Porter(Rc::downgrade(self)));
        }
    }

    fn settle_door<F>(&self, accepted: Result<(), Closed<F>>) {
        if accepted.is_err() {
            self.fall_short();
        }
    }

    /// Drops the one at the door.
    pub(super) fn leave_door(&self) {
        self.at_door.set(false);
        let door = self.door.take();
        if let Some(porter) = self.porter.take() {
            porter.wake();
        }
        drop(door);
    }

    fn poll_door(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(mut door) = self.door.take() else { return Poll::Ready(()) };
        // A panic is that of the drop of a future that the closed pool did not take: nobody's who would hear of it.
        let polled = catch_unwind(AssertUnwindSafe(|| door.as_mut().poll(cx)));
        if matches!(polled, Ok(Poll::Pending)) && !self.over.get() {
            self.porter.set(Some(cx.waker().clone()));
            self.door.set(Some(door));
            return Poll::Pending;
        }
        self.at_door.set(false);
        isolated(|| drop(door));
        self.wake();
        Poll::Ready(())
    }
}

/// The executor task that waits for room.
struct Porter<T>(Weak<Flight<T>>);

impl<T: 'static> Future for Porter<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.upgrade().map_or(Poll::Ready(()), |flight| flight.poll_door(cx))
    }
}

/// Receives the result of one task.
struct Seat<T> {
    flight: Rc<Flight<T>>,
    seat: Id,
    number: u64,
}

impl<T: 'static> Sink<T> for Seat<T> {
    fn settle(&self, result: Settled<T>) -> (Outcome, Option<Settled<T>>) {
        let is_error = (self.flight.is_error)(&result);
        if !self.flight.disembark(self.seat) {
            drop(result);
        } else if is_error {
            self.flight.stop(result);
        } else {
            self.flight.held.borrow_mut().put(self.number, result);
        }
        (if is_error { Outcome::Failed } else { Outcome::Succeeded }, None)
    }

    fn announce(&self) {
        self.flight.wake();
    }

    /// All seats have the waker of the map; the first of them says so.
    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        let first = self.flight.seats.borrow().iter().next().map(|(seat, _)| seat);
        first == Some(self.seat) && probe.is_in(&self.flight.waker)
    }
}

impl<T> Watcher for Flight<T> {
    fn lane_changed(&self) {
        self.wake();
    }
}

impl<T> fmt::Debug for Flight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("unfinished", &self.unfinished()).field("held", &self.look(Held::count)).finish_non_exhaustive()
    }
}
