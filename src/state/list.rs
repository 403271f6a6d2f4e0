//! Doubly linked rings through the records of a slab: everything O(1), and a list is nothing but the number of its head.

use super::slab::{Id, Slab};

/// Who comes before and after a record; nobody, if it is in no list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    previous: Id,
    next: Id,
}

impl Link {
    pub(super) const NONE: Self = Self { previous: Id::NONE, next: Id::NONE };
}

/// A list: who is first. The first comes after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List(Id);

impl List {
    pub(crate) const EMPTY: Self = Self(Id::NONE);

    pub(crate) fn head(self) -> Option<Id> {
        self.0.some()
    }
}

/// A record is in one list at most, and leaves that before it goes.
impl<T, const PIECES: bool> Slab<T, PIECES> {
    pub(crate) fn is_linked(&self, id: Id) -> bool {
        self.at(id).next != Id::NONE
    }

    /// Who follows a record; the first, after the last.
    pub(crate) fn next(&self, id: Id) -> Id {
        self.at(id).next
    }

    pub(crate) fn tail(&self, list: List) -> Option<Id> {
        self.at(list.0).previous.some()
    }

    pub(crate) fn link_back(&mut self, list: &mut List, id: Id) {
        let head = list.head().unwrap_or(id);
        let tail = self.tail(*list).unwrap_or(id);
        self.set(id, Link { previous: tail, next: head });
        list.0 = head;
        if tail != id {
            self.tie(tail, id);
            self.tie(id, head);
        }
    }

    /// Lets the first be the last.
    pub(crate) fn rotate(&self, list: &mut List) {
        list.0 = self.next(list.0);
    }

    /// Takes out a record that is in the list.
    pub(crate) fn unlink(&mut self, list: &mut List, id: Id) {
        let Some(link) = self.link_mut(id) else { return };
        let Link { previous, next } = std::mem::replace(link, Link::NONE);
        if next == id {
            *list = List::EMPTY;
            return;
        }
        self.tie(previous, next);
        if list.0 == id {
            list.0 = next;
        }
    }

    fn set(&mut self, id: Id, link: Link) {
        if let Some(old) = self.link_mut(id) {
            *old = link;
        }
    }

    fn at(&self, id: Id) -> Link {
        self.link(id).copied().unwrap_or(Link::NONE)
    }

    /// Makes one record follow another.
    fn tie(&mut self, previous: Id, next: Id) {
        if let Some(link) = self.link_mut(previous) {
            link.next = next;
        }
        if let Some(link) = self.link_mut(next) {
            link.previous = previous;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(slab: &Slab<()>, list: List) -> Vec<u32> {
        let mut at = list.head();
        std::iter::from_fn(|| {
            let id = at?;
            at = Some(slab.next(id)).filter(|&next| Some(next) != list.head());
            Some(id.raw())
        })
        .collect()
    }

    #[test]
    fn keeps_order_through_removals_at_both_ends_and_in_the_middle() {
        let mut slab: Slab<()> = Slab::new();
        (0..5).for_each(|_| assert!(slab.insert(()).is_some()));
        let mut list = List::EMPTY;
        for number in [4, 0, 1, 2, 3] {
            assert!(!slab.is_linked(Id::from_raw(number)));
            slab.link_back(&mut list, Id::from_raw(number));
            assert_eq!(slab.tail(list), Some(Id::from_raw(number)));
        }
        for (gone, left) in [(4, vec![0, 1, 2, 3]), (1, vec![0, 2, 3]), (3, vec![0, 2]), (0, vec![2]), (2, vec![])] {
            slab.unlink(&mut list, Id::from_raw(gone));
            assert!(!slab.is_linked(Id::from_raw(gone)));
            assert_eq!(walk(&slab, list), left);
        }
        assert_eq!((list, slab.tail(list)), (List::EMPTY, None));
    }
}
