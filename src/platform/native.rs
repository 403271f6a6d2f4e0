//! Threads: a parked thread for "poll me soon", the timer thread of futures-timer for "poll me at T".

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use futures_timer::Delay;

/// Wakes somebody after a while. Only for who has no thread to park: see [`Parker::park`].
#[derive(Debug)]
pub(crate) struct Timer(Delay);

impl Timer {
    pub(crate) fn new(after: Duration) -> Self {
        Self(Delay::new(after))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Parks the thread that made it until its waker is called.
#[derive(Debug)]
pub(crate) struct Parker(Arc<Signal>);

#[derive(Debug)]
struct Signal {
    thread: Thread,
    /// The thread's own token is shared with every other user of `park`, so whether *we* were woken is kept apart.
    woken: AtomicBool,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Signal { thread: thread::current(), woken: AtomicBool::new(false) }))
    }

    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    /// Whether the waker was called since the last time this was asked.
    pub(crate) fn take_woken(&self) -> bool {
        self.0.woken.swap(false, Ordering::Acquire)
    }

    /// Sleeps until the waker is called or the time is over; may return early.
    pub(crate) fn park(&self, at_most: Option<Duration>) {
        match at_most {
            _ if self.take_woken() => {}
            Some(duration) => thread::park_timeout(duration),
            None => thread::park(),
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wake_before_the_park_is_not_lost() {
        let parker = Parker::new();
        let waker = parker.waker();
        thread::spawn(move || waker.wake()).join().unwrap_or_default();
        parker.park(None);
        assert!(!parker.take_woken());
    }
}
