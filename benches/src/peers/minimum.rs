//! The smallest limit that gives a handle of its result: a line of boxed futures, as many slots as may run, one future that drives them.
//!
//! It has none of what a pool promises: a panic of one task ends all, whoever wakes one has every slot polled, nothing ever gives way.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use anyhow::{Context as _, Result};
use futures::executor::block_on;
use futures::future::{Either, select};

use super::{Cancel, MINIMUM, Peer};

type Work = Pin<Box<dyn Future<Output = ()>>>;

pub(crate) struct Minimum {
    /// Those that wait; where one was cancelled there is nothing.
    line: RefCell<VecDeque<Option<Work>>>,
    /// How many have left the line at its head: the number of the one that is there now.
    left: Cell<usize>,
    slots: RefCell<Vec<Option<Work>>>,
}

/// Where a result is left, and who waits for it.
#[derive(Default)]
struct Seat {
    output: Cell<Option<u64>>,
    waiter: Cell<Option<Waker>>,
}

pub(crate) struct Handle {
    number: usize,
    seat: Rc<Seat>,
}

impl Minimum {
    fn next(&self) -> Option<Work> {
        let mut line = self.line.borrow_mut();
        loop {
            let work = line.pop_front()?;
            self.left.set(self.left.get() + 1);
            if work.is_some() {
                return work;
            }
        }
    }

    /// Polls every slot, and fills those that come free.
    fn turn(&self, cx: &mut Context<'_>) {
        let mut slots = self.slots.take();
        for slot in &mut slots {
            loop {
                if slot.is_none() {
                    *slot = self.next();
                }
                match slot.as_mut().map(|work| work.as_mut().poll(cx)) {
                    Some(Poll::Ready(())) => *slot = None,
                    Some(Poll::Pending) | None => break,
                }
            }
        }
        self.slots.replace(slots);
    }
}

impl Peer for Minimum {
    const NAME: &'static str = MINIMUM;

    type Handle = Handle;

    fn new(limit: usize) -> Result<Self> {
        let slots = std::iter::repeat_with(|| None).take(limit).collect();
        Ok(Self { line: RefCell::default(), left: Cell::new(0), slots: RefCell::new(slots) })
    }

    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let drive = poll_fn(|cx| {
            self.turn(cx);
            Poll::<std::convert::Infallible>::Pending
        });
        match block_on(select(pin!(future), drive)) {
            Either::Left((output, _)) => output,
            Either::Right((never, _)) => match never {},
        }
    }

    fn submit(&self, task: impl Future<Output = u64> + 'static) -> Result<Handle> {
        let mut line = self.line.borrow_mut();
        let handle = Handle { number: self.left.get() + line.len(), seat: Rc::default() };
        let seat = Rc::clone(&handle.seat);
        line.push_back(Some(Box::pin(async move {
            seat.output.set(Some(task.await));
            seat.waiter.take().into_iter().for_each(Waker::wake);
        })));
        Ok(handle)
    }

    async fn sum(&self, handles: Vec<Handle>) -> Result<u64> {
        let mut sum = 0;
        for handle in handles {
            sum += handle.await;
        }
        Ok(sum)
    }

    fn settle(&self) {
        self.turn(&mut Context::from_waker(Waker::noop()));
    }
}

impl Cancel for Minimum {
    fn cancel(&self, handle: Handle) -> Result<()> {
        let place = handle.number.checked_sub(self.left.get()).context("it waits no more")?;
        let work = self.line.borrow_mut().get_mut(place).and_then(Option::take);
        work.map(drop).context("it was cancelled before")
    }
}

impl Future for Handle {
    type Output = u64;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        let output = self.seat.output.take();
        output.map_or_else(
            || {
                self.seat.waiter.set(Some(cx.waker().clone()));
                Poll::Pending
            },
            Poll::Ready,
        )
    }
}
