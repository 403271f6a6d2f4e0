//! The error that tells a deadlock: who waits for whom.

use std::fmt;
use std::sync::Arc;

/// How many waits the text spells out.
const TOLD: usize = 8;

/// Tasks of a pool wait for tasks of the same pool, and none of them can ever go on.
///
/// Names everyone who is in it, by [`Task::id`](crate::Task::id). See [`Pool`](crate::Pool), "Deadlock".
///
/// # Examples
/// ```
/// use millpond::{Awaited, LocalExecutor, Pool, TaskError};
///
/// let ex = LocalExecutor::new();
/// let pool = Pool::builder(&ex).concurrency(1).build()?;
/// let inner = pool.clone();
/// let outer = ex.block_on(pool.run(async move { inner.run(async {}).await }))?;
/// let Err(TaskError::Deadlock(deadlock)) = outer else { panic!("it told nothing") };
/// assert_eq!(deadlock.waits(), [(1, Awaited::Task(2))]);
/// assert!(deadlock.to_string().contains("task 1 waits for task 2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlock(Arc<Knot>);

#[derive(Debug, PartialEq, Eq)]
struct Knot {
    scarce: Scarce,
    waits: Vec<(u64, Awaited)>,
}

/// What those in a deadlock lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scarce {
    /// Permits of a pool of so many.
    Pool(u32),
    /// Permits of all pools of a manager, so many together.
    Manager(u32),
    /// Nothing but each other's end.
    Nothing,
}

/// What a task in a [`Deadlock`] waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// The end of the task of that number.
    Task(u64),
    /// Room in the line of a pool.
    Room,
    /// That a pool is drained.
    Drained,
}

impl Deadlock {
    pub(crate) fn new(scarce: Scarce, waits: Vec<(u64, Awaited)>) -> Self {
        Self(Arc::new(Knot { scarce, waits }))
    }

    /// Every task that holds a permit and waits, by its number, with the first thing it waits for.
    #[must_use]
    pub fn waits(&self) -> &[(u64, Awaited)] {
        &self.0.waits
    }
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.scarce {
            Scarce::Pool(limit) => {
                write!(
                    f,
                    "deadlock in a pool of concurrency {limit}: all permits are held by tasks that wait for tasks of the same pool: "
                )?;
            }
            Scarce::Manager(limit) => {
                write!(
                    f,
                    "deadlock under the cap of {limit} over all pools: all permits are held by tasks that wait for tasks under it: "
                )?;
            }
            Scarce::Nothing => f.write_str("deadlock of tasks that wait for each other: ")?,
        }
        self.tell(f)?;
        if self.0.scarce != Scarce::Nothing {
            f.write_str("; run nested work in a pool of its own, or raise the concurrency")?;
        }
        Ok(())
    }
}

impl Deadlock {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (task, awaited)) in self.waits().iter().take(TOLD).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            write!(f, "{comma}task {task} waits for {awaited}")?;
        }
        match self.waits().len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Task(task) => write!(f, "task {task}"),
            Self::Room => f.write_str("room in the line"),
            Self::Drained => f.write_str("the pool to be drained"),
        }
    }
}

impl std::error::Error for Deadlock {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_cycle_and_the_way_out() {
        let two = vec![(1, Awaited::Task(3)), (2, Awaited::Room)];
        assert_eq!(
            Deadlock::new(Scarce::Pool(2), two.clone()).to_string(),
            "deadlock in a pool of concurrency 2: all permits are held by tasks that wait for tasks of the same pool: \
             task 1 waits for task 3, task 2 waits for room in the line; run nested work in a pool of its own, or raise the concurrency"
        );
        assert_eq!(
            Deadlock::new(Scarce::Nothing, vec![(4, Awaited::Drained)]).to_string(),
            "deadlock of tasks that wait for each other: task 4 waits for the pool to be drained"
        );
        assert!(Deadlock::new(Scarce::Manager(7), two).to_string().starts_with("deadlock under the cap of 7 over all pools: "));
    }

    #[test]
    fn a_long_cycle_is_counted_not_spelled_out() {
        let waits = (1..=500).map(|task| (task, Awaited::Task(task + 500))).collect();
        let text = Deadlock::new(Scarce::Pool(500), waits).to_string();
        assert!(text.contains("task 8 waits for task 508, and 492 more; run"), "{text}");
    }
}
