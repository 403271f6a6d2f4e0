//! Who is told when the executor goes: whatever has promises outstanding that no task will keep any more.

use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};

/// Settles what it has promised.
pub(crate) trait Guest {
    fn executor_gone(self: Rc<Self>);
}

/// Those to be told. Guests that are gone make room when the list would grow.
#[derive(Default)]
pub(crate) struct Guests(RefCell<Vec<Weak<dyn Guest>>>);

impl Guests {
    pub(crate) fn add(&self, guest: Weak<dyn Guest>) {
        let mut guests = self.0.borrow_mut();
        if guests.len() == guests.capacity() {
            guests.retain(|guest| guest.strong_count() > 0);
        }
        guests.push(guest);
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        for guest in self.0.take() {
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
