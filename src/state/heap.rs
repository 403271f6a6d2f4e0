//! Priority queues whose entries can be found again: the smallest key first, any entry removed in O(log n), added in O(1).
//!
//! Pairing heaps: a tree in which nobody comes before its parent. Many of them share one store, and an empty one is nothing but a number.
//! (Costs are amortised; keys that are added in their order, as with equal timeouts, are taken out again in a few steps each.)

use super::grow::{push, put};

/// Where an entry lies in its store, good until the entry is removed.
pub(crate) type Handle = u32;

/// No entry's handle.
pub(crate) const NO_HANDLE: Handle = Handle::MAX;

/// What entries are ordered by, the smallest first. The second number is a sequence, so that no two keys are equal.
pub(crate) type Key = (u64, u64);

/// One heap of a store: its first entry.
#[derive(Debug)]
pub(crate) struct Root(Handle);

impl Root {
    pub(crate) const EMPTY: Self = Self(NO_HANDLE);

    pub(crate) fn first(&self) -> Option<Handle> {
        (self.0 != NO_HANDLE).then_some(self.0)
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    key: Key,
    /// The first child.
    child: Handle,
    /// The next child of the same parent; of a free node, the next free one.
    next: Handle,
    /// The child before; the parent, if there is none.
    previous: Handle,
}

/// A store of heaps. What their entries mean is kept by who owns it, under their handles.
#[derive(Debug)]
pub(crate) struct Heaps {
    nodes: Vec<Node>,
    free: Handle,
}

impl Heaps {
    pub(crate) const fn new() -> Self {
        Self { nodes: Vec::new(), free: NO_HANDLE }
    }

    pub(crate) fn key(&self, handle: Handle) -> Option<Key> {
        self.nodes.get(handle as usize).map(|node| node.key)
    }

    pub(crate) fn insert(&mut self, root: &mut Root, key: Key) -> Handle {
        let handle = self.take(key);
        self.attach(root, handle);
        handle
    }

    /// Takes an entry out of the heap it is in.
    pub(crate) fn remove(&mut self, root: &mut Root, handle: Handle) {
        self.detach(root, handle);
        let free = self.free;
        self.at(handle, |node| node.next = free);
        self.free = handle;
    }

    /// Gives an entry another key.
    pub(crate) fn set_key(&mut self, root: &mut Root, handle: Handle, key: Key) {
        let Some(node) = self.nodes.get_mut(handle as usize) else { return };
        node.key = key;
        let is_alone = root.0 == handle && node.child == NO_HANDLE;
        if !is_alone {
            self.detach(root, handle);
            self.attach(root, handle);
        }
    }

    /// The first few entries of a heap: the very first, then others that are near it.
    pub(crate) fn top(&self, root: &Root, count: usize) -> impl Iterator<Item = Handle> {
        std::iter::successors(root.first(), |&handle| self.after(handle)).take(count)
    }

    fn take(&mut self, key: Key) -> Handle {
        let node = Node { key, child: NO_HANDLE, next: NO_HANDLE, previous: NO_HANDLE };
        let mut handle = self.free;
        match self.nodes.get_mut(handle as usize) {
            Some(free) => self.free = std::mem::replace(free, node).next,
            None => {
                handle = self.nodes.len() as u32;
                push(&mut self.nodes, node);
            }
        }
        handle
    }

    /// Adds a tree to a heap.
    fn attach(&mut self, root: &mut Root, tree: Handle) {
        root.0 = self.join(root.0, tree);
    }

    /// Takes a node out of a heap, without its children.
    fn detach(&mut self, root: &mut Root, handle: Handle) {
        let Some(&Node { child, next, previous, .. }) = self.nodes.get(handle as usize) else { return };
        let children = self.pair(child);
        self.at(handle, |node| (node.child, node.next, node.previous) = (NO_HANDLE, NO_HANDLE, NO_HANDLE));
        if root.0 == handle {
            root.0 = children;
            return;
        }
        self.at(next, |node| node.previous = previous);
        self.at(previous, |node| *(if node.child == handle { &mut node.child } else { &mut node.next }) = next);
        self.attach(root, children);
    }

    /// One tree of two: the later root becomes the first child of the other.
    fn join(&mut self, one: Handle, other: Handle) -> Handle {
        let (Some(a), Some(b)) = (self.nodes.get(one as usize), self.nodes.get(other as usize)) else { return one.min(other) };
        let (top, below, child) = if a.key < b.key { (one, other, a.child) } else { (other, one, b.child) };
        self.at(child, |node| node.previous = below);
        self.at(below, |node| (node.next, node.previous) = (child, top));
        self.at(top, |node| node.child = below);
        top
    }

    /// One tree of a node and those next to it: joined in pairs, from left to right, then the pairs from right to left.
    fn pair(&mut self, first: Handle) -> Handle {
        let (mut left, mut pairs, mut whole) = (first, NO_HANDLE, NO_HANDLE);
        while let Some(&Node { next: second, .. }) = self.nodes.get(left as usize) {
            let rest = self.next(second);
            let pair = self.join(left, second);
            self.at(pair, |node| node.next = std::mem::replace(&mut pairs, pair));
            left = rest;
        }
        while pairs != NO_HANDLE {
            let rest = self.next(pairs);
            whole = self.join(whole, pairs);
            pairs = rest;
        }
        self.at(whole, |node| (node.next, node.previous) = (NO_HANDLE, NO_HANDLE));
        whole
    }

    /// Who comes next in a walk through a heap, parents before their children.
    fn after(&self, mut handle: Handle) -> Option<Handle> {
        let mut node = self.nodes.get(handle as usize)?;
        if node.child != NO_HANDLE {
            return Some(node.child);
        }
        // Up, until there is somebody to the right: who has just been left as a first child is no child any more, but a parent.
        while node.next == NO_HANDLE {
            let mut left = handle;
            handle = node.previous;
            node = self.nodes.get(handle as usize)?;
            while node.child != left {
                left = handle;
                handle = node.previous;
                node = self.nodes.get(handle as usize)?;
            }
        }
        Some(node.next)
    }

    fn next(&self, handle: Handle) -> Handle {
        self.nodes.get(handle as usize).map_or(NO_HANDLE, |node| node.next)
    }

    fn at(&mut self, handle: Handle, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(handle as usize) {
            change(node);
        }
    }
}

/// A heap with a store and values of its own.
#[derive(Debug)]
pub(crate) struct Heap<V> {
    heaps: Heaps,
    root: Root,
    values: Vec<Option<V>>,
}

impl<V> Heap<V> {
    pub(crate) const fn new() -> Self {
        Self { heaps: Heaps::new(), root: Root::EMPTY, values: Vec::new() }
    }

    pub(crate) fn first(&self) -> Option<Handle> {
        self.root.first()
    }

    /// The key that comes first.
    pub(crate) fn first_key(&self) -> Option<Key> {
        self.heaps.key(self.root.0)
    }

    pub(crate) fn key(&self, handle: Handle) -> Option<Key> {
        self.values.get(handle as usize)?.as_ref()?;
        self.heaps.key(handle)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut V> {
        self.values.get_mut(handle as usize)?.as_mut()
    }

    pub(crate) fn insert(&mut self, key: Key, value: V) -> Handle {
        let handle = self.heaps.insert(&mut self.root, key);
        put(&mut self.values, handle, Some(value));
        handle
    }

    pub(crate) fn remove(&mut self, handle: Handle) -> Option<V> {
        let value = self.values.get_mut(handle as usize)?.take()?;
        self.heaps.remove(&mut self.root, handle);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(heap: &mut Heap<()>) -> Vec<Key> {
        std::iter::from_fn(|| {
            let first = heap.first()?;
            let key = heap.key(first);
            heap.remove(first);
            key
        })
        .collect()
    }

    /// A small generator, so that runs repeat themselves.
    fn random(seed: &mut u64) -> u64 {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        *seed
    }

    #[test]
    fn values_can_be_changed_where_they_are() {
        let mut heap = Heap::new();
        let handle = heap.insert((1, 0), 7);
        *heap.get_mut(handle).unwrap() += 1;
        assert_eq!((heap.remove(handle), heap.get_mut(handle)), (Some(8), None));
    }

    #[test]
    fn the_first_few_are_the_first_and_others_each_once() {
        let mut heap = Heap::new();
        let mut seed = 3;
        for entries in 1..40 {
            heap.insert((random(&mut seed) % 20, entries), ());
            let all: Vec<Handle> = heap.heaps.top(&heap.root, 100).collect();
            let mut sorted = all.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!((all.first().copied(), all.len(), sorted.len()), (heap.first(), entries as usize, entries as usize));
            assert_eq!(heap.heaps.top(&heap.root, 3).count(), 3.min(entries as usize));
        }
    }

    #[test]
    fn hands_out_in_order_after_random_removals_and_new_keys() {
        let mut seed = 7;
        let mut heap = Heap::new();
        let mut alive: Vec<(Handle, Key)> = Vec::new();
        for round in 0..4000 {
            match random(&mut seed) % 4 {
                0 if !alive.is_empty() => {
                    let gone = alive.swap_remove(random(&mut seed) as usize % alive.len());
                    assert_eq!(heap.remove(gone.0), Some(()));
                    assert_eq!(heap.remove(gone.0), None);
                }
                1 if !alive.is_empty() => {
                    let chosen = random(&mut seed) as usize % alive.len();
                    let key = (random(&mut seed) % 50, round);
                    heap.heaps.set_key(&mut heap.root, alive[chosen].0, key);
                    alive[chosen].1 = key;
                }
                _ => {
                    let key = (random(&mut seed) % 50, round);
                    alive.push((heap.insert(key, ()), key));
                }
            }
            assert_eq!(heap.first_key(), alive.iter().map(|entry| entry.1).min());
        }
        let mut expected: Vec<Key> = alive.into_iter().map(|entry| entry.1).collect();
        expected.sort_unstable();
        assert_eq!(drain(&mut heap), expected);
        assert_eq!(heap.first(), None);
    }
}
