//! What the mill tells its observers: each of its transitions, written down where it happens.
//!
//! Nobody may come back here between the transition and its note. Where foreign code may run next, the notes are told.

use std::rc::Rc;
use std::time::Duration;

use super::super::job;
use super::super::observe::{Books, Observe, PoolTimings, Watch, traced};
use super::Mill;
use crate::error::{TaskError, Timeout};
use crate::event::{EventKind, Rejection, TaskOutcome};
use crate::limit::Limit;
use crate::priority::{Level, Priority};
use crate::state::{Id, Offer, Outcome, Pond, Refused, Submitted};

impl Mill {
    /// Has observers; before the first lane is opened.
    pub(crate) fn observe(&self, observe: Observe) {
        self.observers.set(observe, &self.clock);
        let limit = self.look(|pond| pond.limit());
        if limit != Limit::UNLIMITED {
            self.note(|books, at| books.opened(at, Id::NONE, limit));
            self.tell_observers();
        }
    }

    /// A task's future, observed as it runs.
    pub(crate) fn traced<F: Future>(&self, ticket: Id, future: F) -> impl Future<Output = F::Output> + use<F> {
        traced(&self.observers, ticket, future)
    }

    pub(crate) fn timings(&self) -> Option<PoolTimings> {
        self.observers.get().and_then(Watch::timings)
    }

    /// Has the notes told, unless that is going on.
    #[inline]
    pub(crate) fn tell_observers(&self) {
        self.observers.tell();
    }

    /// Writes down what `write` tells, if anybody wants to know.
    #[inline]
    fn note(&self, write: impl FnOnce(&mut Books, Duration)) {
        if let Some(watch) = self.observers.get() {
            let now = watch.now();
            watch.write(|books| write(books, now));
        }
    }

    /// A new lane was opened; whoever keeps it has that told as soon as it can be found.
    pub(super) fn note_opened(&self, lane: Id, limit: Limit) {
        self.note(|books, at| books.opened(at, lane, limit));
    }

    /// Something happened to a lane, or to all of them for nobody's.
    pub(super) fn note_lane(&self, lane: Id, kind: EventKind) {
        self.note(|books, at| books.about(at, lane, kind));
    }

    /// Somebody was taken in, and will be told of as soon as its future is in its place; or was refused, and counted as such.
    #[inline]
    pub(super) fn note_admission(&self, lane: Id, offer: Offer, admitted: &Result<Submitted, Refused>) {
        if self.observers.get().is_some() {
            self.write_admission(lane, offer, admitted);
        }
    }

    fn write_admission(&self, lane: Id, offer: Offer, admitted: &Result<Submitted, Refused>) {
        match admitted {
            Ok(task) => self.note(|books, at| {
                let task = (task.ticket, self.look(Pond::accepted));
                books.submitted(at, lane, task, class(offer.level), offer.weight);
            }),
            Err(Refused::Full) => self.note_rejection(lane, Rejection::Full),
            Err(Refused::Closed) => self.note_rejection(lane, Rejection::Closed),
            Err(Refused::NoLane | Refused::Exhausted) => {}
        }
    }

    /// Somebody was taken in who was too late even to wait; or was refused.
    pub(super) fn note_late(&self, lane: Id, offer: Offer, admitted: Result<(), Refused>) {
        let (ticket, outcome) = (Id::NONE, TaskOutcome::TimedOut(Timeout::Deadline));
        self.note_admission(lane, offer, &admitted.map(|()| Submitted { ticket, started: false, dropped: None }));
        if admitted.is_ok() {
            self.note_end(ticket, lane, outcome);
        }
        self.tell_observers();
    }

    pub(super) fn note_rejection(&self, lane: Id, reason: Rejection) {
        self.note_lane(lane, EventKind::Rejected(reason));
        self.tell_observers();
    }

    #[inline]
    pub(super) fn note_start(&self, ticket: Id) {
        self.note(|books, at| books.started(at, ticket));
    }

    /// A task has left its lane, which may be drained by that.
    #[inline]
    pub(super) fn note_end(&self, ticket: Id, lane: Id, outcome: impl Into<TaskOutcome>) {
        if let Some(watch) = self.observers.get() {
            self.write_end(watch, ticket, lane, outcome.into());
        }
    }

    fn write_end(&self, watch: &Watch, ticket: Id, lane: Id, outcome: TaskOutcome) {
        let drained = self.look(|pond| pond.is_closed(lane) && pond.is_drained(lane));
        let now = watch.now();
        if watch.write(|books| books.settled(now, ticket, outcome)) && drained {
            self.note_lane(lane, EventKind::Drained);
        }
    }

    pub(super) fn note_priority(&self, ticket: Id, priority: Priority) {
        self.note(|books, at| books.reprioritised(at, ticket, priority));
        self.tell_observers();
    }
}

/// How a lane, and the pond, stand before a change and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facets {
    /// Nothing for a lane that is gone.
    limit: Option<Limit>,
    limit_of_all: Limit,
    paused: bool,
    closed: bool,
    drained: bool,
}

impl Mill {
    /// How a lane stands, if anybody wants to know.
    pub(super) fn facets(&self, lane: Id) -> Option<Facets> {
        self.observers.get().map(|_| {
            self.look(|pond| Facets {
                limit: pond.lane_limit(lane),
                limit_of_all: pond.limit(),
                paused: pond.is_paused(lane),
                closed: pond.is_closed(lane),
                drained: pond.is_closed(lane) && pond.is_drained(lane),
            })
        })
    }

    /// Writes down what has changed since.
    pub(super) fn note_change(&self, lane: Id, before: Option<Facets>) {
        let Some((before, after)) = before.zip(self.facets(lane)).filter(|(before, after)| before != after) else { return };
        self.note_resize(Id::NONE, Some(before.limit_of_all), Some(after.limit_of_all));
        self.note_resize(lane, before.limit, after.limit);
        let told = [
            (EventKind::Paused, !before.paused && after.paused),
            (EventKind::Resumed, before.paused && !after.paused && after.limit.is_some()),
            (EventKind::Closed, !before.closed && after.closed),
            (EventKind::Drained, !before.drained && after.drained),
        ];
        told.into_iter().filter(|(_, happened)| *happened).for_each(|(kind, _)| self.note_lane(lane, kind));
        if after.limit.is_none() {
            self.note(|books, _| books.gone(lane));
        }
    }

    fn note_resize(&self, lane: Id, before: Option<Limit>, after: Option<Limit>) {
        if let Some(limit) = after.filter(|_| before != after) {
            self.note_lane(lane, EventKind::Resized { concurrency: limit.into() });
        }
    }

    /// A lane that time has taken away.
    pub(super) fn note_expired(&self, lane: Id) {
        self.note_lane(lane, EventKind::Expired);
        self.note(|books, _| books.gone(lane));
    }

    /// Closes every lane there is, because nothing will run any more.
    pub(super) fn close_all(self: &Rc<Self>) {
        let lanes = self.observers.get().map(|watch| watch.write(|books| books.lanes())).unwrap_or_default();
        let before: Vec<_> = lanes.into_iter().map(|lane| (lane, self.facets(lane))).collect();
        self.pond.borrow_mut().close_all();
        before.into_iter().for_each(|(lane, before)| self.note_change(lane, before));
        self.tell_observers();
    }
}

/// The class that a level stands for.
fn class(level: Level) -> Priority {
    let classes = [Priority::Low, Priority::High, Priority::Critical];
    classes.into_iter().find(|class| Level::from(*class) == level).unwrap_or_default()
}

impl From<Outcome> for TaskOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
            Outcome::TimedOut => Self::TimedOut(Timeout::Run),
            Outcome::Panicked => Self::Panicked,
            Outcome::Dropped => Self::Dropped,
        }
    }
}

impl From<&TaskError> for TaskOutcome {
    fn from(error: &TaskError) -> Self {
        match error {
            TaskError::TimedOut(clock) => Self::TimedOut(*clock),
            TaskError::Closed => Self::Closed,
            error => job::outcome(error).into(),
        }
    }
}

impl TaskOutcome {
    /// How a task is counted.
    pub(super) const fn counted(self) -> Outcome {
        match self {
            Self::Succeeded => Outcome::Succeeded,
            Self::Failed => Outcome::Failed,
            Self::Cancelled | Self::Closed => Outcome::Cancelled,
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::Panicked => Outcome::Panicked,
            Self::Dropped => Outcome::Dropped,
        }
    }
}
