//! Something that happens once and stays so, and who waits for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

#[derive(Default)]
pub(super) struct Signal {
    fired: Cell<bool>,
    places: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, Waker>>,
}

impl Signal {
    pub(super) fn is_fired(&self) -> bool {
        self.fired.get()
    }

    /// Tells all who wait, in the order in which they came.
    pub(super) fn fire(&self) {
        self.fired.set(true);
        let waiting = self.waiting.take();
        waiting.into_values().for_each(Waker::wake);
    }

    /// Ready once the signal is fired.
    pub(super) fn fired(self: &Rc<Self>) -> Fired {
        Fired { signal: Rc::clone(self), place: None }
    }

    fn take_place(&self) -> u64 {
        self.places.replace(self.places.get() + 1)
    }
}

/// Waits for a [`Signal`]. Dropped, it leaves its place.
pub(super) struct Fired {
    signal: Rc<Signal>,
    place: Option<u64>,
}

impl Future for Fired {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { signal, place } = &mut *self;
        if signal.is_fired() {
            return Poll::Ready(());
        }
        let place = *place.get_or_insert_with(|| signal.take_place());
        let waker = cx.waker().clone();
        let old = signal.waiting.borrow_mut().insert(place, waker);
        drop(old);
        Poll::Pending
    }
}

impl Drop for Fired {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let waker = self.signal.waiting.borrow_mut().remove(&place);
            drop(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(fired: &mut Fired) -> Poll<()> {
        Pin::new(fired).poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_signal_is_seen_by_all_who_wait_and_by_all_who_come_later() {
        let signal = Rc::new(Signal::default());
        let mut early = signal.fired();
        assert!(poll(&mut early).is_pending());
        signal.fire();
        assert!(poll(&mut early).is_ready() && poll(&mut signal.fired()).is_ready());
    }

    #[test]
    fn who_goes_away_leaves_nothing_behind() {
        let signal = Rc::new(Signal::default());
        let mut fired = signal.fired();
        assert!(poll(&mut fired).is_pending() && poll(&mut fired).is_pending());
        assert_eq!(signal.waiting.borrow().len(), 1);
        drop(fired);
        assert!(signal.waiting.borrow().is_empty());
    }
}
