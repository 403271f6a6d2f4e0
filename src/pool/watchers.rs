//! Who must know when somebody changes a lane: resizes, pauses, resumes or closes it.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use crate::state::Id;

/// Looks at its lane again.
pub(super) trait Watcher {
    fn lane_changed(&self);
}

/// All watchers of a mill. Those that are gone make room when the list would grow.
#[derive(Default)]
pub(super) struct Watchers(RefCell<Vec<(Id, Weak<dyn Watcher>)>>);

impl Watchers {
    pub(super) fn add(&self, lane: Id, watcher: Weak<dyn Watcher>) {
        let mut watchers = self.0.borrow_mut();
        if watchers.len() == watchers.capacity() {
            watchers.retain(|(_, watcher)| watcher.strong_count() > 0);
        }
        watchers.push((lane, watcher));
    }

    /// Tells the watchers of a lane; of all lanes, if what has changed is nobody's alone.
    pub(super) fn tell(&self, lane: Id) {
        let concerned = |watched: Id| watched == lane || lane == Id::NONE;
        let told: Vec<Rc<dyn Watcher>> =
            self.0.borrow().iter().filter(|(watched, _)| concerned(*watched)).filter_map(|(_, watcher)| watcher.upgrade()).collect();
        told.into_iter().for_each(|watcher| watcher.lane_changed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deaf;

    impl Watcher for Deaf {
        fn lane_changed(&self) {}
    }

    #[test]
    fn those_that_are_gone_are_not_kept() {
        let (watchers, alive) = (Watchers::default(), Rc::new(Deaf));
        let weak = |watcher: &Rc<Deaf>| -> Weak<dyn Watcher> { Rc::<Deaf>::downgrade(watcher) };
        watchers.add(Id::NONE, weak(&alive));
        (0..1000).for_each(|_| watchers.add(Id::NONE, weak(&Rc::new(Deaf))));
        let left = watchers.0.borrow();
        assert!(left.len() < 10, "{}", left.len());
        assert!(left.iter().any(|(_, watcher)| watcher.strong_count() == 1));
    }
}
