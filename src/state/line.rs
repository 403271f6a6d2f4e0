//! The waiting line of a lane: higher level first, first in first out inside a level, and anyone can leave or change level.
//!
//! Tasks stand in *runs*: lists of one level in the order of their sequence. The runs stand in a heap by the level and sequence
//! of their first task, so what the heap shows first is the head of the line, exactly. With a handful of levels there is a handful of
//! runs and everything is O(1); with a level for each task there is a run for each task and everything is O(log n). A task that
//! changes level keeps its sequence: it becomes a run of its own and is merged where it belongs. Nothing ever scans the line.

use super::heap::{Handle, Heap, NO_HANDLE};
use super::lane::Task;
use super::list::{List, next};
use super::slab::{Id, Slab};
use crate::priority::Level;

/// How many runs at the front of the heap are looked at for one to join: as many as there are classes.
const LOOK: usize = 4;

#[derive(Debug)]
struct Run {
    level: Level,
    tasks: List,
}

#[derive(Debug)]
pub(super) struct Line {
    runs: Heap<Run>,
}

impl Line {
    pub(super) const fn new() -> Self {
        Self { runs: Heap::new() }
    }

    /// The task that starts next.
    pub(super) fn head(&mut self) -> Option<Id> {
        let first = self.runs.first()?;
        self.runs.get_mut(first)?.tasks.head()
    }

    /// Puts a task where its level and its sequence belong.
    pub(super) fn insert(&mut self, tasks: &mut Slab<Task>, id: Id, level: Level) {
        let Some(sequence) = tasks.get(id).map(|task| task.sequence) else { return };
        let run = self.joinable(tasks, level, sequence).unwrap_or_else(|| {
            let rank = (level.reversed(), sequence);
            self.runs.insert(rank, Run { level, tasks: List::EMPTY })
        });
        if let Some(run) = self.runs.get_mut(run) {
            run.tasks.push_back(tasks, id, Task::links);
        }
        if let Some(task) = tasks.get_mut(id) {
            task.run = run;
        }
    }

    /// A run of that level whose last task was submitted before.
    fn joinable(&mut self, tasks: &Slab<Task>, level: Level, sequence: u64) -> Option<Handle> {
        let runs = &mut self.runs;
        let mut front = [NO_HANDLE; LOOK];
        front.iter_mut().zip(runs.top(LOOK)).for_each(|(place, run)| *place = run);
        front.into_iter().find(|&run| {
            runs.get_mut(run)
                .filter(|run| run.level == level)
                .and_then(|run| tasks.get(run.tasks.tail()?))
                .is_some_and(|last| last.sequence < sequence)
        })
    }

    /// Takes a task out, wherever it stands.
    pub(super) fn remove(&mut self, tasks: &mut Slab<Task>, id: Id) {
        let Some(handle) = tasks.get_mut(id).map(|task| std::mem::replace(&mut task.run, NO_HANDLE)) else { return };
        let Some(run) = self.runs.get_mut(handle) else { return };
        let was_head = run.tasks.head() == Some(id);
        let follower = if was_head { next(tasks, id, Task::links) } else { None };
        run.tasks.remove(tasks, id, Task::links);
        match follower.and_then(|follower| tasks.get(follower)) {
            Some(follower) => {
                let rank = (run.level.reversed(), follower.sequence);
                self.runs.set_key(handle, rank);
            }
            None if was_head => drop(self.runs.remove(handle)),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture {
        tasks: Slab<Task>,
        line: Line,
        next: u64,
    }

    impl Fixture {
        fn new() -> Self {
            Self { tasks: Slab::new(), line: Line::new(), next: 0 }
        }

        fn push(&mut self, level: f64) -> Id {
            let id = self.tasks.insert(Task::new(Id::NONE, self.next)).unwrap();
            self.next += 1;
            self.line.insert(&mut self.tasks, id, Level::from_number(level));
            id
        }

        fn relevel(&mut self, id: Id, level: f64) {
            self.line.remove(&mut self.tasks, id);
            self.line.insert(&mut self.tasks, id, Level::from_number(level));
        }

        fn pop(&mut self) -> Option<u64> {
            let id = self.line.head()?;
            self.line.remove(&mut self.tasks, id);
            self.tasks.remove(id).map(|task| task.sequence)
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
                        line.line.remove(&mut line.tasks, id);
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
