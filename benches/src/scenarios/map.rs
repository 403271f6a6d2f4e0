//! Tasks made from the items of an iterator, as there is room for them.

use super::tasks::{no_op, pulled};
use crate::meter::Clock;
use crate::peers::MILLPOND;
use crate::peers::streams::{BUFFER_UNORDERED, BUFFERED, Order, buffer_unordered, buffered, millpond_map};
use crate::plan::{Plan, spell};
use crate::scenario::{Contender, Point, Scenario, Target};

const LIMIT: u32 = 10;

pub(crate) fn unordered(plan: Plan) -> Scenario {
    let theirs = pulled(BUFFER_UNORDERED, Clock, |count| Ok(buffer_unordered(count, LIMIT as usize, no_op)));
    scenario(plan, "map-unordered", "as they complete", Order::Completed, theirs)
}

pub(crate) fn ordered(plan: Plan) -> Scenario {
    let theirs = pulled(BUFFERED, Clock, |count| Ok(buffered(count, LIMIT as usize, no_op)));
    scenario(plan, "map-ordered", "in the order of the items", Order::Items, theirs)
}

fn scenario(plan: Plan, id: &'static str, outputs: &str, order: Order, theirs: Contender) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id,
        title: format!("{} items mapped by no-op tasks, limit {LIMIT}, outputs {outputs}", spell(count)),
        unit: "ns per item",
        says: "From the first item of an iterator to the last output of the stream. millpond runs each as a task of its pool, the other polls futures in place.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(7) }],
        targets: vec![Target::ratio(theirs.name, 1.3)],
        contenders: vec![pulled(MILLPOND, Clock, move |count| millpond_map(count, LIMIT, order, no_op)), theirs],
    }
}
