//! Weights, aging, holds, rates, order and overflow, on plain values.

use super::*;
use crate::policy::{Order, Overflow};
use crate::state::rate::{Even, Sliding};

fn pond_of(options: LaneOptions) -> (Pond, Id) {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let lane = pond.open(options, Time::ZERO).unwrap();
    (pond, lane)
}

fn weighing(weight: u32) -> Offer {
    Offer { level: Level::default(), weight }
}

fn class(class: Priority) -> Offer {
    Level::from(class).into()
}

fn next_at(pond: &mut Pond, millis: u32) -> Option<Id> {
    pond.next(at(millis))
}

#[test]
fn units_are_taken_and_given_back_and_the_heaviest_takes_all_there_is() {
    let (mut pond, lane) = pond_of(LaneOptions::new(limit(4)));
    let three = pond.submit(lane, weighing(3), Time::ZERO).unwrap();
    let two = pond.submit(lane, weighing(2), Time::ZERO).unwrap();
    let one = pond.submit(lane, weighing(1), Time::ZERO).unwrap();
    assert_eq!((three.started, two.started, one.started, pond.used), (true, false, false, 3));
    assert_eq!(drain(&mut pond), []);
    pond.settle(three.ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [two.ticket, one.ticket]);
    assert_eq!(pond.used, 3);
    let giant = pond.submit(lane, weighing(9), Time::ZERO).unwrap();
    pond.settle(two.ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), []);
    pond.settle(one.ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [giant.ticket]);
    assert_eq!(pond.used, 4);
    pond.settle(giant.ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(pond.used, 0);
}

#[test]
fn the_cap_over_all_is_in_units_too_and_a_heavy_head_keeps_its_turn() {
    let mut pond = Pond::new(limit(3), Expiry::NEVER);
    let [a, b] = [0, 1].map(|_| pond.open(options(9, 9), Time::ZERO).unwrap());
    let first = pond.submit(a, weighing(2), Time::ZERO).unwrap();
    let heavy = pond.submit(a, weighing(2), Time::ZERO).unwrap();
    let light = pond.submit(b, weighing(1), Time::ZERO).unwrap();
    assert_eq!((first.started, heavy.started, light.started), (true, false, false));
    assert_eq!(drain(&mut pond), []);
    pond.settle(first.ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [heavy.ticket, light.ticket]);
}

#[test]
fn a_waiting_task_rises_at_its_steps_up_to_the_highest_class() {
    let (mut pond, lane) = pond_of(LaneOptions { aging: at(10), ..LaneOptions::new(limit(1)) });
    let running = pond.submit(lane, class(Priority::Normal), at(0)).unwrap().ticket;
    let low = pond.submit(lane, class(Priority::Low), at(0)).unwrap().ticket;
    let later = pond.submit(lane, class(Priority::Critical), at(30)).unwrap().ticket;
    assert_eq!(pond.head(lane), Some(low), "critical by now, and first");
    assert_eq!(pond.next_deadline(), Time::NEVER, "nobody has to come for it");
    pond.settle(running, Outcome::Succeeded, at(30));
    assert_eq!(next_at(&mut pond, 30), Some(low));
    pond.settle(low, Outcome::Succeeded, at(30));
    assert_eq!(next_at(&mut pond, 30), Some(later));
    assert_eq!(pond.deadlines.next(BEGINNINGS), Time::NEVER, "who starts does not rise any more");
}

#[test]
fn a_held_lane_starts_nothing_until_its_time_and_says_so() {
    let (mut pond, lane) = pond_of(options(2, 9));
    pond.hold_until(lane, at(10), at(0));
    assert!(!pond.submit(lane, Level::default(), at(5)).unwrap().started);
    assert_eq!((next_at(&mut pond, 9), pond.next_resumption()), (None, at(10)));
    assert_eq!(dues(&mut pond, at(9)), []);
    assert_eq!(dues(&mut pond, at(10)), [Due::Resumed(lane)]);
    assert!(next_at(&mut pond, 10).is_some());
    assert_eq!(pond.next_resumption(), Time::NEVER);
}

#[test]
fn a_lane_is_held_for_the_longest_of_its_holds_and_not_longer_if_nobody_looks() {
    let (mut pond, lane) = pond_of(options(2, 9));
    pond.hold_until(lane, at(20), at(10));
    pond.hold_until(lane, at(15), at(10));
    assert_eq!(pond.next_resumption(), at(20));
    assert!(!pond.submit(lane, Level::default(), at(19)).unwrap().started);
    let waiting = pond.head(lane).unwrap();
    pond.settle(waiting, Outcome::Cancelled, at(19));
    assert!(pond.submit(lane, Level::default(), at(20)).unwrap().started, "though nobody has asked what is due");
    assert_eq!((pond.next_resumption(), dues(&mut pond, at(20))), (Time::NEVER, vec![]));
}

#[test]
fn a_rate_holds_the_lane_after_its_burst() {
    let rate = Some(Even::new(1, at(10), 2));
    let (mut pond, lane) = pond_of(LaneOptions { rate, ..LaneOptions::new(limit(9)) });
    let started: Vec<bool> = (0..3).map(|_| pond.submit(lane, Level::default(), at(0)).unwrap().started).collect();
    assert_eq!((started, pond.next_resumption()), (vec![true, true, false], at(10)));
    assert_eq!(dues(&mut pond, at(10)), [Due::Resumed(lane)]);
    assert!(next_at(&mut pond, 10).is_some());
    assert_eq!(pond.next_resumption(), at(20));
}

#[test]
fn last_in_goes_first_and_the_oldest_is_still_the_oldest() {
    let options = LaneOptions { capacity: 2, order: Order::Lifo, overflow: Overflow::DropOldest, ..LaneOptions::new(limit(1)) };
    let (mut pond, lane) = pond_of(options);
    let tasks: Vec<Submitted> = (0..4).map(|_| submit(&mut pond, lane)).collect();
    assert_eq!(tasks[3].dropped, Some(tasks[1].ticket));
    pond.settle(tasks[0].ticket, Outcome::Succeeded, Time::ZERO);
    assert_eq!(pond.next(Time::ZERO), Some(tasks[3].ticket));
    assert_eq!(counts(&pond, lane).get(Counter::Dropped), 1);
}

#[test]
fn the_lowest_is_dropped_by_the_class_it_has_now() {
    let options = LaneOptions { capacity: 1, overflow: Overflow::DropLowest, ..LaneOptions::new(limit(1)) };
    let (mut pond, lane) = pond_of(options);
    submit(&mut pond, lane);
    let waiting = submit(&mut pond, lane).ticket;
    pond.set_level(waiting, Priority::High.into(), Time::ZERO);
    assert_eq!(pond.submit(lane, class(Priority::High), Time::ZERO), Err(Refused::Full), "the later of equals is the newcomer");
    assert_eq!(pond.submit(lane, class(Priority::Critical), Time::ZERO).unwrap().dropped, Some(waiting));
}

#[test]
fn a_task_that_is_late_is_counted_and_never_waits() {
    let (mut pond, lane) = single(1, 1);
    assert_eq!(pond.submit_late(lane), Ok(()));
    assert_eq!(counts(&pond, lane), Counts::of(&[(Counter::Submitted, 1), (Counter::TimedOut, 1)]));
    pond.close(lane);
    assert_eq!(pond.submit_late(lane), Err(Refused::Closed));
    assert_eq!(counts(&pond, lane).get(Counter::Rejected), 1);
    assert_eq!(pond.submit_late(Id::NONE), Err(Refused::NoLane));
}

#[test]
fn keeps_its_books_through_random_work_with_every_policy() {
    for seed in 1..60 {
        random_policies(seed);
    }
}

fn random_policies(mut seed: u64) {
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut pond = Pond::new(limit(6), Expiry::NEVER);
    let lanes = [2, 3, 5].map(|cap| {
        let order = [Order::Fifo, Order::Lifo][random(2)];
        let overflow = [Overflow::Reject, Overflow::DropOldest, Overflow::DropLowest][random(3)];
        let aging = [Time::NEVER, at(7)][random(2)];
        let rate = [None, Some(Even::new(1, at(3), 4))][random(2)];
        let lane =
            pond.open(LaneOptions { capacity: 4, order, overflow, aging, rate, ..LaneOptions::new(limit(cap)) }, Time::ZERO).unwrap();
        if random(3) == 0 {
            pond.set_rate(lane, Rate::Sliding(Sliding::new(3, at(8))));
        }
        lane
    });
    let caps = [2, 3, 5];
    let mut alive: Vec<Id> = Vec::new();
    for step in 0..500 {
        let now = at(step);
        match random(8) {
            0..4 => {
                let offer =
                    Offer { level: [Priority::Low, Priority::Normal, Priority::High][random(3)].into(), weight: 1 + random(4) as u32 };
                if let Ok(task) = pond.submit(lanes[random(3)], offer, now) {
                    alive.push(task.ticket);
                    alive.retain(|&other| Some(other) != task.dropped);
                }
            }
            4..6 if !alive.is_empty() => drop(pond.settle(alive.swap_remove(random(alive.len())), Outcome::Succeeded, now)),
            6 if !alive.is_empty() => drop(pond.set_level(alive[random(alive.len())], Priority::Critical.into(), now)),
            _ => {}
        }
        assert!(dues(&mut pond, now).iter().all(|due| matches!(due, Due::Resumed(_))));
        std::iter::from_fn(|| pond.next(now)).for_each(drop);
        let mut used = [0; 3];
        for (_, task) in pond.tasks.iter().filter(|(_, task)| !task.is_waiting()) {
            used[lanes.iter().position(|&lane| lane == task.lane).unwrap()] += task.weight();
        }
        assert!(used.iter().zip(caps).all(|(&used, cap)| used <= cap) && used.iter().sum::<u32>() <= 6, "{used:?}");
        assert_eq!(used.iter().sum::<u32>(), pond.used);
        let totals = pond.totals();
        assert_eq!(totals.get(Counter::Submitted), totals.sum());
        assert_eq!(totals.get(Counter::Waiting) + totals.get(Counter::Running), alive.len() as u64);
        for (lane, used) in lanes.iter().zip(used) {
            let state = pond.lanes.get(*lane).unwrap();
            assert_eq!(state.used, used);
            assert!(state.waiting() <= 4);
            // A head that fits everywhere does not wait.
            let head = pond.lines.head(&state.line).and_then(|head| pond.tasks.get(head));
            let turn = pond.ready.head() == Some(*lane);
            assert!(!turn || head.is_none_or(|head| !pond.limit.fits(pond.used, head.weight())), "a permit lies idle");
        }
    }
}

#[test]
fn limits_and_lengths_of_lines_can_be_changed() {
    let mut pond = Pond::new(limit(1), Expiry::NEVER);
    let lane = pond.open(options(9, 1), Time::ZERO).unwrap();
    submit(&mut pond, lane);
    let waiting = submit(&mut pond, lane).ticket;
    assert_eq!(pond.submit(lane, Level::default(), Time::ZERO), Err(Refused::Full));
    pond.set_capacity(lane, 2);
    submit(&mut pond, lane);
    assert_eq!(drain(&mut pond), []);
    pond.resize(limit(2));
    assert_eq!(drain(&mut pond), [waiting]);
}

#[test]
fn closing_all_closes_each() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let lanes = [0, 1].map(|_| pond.open(options(1, 1), Time::ZERO).unwrap());
    pond.close_all();
    assert!(lanes.iter().all(|&lane| pond.is_closed(lane)));
}

#[test]
fn a_lane_without_a_line_wants_a_permit_while_it_has_room_for_its_part() {
    let mut pond = Pond::new(limit(2), Expiry::NEVER);
    let lane = pond.open(options(1, 1), Time::ZERO).unwrap();
    assert!(pond.wants_permit(lane) && pond.has_spare());
    let running = submit(&mut pond, lane).ticket;
    assert!(!pond.wants_permit(lane), "its own limit is reached");
    assert!(pond.has_spare());
    let waiting = submit(&mut pond, lane).ticket;
    pond.resize_lane(lane, limit(2));
    assert!(!pond.wants_permit(lane), "its line goes first");
    assert!(!pond.has_spare(), "a line wants it");
    pond.settle(waiting, Outcome::Cancelled, Time::ZERO);
    assert!(pond.wants_permit(lane));
    let other = pond.open(options(9, 9), Time::ZERO).unwrap();
    submit(&mut pond, other);
    assert!(!pond.has_spare(), "the cap over all is reached");
    pond.close(lane);
    assert!(!pond.wants_permit(lane), "it takes no more");
    pond.settle(running, Outcome::Succeeded, Time::ZERO);
    assert!(!pond.wants_permit(lane));
}

#[test]
fn lanes_have_an_end_by_either_clock() {
    let ends = |idle, lifetime| Expiry { idle, lifetime }.ends();
    assert!(ends(at(1), Time::NEVER) && ends(Time::NEVER, at(1)) && ends(at(1), at(1)) && !ends(Time::NEVER, Time::NEVER));
}

#[test]
fn a_task_that_is_late_has_a_number_too() {
    let (mut pond, lane) = single(1, 1);
    submit(&mut pond, lane);
    pond.submit_late(lane).unwrap();
    assert_eq!(pond.accepted(), 2);
}

#[test]
fn demand_is_what_runs_and_waits_in_units() {
    let (mut pond, lane) = single(3, 9);
    let running = pond.submit(lane, weighing(2), Time::ZERO).unwrap().ticket;
    let waiting: Vec<Id> = [2, 3, 1].map(|weight| pond.submit(lane, weighing(weight), Time::ZERO).unwrap().ticket).to_vec();
    assert_eq!(pond.demand(lane), 8);
    pond.settle(waiting[1], Outcome::Cancelled, Time::ZERO);
    assert_eq!(pond.demand(lane), 5);
    pond.settle(running, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [waiting[0], waiting[2]]);
    assert_eq!(pond.demand(lane), 3);
}

#[test]
fn a_pond_shows_what_it_is() {
    let mut pond = Pond::new(limit(9), Expiry::NEVER);
    let [one, two] = [0, 1].map(|_| pond.open(options(1, 9), Time::ZERO).unwrap());
    submit(&mut pond, one);
    submit(&mut pond, one);
    let last = submit(&mut pond, two).ticket;
    pond.pause(two, true);
    pond.hold(two);
    let submitted = Counter::Submitted as usize;
    assert_eq!([one, two, Id::NONE, Id::from_raw(7)].map(|lane| pond.count(lane, submitted)), [2, 1, 3, 0]);
    assert_eq!(
        [one, two].map(|lane| (pond.is_paused(lane), pond.holds(lane), pond.is_closed(lane))),
        [(false, 0, false), (true, 1, false)]
    );
    pond.close(two);
    assert_eq!([one, two, Id::NONE].map(|lane| pond.is_closed(lane)), [false, true, true]);
    pond.settle(last, Outcome::Succeeded, Time::ZERO);
    assert_eq!([one, two, Id::NONE].map(|lane| pond.is_drained(lane)), [false, true, true]);
    assert!(pond.remove(two));
    // What lanes that are gone have counted stays in the sum.
    assert_eq!((pond.count(two, submitted), pond.count(Id::NONE, submitted)), (0, 3));
}
