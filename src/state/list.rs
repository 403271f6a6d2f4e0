//! A doubly linked list through the records of a [`Slab`]: no memory of its own, everything O(1).

use super::slab::{Id, Slab};

/// The neighbours of a record in one list; a record that is in several lists has one of these for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    previous: Id,
    next: Id,
    linked: bool,
}

impl Links {
    pub(crate) const NONE: Self = Self { previous: Id::NONE, next: Id::NONE, linked: false };

    pub(crate) const fn is_linked(&self) -> bool {
        self.linked
    }
}

/// Says which of a record's links belong to the list.
pub(crate) type Field<T> = fn(&mut T) -> &mut Links;

/// The two ends of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct List {
    head: Id,
    tail: Id,
}

impl List {
    pub(crate) const EMPTY: Self = Self { head: Id::NONE, tail: Id::NONE };

    pub(crate) fn head(&self) -> Option<Id> {
        self.head.some()
    }

    pub(crate) fn tail(&self) -> Option<Id> {
        self.tail.some()
    }

    pub(crate) fn push_back<T>(&mut self, slab: &mut Slab<T>, id: Id, field: Field<T>) {
        let last = self.tail;
        if let Some(record) = slab.get_mut(id) {
            *field(record) = Links { previous: last, next: Id::NONE, linked: true };
            self.set_next(slab, last, id, field);
            self.tail = id;
        }
    }

    pub(crate) fn push_front<T>(&mut self, slab: &mut Slab<T>, id: Id, field: Field<T>) {
        let first = self.head;
        if let Some(record) = slab.get_mut(id) {
            *field(record) = Links { previous: Id::NONE, next: first, linked: true };
            self.set_previous(slab, first, id, field);
            self.head = id;
        }
    }

    /// Takes a record out; one that is not in the list stays as it is.
    pub(crate) fn remove<T>(&mut self, slab: &mut Slab<T>, id: Id, field: Field<T>) {
        let Some(links) = slab.get_mut(id).map(field).filter(|links| links.linked) else { return };
        let Links { previous, next, .. } = std::mem::replace(links, Links::NONE);
        self.set_next(slab, previous, next, field);
        self.set_previous(slab, next, previous, field);
    }

    /// Makes `next` follow `id`, or the head if there is no `id`.
    fn set_next<T>(&mut self, slab: &mut Slab<T>, id: Id, next: Id, field: Field<T>) {
        match slab.get_mut(id) {
            Some(record) => field(record).next = next,
            None => self.head = next,
        }
    }

    /// Makes `previous` come before `id`, or the tail if there is no `id`.
    fn set_previous<T>(&mut self, slab: &mut Slab<T>, id: Id, previous: Id, field: Field<T>) {
        match slab.get_mut(id) {
            Some(record) => field(record).previous = previous,
            None => self.tail = previous,
        }
    }
}

/// Who follows a record in the list of `field`.
pub(crate) fn next<T>(slab: &mut Slab<T>, id: Id, field: Field<T>) -> Option<Id> {
    field(slab.get_mut(id)?).next.some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(list: &List, slab: &mut Slab<Links>) -> Vec<usize> {
        let mut at = list.head();
        std::iter::from_fn(|| {
            let id = at?;
            at = next(slab, id, |links| links);
            Some(id.index())
        })
        .collect()
    }

    #[test]
    fn keeps_order_through_removals_at_both_ends_and_in_the_middle() {
        let mut slab = Slab::new();
        let mut list = List::EMPTY;
        let ids: Vec<Id> = (0..5).map(|_| slab.insert(Links::NONE).unwrap()).collect();
        for &id in &ids[..4] {
            list.push_back(&mut slab, id, |links| links);
        }
        list.push_front(&mut slab, ids[4], |links| links);
        assert_eq!(walk(&list, &mut slab), [4, 0, 1, 2, 3]);
        for (gone, left) in [(4, vec![0, 1, 2, 3]), (1, vec![0, 2, 3]), (3, vec![0, 2]), (0, vec![2]), (2, vec![])] {
            list.remove(&mut slab, ids[gone], |links| links);
            list.remove(&mut slab, ids[gone], |links| links);
            assert_eq!(walk(&list, &mut slab), left);
        }
        assert_eq!((list.head(), list.tail()), (None, None));
    }
}
