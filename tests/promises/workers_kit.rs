//! What the tests of workers share: an executor whose clock stands still, and a job whose runs end when they are told to.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use millpond::workers::{EndError, Ending, RunCounts, WorkerContext, WorkersBuilder};
use millpond::{LocalExecutor, ManualClock, Workers};

use super::kit::{Gate, Gauge, gated};
use super::support::{Recorder, poll_once};

pub(crate) const MS: Duration = Duration::from_millis(1);

pub(crate) fn executor() -> LocalExecutor {
    LocalExecutor::with_clock(ManualClock::new())
}

/// Polls up to so many tasks, and says how many.
pub(crate) fn ticks(ex: &LocalExecutor, most: usize) -> usize {
    (0..most).take_while(|_| ex.try_tick()).count()
}

/// A job that ignores cancellation: each run goes on until it is let go.
#[derive(Clone, Default)]
pub(crate) struct Stubborn {
    pub(crate) gauge: Gauge,
    gates: Rc<RefCell<BTreeMap<u64, Gate>>>,
}

impl Stubborn {
    pub(crate) fn start(&self, builder: WorkersBuilder) -> Workers {
        let this = self.clone();
        let started = builder.start(move || {
            let this = this.clone();
            move |cx| this.clone().run(cx)
        });
        started.unwrap()
    }

    pub(crate) async fn run(self, cx: WorkerContext) {
        let _inside = self.gauge.enter();
        let (gate, opened) = gated(());
        self.gates.borrow_mut().insert(cx.worker(), gate);
        opened.await;
    }

    /// Ends the run of a worker.
    pub(crate) fn let_go(&self, worker: u64) {
        let gate = self.gates.borrow_mut().remove(&worker);
        gate.unwrap().open();
    }

    /// Whose runs go on.
    pub(crate) fn running(&self) -> Vec<u64> {
        self.gates.borrow().keys().copied().collect()
    }
}

/// One poll of the end: nothing, or what it gives.
pub(crate) fn ending(ending: &mut Ending) -> Option<Result<RunCounts, EndError>> {
    match poll_once(Pin::new(ending)) {
        Poll::Ready(end) => Some(end),
        Poll::Pending => None,
    }
}

/// Whether all have ended, and well.
pub(crate) fn is_over(workers: &Workers) -> bool {
    matches!(ending(&mut workers.ended()), Some(Ok(_)))
}

/// The counts of the job, after asserting that they add up.
pub(crate) fn adds_up(counts: RunCounts) -> RunCounts {
    let RunCounts { started, running, succeeded, failed, cancelled, panicked, .. } = counts;
    assert_eq!(started, running + succeeded + failed + cancelled + panicked, "{counts:?}");
    counts
}

/// Starts a job that notes when it begins, on the executor's clock in milliseconds, then sleeps through `took[run]` whatever happens; the
/// last run is for ever.
pub(crate) fn timed(ex: &LocalExecutor, builder: WorkersBuilder, starts: &Recorder<u128>, took: &'static [u64]) -> Workers {
    let (ex, starts) = (ex.clone(), starts.clone());
    let started = builder.start(move || {
        let (ex, starts) = (ex.clone(), starts.clone());
        async move |cx| {
            starts.note(ex.now().as_millis());
            match took.get(usize::try_from(cx.run()).unwrap()) {
                Some(ms) => ex.sleep(Duration::from_millis(*ms)).await,
                None => std::future::pending().await,
            }
        }
    });
    started.unwrap()
}
