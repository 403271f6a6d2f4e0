//! Who goes first: four classes for people, one ordered number inside.

/// The class of a waiting task. A higher class starts first; inside a class the order is first in, first out.
///
/// Strict: as long as a higher class waits, a lower one does not start.
///
/// # Examples
/// ```
/// use millpond::Priority;
///
/// assert!(Priority::Critical > Priority::High && Priority::Normal > Priority::Low);
/// assert_eq!(Priority::default(), Priority::Normal);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// After everything else.
    Low,
    /// The class of a task that says nothing.
    #[default]
    Normal,
    /// Before the normal ones.
    High,
    /// Before all others.
    Critical,
}

/// What the waiting line orders by: the higher the earlier. Classes and the numbers of the JavaScript face both map to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Level(i64);

impl Level {
    /// The level of a JavaScript number. Keeps the order of all finite numbers; the caller has refused NaN and turned -0 into 0.
    pub(crate) fn from_number(number: f64) -> Self {
        let bits = number.to_bits().cast_signed();
        // The bits of a negative float grow as the number falls: flip them, keeping the sign.
        Self(bits ^ (((bits >> 63).cast_unsigned() >> 1).cast_signed()))
    }

    /// The next higher class; nothing is above the highest.
    pub(crate) fn raised(self) -> Option<Self> {
        (self < Priority::Critical.into()).then_some(Self(self.0 + 1))
    }

    /// The level that [`reversed`](Self::reversed) gave this number for.
    pub(crate) const fn from_reversed(reversed: u64) -> Self {
        Self(!(reversed.cast_signed() ^ i64::MIN))
    }

    /// Smaller for a higher level: for structures that hand out their smallest entry first.
    pub(crate) const fn reversed(self) -> u64 {
        // Flips the order, then moves it to where unsigned numbers begin.
        (!self.0 ^ i64::MIN).cast_unsigned()
    }
}

impl From<Priority> for Level {
    fn from(class: Priority) -> Self {
        Self(class as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order() {
        let numbers = [f64::NEG_INFINITY, -1e300, -2.5, -1.0, -1e-300, 0.0, 1e-300, 0.5, 1.0, 3.0, 1e300, f64::INFINITY];
        for pair in numbers.windows(2) {
            assert!(Level::from_number(pair[0]) < Level::from_number(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn a_class_rises_to_the_next_and_the_highest_does_not() {
        let levels: Vec<Level> = std::iter::successors(Some(Level::from(Priority::Low)), |level| level.raised()).collect();
        assert_eq!(levels, [Priority::Low, Priority::Normal, Priority::High, Priority::Critical].map(Level::from));
    }

    #[test]
    fn classes_keep_their_order_and_reversing_turns_it_round() {
        let [low, high] = [Level::from(Priority::Low), Level::from(Priority::Critical)];
        assert!(low < high && low.reversed() > high.reversed());
        assert_eq!(Level::from_reversed(high.reversed()), high);
    }
}
