//! A priority queue whose entries can be found again: the smallest key first, any entry removed or re-keyed in O(log n).

/// Where an entry lies in a [`Heap`], good until the entry is removed.
pub(crate) type Handle = u32;

/// No entry's handle.
pub(crate) const NO_HANDLE: Handle = Handle::MAX;

#[derive(Debug)]
struct Entry<K, V> {
    key: K,
    /// Index into `order`, or the next free entry's handle while this one is free.
    position: u32,
    value: Option<V>,
}

/// A binary min-heap over entries that stay in place; only their order moves. Equal keys come out in no fixed order, so keys hold a sequence.
#[derive(Debug)]
pub(crate) struct Heap<K, V> {
    order: Vec<Handle>,
    entries: Vec<Entry<K, V>>,
    free: Handle,
}

impl<K: Ord + Copy, V> Heap<K, V> {
    pub(crate) const fn new() -> Self {
        Self { order: Vec::new(), entries: Vec::new(), free: NO_HANDLE }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn first(&self) -> Option<Handle> {
        self.order.first().copied()
    }

    /// The key that comes first.
    pub(crate) fn first_key(&self) -> Option<K> {
        self.key(self.first()?)
    }

    /// The first few handles: the first is the smallest, the others are small.
    pub(crate) fn top(&self, count: usize) -> impl Iterator<Item = Handle> {
        self.order.iter().take(count).copied()
    }

    pub(crate) fn key(&self, handle: Handle) -> Option<K> {
        self.entries.get(handle as usize).filter(|entry| entry.value.is_some()).map(|entry| entry.key)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut V> {
        self.entries.get_mut(handle as usize)?.value.as_mut()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) -> Handle {
        let position = self.order.len() as u32;
        let entry = Entry { key, position, value: Some(value) };
        let handle = self.free;
        let handle = match self.entries.get_mut(handle as usize) {
            Some(free) => {
                self.free = free.position;
                *free = entry;
                handle
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        self.order.push(handle);
        self.rise(position as usize);
        handle
    }

    pub(crate) fn remove(&mut self, handle: Handle) -> Option<V> {
        let entry = self.entries.get_mut(handle as usize)?;
        let value = entry.value.take()?;
        let position = std::mem::replace(&mut entry.position, self.free) as usize;
        self.free = handle;
        // The last one fills the gap, then goes where it belongs.
        if let Some(last) = self.order.pop()
            && last != handle
        {
            self.put(position, last);
            self.settle(position);
        }
        Some(value)
    }

    /// Gives an entry another key.
    pub(crate) fn set_key(&mut self, handle: Handle, key: K) {
        if let Some(entry) = self.entries.get_mut(handle as usize)
            && entry.value.is_some()
        {
            entry.key = key;
            let position = entry.position as usize;
            self.settle(position);
        }
    }

    fn settle(&mut self, position: usize) {
        let position = self.rise(position);
        self.sink(position);
    }

    /// The handle and key at a position of the order.
    fn at(&self, position: usize) -> Option<(Handle, K)> {
        let handle = *self.order.get(position)?;
        Some((handle, self.entries.get(handle as usize)?.key))
    }

    fn put(&mut self, position: usize, handle: Handle) {
        if let (Some(place), Some(entry)) = (self.order.get_mut(position), self.entries.get_mut(handle as usize)) {
            *place = handle;
            entry.position = position as u32;
        }
    }

    fn rise(&mut self, mut position: usize) -> usize {
        let Some((handle, key)) = self.at(position) else { return position };
        while position > 0
            && let Some((parent, above)) = self.at((position - 1) / 2)
            && key < above
        {
            self.put(position, parent);
            position = (position - 1) / 2;
        }
        self.put(position, handle);
        position
    }

    fn sink(&mut self, mut position: usize) {
        let Some((handle, key)) = self.at(position) else { return };
        while let Some((child_position, child)) = self.smaller_child(position, key) {
            self.put(position, child);
            position = child_position;
        }
        self.put(position, handle);
    }

    /// The smaller of the two children, if it is smaller than `key`.
    fn smaller_child(&self, position: usize, key: K) -> Option<(usize, Handle)> {
        let left = self.at(2 * position + 1)?;
        let (position, (child, below)) = match self.at(2 * position + 2) {
            Some(right) if right.1 < left.1 => (2 * position + 2, right),
            _ => (2 * position + 1, left),
        };
        (below < key).then_some((position, child))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(heap: &mut Heap<u64, ()>) -> Vec<u64> {
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
    fn hands_out_in_order_after_random_removals_and_new_keys() {
        let mut seed = 7;
        let mut heap = Heap::new();
        let mut alive: Vec<(Handle, u64)> = Vec::new();
        for round in 0..4000 {
            match random(&mut seed) % 4 {
                0 if !alive.is_empty() => {
                    let gone = alive.swap_remove(random(&mut seed) as usize % alive.len());
                    assert_eq!(heap.remove(gone.0), Some(()));
                    assert_eq!(heap.remove(gone.0), None);
                }
                1 if !alive.is_empty() => {
                    let chosen = random(&mut seed) as usize % alive.len();
                    let key = random(&mut seed) << 16 | round;
                    heap.set_key(alive[chosen].0, key);
                    alive[chosen].1 = key;
                }
                _ => {
                    let key = random(&mut seed) << 16 | round;
                    alive.push((heap.insert(key, ()), key));
                }
            }
            assert_eq!(heap.first_key(), alive.iter().map(|entry| entry.1).min());
        }
        let mut expected: Vec<u64> = alive.into_iter().map(|entry| entry.1).collect();
        expected.sort_unstable();
        assert_eq!(drain(&mut heap), expected);
        assert!(heap.is_empty());
    }
}
