//! What is measured.

mod cancel;
mod expiry;
mod manager;
mod map;
mod priorities;
mod reprioritise;
mod tasks;
mod waiting;

use crate::meter::Counter;
use crate::plan::Plan;
use crate::scenario::Scenario;

/// By the clock.
pub(crate) fn timed(plan: Plan) -> Vec<Scenario> {
    vec![
        tasks::limit_10(plan),
        tasks::limit_100(plan),
        tasks::yielding(plan),
        tasks::count(plan),
        map::unordered(plan),
        map::ordered(plan),
        cancel::random(plan),
        priorities::random(plan),
        reprioritise::random(plan),
        manager::tasks(plan),
        manager::get(plan),
        expiry::beside_moka(plan),
        expiry::curve(plan),
    ]
}

/// By the allocator.
pub(crate) fn counted(plan: Plan, allocations: Counter, bytes: Counter) -> Vec<Scenario> {
    vec![tasks::allocations(plan, allocations), waiting::bytes(plan, bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So that a bench that does not work is found before somebody measures.
    #[test]
    fn everyone_does_the_work() -> anyhow::Result<()> {
        let nothing = Counter(|| 0);
        let plan = Plan { quick: true };
        for scenario in timed(plan).into_iter().chain(counted(plan, nothing, nothing)) {
            for contender in &scenario.contenders {
                let cost = (contender.work)(100)?;
                assert!(cost.is_finite(), "{}: {}", scenario.id, contender.name);
            }
        }
        Ok(())
    }
}
