//! Who is told when the executor goes: whatever has promises outstanding that no task will keep any more.
//! Who is asked when it comes to rest: whatever may be stuck in itself.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

/// Settles what it has promised.
pub(crate) trait Guest {
    fn executor_gone(self: Rc<Self>);

    /// Whether it is to be asked again.
    fn worries(&self) -> bool {
        false
    }

    /// Whether it seems that it can never go on by itself. Changes nothing.
    fn is_stuck(&self) -> bool {
        false
    }

    /// Makes sure of that and gives something up, so that it can. Says whether there is something to do now.
    fn unstick(self: Rc<Self>) -> bool {
        false
    }
}

/// Those to be told. Guests that are gone make room when the list would grow.
#[derive(Default)]
pub(crate) struct Guests {
    all: RefCell<Vec<Weak<dyn Guest>>>,
    /// Those to be asked.
    worried: RefCell<Vec<Weak<dyn Guest>>>,
}

impl Guests {
    pub(crate) fn add(&self, guest: Weak<dyn Guest>) {
        let mut guests = self.all.borrow_mut();
        if guests.len() == guests.capacity() {
            guests.retain(|guest| guest.strong_count() > 0);
        }
        guests.push(guest);
    }

    /// Has a guest be asked, until it does not worry any more.
    pub(crate) fn worry(&self, guest: Weak<dyn Guest>) {
        self.worried.borrow_mut().push(guest);
    }

    pub(super) fn is_anyone_stuck(&self) -> bool {
        self.any(|guest| guest.is_stuck())
    }

    /// One after the other, until one has something to do.
    pub(super) fn unstick_one(&self) -> bool {
        self.any(Guest::unstick)
    }

    fn any(&self, ask: impl FnMut(Rc<dyn Guest>) -> bool) -> bool {
        if self.worried.borrow().is_empty() {
            return false;
        }
        self.worried.borrow_mut().retain(|guest| guest.upgrade().is_some_and(|guest| guest.worries()));
        // Nothing is borrowed while they are asked, and one more may come.
        let at = |index: usize| self.worried.borrow().get(index).map(Weak::upgrade);
        (0..).map_while(at).flatten().any(ask)
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        for guest in self.all.take() {
            if let Some(guest) = guest.upgrade() {
                guest.executor_gone();
            }
        }
    }
}

impl fmt::Debug for Guests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guests(..)")
    }
}
