//! Generations that are not given out any more: why, and who is told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::lease::{Generation, Resource};
use crate::foreign::isolated;

/// Why a key's pool is not given out any more; told to the listener of [`PoolManagerBuilder::on_evict`](crate::PoolManagerBuilder::on_evict).
///
/// Who holds a lease of that pool keeps it, and its resource, in every case.
///
/// # Examples
/// ```
/// use millpond::{Evicted, LocalExecutor, PoolManager};
/// use std::{cell::RefCell, rc::Rc};
///
/// let ex = LocalExecutor::new();
/// let gone = Rc::new(RefCell::new(Vec::new()));
/// let log = gone.clone();
/// let manager = PoolManager::builder(&ex).max_pools(1).on_evict(move |key, reason| log.borrow_mut().push((*key, reason))).build()?;
/// drop(manager.get('a')?);
/// drop(manager.get('b')?); // takes the place of the first, which is idle
/// assert!(manager.invalidate(&'b'));
/// assert_eq!(*gone.borrow(), [('a', Evicted::Capacity), ('b', Evicted::Invalidated)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evicted {
    /// Nobody used it for the idle time.
    Idle,
    /// It was over the maximal lifetime.
    Lifetime,
    /// Another key needed the place, and this one was idle for longest.
    Capacity,
    /// [`PoolManager::invalidate`](crate::PoolManager::invalidate) or [`invalidate_all`](crate::PoolManager::invalidate_all) was called.
    Invalidated,
    /// One of its users closed it through a lease.
    PoolClosed,
    /// The manager was closed, or its last handle dropped.
    Closed,
}

pub(super) type Listener<K> = Box<dyn Fn(&K, Evicted)>;

/// One that is to be told of, and let go after that.
struct Parting<K, S: Resource> {
    key: K,
    reason: Evicted,
    generation: Rc<Generation<S>>,
}

/// All of them, in order. What the listener, or the drop of a resource, brings about in turn is told of after it: nothing recurses.
pub(super) struct Partings<K, S: Resource> {
    listener: Option<Listener<K>>,
    line: RefCell<VecDeque<Parting<K, S>>>,
    telling: Cell<bool>,
}

impl<K, S: Resource> Partings<K, S> {
    pub(super) const fn new(listener: Option<Listener<K>>) -> Self {
        Self { listener, line: RefCell::new(VecDeque::new()), telling: Cell::new(false) }
    }

    /// Notes one, to be told of as soon as nothing is in the way: [`Partings::tell`] must follow.
    pub(super) fn note(&self, key: K, reason: Evicted, generation: Rc<Generation<S>>) {
        generation.household().step_down();
        self.line.borrow_mut().push_back(Parting { key, reason, generation });
    }

    /// Tells of all that were noted, and lets go of them.
    pub(super) fn tell(&self) {
        if self.telling.replace(true) {
            return;
        }
        let _over = Over(&self.telling);
        loop {
            let next = self.line.borrow_mut().pop_front();
            let Some(Parting { key, reason, generation }) = next else { return };
            if let Some(listener) = &self.listener {
                // Its panic is nobody's who happens to be here.
                isolated(|| listener(&key, reason));
            }
            drop(generation);
        }
    }
}

/// Sees to it that the next can be told of, whatever happens.
struct Over<'a>(&'a Cell<bool>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl<K, S: Resource> fmt::Debug for Partings<K, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partings").field("noted", &self.line.borrow().len()).finish_non_exhaustive()
    }
}
