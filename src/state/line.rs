//! The waiting line of a lane: higher level first, first in first out inside a level, and anyone can leave or change level.
//!
//! Tasks stand in *runs*: lists of one level in the order of their sequence. The runs stand in a heap by the level and sequence
//! of their first task, so what the heap shows first is the head of the line, exactly. With a handful of levels there is a handful of
//! runs and everything is O(1); with a level for each task there is a run for each task and everything is O(log n). A task that
//! changes level keeps its sequence: it becomes a run of its own and is merged where it belongs. Nothing ever scans the line.
//! Last in first out is the same with sequences that fall; there every task is a run of its own.
//!
//! A line that drops tasks when it is full keeps them in a second heap as well: whoever is to go first is its top.

use std::mem::replace;

use super::grow::{put, put_far};
use super::heap::{Handle, Heaps, Key, NO_HANDLE, Root};
use super::lane::{Task, Tasks};
use super::list::List;
use super::slab::Id;
use crate::policy::{Order, Overflow};
use crate::priority::Level;

/// How many runs at the front of the heap are looked at for one to join: as many as there are classes.
const LOOK: usize = 4;

/// The runs of all lines of a pond.
#[derive(Debug)]
pub(super) struct Lines {
    runs: Heaps,
    /// The tasks of each run.
    lists: Vec<Run>,
    /// Those that may be dropped, of all lines that do.
    victims: Heaps,
    /// Whose the entries among the victims are.
    owners: Vec<Id>,
    /// The entries of tasks, by index. Empty as long as no line drops anybody.
    entries: Vec<Handle>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    tasks: List,
    /// No task of the run has a later sequence.
    last: u64,
}

impl Run {
    const EMPTY: Self = Self { tasks: List::EMPTY, last: 0 };
}

/// A line: its runs, the one whose first task starts next before all others.
#[derive(Debug)]
pub(super) struct Line {
    runs: Root,
    victims: Root,
    pub(super) order: Order,
    overflow: Overflow,
}

impl Line {
    pub(super) const fn new(order: Order, overflow: Overflow) -> Self {
        Self { runs: Root::EMPTY, victims: Root::EMPTY, order, overflow }
    }

    /// What victims are ordered by, the first to go first; nothing in a line that drops nobody.
    fn victim_key(&self, rank: Key) -> Option<Key> {
        match self.overflow {
            Overflow::Reject => None,
            Overflow::DropOldest => Some((0, self.order.place(rank.1))),
            Overflow::DropLowest => Some((!rank.0, !rank.1)),
        }
    }
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self { runs: Heaps::new(), lists: Vec::new(), victims: Heaps::new(), owners: Vec::new(), entries: Vec::new() }
    }

    /// The task that starts next.
    pub(super) fn head(&self, line: &Line) -> Option<Id> {
        self.run(line.runs.first()?).tasks.head()
    }

    /// The task of a full line that makes room for a newcomer of that level and place.
    pub(super) fn victim(&self, line: &Line, level: Level, place: u64) -> Option<Id> {
        let newcomer = line.victim_key((level.reversed(), place))?;
        let first = line.victims.first()?;
        let goes = line.overflow == Overflow::DropOldest || self.victims.key(first)? < newcomer;
        self.owners.get(first as usize).copied().filter(|_| goes)
    }

    /// The level a waiting task stands at.
    pub(super) fn level(&self, task: &Task) -> Option<Level> {
        self.runs.key(task.run).map(|(level, _)| Level::from_reversed(level))
    }

    /// Puts a task where its level and its sequence belong.
    pub(super) fn insert(&mut self, line: &mut Line, tasks: &mut Tasks, id: Id, level: Level) {
        let Some(task) = tasks.get_mut(id) else { return };
        let rank = (level.reversed(), task.sequence());
        task.run = self.joinable(line, rank).unwrap_or_else(|| {
            let run = self.runs.insert(&mut line.runs, rank);
            put(&mut self.lists, run, Run::EMPTY);
            run
        });
        if let Some(run) = self.lists.get_mut(task.run as usize) {
            run.last = rank.1;
            tasks.link_back(&mut run.tasks, id);
        }
        if let Some(key) = line.victim_key(rank) {
            let entry = self.victims.insert(&mut line.victims, key);
            put(&mut self.owners, entry, id);
            put_far(&mut self.entries, id.index(), entry, NO_HANDLE);
        }
    }

    fn run(&self, run: Handle) -> Run {
        self.lists.get(run as usize).copied().unwrap_or(Run::EMPTY)
    }

    /// A run of that level whose last task was submitted before.
    fn joinable(&self, line: &Line, rank: Key) -> Option<Handle> {
        let joins = |run: &Handle| self.runs.key(*run).is_some_and(|key| key.0 == rank.0) && self.run(*run).last < rank.1;
        line.runs.first().filter(joins).or_else(|| self.runs.top(&line.runs, LOOK).find(joins))
    }

    /// Takes a task out, wherever it stands.
    pub(super) fn remove(&mut self, line: &mut Line, tasks: &mut Tasks, id: Id) {
        let Some(task) = tasks.get_mut(id) else { return };
        let run = replace(&mut task.run, NO_HANDLE);
        if line.overflow != Overflow::Reject
            && let Some(entry) = self.entries.get_mut(id.index()).filter(|entry| **entry != NO_HANDLE)
        {
            self.victims.remove(&mut line.victims, replace(entry, NO_HANDLE));
        }
        let Some(Run { tasks: list, .. }) = self.lists.get_mut(run as usize) else { return };
        let before = *list;
        tasks.unlink(list, id);
        let after = *list;
        if after == before {
            return;
        }
        match (after.head().and_then(|head| tasks.get(head)), self.runs.key(run)) {
            (Some(head), Some((level, _))) => self.runs.set_key(&mut line.runs, run, (level, head.sequence())),
            _ => self.runs.remove(&mut line.runs, run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        tasks: Tasks,
        lines: Lines,
        line: Line,
        next: u64,
    }

    impl Fixture {
        fn new() -> Self {
            Self { tasks: Tasks::new(), lines: Lines::new(), line: Line::new(Order::Fifo, Overflow::Reject), next: 0 }
        }

        fn push(&mut self, level: f64) -> Id {
            let id = self.tasks.insert(Task::new(Id::NONE, 1, self.next)).unwrap();
            self.next += 1;
            self.lines.insert(&mut self.line, &mut self.tasks, id, Level::from_number(level));
            id
        }

        fn relevel(&mut self, id: Id, level: f64) {
            self.lines.remove(&mut self.line, &mut self.tasks, id);
            self.lines.insert(&mut self.line, &mut self.tasks, id, Level::from_number(level));
        }

        fn pop(&mut self) -> Option<u64> {
            let id = self.lines.head(&self.line)?;
            self.lines.remove(&mut self.line, &mut self.tasks, id);
            self.tasks.remove(id).map(|task| task.sequence())
        }

        fn drain(&mut self) -> Vec<u64> {
            std::iter::from_fn(|| self.pop()).collect()
        }
    }

    #[test]
    fn higher_levels_first_and_first_in_first_out_inside() {
        let mut line = Fixture::new();
        for level in [1.0, 0.0, 3.0, 1.0, 2.0, 3.0] {
            line.push(level);
        }
        assert_eq!(line.drain(), [2, 5, 4, 0, 3, 1]);
    }

    #[test]
    fn with_a_handful_of_levels_there_is_a_handful_of_runs() {
        let mut line = Fixture::new();
        for task in 0..1000 {
            line.push(f64::from(task % 4));
        }
        assert_eq!(line.lines.lists.len(), 4);
        assert_eq!(line.drain().len(), 1000);
    }

    #[test]
    fn a_task_that_changes_level_keeps_its_place_in_the_order_of_submission() {
        let mut line = Fixture::new();
        let ids: Vec<Id> = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0].map(|level| line.push(level)).to_vec();
        line.relevel(ids[2], 1.0);
        line.relevel(ids[5], 0.0);
        assert_eq!(line.drain(), [1, 2, 3, 0, 4, 5]);
    }

    #[test]
    fn agrees_with_sorting_through_random_changes() {
        let mut seed: u64 = 0x9e37_79b9;
        let mut random = move |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for levels in [1, 4, 1000] {
            let mut line = Fixture::new();
            let mut model: Vec<(Id, u64, u64)> = Vec::new();
            for _ in 0..3000 {
                let level = random(levels);
                match random(5) {
                    0 if !model.is_empty() => {
                        let (id, ..) = model.swap_remove(random(model.len() as u64) as usize);
                        line.lines.remove(&mut line.line, &mut line.tasks, id);
                        line.tasks.remove(id);
                    }
                    1 if !model.is_empty() => {
                        let chosen = random(model.len() as u64) as usize;
                        model[chosen].1 = level;
                        line.relevel(model[chosen].0, level as f64);
                    }
                    2 => {
                        model.sort_by_key(|&(_, level, sequence)| (std::cmp::Reverse(level), sequence));
                        let expected = (!model.is_empty()).then(|| model.remove(0).2);
                        assert_eq!(line.pop(), expected);
                    }
                    _ => {
                        let sequence = line.next;
                        model.push((line.push(level as f64), level, sequence));
                    }
                }
            }
            model.sort_by_key(|&(_, level, sequence)| (std::cmp::Reverse(level), sequence));
            assert_eq!(line.drain(), model.into_iter().map(|task| task.2).collect::<Vec<_>>());
            assert!(line.line.runs.first().is_none());
        }
    }
}
