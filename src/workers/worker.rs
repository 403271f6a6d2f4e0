//! One worker: its record, the slot that holds its work, and the executor task that polls it.
//!
//! The work lies in a slot instead of in the executor task, so that it can be dropped where it stands, and its panics contained.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use futures::future::LocalBoxFuture;

use super::catch_panic::caught;
use super::context::WorkerContext;
use super::crew::Crew;
use super::job::Job;
use super::signal::Signal;
use crate::clock::Clock;
use crate::executor::{WeakExecutor, turn};
use crate::foreign::isolated;

/// What the crew and the contexts share of a worker.
pub(super) struct Worker {
    pub(super) id: u64,
    pub(super) executor: WeakExecutor,
    pub(super) clock: Clock,
    /// It should end. A worker that is cancelled never begins the job again.
    pub(super) cancelled: Rc<Signal>,
    /// Whether the job itself runs; not between runs, nor while a layer pauses.
    busy: Rc<Cell<bool>>,
    stage: Cell<Stage>,
    waker: Cell<Option<Waker>>,
}

type Work = LocalBoxFuture<'static, ()>;

/// Where its work is.
#[derive(Default)]
enum Stage {
    /// Not placed yet, ended, or to be dropped by whoever polls it.
    #[default]
    Gone,
    Parked(Work),
    Polling,
}

impl Worker {
    pub(super) fn new(id: u64, executor: WeakExecutor, clock: Clock) -> Self {
        let (cancelled, busy) = (Rc::default(), Rc::default());
        Self { id, executor, clock, cancelled, busy, stage: Cell::default(), waker: Cell::default() }
    }

    pub(super) fn stays(&self) -> bool {
        !self.cancelled.is_fired()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.get()
    }

    pub(super) fn busy(&self) -> impl Drop + use<> {
        struct Busy(Rc<Cell<bool>>);
        impl Drop for Busy {
            fn drop(&mut self) {
                self.0.set(false);
            }
        }
        self.busy.set(true);
        Busy(Rc::clone(&self.busy))
    }

    /// Gives it its work. An executor task must follow.
    pub(super) fn place(self: &Rc<Self>, crew: &Rc<Crew>, job: Job) -> Seat {
        self.stage.set(Stage::Parked(Box::pin(work(Rc::clone(crew), Rc::clone(self), job))));
        Seat { crew: Rc::clone(crew), worker: Rc::clone(self) }
    }

    /// Drops its work where it stands, or has it dropped by whoever polls it. Says whether it is gone by now.
    pub(super) fn abort(&self) -> bool {
        match self.stage.take() {
            Stage::Parked(work) => isolated(|| drop(work)),
            Stage::Gone | Stage::Polling => return false,
        }
        self.waker.take().into_iter().for_each(Waker::wake);
        true
    }

    /// Polls its work once. Ready when there is none any more.
    fn step(&self, cx: &mut Context<'_>) -> Poll<()> {
        let Stage::Parked(mut work) = self.stage.take() else { return Poll::Ready(()) };
        self.stage.set(Stage::Polling);
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx)));
        match (polled, self.stage.take()) {
            (Ok(Poll::Pending), Stage::Polling) => {
                self.stage.set(Stage::Parked(work));
                let known = self.waker.take().filter(|waker| waker.will_wake(cx.waker()));
                self.waker.set(Some(known.unwrap_or_else(|| cx.waker().clone())));
                Poll::Pending
            }
            _ => {
                isolated(|| drop(work));
                Poll::Ready(())
            }
        }
    }
}

/// Runs the job until the worker is cancelled. A worker that is always ready gives way after each run.
async fn work(crew: Rc<Crew>, worker: Rc<Worker>, mut job: Job) {
    let mut run = 0;
    while worker.stays() {
        if let Err(error) = caught(job.run(WorkerContext::new(&worker, run))).await {
            crew.hear(error, worker.id, run);
        }
        run += 1;
        turn::give_way().await;
    }
}

/// The executor task of a worker.
pub(super) struct Seat {
    crew: Rc<Crew>,
    worker: Rc<Worker>,
}

impl Future for Seat {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.worker.step(cx));
        self.crew.leave(self.worker.id);
        Poll::Ready(())
    }
}
