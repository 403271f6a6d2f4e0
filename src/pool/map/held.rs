//! The outputs of a map that nobody has taken yet, in the order in which they are given.

use std::collections::VecDeque;
use std::mem::take;

#[derive(Debug)]
pub(super) struct Held<T> {
    ordered: bool,
    /// The number of the first place.
    first: u64,
    /// In order: a place for each number from the first on, as far as there are outputs. As completed: no place is empty.
    places: VecDeque<Option<T>>,
    count: u32,
}

impl<T> Held<T> {
    pub(super) const fn ordered() -> Self {
        Self { ordered: true, first: 0, places: VecDeque::new(), count: 0 }
    }

    /// From now on, whatever comes first is given first.
    pub(super) fn give_as_completed(&mut self) {
        self.ordered = false;
        self.places.retain(Option::is_some);
    }

    pub(super) const fn is_ordered(&self) -> bool {
        self.ordered
    }

    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// Whether there is an output whose turn it is.
    pub(super) fn is_ready(&self) -> bool {
        matches!(self.places.front(), Some(Some(_)))
    }

    pub(super) fn put(&mut self, number: u64, output: T) {
        self.count += 1;
        if !self.ordered {
            return self.places.push_back(Some(output));
        }
        let place = usize::try_from(number - self.first).unwrap_or(usize::MAX);
        if place >= self.places.len() {
            self.places.resize_with(place + 1, || None);
        }
        if let Some(empty) = self.places.get_mut(place) {
            *empty = Some(output);
        }
    }

    /// The output whose turn it is.
    pub(super) fn take(&mut self) -> Option<T> {
        let output = self.places.front_mut()?.take()?;
        self.places.pop_front();
        self.first += 1;
        self.count -= 1;
        Some(output)
    }

    /// Nothing comes any more but this: it is given after the outputs whose turn it is. Hands back the others.
    pub(super) fn end_with(&mut self, last: T) -> Vec<T> {
        let all = take(&mut self.places);
        let ready = all.iter().take_while(|place| place.is_some()).count();
        let mut outputs = all.into_iter();
        self.places.extend(outputs.by_ref().take(ready));
        self.places.push_back(Some(last));
        self.count = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        outputs.flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Held;

    fn all<T>(held: &mut Held<T>) -> Vec<T> {
        std::iter::from_fn(|| held.take()).collect()
    }

    #[test]
    fn outputs_wait_for_their_turn() {
        let mut held = Held::ordered();
        held.put(2, "c");
        held.put(1, "b");
        assert_eq!((held.is_ready(), held.take(), held.count()), (false, None, 2));
        held.put(0, "a");
        assert_eq!((all(&mut held), held.count()), (vec!["a", "b", "c"], 0));
        held.put(3, "d");
        assert_eq!(held.take(), Some("d"));
    }

    #[test]
    fn as_completed_nothing_waits_for_a_turn() {
        let mut held = Held::ordered();
        held.put(5, "f");
        held.give_as_completed();
        held.put(3, "d");
        assert_eq!((all(&mut held), held.count()), (vec!["f", "d"], 0));
    }

    #[test]
    fn the_last_comes_after_those_whose_turn_it_is() {
        let mut held = Held::ordered();
        [(0, "a"), (1, "b"), (3, "d")].into_iter().for_each(|(number, output)| held.put(number, output));
        assert_eq!((held.end_with("end"), held.count()), (vec!["d"], 3));
        assert_eq!(all(&mut held), ["a", "b", "end"]);
    }
}
