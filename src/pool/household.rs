//! A household: who uses a lane together, that is the leases and the tasks of one generation of a manager's pool.
//!
//! Generations of a key share a lane, because they share its limit. What is done through a lease is meant for its own generation, and here
//! they are told apart: each household closes by itself, and counts its own tasks. The lane as a whole is steered by the household that came last.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::close::Tally;
use super::deadlock::ties::Probe;
use super::job::{Job, Sink, Work, outcome};
use super::mill::Mill;
use super::waits::What;
use crate::error::TaskError;
use crate::state::{Id, Outcome};

/// What every task of a household keeps alive.
pub(crate) trait Generation {
    fn household(&self) -> &Household;
}

/// Which household steers a lane: the number of the one that came last.
pub(crate) type Reign = Rc<Cell<u32>>;

pub(crate) struct Household {
    mill: Weak<Mill>,
    lane: Id,
    /// Tells it from all other households of the mill; 0 is nobody's.
    era: u32,
    reign: Reign,
    /// Whether its lane's landlord still gives it out.
    current: Cell<bool>,
    closed: Cell<bool>,
    /// How many tasks it has that have not settled.
    tasks: Cell<u64>,
    /// How many were cancelled, by whomever.
    cancelled: Cell<u64>,
}

impl Household {
    /// The household of a lane from now on.
    pub(crate) fn new(mill: &Rc<Mill>, lane: Id, era: u32, reign: &Reign) -> Self {
        reign.set(era);
        Self {
            mill: Rc::downgrade(mill),
            lane,
            era,
            reign: Rc::clone(reign),
            current: Cell::new(true),
            closed: Cell::new(false),
            tasks: Cell::new(0),
            cancelled: Cell::new(0),
        }
    }

    pub(crate) const fn era(&self) -> u32 {
        self.era
    }

    pub(crate) const fn lane(&self) -> Id {
        self.lane
    }

    /// Whether what it says goes for the lane: nobody came after it.
    pub(super) fn steers(&self) -> bool {
        self.reign.get() == self.era
    }

    pub(crate) const fn is_current(&self) -> bool {
        self.current.get()
    }

    /// Is not given out any more. False if that is known.
    pub(crate) fn step_down(&self) -> bool {
        self.current.replace(false)
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Takes no more tasks; other households of the lane do. Those who wait for room look again, all of them.
    pub(super) fn close(&self) {
        if !self.closed.replace(true)
            && let Some(mill) = self.mill.upgrade()
        {
            mill.resign(self.lane, self.era);
            mill.waits.wake_all(self.lane, What::Room);
            mill.watchers.tell(self.lane);
        }
    }

    pub(super) const fn tally(&self) -> Tally {
        Tally { tasks: self.tasks.get(), cancelled: self.cancelled.get() }
    }

    fn leave(&self) {
        self.tasks.set(self.tasks.get() - 1);
        if self.tasks.get() == 0
            && let Some(mill) = self.mill.upgrade()
        {
            mill.waits.wake_all(self.lane, What::Drained);
        }
    }
}

impl fmt::Debug for Household {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Household").field("era", &self.era).field("tasks", &self.tasks.get()).finish_non_exhaustive()
    }
}

/// A task's place in its household; left by its drop.
pub(super) struct Member(Rc<dyn Generation>);

impl Member {
    pub(super) fn new(generation: Rc<dyn Generation>) -> Self {
        let tasks = &generation.household().tasks;
        tasks.set(tasks.get() + 1);
        Self(generation)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.household().leave();
    }
}

pin_project! {
    /// The work of a household: it has settled and told so, and only then the member leaves.
    pub(super) struct Kept<F: Future, S> {
        #[pin]
        job: Job<F, S>,
        member: Option<Member>,
    }
}

impl<F: Future, S> Kept<F, S> {
    pub(super) const fn new(job: Job<F, S>, member: Member) -> Self {
        Self { job, member: Some(member) }
    }
}

impl<F: Future<Output: 'static>, S: Sink<F::Output>> Work for Kept<F, S> {
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        self.project().job.poll(cx)
    }

    fn stop(self: Pin<&mut Self>) {
        self.project().job.stop();
    }

    fn fail(self: Pin<&mut Self>, error: TaskError) {
        let this = self.project();
        if let Some(Member(generation)) = this.member.as_ref().filter(|_| outcome(&error) == Outcome::Cancelled) {
            let cancelled = &generation.household().cancelled;
            cancelled.set(cancelled.get() + 1);
        }
        this.job.fail(error);
    }

    fn announce(self: Pin<&mut Self>) {
        self.project().job.announce();
    }

    fn would_wake(&self, probe: &Arc<Probe>) -> bool {
        self.job.would_wake(probe)
    }

    fn result(self: Pin<&mut Self>) -> Option<&mut dyn Any> {
        self.project().job.result()
    }

    fn era(&self) -> u32 {
        self.member.as_ref().map_or(0, |member| member.0.household().era)
    }

    fn resign(self: Pin<&mut Self>) -> Option<Member> {
        self.project().member.take()
    }
}
