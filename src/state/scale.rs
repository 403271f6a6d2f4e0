//! How large something of variable size should be: a number between two bounds that follows demand, up and down, each way in its own time.
//!
//! Demand is how many slots would be used if there were enough: what runs and what waits. A span counts while demand is on one side of
//! the size the whole time, so a moment on the other side starts it anew. That is the hysteresis.

use std::cmp::Ordering;

use super::time::Time;

/// The rule for one size; spans are kept as [`Time`], [`Time::NEVER`] for "not in this direction".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scale {
    min: u32,
    max: u32,
    size: u32,
    /// Demand, when it was last told.
    demand: u32,
    /// How long more must be wanted for one more; zero grows at once, by as much as is wanted.
    grow_after: Time,
    /// How long fewer must be wanted for one less.
    idle: Time,
    /// Since when demand is on this side of the size, or since the last step in this direction.
    since: Time,
}

impl Scale {
    /// A size between the bounds, as near to `size` as they allow; `min` must not be above `max`.
    pub(crate) fn new((min, max): (u32, u32), size: u32, grow_after: Time, idle: Time) -> Self {
        let size = size.min(max).max(min);
        Self { min, max, size, demand: size, grow_after, idle, since: Time::ZERO }
    }

    pub(crate) const fn size(&self) -> u32 {
        self.size
    }

    /// Makes room for a demand that is about to be, unless that takes time. Whether the size has changed.
    pub(crate) fn stretch(&mut self, demand: u32) -> bool {
        let wanted = demand.min(self.max);
        let grows = self.grow_after == Time::ZERO && wanted > self.size;
        if grows {
            (self.size, self.demand) = (wanted, wanted);
        }
        grows
    }

    /// Is told the demand there is from now on. Whether the size has changed.
    pub(crate) fn tell(&mut self, demand: u32, now: Time) -> bool {
        let grown = self.stretch(demand);
        if demand.cmp(&self.size) != self.demand.cmp(&self.size) {
            self.since = now;
        }
        self.demand = demand;
        grown
    }

    /// One step, if its span is over; ask until there is none. Whether the size has changed.
    pub(crate) fn step(&mut self, now: Time) -> bool {
        let next = self.next();
        if next == Time::NEVER || next > now {
            return false;
        }
        self.size = if self.demand > self.size { self.size + 1 } else { self.size - 1 };
        // The span of the next step begins where this one ended, however late anybody looks.
        self.since = next;
        true
    }

    /// When the next step is due.
    pub(crate) fn next(&self) -> Time {
        match self.demand.cmp(&self.size) {
            Ordering::Greater if self.size < self.max => self.since.after(self.grow_after),
            Ordering::Less if self.size > self.min => self.since.after(self.idle),
            _ => Time::NEVER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Time = Time::NEVER;

    fn at(time: u64) -> Time {
        Time::from_nanos(time)
    }

    /// Between 2 and 5, from 2; grows at once, shrinks after 10.
    fn eager() -> Scale {
        Scale::new((2, 5), 2, Time::ZERO, at(10))
    }

    /// Between 2 and 5, from 2; grows after 3, shrinks after 10.
    fn slow() -> Scale {
        Scale::new((2, 5), 2, at(3), at(10))
    }

    /// All sizes it goes through by `now`.
    fn steps(scale: &mut Scale, now: u64) -> Vec<u32> {
        std::iter::from_fn(|| scale.step(at(now)).then(|| scale.size())).collect()
    }

    #[test]
    fn it_begins_within_its_bounds() {
        for (size, begins) in [(0, 2), (2, 2), (3, 3), (5, 5), (6, 5), (u32::MAX, 5)] {
            assert_eq!(Scale::new((2, 5), size, Time::ZERO, at(10)).size(), begins);
        }
        assert_eq!(eager().next(), NEVER, "nothing to wait for");
    }

    #[test]
    fn it_grows_at_once_to_what_is_wanted_and_exactly_to_max() {
        let mut scale = eager();
        for (demand, size) in [(1, 2), (2, 2), (3, 3), (4, 4), (5, 5), (6, 5), (u32::MAX, 5)] {
            let before = scale.size();
            assert_eq!(scale.tell(demand, at(1)), size != before);
            assert_eq!(scale.size(), size, "for {demand}");
        }
        assert_eq!((scale.next(), steps(&mut scale, u64::MAX - 1)), (NEVER, vec![]), "at max there is nothing to wait for");
    }

    #[test]
    fn it_shrinks_one_by_one_exactly_to_min() {
        let mut scale = eager();
        scale.tell(5, at(0));
        scale.tell(0, at(7));
        assert_eq!(scale.next(), at(17));
        assert_eq!(steps(&mut scale, 16), []);
        assert_eq!(steps(&mut scale, 17), [4]);
        assert_eq!((scale.next(), steps(&mut scale, 26)), (at(27), vec![]));
        assert_eq!(steps(&mut scale, 27), [3]);
        assert_eq!(steps(&mut scale, 37), [2]);
        assert_eq!((scale.next(), steps(&mut scale, 1000)), (NEVER, vec![]), "never below min");
    }

    #[test]
    fn from_two_it_shrinks_to_one_and_no_further() {
        let mut scale = Scale::new((1, 2), 2, Time::ZERO, at(10));
        scale.tell(0, at(0));
        assert_eq!(steps(&mut scale, 1000), [1]);
    }

    #[test]
    fn whoever_looks_late_finds_every_span_that_has_passed() {
        let mut scale = eager();
        scale.tell(5, at(0));
        scale.tell(0, at(0));
        assert_eq!(steps(&mut scale, 25), [4, 3]);
        assert_eq!(scale.next(), at(30), "and the rest of the third is not lost");
    }

    #[test]
    fn a_slot_that_is_used_is_never_taken_away() {
        let mut scale = eager();
        scale.tell(5, at(0));
        scale.tell(4, at(0));
        assert_eq!((steps(&mut scale, 1000), scale.next()), (vec![4], NEVER));
    }

    #[test]
    fn the_idle_span_starts_anew_when_all_were_busy() {
        let mut scale = eager();
        scale.tell(3, at(0));
        scale.tell(2, at(1));
        scale.tell(1, at(5));
        assert_eq!(scale.next(), at(11), "since one of the three is unused");
        scale.tell(3, at(10));
        assert_eq!(scale.next(), NEVER);
        scale.tell(2, at(10));
        assert_eq!(scale.next(), at(20));
    }

    #[test]
    fn with_a_span_it_grows_only_when_work_has_waited_that_long() {
        let mut scale = slow();
        assert!(!scale.stretch(9));
        assert!(!scale.tell(9, at(1)));
        assert_eq!((scale.next(), steps(&mut scale, 3)), (at(4), vec![]));
        assert_eq!(steps(&mut scale, 4), [3]);
        assert_eq!(scale.next(), at(7));
        scale.tell(3, at(6));
        assert_eq!(scale.next(), NEVER, "nothing waits any more");
        scale.tell(4, at(6));
        assert_eq!((scale.next(), steps(&mut scale, 1000)), (at(9), vec![4]), "as many as are wanted, no more");
        scale.tell(9, at(1000));
        assert_eq!((steps(&mut scale, 2000), scale.next()), (vec![5], NEVER));
    }

    #[test]
    fn making_room_says_nothing_of_the_demand() {
        let mut scale = eager();
        scale.tell(4, at(0));
        scale.tell(3, at(0));
        assert!(!scale.stretch(4), "there is room already");
        assert_eq!(scale.next(), at(10), "and a newcomer who is refused changes nothing");
        assert!(scale.stretch(5));
        assert_eq!((scale.size(), scale.next()), (5, NEVER));
    }

    #[test]
    fn spans_of_nothing_and_of_ever() {
        let mut scale = Scale::new((1, 3), 3, Time::ZERO, Time::ZERO);
        scale.tell(0, at(4));
        assert_eq!(steps(&mut scale, 4), [2, 1]);
        let mut scale = Scale::new((1, 3), 3, NEVER, NEVER);
        scale.tell(0, at(4));
        assert_eq!(scale.next(), NEVER);
        scale.tell(9, at(4));
        assert!(!scale.step(NEVER));
    }
}
