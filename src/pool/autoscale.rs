//! Pools whose concurrency follows demand.

use std::ops::RangeInclusive;
use std::rc::Weak;
use std::time::Duration;

use super::Pool;
use super::mill::Shrinks;
use crate::error::OptionError;
use crate::state::Time;
use crate::state::scale::Scale;

/// How a size follows demand: between which bounds, and how fast each way. See [`Pool::autoscale_with`].
///
/// Demand is what runs, what waits, and who waits for room.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "it does nothing until a pool is given it"]
pub struct Autoscale {
    bounds: RangeInclusive<u32>,
    grow_after: Duration,
    idle: Duration,
}

impl Autoscale {
    /// A size within `bounds` that grows at once and shrinks after 30 seconds.
    pub const fn new(bounds: RangeInclusive<u32>) -> Self {
        Self { bounds, grow_after: Duration::ZERO, idle: Duration::from_secs(30) }
    }

    /// How long more must be wanted than there is for each step up. Default: zero: the task that would have to wait starts at once.
    pub const fn grow_after(mut self, span: Duration) -> Self {
        self.grow_after = span;
        self
    }

    /// How long fewer must be wanted than there are for each step down. Default: 30 seconds.
    pub const fn idle(mut self, span: Duration) -> Self {
        self.idle = span;
        self
    }

    pub(crate) const fn bounds(&self) -> &RangeInclusive<u32> {
        &self.bounds
    }

    /// The rule, beginning at `size`; `option` is the name under which the bounds were given.
    pub(crate) fn rule(&self, option: &'static str, size: u32) -> Result<Scale, OptionError> {
        let (min, max) = (*self.bounds.start(), *self.bounds.end());
        if min == 0 || min > max || max == u32::MAX {
            return Err(OptionError::new(
                option,
                format!("{min}..={max}"),
                "use a range from 1 or more to the same or more, below u32::MAX",
            ));
        }
        Ok(Scale::new((min, max), size, Time::from_elapsed(self.grow_after), Time::from_elapsed(self.idle)))
    }
}

impl From<RangeInclusive<u32>> for Autoscale {
    fn from(bounds: RangeInclusive<u32>) -> Self {
        Self::new(bounds)
    }
}

/// As many, always.
impl From<u32> for Autoscale {
    fn from(size: u32) -> Self {
        Self::new(size..=size)
    }
}

impl Pool {
    /// Has the concurrency follow demand within `bounds`: up at once, down by one for each `idle` span.
    ///
    /// While the concurrency is below the upper bound, a task that would have to wait, or be refused, raises it by one and starts at once.
    /// It falls by one, never below the lower bound, for each `idle` span in which at least one permit was unused the whole time; the
    /// span begins when a task ends and leaves a permit unused, and begins anew when all were in use. A permit in use is never taken.
    ///
    /// It begins with what the concurrency is, or the bound nearest to that. A [`resize`](Self::resize) ends it. Of a manager's pool
    /// it holds until that pool expires; the manager's cap over all holds on top of it.
    ///
    /// # Errors
    /// [`OptionError`] for bounds that are empty, begin at zero or do not end; the pool stays as it was.
    ///
    /// # Cost
    /// O(1) per task. One timer while a permit above the lower bound is unused, none otherwise.
    ///
    /// # Source
    /// The dynamic pools of the worker-pool pattern books; there a task that caused a new worker could still be refused.
    ///
    /// # Examples
    /// ```
    /// use millpond::{Concurrency, LocalExecutor, ManualClock, Pool};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let pool = Pool::builder(&ex).concurrency(2).queue_capacity(0).build()?;
    /// pool.autoscale(2..=50, Duration::from_secs(60))?;
    /// let tasks: Vec<_> = (0..50).map(|_| pool.try_submit(async {})).collect::<Result<_, _>>()?;
    /// assert_eq!(pool.stats().running, 50);
    /// assert!(pool.try_submit(async {}).is_err());
    ///
    /// ex.run_until_idle();
    /// assert_eq!(pool.concurrency(), Concurrency::AtMost(50));
    /// ex.advance(Duration::from_secs(60))?;
    /// assert_eq!(pool.concurrency(), Concurrency::AtMost(49));
    /// # drop(tasks);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn autoscale(&self, bounds: RangeInclusive<u32>, idle: Duration) -> Result<(), OptionError> {
        self.autoscale_with(Autoscale::new(bounds).idle(idle))
    }

    /// Has the concurrency follow demand; see [`autoscale`](Self::autoscale).
    ///
    /// With [`grow_after`](Autoscale::grow_after) it rises by one for each such span in which all permits were in use and work waited the
    /// whole time; the head of the line takes the new permit.
    ///
    /// # Errors
    /// As [`autoscale`](Self::autoscale).
    ///
    /// # Examples
    /// ```
    /// use millpond::{Autoscale, Concurrency, LocalExecutor, ManualClock, Pool};
    /// use std::time::Duration;
    ///
    /// let ex = LocalExecutor::with_clock(ManualClock::new());
    /// let pool = Pool::builder(&ex).concurrency(1).build()?;
    /// pool.autoscale_with(Autoscale::new(1..=4).grow_after(Duration::from_millis(100)))?;
    /// let _slow = pool.try_submit(ex.sleep(Duration::from_secs(1)))?;
    /// let waits = pool.try_submit(async {})?;
    /// ex.block_on(waits)?;
    /// assert_eq!((ex.now(), pool.concurrency()), (Duration::from_millis(100), Concurrency::AtMost(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn autoscale_with(&self, autoscale: Autoscale) -> Result<(), OptionError> {
        self.follow(autoscale.rule("autoscale", self.limit())?, None);
        Ok(())
    }

    /// Has the concurrency follow a rule, and tells somebody when it has fallen.
    pub(crate) fn follow(&self, rule: Scale, shrinks: Option<Weak<dyn Shrinks>>) {
        self.mill().autoscale(self.lane(), rule, shrinks);
    }

    fn limit(&self) -> u32 {
        self.mill().look(|pond| pond.lane_limit(self.lane())).map_or(0, |limit| limit.get())
    }
}
