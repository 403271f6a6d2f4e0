//! Maps of tasks that may fail: the first error cancels all the others in the same turn, and is the last that is given.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::future::pending;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures::Stream;
use futures::stream::FusedStream;
use millpond::{Close, GroupError, Priority, TaskError, Timeout};
use wasm_bindgen_test::wasm_bindgen_test;

use super::kit::{Gate, Rig, SECOND, adds_up, gated};
use super::support::{Drops, Recorder};

/// What a map gives at one poll, as a text.
fn next<T: std::fmt::Debug, E: std::fmt::Debug>(map: &mut (impl Stream<Item = Result<T, GroupError<E>>> + Unpin)) -> String {
    match Pin::new(map).poll_next(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(output)) => format!("{output:?}"),
        Poll::Ready(None) => "over".to_owned(),
        Poll::Pending => "not yet".to_owned(),
    }
}

type Gated = (u32, Result<u32, &'static str>);

/// A task behind a gate, which leaves a guard behind.
fn work((number, result): Gated, gates: &Recorder<(u32, Gate)>, drops: &Drops) -> impl Future<Output = Result<u32, &'static str>> + use<> {
    let ((gate, opened), guard) = (gated(result), drops.guard());
    gates.note((number, gate));
    async move {
        let _guard = guard;
        opened.await
    }
}

fn open(gates: &Recorder<(u32, Gate)>, wanted: u32) {
    for (number, gate) in gates.take() {
        if number == wanted {
            gate.open();
        } else {
            gates.note((number, gate));
        }
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn the_first_error_cancels_all_others_in_the_same_turn() {
    for capacity in [0, 1, 10] {
        let (rig, gates, drops) = (Rig::with_line(3, capacity), Recorder::new(), Drops::default());
        let items = (0..).map(|number| (number, if number == 1 { Err("bad") } else { Ok(number) }));
        let mut map = rig.pool.try_map(items, |item| work(item, &gates, &drops));
        assert_eq!(next(&mut map), "not yet");
        rig.ex.run_until_idle();
        // One more at the door, where there is no line.
        rig.pool.resize(2).unwrap();
        rig.pool.resize(4).unwrap();
        assert_eq!(next(&mut map), "not yet");
        open(&gates, 1);
        while drops.count() == 0 {
            assert!(rig.ex.try_tick());
        }
        let stats = adds_up(&rig.pool);
        assert_eq!((drops.count(), stats.failed, stats.cancelled, stats.waiting, stats.running), (4, 1, 3, 0, 0));
        assert_eq!([0; 3].map(|_| next(&mut map)), ["Err(Failed(\"bad\"))", "over", "over"]);
        assert!(map.is_terminated());
        rig.assert_all_permits_are_back(4);
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn no_sibling_starts_in_the_place_of_the_failed_one() {
    let (rig, gates, drops) = (Rig::new(2), Recorder::new(), Drops::default());
    let others = rig.fill();
    let started = Recorder::new();
    let mut map = rig.pool.try_map(0..2, |number: u32| {
        let (work, started) = (work((number, Err("bad")), &gates, &drops), started.clone());
        async move {
            started.note(number);
            work.await
        }
    });
    assert_eq!(next(&mut map), "not yet");
    others.into_iter().next().unwrap().open();
    open(&gates, 0);
    rig.ex.run_until_idle();
    assert_eq!((started.take(), drops.count()), (vec![0], 2));
    assert_eq!(next(&mut map), "Err(Failed(\"bad\"))");
}

#[wasm_bindgen_test(unsupported = test)]
fn the_one_at_the_door_goes_with_the_others() {
    let (rig, gates, drops) = (Rig::with_line(2, 0), Recorder::new(), Drops::default());
    let mut map = rig.pool.try_map((0..).map(|number| (number, Err("bad"))), |item| work(item, &gates, &drops));
    let others = rig.fill();
    others.into_iter().next().unwrap().open();
    rig.ex.run_until_idle();
    assert_eq!(next(&mut map), "not yet");
    rig.ex.run_until_idle();
    assert_eq!((rig.pool.stats().running, rig.pool.stats().waiting), (2, 0));
    open(&gates, 0);
    rig.ex.run_until_idle();
    assert_eq!((drops.count(), gates.take().len()), (2, 1));
    assert_eq!([0; 2].map(|_| next(&mut map)), ["Err(Failed(\"bad\"))", "over"]);
    assert_eq!(rig.ex.run_until_idle(), 0);
}

#[wasm_bindgen_test(unsupported = test)]
fn outputs_whose_turn_it_is_come_before_the_error() {
    for unordered in [false, true] {
        let (rig, gates, drops) = (Rig::new(5), Recorder::new(), Drops::default());
        let items = (0..5).map(|number| (number, if number == 4 { Err("bad") } else { Ok(number) }));
        let map = rig.pool.try_map(items, |item| work(item, &gates, &drops));
        let mut map = if unordered { map.unordered() } else { map };
        assert_eq!(next(&mut map), "not yet");
        for number in [3, 0, 1, 4] {
            open(&gates, number);
            rig.ex.run_until_idle();
        }
        let all: Vec<_> = std::iter::from_fn(|| Some(next(&mut map))).take_while(|output| output != "over").collect();
        let expected: &[_] =
            if unordered { &["Ok(3)", "Ok(0)", "Ok(1)", "Err(Failed(\"bad\"))"] } else { &["Ok(0)", "Ok(1)", "Err(Failed(\"bad\"))"] };
        assert_eq!(all, expected);
        assert_eq!((adds_up(&rig.pool).succeeded, rig.pool.stats().failed, rig.pool.stats().cancelled), (3, 1, 1));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_task_without_an_output_is_an_error_of_all() {
    let rig = Rig::new(3);
    let mut map = rig.pool.try_map(0..3, |_| pending::<Result<(), ()>>()).timeout(SECOND);
    assert_eq!(next(&mut map), "not yet");
    rig.advance(SECOND);
    assert_eq!([0; 2].map(|_| next(&mut map)), ["Err(Task(TimedOut(Run)))", "over"]);
    let stats = adds_up(&rig.pool);
    assert_eq!((stats.timed_out, stats.cancelled, stats.failed), (1, 2, 0));

    let _gates = rig.fill();
    let mut map = rig.pool.try_map(0..3, |_| pending::<Result<(), ()>>()).priority(Priority::Low).queue_timeout(SECOND);
    assert_eq!(next(&mut map), "not yet");
    assert_eq!(rig.pool.cancel_waiting(), 3);
    assert_eq!([0; 2].map(|_| next(&mut map)), ["Err(Task(Cancelled))", "over"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn a_close_is_told_after_everything_that_was_accepted() {
    let (rig, gates, drops) = (Rig::new(2), Recorder::new(), Drops::default());
    let mut map = rig.pool.try_map((0..).map(|number| (number, Ok(number))), |item| work(item, &gates, &drops)).total_timeout(SECOND);
    assert_eq!(next(&mut map), "not yet");
    drop::<Close>(rig.pool.close());
    gates.take().into_iter().for_each(|(_, gate)| gate.open());
    rig.ex.run_until_idle();
    assert_eq!([0; 4].map(|_| next(&mut map)), ["Ok(0)", "Ok(1)", "Err(Task(Closed))", "over"]);
}

#[wasm_bindgen_test(unsupported = test)]
fn errors_of_a_map_are_errors_and_say_what_happened() {
    fn is_error<T: std::error::Error>() {}
    is_error::<GroupError<std::num::ParseIntError>>();
    let failed: GroupError<&str> = GroupError::Failed("bad");
    let late: GroupError<&str> = GroupError::Task(TaskError::TimedOut(Timeout::Run));
    assert_eq!((failed.to_string(), late.to_string()), ("bad".to_owned(), "the task ran longer than its timeout".to_owned()));
}

#[wasm_bindgen_test(unsupported = test)]
fn a_map_is_terminated_from_its_last_result_on_and_not_before() {
    let rig = Rig::new(1);
    let mut map = rig.pool.try_map([7], async |number: u8| Ok::<_, ()>(number));
    let mut step = || {
        rig.ex.run_until_idle();
        (next(&mut map), map.is_terminated())
    };
    assert_eq!([0; 3].map(|_| step()), [("not yet", false), ("Ok(7)", true), ("over", true)].map(|(given, over)| (given.to_owned(), over)));
}
