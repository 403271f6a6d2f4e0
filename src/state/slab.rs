//! Records by number: a number is used again once its record is gone, an id is not (as soon).

/// The id of a record in a [`Slab`]: 24 bits say where, 6 say which of the records that were there.
///
/// It fits into 30 bits, so that JavaScript engines keep it as a small integer.
/// 64 records may follow each other in one place before an id comes round again; faces forget an id when its record is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(u32);

const INDEX_BITS: u32 = 24;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u8 = (1 << 6) - 1;

impl Id {
    /// Nobody's id.
    pub(crate) const NONE: Self = Self(u32::MAX);

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    pub(crate) const fn raw(self) -> u32 {
        self.0
    }

    /// Where the record lies: small, dense, and free again when the record is gone.
    pub(crate) const fn index(self) -> usize {
        (self.0 & INDEX_MASK) as usize
    }

    const fn new(index: u32, generation: u8) -> Self {
        Self(index | (generation as u32) << INDEX_BITS)
    }

    const fn generation(self) -> u32 {
        self.0 >> INDEX_BITS
    }

    /// The id itself, or nothing for [`Id::NONE`].
    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

#[derive(Debug)]
enum Place<T> {
    Taken(T),
    /// The next free place, or `u32::MAX`.
    Free(u32),
}

#[derive(Debug)]
struct Slot<T> {
    generation: u8,
    place: Place<T>,
}

/// A growing table of records; every operation is O(1). It never shrinks, its places are used again.
#[derive(Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Slot<T>>,
    free: u32,
}

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new(), free: u32::MAX }
    }

    /// Takes a record in, or hands it back if 2²⁴ places are taken.
    pub(crate) fn insert(&mut self, record: T) -> Result<Id, T> {
        let index = self.free;
        if let Some(slot) = self.slots.get_mut(index as usize) {
            if let Place::Free(next) = slot.place {
                self.free = next;
            }
            slot.place = Place::Taken(record);
            return Ok(Id::new(index, slot.generation));
        }
        self.push(record)
    }

    fn push(&mut self, record: T) -> Result<Id, T> {
        let index = self.slots.len() as u32;
        if index > INDEX_MASK {
            return Err(record);
        }
        self.slots.push(Slot { generation: 0, place: Place::Taken(record) });
        Ok(Id::new(index, 0))
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        match self.slots.get(id.index()) {
            Some(Slot { generation, place: Place::Taken(record) }) if u32::from(*generation) == id.generation() => Some(record),
            _ => None,
        }
    }

    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        match self.slots.get_mut(id.index()) {
            Some(Slot { generation, place: Place::Taken(record) }) if u32::from(*generation) == id.generation() => Some(record),
            _ => None,
        }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        self.get(id)?;
        let slot = self.slots.get_mut(id.index())?;
        slot.generation = (slot.generation + 1) & GENERATION_MASK;
        let place = std::mem::replace(&mut slot.place, Place::Free(self.free));
        self.free = id.index() as u32;
        match place {
            Place::Taken(record) => Some(record),
            Place::Free(_) => None,
        }
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.slots.iter_mut().filter_map(|slot| match &mut slot.place {
            Place::Taken(record) => Some(record),
            Place::Free(_) => None,
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.slots.iter().zip(0..).filter_map(|(slot, index)| match &slot.place {
            Place::Taken(record) => Some((Id::new(index, slot.generation), record)),
            Place::Free(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_under_another_id() {
        let mut slab = Slab::new();
        let first = slab.insert('a').unwrap();
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert('b').unwrap();
        assert_eq!(first.index(), second.index());
        assert_ne!(first, second);
        assert_eq!((slab.get(first), slab.get(second)), (None, Some(&'b')));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.iter().count(), 1);
    }

    #[test]
    fn ids_fit_into_thirty_bits() {
        let mut slab = Slab::new();
        for _ in 0..200 {
            let id = slab.insert(()).unwrap();
            assert!(id.raw() < 1 << 30);
            slab.remove(id);
        }
        assert_eq!(slab.get(Id::NONE), None);
    }
}
