//! What the tests share: wakers that count or call back, a recorder, a drop counter, polling by hand.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often its waker was called.
#[derive(Default)]
pub(crate) struct WakeCount(AtomicUsize);

impl WakeCount {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (count.clone(), Waker::from(count))
    }

    /// The calls since the last time this was asked.
    pub(crate) fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

thread_local! {
    static CALLS: RefCell<HashMap<usize, Box<dyn Fn()>>> = RefCell::default();
}

/// A waker that calls back at once, from inside whatever wakes it.
pub(crate) fn waker_calling(call: impl Fn() + 'static) -> Waker {
    struct Call(usize);
    impl Wake for Call {
        fn wake(self: Arc<Self>) {
            let call = CALLS.with_borrow_mut(|calls| calls.remove(&self.0));
            if let Some(call) = call {
                call();
                CALLS.with_borrow_mut(|calls| calls.insert(self.0, call));
            }
        }
    }
    let id = CALLS.with_borrow_mut(|calls| {
        let id = calls.len();
        calls.insert(id, Box::new(call));
        id
    });
    Waker::from(Arc::new(Call(id)))
}

/// What happened, in order. Clones write into the same record.
pub(crate) struct Recorder<T>(Rc<RefCell<Vec<T>>>);

impl<T> Recorder<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn note(&self, event: T) {
        self.0.borrow_mut().push(event);
    }

    pub(crate) fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

impl<T> Clone for Recorder<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Counts the drops of its guards.
#[derive(Clone, Default)]
pub(crate) struct Drops(Rc<Cell<usize>>);

impl Drops {
    pub(crate) fn guard(&self) -> impl Drop + use<> {
        let drops = self.clone();
        on_drop(move || drops.0.set(drops.0.get() + 1))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }
}

/// Calls back when dropped.
pub(crate) fn on_drop(call: impl FnMut()) -> impl Drop {
    struct OnDrop<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    OnDrop(call)
}

/// One poll, with a waker of the caller's.
pub(crate) fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// One poll, with nobody to wake.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    poll(future, Waker::noop())
}

/// Is ready at the second poll, and asks for it at once.
pub(crate) async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Wakes itself for ever, counting its polls.
pub(crate) async fn forever(polls: Rc<Cell<usize>>) {
    loop {
        polls.set(polls.get() + 1);
        give_way().await;
    }
}
