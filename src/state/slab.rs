//! Records by number: a number is used again once its record is gone, an id is not (as soon).

use super::list::Link;
use super::table::Table;

/// The id of a record in a [`Slab`]: 24 bits say where, 6 say which of the records that were there.
///
/// It fits into 30 bits, so that JavaScript engines keep it as a small integer.
/// 64 records may follow each other in one place before an id comes round again; faces forget an id when its record is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Id(u32);

const INDEX_BITS: u32 = 24;
/// Also stands for no place.
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: u32 = ((1 << 6) - 1) << INDEX_BITS;

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

    /// The id itself, or nothing for [`Id::NONE`].
    pub(crate) fn some(self) -> Option<Self> {
        (self != Self::NONE).then_some(self)
    }
}

/// A growing table of records; every operation is O(1). It never shrinks, its places are used again.
#[derive(Debug)]
pub(crate) struct Slab<T, const PIECES: bool = false> {
    places: Table<Place<T>, PIECES>,
    /// The first free place.
    free: u32,
}

#[derive(Debug)]
struct Place<T> {
    /// The id of the record here; of a free place the generation of the next record, and the next free place, which is never this one:
    /// so no id leads here.
    id: u32,
    link: Link,
    record: Option<T>,
}

impl<T, const PIECES: bool> Slab<T, PIECES> {
    pub(crate) const fn new() -> Self {
        Self { places: Table::new(), free: INDEX_MASK }
    }

    /// Takes a record in; nothing if all of almost 2²⁴ places are taken.
    pub(crate) fn insert(&mut self, record: T) -> Option<Id> {
        let index = self.free;
        let record = Some(record);
        if let Some(place) = self.places.get_mut(index as usize) {
            self.free = place.id & INDEX_MASK;
            *place = Place { id: place.id & GENERATION_MASK | index, link: Link::NONE, record };
            return Some(Id(place.id));
        }
        let id = self.places.len() as u32;
        (id < INDEX_MASK).then(|| self.places.push(Place { id, link: Link::NONE, record }))?;
        Some(Id(id))
    }

    #[inline]
    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.places.get(id.index()).filter(|place| place.id == id.0)?.record.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.places.get_mut(id.index()).filter(|place| place.id == id.0)?.record.as_mut()
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let place = self.places.get_mut(id.index()).filter(|place| place.id == id.0)?;
        place.id = id.0.wrapping_add(1 << INDEX_BITS) & GENERATION_MASK | self.free;
        self.free = id.0 & INDEX_MASK;
        place.record.take()
    }

    /// How the record is linked that lies where an id says.
    #[inline]
    pub(super) fn link(&self, id: Id) -> Option<&Link> {
        self.places.get(id.index()).map(|place| &place.link)
    }

    #[inline]
    pub(super) fn link_mut(&mut self, id: Id) -> Option<&mut Link> {
        self.places.get_mut(id.index()).map(|place| &mut place.link)
    }

    pub(crate) fn change_all(&mut self, mut change: impl FnMut(&mut T)) {
        for index in 0..self.places.len() {
            self.places.get_mut(index).and_then(|place| place.record.as_mut()).into_iter().for_each(&mut change);
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.places.iter().filter_map(|place| Some((Id(place.id), place.record.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_used_again_under_another_id() {
        let mut slab: Slab<char> = Slab::new();
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
        let mut slab: Slab<()> = Slab::new();
        let mut come_and_go = || {
            let id = slab.insert(()).unwrap();
            slab.remove(id);
            id.raw()
        };
        let ids: Vec<u32> = (0..200).map(|_| come_and_go()).collect();
        assert!(ids.iter().all(|id| *id < 1 << 30));
        // 64 follow each other before one comes round again.
        assert!(ids.iter().enumerate().all(|(first, id)| ids[..first].iter().rev().take(63).all(|earlier| earlier != id)));
        assert_eq!(ids[64], ids[0]);
        assert_eq!(slab.get(Id::NONE), None);
    }

    #[test]
    fn places_are_dense_and_records_their_own_through_random_work() {
        let mut seed: u64 = 0x9e37_79b9;
        let mut random = move |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as usize % below
        };
        let mut slab: Slab<usize> = Slab::new();
        let mut model: Vec<(Id, usize)> = Vec::new();
        let mut most = 0;
        for number in 0..3000 {
            if random(5) < 2 && !model.is_empty() {
                let (id, value) = model.swap_remove(random(model.len()));
                assert_eq!((slab.remove(id), slab.get(id)), (Some(value), None));
            } else {
                let id = slab.insert(number).unwrap();
                model.push((id, number));
                most = most.max(model.len());
                assert!(id.index() < most, "a free place is used before a new one is made");
            }
            assert!(model.iter().all(|(id, value)| slab.get(*id) == Some(value)));
            let mut all: Vec<usize> = slab.iter().map(|(_, value)| *value).collect();
            all.sort_unstable();
            let mut expected: Vec<usize> = model.iter().map(|(_, value)| *value).collect();
            expected.sort_unstable();
            assert_eq!(all, expected);
        }
        slab.change_all(|value| *value += 1);
        assert!(model.iter().all(|(id, value)| slab.get(*id) == Some(&(value + 1))));
    }
}
