//! Doubly linked rings through numbered records: everything O(1), and a list is nothing but the number of its head.

use super::grow::{push, put};
use super::slab::Id;

/// Who comes before and after a record; nobody, if it is in no list.
#[derive(Debug, Clone, Copy)]
struct Link {
    previous: Id,
    next: Id,
}

impl Link {
    const NONE: Self = Self { previous: Id::NONE, next: Id::NONE };
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

/// The links of all records of one [`Slab`](super::slab::Slab), by index. A record is in one list at most.
#[derive(Debug)]
pub(crate) struct Links(Vec<Link>);

impl Links {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

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

    pub(crate) fn push_back(&mut self, list: &mut List, id: Id) {
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
    pub(crate) fn remove(&mut self, list: &mut List, id: Id) {
        let Some(link) = self.0.get_mut(id.index()) else { return };
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
        while self.0.len() < id.index() {
            push(&mut self.0, Link::NONE);
        }
        put(&mut self.0, id.index() as u32, link);
    }

    fn at(&self, id: Id) -> Link {
        self.0.get(id.index()).copied().unwrap_or(Link::NONE)
    }

    /// Makes one record follow another.
    fn tie(&mut self, previous: Id, next: Id) {
        if let Some(link) = self.0.get_mut(previous.index()) {
            link.next = next;
        }
        if let Some(link) = self.0.get_mut(next.index()) {
            link.previous = previous;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(links: &Links, list: List) -> Vec<u32> {
        let mut at = list.head();
        std::iter::from_fn(|| {
            let id = at?;
            at = Some(links.next(id)).filter(|&next| Some(next) != list.head());
            Some(id.raw())
        })
        .collect()
    }

    #[test]
    fn keeps_order_through_removals_at_both_ends_and_in_the_middle() {
        let mut links = Links::new();
        let mut list = List::EMPTY;
        for number in [4, 0, 1, 2, 3] {
            assert!(!links.is_linked(Id::from_raw(number)));
            links.push_back(&mut list, Id::from_raw(number));
            assert_eq!(links.tail(list), Some(Id::from_raw(number)));
        }
        for (gone, left) in [(4, vec![0, 1, 2, 3]), (1, vec![0, 2, 3]), (3, vec![0, 2]), (0, vec![2]), (2, vec![])] {
            links.remove(&mut list, Id::from_raw(gone));
            assert!(!links.is_linked(Id::from_raw(gone)));
            assert_eq!(walk(&links, list), left);
        }
        assert_eq!((list, links.tail(list)), (List::EMPTY, None));
    }
}
