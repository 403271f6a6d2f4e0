//! Many tasks wait behind a few that never end.

use std::future::pending;

use anyhow::Result;

use crate::meter::{Counter, Meter};
use crate::peers::{BareSpawn, JoinSetSemaphore, LocalExecutorSemaphore, LocalPoolSemaphore, LocalSetSemaphore, Millpond, Minimum, Peer};
use crate::plan::{Plan, spell};
use crate::scenario::{Contender, Point, Scenario, Target};

pub(super) const LIMIT: usize = 10;

pub(crate) fn bytes(plan: Plan, meter: Counter) -> Scenario {
    let count = plan.count(1_000_000);
    Scenario {
        id: "bytes-waiting",
        title: format!("memory of {} waiting tasks, limit {LIMIT}, with result handle", spell(count)),
        unit: "bytes per waiting task",
        says: "What is allocated when all that may run do and the others wait, in a line or for a permit: task, place in line, and the handle, which is kept. \
               A task is 16 bytes of its own. With bare spawn all of them run.",
        x: None,
        // They are the same in every round.
        points: vec![Point { at: count, rounds: 1 }],
        contenders: vec![
            holding::<Millpond>(meter),
            holding::<BareSpawn>(meter),
            holding::<LocalExecutorSemaphore>(meter),
            holding::<LocalSetSemaphore>(meter),
            holding::<JoinSetSemaphore>(meter),
            holding::<LocalPoolSemaphore>(meter),
            holding::<Minimum>(meter),
        ],
        targets: vec![Target::value(150.0)],
    }
}

fn holding<P: Peer>(meter: Counter) -> Contender {
    Contender::new(P::NAME, move |count| {
        let mark = meter.mark();
        let peer = P::new(LIMIT)?;
        // A block and not a function, which would keep its argument twice.
        let endless = |number| async move {
            pending::<()>().await;
            number
        };
        let handles = wait(&peer, count, endless)?;
        let cost = meter.since(mark);
        drop(handles);
        Ok(cost / count as f64)
    })
}

/// Gives it so many tasks that wait, behind those that run; all are endless.
pub(super) fn wait<P: Peer, F>(peer: &P, count: u64, task: impl Fn(u64) -> F) -> Result<Vec<P::Handle>>
where
    F: Future<Output = u64> + 'static,
{
    let count = count + LIMIT as u64;
    let handles = peer.block_on(async { peer.submit_all(count, task) })?;
    peer.settle();
    Ok(handles)
}
