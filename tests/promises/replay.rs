//! A trace tells everything: what it says adds up to what the pool says, and a doctored one is found out.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use millpond::{EventLog, Replay};
use wasm_bindgen_test::wasm_bindgen_test;

use super::trace::Play;

const SEEDS: u64 = 12;

/// Lines, numbered anew.
fn renumbered<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let rests = lines.into_iter().map(|line| line.split_once(' ').unwrap().1);
    rests.enumerate().map(|(index, rest)| format!("{} {rest}\n", index + 1)).collect()
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The line at fault, or nothing for a trace that can have happened.
fn fault(trace: &str) -> Option<usize> {
    Replay::of_text(trace).err().map(|error| error.line())
}

fn reason(trace: &str) -> String {
    Replay::of_text(trace).unwrap_err().to_string()
}

#[wasm_bindgen_test(unsupported = test)]
fn what_is_replayed_equals_the_statistics_at_any_time() {
    for seed in 0..SEEDS {
        let mut play = Play::with_pool(seed);
        play.perform(|play| assert_eq!(Replay::of(&play.log.events()).unwrap().stats(1), Some(play.stats()), "seed {seed}"));
        let mut play = Play::with_manager(seed);
        play.perform(|play| assert_eq!(Replay::of(&play.log.events()).unwrap().totals(), play.stats(), "seed {seed}"));
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn a_trace_in_which_a_line_is_dropped_doubled_or_swapped_is_refused_by_its_number() {
    let mut play = Play::with_manager(3);
    play.perform(|_| ());
    let trace = play.log.to_string();
    let lines: Vec<&str> = trace.lines().collect();
    for at in 0..lines.len() - 1 {
        let mut dropped = lines.clone();
        dropped.remove(at);
        assert_eq!(fault(&joined(&dropped)), Some(at + 1), "without line {}", at + 1);
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        assert_eq!(fault(&joined(&doubled)), Some(at + 2), "line {} twice", at + 1);
        let mut swapped = lines.clone();
        swapped.swap(at, at + 1);
        assert_eq!(fault(&joined(&swapped)), Some(at + 1), "lines {} and {} swapped", at + 1, at + 2);
    }
    // What is missing at the end is not impossible, but it does not add up.
    let short = joined(&lines[..lines.iter().rposition(|line| line.contains("settled")).unwrap()]);
    assert_ne!(Replay::of_text(&short).unwrap().totals(), play.stats());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_trace_that_is_doctored_with_care_is_refused_for_what_it_says() {
    let mut play = Play::with_pool(4);
    play.perform(|_| ());
    let trace = play.log.to_string();
    let lines: Vec<&str> = trace.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("task=") && !line.contains("reprioritised")) {
        let mut doubled = lines.clone();
        doubled.insert(at, line);
        assert_eq!(fault(&renumbered(doubled)), Some(at + 2), "twice: {line}");
        if line.ends_with("started") {
            continue; // It may as well have left the line without.
        }
        let mut dropped = lines.clone();
        dropped.remove(at);
        let replay = Replay::of_text(&renumbered(dropped));
        assert!(replay.is_err() || replay.unwrap().stats(1) != Some(play.stats()), "missing: {line}");
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn every_broken_promise_is_named() {
    let open = "0.000000000 pool=1 opened concurrency=1";
    let trace = |lines: &[&str]| {
        let lines: Vec<String> = [open].iter().chain(lines).map(|line| format!("0 {line}")).collect();
        renumbered(lines.iter().map(String::as_str))
    };
    let submitted = |task: u64| format!("0.000000000 pool=1 task={task} submitted priority=normal");
    let (first, second) = (submitted(1), submitted(2));
    let start = |task: u64| format!("0.000000000 pool=1 task={task} started");
    let (start_first, start_second) = (start(1), start(2));
    let cases: [(&[&str], &str); 14] = [
        (&[&first, &second, &start_first, &start_second], "line 5: pool 1 runs 2, its concurrency is 1"),
        (&[&first, &second, &start_second], "line 4: task 2 starts before task 1"),
        (&[&first, "0.000000000 pool=1 task=2 submitted priority=high", &start_first], "line 4: task 1 starts before task 2"),
        (&[&start_first], "line 2: task 1 was never submitted"),
        (&[&first, &start_first, &start_first], "line 4: task 1 has started"),
        (&[&first, "0.000000000 pool=1 task=1 settled succeeded"], "line 3: task 1 cannot end as succeeded while it waits"),
        (
            &[&first, &start_first, "0.000000000 pool=1 task=1 settled queue_timeout"],
            "line 4: task 1 cannot end as queue_timeout while it runs",
        ),
        (
            &[&first, "0.000000000 pool=1 task=1 settled cancelled", "0.000000000 pool=1 task=1 settled cancelled"],
            "line 4: task 1 has settled",
        ),
        (&["0.000000000 pool=1 paused", &first, &start_first], "line 4: task 1 starts in a paused pool"),
        (&["0.000000000 pool=1 closed", &first], "line 3: pool 1 takes task 1 after its end"),
        (&["0.000000000 pool=1 closed", "0.000000000 pool=1 rejected full"], "line 3: pool 1 cannot reject as full"),
        (&[&first, "0.000000000 pool=1 closed", "0.000000000 pool=1 drained"], "line 4: pool 1 is not drained"),
        (&["1.000000000 pool=1 paused", "0.500000000 pool=1 resumed"], "line 3: time runs back from 1s to 500ms"),
        (&["0.000000000 pool=2 paused"], "line 2: pool 2 was never opened"),
    ];
    for (lines, expected) in cases {
        assert_eq!(reason(&trace(lines)), expected);
    }
    assert_eq!(reason("1 0.000000000 pool=1 opened"), "line 1: \"1 0.000000000 pool=1 opened\" is no event");
}

#[wasm_bindgen_test(unsupported = test)]
fn a_cap_over_all_and_a_shrink_are_checked() {
    let trace = |second: &str| {
        format!(
            "1 0.000000000 pool=all opened concurrency=2\n2 0.000000000 pool=1 opened concurrency=5\n\
             3 0.000000000 pool=1 task=1 submitted priority=low\n4 0.000000000 pool=1 task=1 started\n\
             5 0.000000000 {second}\n6 0.000000000 pool=1 task=2 submitted priority=low\n7 0.000000000 pool=1 task=2 started\n"
        )
    };
    assert_eq!(fault(&trace("pool=all resized concurrency=3")), None);
    assert_eq!(reason(&trace("pool=all resized concurrency=1")), "line 7: all pools run 2, the cap over them is 1");
    assert_eq!(reason(&trace("pool=1 resized concurrency=1")), "line 7: pool 1 runs 2, its concurrency is 1");
}

#[wasm_bindgen_test(unsupported = test)]
fn another_order_can_be_allowed() {
    let log = EventLog::new();
    for line in [
        "1 0.000000000 pool=1 opened concurrency=1",
        "2 0.000000000 pool=1 task=1 submitted priority=normal",
        "3 0.000000000 pool=1 task=2 submitted priority=normal",
        "4 0.000000000 pool=1 task=2 started",
    ] {
        log.note(line.parse().unwrap());
    }
    assert_eq!(Replay::of(&log.events()).unwrap_err().line(), 4);
    assert_eq!(Replay::in_any_order(&log.events()).unwrap().stats(1).unwrap().running, 1);
}
