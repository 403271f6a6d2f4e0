//! The end of the workers, and waiting for it.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Workers;
use super::counter::RunCounts;
use super::crew::Crew;
use super::error::EndError;
use super::signal::Fired;
use crate::executor::Sleep;

/// Waits until all workers have ended; made by [`Workers::close`] and [`Workers::ended`]. Gives what became of all runs.
///
/// It can be awaited again after its time was over, by `&mut`, and then waits on without a limit.
///
/// # Errors
/// [`EndError::Tripped`] if an error of a run has stopped all workers, or came while they closed, as often as it is asked;
/// [`EndError::TimedOut`] after [`within`](Self::within).
///
/// # Cancel safety
/// Dropped: nothing changes. Close again to wait again.
///
/// # Cost
/// Nothing is polled while it waits.
///
/// # Examples
/// ```
/// use millpond::workers::EndError;
/// use millpond::{LocalExecutor, ManualClock, Workers};
/// use std::time::Duration;
///
/// let second = Duration::from_secs(1);
/// let ex = LocalExecutor::with_clock(ManualClock::new());
/// let sleeper = ex.clone();
/// let workers = Workers::builder(&ex).start(move || {
///     let sleeper = sleeper.clone();
///     async move |_cx| sleeper.sleep(Duration::from_secs(10)).await // it will not be hurried
/// })?;
/// ex.run_until_idle();
/// let mut close = workers.close().within(second);
/// assert!(matches!(ex.block_on(&mut close), Err(EndError::TimedOut { running: 1 })));
/// assert_eq!(ex.block_on(close)?.succeeded, 1);
/// assert_eq!(ex.now(), 10 * second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "await this to wait until all workers have ended"]
pub struct Ending {
    crew: Rc<Crew>,
    ended: Fired,
    within: Option<Duration>,
    /// There from the first poll until the time is over.
    sleep: Option<Sleep>,
    /// Whoever waits without having closed keeps the workers.
    _keep: Option<Workers>,
}

impl Ending {
    pub(super) fn new(crew: &Rc<Crew>, keep: Option<Workers>) -> Self {
        Self { crew: Rc::clone(crew), ended: crew.ended.fired(), within: None, sleep: None, _keep: keep }
    }

    /// Waits no longer than `duration`, counted from the first poll.
    pub fn within(mut self, duration: Duration) -> Self {
        self.within = Some(duration);
        self
    }

    /// Whether its time is over, said once.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some((within, executor)) = self.within.take().zip(self.crew.executor()) {
            self.sleep = Some(executor.sleep(within));
        }
        let late = self.sleep.as_mut().is_some_and(|sleep| Pin::new(sleep).poll(cx).is_ready());
        if late {
            self.sleep = None;
        }
        late
    }
}

impl Future for Ending {
    type Output = Result<RunCounts, EndError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if Pin::new(&mut self.ended).poll(cx).is_ready() {
            return Poll::Ready(self.crew.verdict().map_err(EndError::Tripped));
        }
        if self.is_late(cx) {
            return Poll::Ready(Err(EndError::TimedOut { running: self.crew.present() }));
        }
        Poll::Pending
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending").field("running", &self.crew.present()).finish_non_exhaustive()
    }
}
