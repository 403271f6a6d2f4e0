//! The rule over ponds made by hand: who is stuck, and what is to end.

use super::*;
use crate::limit::Limit;
use crate::priority::Level;
use crate::state::{Expiry, LaneOptions, Outcome, Time};

/// A pond whose tasks are known by their numbers, which begin at 1.
struct Fixture {
    pond: Pond,
    lanes: Vec<Id>,
    tasks: Vec<Id>,
}

impl Fixture {
    fn new(cap: u32, lanes: &[u32]) -> Self {
        let mut pond = Pond::new(Limit::new(cap).unwrap(), Expiry::NEVER);
        let mut open =
            |limit: &u32| pond.open(LaneOptions { capacity: 100, ..LaneOptions::new(Limit::new(*limit).unwrap()) }, Time::ZERO).unwrap();
        let lanes = lanes.iter().map(&mut open).collect();
        Self { pond, lanes, tasks: Vec::new() }
    }

    /// Submits tasks to lanes by their index.
    fn with(mut self, lanes: &[usize]) -> Self {
        for lane in lanes {
            self.tasks.push(self.pond.submit(self.lanes[*lane], Level::from_number(0.0), Time::ZERO).unwrap().ticket);
        }
        self
    }

    fn task(&self, number: usize) -> Id {
        self.tasks[number - 1]
    }

    fn ends(&mut self, number: usize) {
        self.pond.settle(self.task(number), Outcome::Succeeded, Time::ZERO);
    }

    fn holder(&self, number: usize, waits: &[Wait]) -> Holder {
        Holder { ticket: self.task(number), waits: waits.to_vec() }
    }

    /// Waits of tasks for tasks, by number.
    fn knot(&self, waits: &[(usize, &[usize])]) -> Option<Knot> {
        let waits = waits.iter().map(|(holder, tasks)| {
            let waits: Vec<Wait> = tasks.iter().map(|number| Wait::Task(self.task(*number))).collect();
            self.holder(*holder, &waits)
        });
        Knot::find(&self.pond, waits.collect())
    }

    /// The number of the task that is to end, and the text.
    fn verdict(&self, knot: Option<Knot>) -> Option<(usize, String)> {
        let (victim, deadlock) = knot?.verdict(&self.pond)?;
        let Victim::Task(ticket) = victim else { panic!("{victim:?}") };
        Some((self.tasks.iter().position(|task| *task == ticket)? + 1, deadlock.to_string()))
    }
}

#[test]
fn the_holder_of_the_only_permit_waits_for_a_task_in_line() {
    let pond = Fixture::new(9, &[1]).with(&[0, 0, 0]);
    let (victim, text) = pond.verdict(pond.knot(&[(1, &[2, 3])])).unwrap();
    assert_eq!(victim, 3, "the youngest that is awaited");
    assert!(text.starts_with("deadlock in a pool of concurrency 1: ") && text.contains(": task 1 waits for task 2;"), "{text}");
}

#[test]
fn one_holder_who_is_free_frees_all() {
    let pond = Fixture::new(9, &[2]).with(&[0, 0, 0, 0]);
    assert!(pond.knot(&[(1, &[3])]).is_none(), "nobody knows what task 2 waits for");
    assert!(pond.knot(&[(1, &[3]), (2, &[])]).is_none());
    assert!(pond.knot(&[(1, &[3]), (2, &[4])]).is_some());
    assert!(pond.knot(&[(1, &[3]), (2, &[1])]).is_some(), "for a task that runs and is stuck");
    assert!(pond.knot(&[(1, &[2, 3])]).is_none());
}

#[test]
fn what_has_ended_or_may_start_is_worth_waiting_for() {
    let mut pond = Fixture::new(9, &[1]).with(&[0, 0, 0]);
    pond.ends(3);
    assert!(pond.knot(&[(1, &[2, 3])]).is_none(), "task 3 has ended: who awaits it is about to be polled");
    assert!(pond.knot(&[(1, &[2])]).is_some());
    pond.pond.resize_lane(pond.lanes[0], Limit::new(2).unwrap());
    assert!(pond.knot(&[(1, &[2])]).is_none(), "there is room now");
}

#[test]
fn a_paused_lane_is_in_the_hands_of_who_paused_it() {
    let mut pond = Fixture::new(9, &[1]).with(&[0, 0]);
    pond.pond.pause(pond.lanes[0], true);
    assert!(pond.knot(&[(1, &[2])]).is_none());
    pond.pond.pause(pond.lanes[0], false);
    assert!(pond.knot(&[(1, &[2])]).is_some());
}

#[test]
fn another_lane_has_permits_of_its_own() {
    let pond = Fixture::new(9, &[1, 1]).with(&[0, 1, 1]);
    assert!(pond.knot(&[(1, &[3])]).is_none(), "task 2 is free");
    let (victim, text) = pond.verdict(pond.knot(&[(1, &[3]), (2, &[3])])).unwrap();
    assert_eq!(victim, 3);
    assert!(
        text.contains("of concurrency 1: ") && text.contains(": task 2 waits for task 3;"),
        "task 1 holds no permit of that lane: {text}"
    );
}

#[test]
fn under_a_cap_over_all_everyone_who_runs_counts() {
    let pond = Fixture::new(2, &[5, 5, 5]).with(&[0, 1, 2]);
    assert!(pond.knot(&[(1, &[3])]).is_none());
    let (victim, text) = pond.verdict(pond.knot(&[(1, &[3]), (2, &[1])])).unwrap();
    assert_eq!(victim, 3);
    assert!(text.starts_with("deadlock under the cap of 2 over all pools: "), "{text}");
    assert!(text.contains("task 1 waits for task 3, task 2 waits for task 1;"), "{text}");
}

#[test]
fn tasks_that_run_and_wait_for_each_other_come_first() {
    let pond = Fixture::new(9, &[4]).with(&[0, 0, 0, 0, 0]);
    let (victim, text) = pond.verdict(pond.knot(&[(1, &[3]), (2, &[1]), (3, &[1]), (4, &[5])])).unwrap();
    assert_eq!(
        (victim, text.as_str()),
        (3, "deadlock of tasks that wait for each other: task 1 waits for task 3, task 3 waits for task 1")
    );
    let (victim, text) = pond.verdict(pond.knot(&[(2, &[2])])).unwrap();
    assert_eq!((victim, text.as_str()), (2, "deadlock of tasks that wait for each other: task 2 waits for task 2"));
    assert!(pond.knot(&[(2, &[2, 1])]).is_none(), "task 1 is free, and may be all it needs");
}

#[test]
fn who_waits_for_room_or_for_the_end_of_all_waits_too() {
    let pond = Fixture::new(9, &[2, 1]).with(&[0, 0]);
    let lane = pond.lanes[0];
    let knot = |one: &[Wait], two: &[Wait]| Knot::find(&pond.pond, vec![pond.holder(2, two), pond.holder(1, one)]);
    assert!(knot(&[Wait::Room(lane, 7)], &[]).is_none());
    assert!(knot(&[Wait::Room(lane, 7)], &[Wait::Room(pond.lanes[1], 9)]).is_none(), "nobody is in the other lane");
    let (victim, deadlock) = knot(&[Wait::Room(lane, 7)], &[Wait::Room(lane, 8)]).unwrap().verdict(&pond.pond).unwrap();
    assert_eq!((victim, deadlock.waits()), (Victim::Room(lane, 8), [(1, Awaited::Room), (2, Awaited::Room)].as_slice()));
    let (victim, deadlock) = knot(&[Wait::Drained(lane, 7)], &[]).unwrap().verdict(&pond.pond).unwrap();
    assert_eq!((victim, deadlock.waits()), (Victim::Task(pond.task(1)), [(1, Awaited::Drained)].as_slice()));
    assert!(knot(&[Wait::Drained(pond.lanes[1], 7)], &[]).is_none());
}

#[test]
fn a_pool_that_waits_only_for_the_permit_of_who_waits_for_its_end() {
    let pond = Fixture::new(1, &[1, 1]).with(&[0, 1]);
    let knot = Knot::find(&pond.pond, vec![pond.holder(1, &[Wait::Drained(pond.lanes[1], 7)])]);
    assert_eq!(pond.verdict(knot).unwrap().0, 1);
}

#[test]
fn who_waits_for_the_end_of_a_lane_waits_for_itself_if_it_is_in_it() {
    let pond = Fixture::new(9, &[2, 1]).with(&[0, 0, 1]);
    let (own, other) = (Wait::Drained(pond.lanes[0], 7), Wait::Drained(pond.lanes[1], 8));
    let verdict = |holders: Vec<Holder>| {
        let (victim, deadlock) = Knot::find(&pond.pond, holders).unwrap().verdict(&pond.pond).unwrap();
        (victim, deadlock.waits().to_vec())
    };
    let crowd = vec![pond.holder(1, &[own]), pond.holder(2, &[own])];
    assert_eq!(verdict(crowd), (Victim::Task(pond.task(2)), vec![(2, Awaited::Drained)]), "no ring leads over task 1");
    let around = vec![pond.holder(1, &[other]), pond.holder(3, &[Wait::Task(pond.task(1))])];
    assert_eq!(verdict(around), (Victim::Task(pond.task(3)), vec![(1, Awaited::Drained), (3, Awaited::Task(1))]), "nor does task 1 alone");
}
