//! How many tasks may run at once: a count of at least one, or no limit, spelled out.

use crate::error::OptionError;

/// The most tasks that may run at the same time.
///
/// Zero is refused where the value is used (a pool that can never run anything is a hang, not a limit);
/// "no limit" is spelled [`Concurrency::Unlimited`] and never `0`.
///
/// # Examples
/// ```
/// use millpond::{Concurrency, LocalExecutor, Pool};
///
/// let ex = LocalExecutor::new();
/// assert!(Pool::builder(&ex).concurrency(10).build().is_ok());
/// assert!(Pool::builder(&ex).concurrency(Concurrency::Unlimited).build().is_ok());
/// let error = Pool::builder(&ex).concurrency(0).build().unwrap_err();
/// assert_eq!(error.to_string(), "concurrency: 0 is refused, use 1 or more, or Concurrency::Unlimited");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concurrency {
    /// At most this many, from 1 to `u32::MAX - 1`.
    AtMost(u32),
    /// As many as there are.
    Unlimited,
}

impl From<u32> for Concurrency {
    fn from(count: u32) -> Self {
        Self::AtMost(count)
    }
}

/// A checked count: at least one; [`Limit::UNLIMITED`] is larger than any number of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Limit(u32);

impl Limit {
    pub(crate) const UNLIMITED: Self = Self(u32::MAX);

    /// The limit of `count`, or nothing for zero; `u32::MAX` is unlimited.
    pub(crate) const fn new(count: u32) -> Option<Self> {
        if count == 0 { None } else { Some(Self(count)) }
    }

    /// Checks what a user asked for under the name of an option.
    pub(crate) fn checked(option: &'static str, wanted: Concurrency) -> Result<Self, OptionError> {
        match wanted {
            Concurrency::Unlimited => Ok(Self::UNLIMITED),
            Concurrency::AtMost(count) if count > 0 && count < u32::MAX => Ok(Self(count)),
            Concurrency::AtMost(count) => Err(OptionError::new(option, count, "use 1 or more, or Concurrency::Unlimited")),
        }
    }

    /// Whether one more may join `count` others.
    pub(crate) const fn has_room(self, count: u32) -> bool {
        self.fits(count, 1)
    }

    /// Whether a task of that weight may join others of `used` units. One that is heavier than all there is takes it all.
    pub(crate) const fn fits(self, used: u32, weight: u32) -> bool {
        let weight = if weight > self.0 { self.0 } else { weight };
        used <= self.0 - weight
    }

    pub(crate) const fn get(self) -> u32 {
        self.0
    }
}

impl From<Limit> for Concurrency {
    fn from(limit: Limit) -> Self {
        if limit == Limit::UNLIMITED { Self::Unlimited } else { Self::AtMost(limit.get()) }
    }
}
