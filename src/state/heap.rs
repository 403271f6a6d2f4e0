//! A priority queue whose entries can be found again: the smallest key first, any entry removed or re-keyed in O(log n).

/// Where an entry lies in a [`Heap`], good until the entry is removed.
pub(crate) type Handle = u32;

/// No entry's handle.
pub(crate) const NO_HANDLE: Handle = Handle::MAX;

/// What entries are ordered by, the smallest first. The second number is a sequence, so that no two keys are equal.
pub(crate) type Key = (u64, u64);

/// A binary min-heap whose values stay in place; only the order moves.
#[derive(Debug)]
pub(crate) struct Heap<V> {
    order: Order,
    values: Vec<Option<V>>,
}

impl<V> Heap<V> {
    pub(crate) const fn new() -> Self {
        Self { order: Order { line: Vec::new(), places: Vec::new(), free: NO_HANDLE }, values: Vec::new() }
    }

    pub(crate) fn first(&self) -> Option<Handle> {
        self.order.line.first().copied()
    }

    /// The key that comes first.
    pub(crate) fn first_key(&self) -> Option<Key> {
        self.key(self.first()?)
    }

    /// The first few handles: the first is the smallest, the others are small.
    pub(crate) fn top(&self, count: usize) -> impl Iterator<Item = Handle> {
        self.order.line.iter().take(count).copied()
    }

    pub(crate) fn key(&self, handle: Handle) -> Option<Key> {
        self.values.get(handle as usize)?.as_ref()?;
        self.order.places.get(handle as usize).map(|place| place.key)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut V> {
        self.values.get_mut(handle as usize)?.as_mut()
    }

    pub(crate) fn insert(&mut self, key: Key, value: V) -> Handle {
        let handle = self.order.insert(key);
        match self.values.get_mut(handle as usize) {
            Some(place) => *place = Some(value),
            None => self.values.push(Some(value)),
        }
        handle
    }

    pub(crate) fn remove(&mut self, handle: Handle) -> Option<V> {
        let value = self.values.get_mut(handle as usize)?.take()?;
        self.order.remove(handle);
        Some(value)
    }

    /// Gives an entry another key.
    pub(crate) fn set_key(&mut self, handle: Handle, key: Key) {
        self.order.set_key(handle, key);
    }
}

#[derive(Debug)]
struct Place {
    key: Key,
    /// Index into the line, or the next free handle while this one is free.
    position: u32,
}

/// The order of a heap, whatever its values: kept apart so that it is there once for all of them.
#[derive(Debug)]
struct Order {
    line: Vec<Handle>,
    places: Vec<Place>,
    free: Handle,
}

impl Order {
    fn insert(&mut self, key: Key) -> Handle {
        let position = self.line.len() as u32;
        let place = Place { key, position };
        let mut handle = self.free;
        match self.places.get_mut(handle as usize) {
            Some(free) => self.free = std::mem::replace(free, place).position,
            None => {
                handle = self.places.len() as u32;
                self.places.push(place);
            }
        }
        self.line.push(handle);
        self.rise(position as usize);
        handle
    }

    fn remove(&mut self, handle: Handle) {
        let Some(place) = self.places.get_mut(handle as usize) else { return };
        let position = std::mem::replace(&mut place.position, self.free) as usize;
        self.free = handle;
        // The last one fills the gap, then goes where it belongs.
        if let Some(last) = self.line.pop()
            && last != handle
        {
            self.put(position, last);
            self.settle(position);
        }
    }

    fn set_key(&mut self, handle: Handle, key: Key) {
        if let Some(place) = self.places.get_mut(handle as usize) {
            place.key = key;
            let position = place.position as usize;
            self.settle(position);
        }
    }

    fn settle(&mut self, position: usize) {
        let position = self.rise(position);
        self.sink(position);
    }

    /// The handle and key at a position of the line.
    fn at(&self, position: usize) -> Option<(Handle, Key)> {
        let handle = *self.line.get(position)?;
        Some((handle, self.places.get(handle as usize)?.key))
    }

    fn put(&mut self, position: usize, handle: Handle) {
        if let (Some(spot), Some(place)) = (self.line.get_mut(position), self.places.get_mut(handle as usize)) {
            *spot = handle;
            place.position = position as u32;
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
    fn smaller_child(&self, position: usize, key: Key) -> Option<(usize, Handle)> {
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
                    heap.set_key(alive[chosen].0, key);
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
