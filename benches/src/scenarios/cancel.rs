//! Half of those that wait are cancelled, in an order of chance.

use std::future::pending;

use anyhow::{Result, bail, ensure};

use super::waiting::{LIMIT, wait};
use crate::meter::{Clock, Meter};
use crate::peers::{Cancel, LOCAL_EXECUTOR, LocalExecutorSemaphore, LocalSetSemaphore, Millpond, Minimum};
use crate::plan::{Plan, spell};
use crate::scenario::{Contender, Point, Scenario, Target};
use crate::work::{Chance, Tally, give_way};

pub(crate) fn random(plan: Plan) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "cancel-random",
        title: format!("{} of {} waiting tasks cancelled at random, limit {LIMIT}", spell(count / 2), spell(count)),
        unit: "ns per cancelled task",
        says: "From the first cancel to the drop of the last cancelled future, which other executors do later, when they are driven.",
        x: None,
        points: vec![Point { at: count, rounds: plan.rounds(5) }],
        contenders: vec![
            cancelling::<Millpond>(),
            cancelling::<LocalExecutorSemaphore>(),
            cancelling::<LocalSetSemaphore>(),
            cancelling::<Minimum>(),
        ],
        targets: vec![Target::ratio(LOCAL_EXECUTOR, 0.15)],
    }
}

fn cancelling<P: Cancel>() -> Contender {
    Contender::new(P::NAME, |count| {
        let (peer, dropped) = (P::new(LIMIT)?, Tally::default());
        let endless = |number| {
            let dropped = dropped.when_dropped();
            async move {
                pending::<()>().await;
                drop(dropped);
                number
            }
        };
        let mut waiting = wait(&peer, count, endless)?;
        let running = waiting.drain(..LIMIT).collect::<Vec<_>>();
        Chance::new().shuffle(&mut waiting);
        let staying = waiting.split_off(waiting.len() / 2);
        let goal = waiting.len() as u64;

        let mark = Clock.mark();
        waiting.into_iter().try_for_each(|handle| peer.cancel(handle))?;
        peer.block_on(until(&dropped, goal))?;
        let cost = Clock.since(mark);

        ensure!(dropped.get() == goal, "{} tasks are gone, {goal} were cancelled", dropped.get());
        drop((staying, running));
        Ok(cost / goal as f64)
    })
}

async fn until(dropped: &Tally, goal: u64) -> Result<()> {
    // However few tasks are polled in a turn.
    for _ in 0..=goal {
        if dropped.get() >= goal {
            return Ok(());
        }
        give_way().await;
    }
    bail!("{} of {goal} cancelled tasks are gone", dropped.get())
}
