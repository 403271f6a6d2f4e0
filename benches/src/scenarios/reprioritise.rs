//! Tasks that wait are given another priority, in an order of chance.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::future::pending;
use std::pin::Pin;

use anyhow::{Context, Result, ensure};
use millpond::{LocalExecutor, Pool, Priority};

use super::priorities::{CLASSES, classes};
use super::waiting::LIMIT;
use crate::meter::{Clock, Meter};
use crate::peers::MILLPOND;
use crate::plan::{Plan, spell};
use crate::scenario::{Contender, Point, Scenario};
use crate::work::{Chance, told};

pub(crate) fn random(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "reprioritise",
        title: format!("{} of {} waiting tasks moved to another priority at random", spell(count / 10), spell(count)),
        unit: "ns per moved task",
        says: "What it takes to move a waiting task to another class, where its submission puts it; the yardstick is a map ordered by priority and sequence, \
               from which its boxed future is removed and inserted again.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(7) }],
        contenders: vec![Contender::new(MILLPOND, millpond), Contender::new("BTreeMap remove and insert", b_tree)],
        targets: Vec::new(),
    }
}

/// A tenth of the tasks, in an order of chance.
fn chosen<T>(mut tasks: Vec<T>) -> (Vec<T>, Vec<T>) {
    Chance::new().shuffle(&mut tasks);
    let others = tasks.split_off(tasks.len() / 10);
    (tasks, others)
}

/// Another class than it has.
fn other(priority: Priority, chance: &mut Chance) -> Priority {
    let others = CLASSES.into_iter().filter(|&class| class != priority);
    others.into_iter().nth(chance.below(3) as usize).unwrap_or_default()
}

fn millpond(count: u64) -> Result<f64> {
    let executor = LocalExecutor::new();
    let pool = Pool::builder(&executor).concurrency(u32::try_from(LIMIT)?).unbounded_queue().build()?;
    let running = (0..LIMIT).map(|_| pool.try_submit(pending::<()>())).collect::<Result<Vec<_>, _>>().map_err(told)?;
    let mut waiting = Vec::new();
    for priority in classes(count) {
        waiting.push((pool.task(pending::<()>()).priority(priority).try_submit().map_err(told)?, priority));
    }
    let (chosen, others) = chosen(waiting);
    let mut chance = Chance::new();
    let moves = chosen.into_iter().map(|(task, priority)| (task, other(priority, &mut chance))).collect::<Vec<_>>();

    let mark = Clock.mark();
    let moved = moves.iter().filter(|(task, priority)| task.set_priority(*priority)).count();
    let cost = Clock.since(mark);

    ensure!(moved == moves.len(), "{moved} tasks were moved, not {}", moves.len());
    drop((running, others));
    Ok(cost / moved as f64)
}

type Key = (Reverse<Priority>, u64);

fn b_tree(count: u64) -> Result<f64> {
    let mut line = BTreeMap::<Key, Pin<Box<dyn Future<Output = ()>>>>::new();
    let keys = classes(count).zip(0..).map(|(priority, sequence)| (Reverse(priority), sequence)).collect::<Vec<Key>>();
    for &key in &keys {
        line.insert(key, Box::pin(pending()));
    }
    let (chosen, _others) = chosen(keys);
    let mut chance = Chance::new();
    let moves = chosen.into_iter().map(|key| (key, (Reverse(other(key.0.0, &mut chance)), key.1))).collect::<Vec<_>>();

    let mark = Clock.mark();
    for (from, to) in &moves {
        let future = line.remove(from).context("it waits no more")?;
        line.insert(*to, future);
    }
    let cost = Clock.since(mark);

    ensure!(line.len() as u64 == count, "{} of {count} tasks are left", line.len());
    Ok(cost / moves.len() as f64)
}
