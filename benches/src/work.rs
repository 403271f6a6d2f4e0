//! What the tasks do, and chance that is the same in every run.

use std::cell::Cell;
use std::fmt::Display;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use anyhow::{Error, Result, anyhow, ensure};

/// Gives way once: wakes itself, and is ready when it is polled again.
pub(crate) async fn give_way() {
    let mut gone = false;
    poll_fn(|cx| {
        if gone {
            return Poll::Ready(());
        }
        gone = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The errors of millpond are of one thread, as its tasks are: here they are told only.
pub(crate) fn told(error: impl Display) -> Error {
    anyhow!("{error}")
}

/// Each of `count` tasks gives its number: whoever loses one has another sum.
pub(crate) fn check(sum: u64, count: u64) -> Result<()> {
    let all = count * count.saturating_sub(1) / 2;
    ensure!(sum == all, "the results of {count} tasks add up to {sum}, not to {all}: some were lost");
    Ok(())
}

/// A number that tasks change together.
#[derive(Clone, Default)]
pub(crate) struct Tally(Rc<Cell<u64>>);

impl Tally {
    pub(crate) fn add(&self, number: u64) {
        self.0.set(self.0.get() + number);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }

    /// Something that counts when it is dropped.
    pub(crate) fn when_dropped(&self) -> CountsDrop {
        CountsDrop(self.clone())
    }
}

/// See [`Tally::when_dropped`].
pub(crate) struct CountsDrop(Tally);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.add(1);
    }
}

/// Numbers that look random (xorshift64*), and are the same for every peer and in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new() -> Self {
        Self(0x9E37_79B9_7F4A_7C15)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        (high * bound) >> 32
    }

    /// Puts things in an order of chance.
    pub(crate) fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
