//! The rules of admission on plain values: no executor, no clock, no waiting.

mod hand_over;
mod lives;
mod policies;

use super::*;
use crate::priority::Priority;
use crate::state::deadlines::BEGINNINGS;

fn limit(count: u32) -> Limit {
    Limit::new(count).unwrap()
}

fn at(millis: u32) -> Time {
    Time::from_millis(f64::from(millis))
}

fn options(count: u32, capacity: u32) -> LaneOptions {
    LaneOptions { capacity, ..LaneOptions::new(limit(count)) }
}

/// A pond with one lane of that limit.
fn single(count: u32, capacity: u32) -> (Pond, Id) {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let lane = pond.open(options(count, capacity), Time::ZERO).unwrap();
    (pond, lane)
}

fn submit(pond: &mut Pond, lane: Id) -> Submitted {
    pond.submit(lane, Level::from(Priority::Normal), Time::ZERO).unwrap()
}

fn drain(pond: &mut Pond) -> Vec<Id> {
    std::iter::from_fn(|| pond.next(Time::ZERO)).collect()
}

fn dues(pond: &mut Pond, now: Time) -> Vec<Due> {
    std::iter::from_fn(|| pond.due(now)).collect()
}

fn counts(pond: &Pond, lane: Id) -> Counts {
    pond.counts(lane).unwrap()
}

#[test]
fn starts_up_to_the_limit_and_hands_the_permit_over_in_order() {
    let (mut pond, lane) = single(2, u32::MAX);
    let tasks: Vec<Submitted> = (0..4).map(|_| submit(&mut pond, lane)).collect();
    assert_eq!(tasks.iter().map(|task| task.started).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(pond.next(Time::ZERO), None);
    assert!(pond.settle(tasks[1].ticket, Outcome::Succeeded, Time::ZERO));
    // A newcomer does not overtake, not even before the hand-over.
    assert!(!submit(&mut pond, lane).started);
    assert_eq!(pond.next(Time::ZERO), Some(tasks[2].ticket));
    assert_eq!(pond.next(Time::ZERO), None);
}

#[test]
fn a_task_settles_once() {
    let (mut pond, lane) = single(1, 1);
    let task = submit(&mut pond, lane).ticket;
    assert!(pond.settle(task, Outcome::Failed, Time::ZERO));
    assert!(!pond.settle(task, Outcome::Succeeded, Time::ZERO));
    assert_eq!(Counts::of(&[(Counter::Submitted, 1), (Counter::Failed, 1)]), counts(&pond, lane));
}

#[test]
fn a_full_line_refuses_and_a_place_comes_back_by_start_and_by_cancel() {
    let (mut pond, lane) = single(1, 1);
    let running = submit(&mut pond, lane).ticket;
    let waiting = submit(&mut pond, lane).ticket;
    assert_eq!(pond.submit(lane, Level::from(Priority::Normal), Time::ZERO), Err(Refused::Full));
    pond.settle(waiting, Outcome::Cancelled, Time::ZERO);
    assert!(!submit(&mut pond, lane).started);
    assert_eq!(pond.admissible(lane, Level::default()), Err(Refused::Full));
    pond.settle(running, Outcome::Succeeded, Time::ZERO);
    drain(&mut pond);
    assert_eq!(pond.admissible(lane, Level::default()), Ok(()));
    assert_eq!(counts(&pond, lane).get(Counter::Rejected), 1);
}

#[test]
fn a_line_of_length_zero_takes_what_can_start() {
    let (mut pond, lane) = single(1, 0);
    assert!(submit(&mut pond, lane).started);
    assert_eq!(pond.submit(lane, Level::from(Priority::Normal), Time::ZERO), Err(Refused::Full));
}

#[test]
fn closed_and_unknown_lanes_refuse() {
    let (mut pond, lane) = single(1, 1);
    pond.close(lane);
    assert_eq!(pond.submit(lane, Level::from(Priority::Normal), Time::ZERO), Err(Refused::Closed));
    assert!(pond.remove(lane));
    assert_eq!(pond.submit(lane, Level::from(Priority::Normal), Time::ZERO), Err(Refused::NoLane));
    assert!(pond.is_closed(lane) && pond.is_drained(lane));
}

#[test]
fn a_shrunk_limit_lets_nothing_start_until_fewer_run() {
    let (mut pond, lane) = single(3, 9);
    let tasks: Vec<Id> = (0..5).map(|_| submit(&mut pond, lane).ticket).collect();
    pond.resize_lane(lane, limit(1));
    for done in &tasks[..2] {
        pond.settle(*done, Outcome::Succeeded, Time::ZERO);
        assert_eq!(pond.next(Time::ZERO), None);
    }
    pond.settle(tasks[2], Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [tasks[3]]);
    pond.resize_lane(lane, limit(2));
    assert_eq!(drain(&mut pond), [tasks[4]]);
}

#[test]
fn a_paused_lane_starts_nothing_and_goes_on_in_order() {
    let (mut pond, lane) = single(2, 9);
    pond.pause(lane, true);
    let tasks: Vec<Submitted> = (0..3).map(|_| submit(&mut pond, lane)).collect();
    assert!(tasks.iter().all(|task| !task.started));
    assert_eq!(pond.next(Time::ZERO), None);
    pond.pause(lane, false);
    assert_eq!(drain(&mut pond), [tasks[0].ticket, tasks[1].ticket]);
}

#[test]
fn levels_overtake_what_waits_and_can_be_changed_while_waiting_only() {
    let (mut pond, lane) = single(1, 9);
    let running = submit(&mut pond, lane).ticket;
    let low = pond.submit(lane, Level::from(Priority::Low), Time::ZERO).unwrap().ticket;
    let high = pond.submit(lane, Level::from(Priority::High), Time::ZERO).unwrap().ticket;
    assert!(pond.set_level(low, Priority::Critical.into(), Time::ZERO));
    assert!(!pond.set_level(running, Priority::Critical.into(), Time::ZERO));
    assert_eq!(pond.head(lane), Some(low));
    pond.settle(running, Outcome::Succeeded, Time::ZERO);
    assert_eq!(pond.next(Time::ZERO), Some(low));
    pond.settle(low, Outcome::Succeeded, Time::ZERO);
    assert_eq!(pond.next(Time::ZERO), Some(high));
    assert!(!pond.set_level(low, Priority::Low.into(), Time::ZERO));
}

#[test]
fn lanes_under_one_cap_take_turns() {
    let mut pond = Pond::new(limit(2), Expiry::NEVER);
    let [a, b] = [0, 1].map(|_| pond.open(options(2, u32::MAX), Time::ZERO).unwrap());
    let first: Vec<Id> = (0..4).map(|_| submit(&mut pond, a).ticket).collect();
    let second: Vec<Id> = (0..2).map(|_| submit(&mut pond, b).ticket).collect();
    let mut order = Vec::new();
    let mut running = vec![first[0], first[1]];
    while let Some(done) = running.pop() {
        pond.settle(done, Outcome::Succeeded, Time::ZERO);
        let next = drain(&mut pond);
        order.extend(&next);
        running.extend(next);
        assert!(pond.totals().get(Counter::Running) <= 2);
    }
    // Both lanes are served although the first one asked for everything before the second came.
    assert_eq!(order[..2].iter().filter(|ticket| second.contains(ticket)).count(), 1);
    assert_eq!(pond.totals().get(Counter::Succeeded), 6);
}

#[test]
fn a_newcomer_does_not_overtake_another_lane_that_waits_for_the_cap_over_all() {
    let mut pond = Pond::new(limit(1), Expiry::NEVER);
    let [a, b] = [0, 1].map(|_| pond.open(options(5, 5), Time::ZERO).unwrap());
    let first = submit(&mut pond, a).ticket;
    let waiting = submit(&mut pond, a).ticket;
    pond.settle(first, Outcome::Succeeded, Time::ZERO);
    assert!(!submit(&mut pond, b).started);
    assert_eq!(pond.next(Time::ZERO), Some(waiting));
}

#[test]
fn a_clock_that_runs_out_takes_a_waiting_task_and_reports_a_running_one() {
    let (mut pond, lane) = single(1, 9);
    let running = submit(&mut pond, lane).ticket;
    let waiting = submit(&mut pond, lane).ticket;
    pond.arm(running, Phase::Queue, at(1));
    pond.arm(running, Phase::Run, at(5));
    pond.arm(waiting, Phase::Queue, at(3));
    pond.arm(waiting, Phase::Total, at(4));
    assert_eq!(pond.next_deadline(), at(3));
    assert_eq!(dues(&mut pond, at(2)), []);
    let waited = Due::TimedOut { ticket: waiting, lane, phase: Phase::Queue, waited: true };
    let ran = Due::TimedOut { ticket: running, lane, phase: Phase::Run, waited: false };
    assert_eq!(dues(&mut pond, at(9)), [waited, ran]);
    assert_eq!(counts(&pond, lane), Counts::of(&[(Counter::Submitted, 2), (Counter::Running, 1), (Counter::TimedOut, 1)]));
    assert!(pond.settle(running, Outcome::TimedOut, at(9)));
    assert_eq!(pond.next_deadline(), Time::NEVER);
}

#[test]
fn the_queue_clock_stops_when_the_task_starts() {
    let (mut pond, lane) = single(1, 9);
    let running = submit(&mut pond, lane).ticket;
    let waiting = submit(&mut pond, lane).ticket;
    pond.arm(waiting, Phase::Queue, at(3));
    pond.settle(running, Outcome::Succeeded, Time::ZERO);
    assert_eq!(drain(&mut pond), [waiting]);
    assert_eq!(pond.next_deadline(), Time::NEVER);
}

#[test]
fn an_aborted_task_that_does_not_end_is_abandoned() {
    let (mut pond, lane) = single(1, 9);
    let stuck = submit(&mut pond, lane).ticket;
    let waiting = submit(&mut pond, lane).ticket;
    pond.arm(stuck, Phase::Abandon, at(10));
    assert_eq!(dues(&mut pond, at(10)), [Due::Abandoned(stuck)]);
    assert_eq!(drain(&mut pond), [waiting]);
    let expected = Counts::of(&[(Counter::Submitted, 2), (Counter::Running, 1), (Counter::Cancelled, 1), (Counter::Abandoned, 1)]);
    assert_eq!(counts(&pond, lane), expected);
    assert!(!pond.settle(stuck, Outcome::Succeeded, at(11)));
}

#[test]
fn an_abandoned_task_that_was_late_has_timed_out() {
    let (mut pond, lane) = single(1, 9);
    let late = submit(&mut pond, lane).ticket;
    pond.arm(late, Phase::Run, at(5));
    assert_eq!(dues(&mut pond, at(5)), [Due::TimedOut { ticket: late, lane, phase: Phase::Run, waited: false }]);
    assert_eq!(pond.is_waiting(late), Some(false));
    pond.arm(late, Phase::Abandon, at(10));
    assert_eq!(dues(&mut pond, at(10)), [Due::Abandoned(late)]);
    let expected = Counts::of(&[(Counter::Submitted, 1), (Counter::TimedOut, 1), (Counter::Abandoned, 1)]);
    assert_eq!(counts(&pond, lane), expected);
}

#[test]
fn an_unread_response_keeps_its_permit_until_somebody_waits() {
    let (mut pond, lane) = single(1, 9);
    let unread = submit(&mut pond, lane).ticket;
    pond.arm(unread, Phase::Unread, at(5));
    assert_eq!(dues(&mut pond, at(6)), []);
    assert_eq!(counts(&pond, lane).get(Counter::Running), 1);
    let newcomer = submit(&mut pond, lane);
    assert!(newcomer.started);
    assert_eq!(pond.next_deadline(), Time::ZERO);
    assert_eq!(dues(&mut pond, at(6)), [Due::Recalled(unread)]);
    assert_eq!(
        counts(&pond, lane),
        Counts::of(&[(Counter::Submitted, 2), (Counter::Running, 1), (Counter::Succeeded, 1), (Counter::Recalled, 1)])
    );
}

#[test]
fn an_unread_response_gives_way_to_who_waits_and_a_read_one_does_not() {
    let (mut pond, lane) = single(2, 9);
    let [unread, read] = [0, 1].map(|_| submit(&mut pond, lane).ticket);
    let waiting = [0, 1].map(|_| submit(&mut pond, lane).ticket);
    pond.arm(unread, Phase::Unread, at(5));
    pond.arm(read, Phase::Unread, at(5));
    pond.disarm(read, Phase::Unread);
    assert_eq!(dues(&mut pond, at(5)), [Due::Recalled(unread)]);
    assert_eq!(drain(&mut pond), [waiting[0]]);
}

#[test]
fn reading_again_takes_a_lapsed_permit_back() {
    let (mut pond, lane) = single(1, 9);
    let task = submit(&mut pond, lane).ticket;
    pond.arm(task, Phase::Unread, at(5));
    assert_eq!(dues(&mut pond, at(5)), []);
    pond.disarm(task, Phase::Unread);
    assert!(!submit(&mut pond, lane).started);
    assert_eq!(dues(&mut pond, at(9)), []);
}

#[test]
fn a_lapsed_permit_of_another_lane_serves_when_only_the_cap_over_all_is_in_the_way() {
    let mut pond = Pond::new(limit(1), Expiry::NEVER);
    let [a, b] = [0, 1].map(|_| pond.open(options(1, 0), Time::ZERO).unwrap());
    let unread = submit(&mut pond, a).ticket;
    assert_eq!(pond.admissible(b, Level::default()), Err(Refused::Full));
    pond.arm(unread, Phase::Unread, at(5));
    assert_eq!(dues(&mut pond, at(5)), []);
    assert!(submit(&mut pond, b).started);
    assert_eq!(pond.totals().get(Counter::Running), 1);
}

#[test]
fn a_lane_expires_when_idle_long_enough_and_never_before() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(10), lifetime: Time::NEVER });
    let lane = pond.open(options(1, 1), at(0)).unwrap();
    let task = pond.submit(lane, Level::from(Priority::Normal), at(9)).unwrap().ticket;
    assert_eq!((pond.next_expiry(), dues(&mut pond, at(100))), (Time::NEVER, vec![]));
    pond.hold(lane);
    pond.settle(task, Outcome::Succeeded, at(100));
    assert_eq!(dues(&mut pond, at(200)), []);
    pond.release(lane, at(200));
    assert_eq!(pond.next_expiry(), at(210));
    assert_eq!(dues(&mut pond, at(209)), []);
    assert_eq!(dues(&mut pond, at(210)), [Due::Expired(lane, Phase::Idle)]);
    assert_eq!(pond.totals().get(Counter::Succeeded), 1);
    assert_eq!(pond.submit(lane, Level::from(Priority::Normal), at(210)), Err(Refused::NoLane));
}

#[test]
fn lanes_expire_in_the_order_they_fell_idle() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(10), lifetime: Time::NEVER });
    let [a, b] = [0, 1].map(|_| pond.open(options(1, 1), at(0)).unwrap());
    let task = pond.submit(a, Level::from(Priority::Normal), at(5)).unwrap().ticket;
    pond.settle(task, Outcome::Succeeded, at(6));
    assert_eq!(dues(&mut pond, at(12)), [Due::Expired(b, Phase::Idle)]);
    assert_eq!(dues(&mut pond, at(16)), [Due::Expired(a, Phase::Idle)]);
}

#[test]
fn a_lane_over_its_lifetime_goes_at_once_when_idle_and_is_reported_when_in_use() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(1000), lifetime: at(10) });
    let [idle, busy] = [0, 1].map(|_| pond.open(options(1, 1), at(0)).unwrap());
    let task = pond.submit(busy, Level::from(Priority::Normal), at(0)).unwrap().ticket;
    assert_eq!(pond.next_expiry(), at(10));
    assert_eq!(dues(&mut pond, at(10)), [Due::Expired(idle, Phase::Age), Due::Aged(busy)]);
    assert_eq!(dues(&mut pond, at(11)), []);
    pond.settle(task, Outcome::Succeeded, at(12));
    assert_eq!(dues(&mut pond, at(12)), [Due::Expired(busy, Phase::Idle)]);
}

#[test]
fn a_renewed_lane_starts_its_lifetime_anew() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: Time::NEVER, lifetime: at(10) });
    let lane = pond.open(options(1, 1), at(0)).unwrap();
    pond.hold(lane);
    assert_eq!(dues(&mut pond, at(10)), [Due::Aged(lane)]);
    pond.renew(lane, at(10));
    pond.release(lane, at(11));
    assert_eq!(dues(&mut pond, at(19)), []);
    assert_eq!(dues(&mut pond, at(20)), [Due::Expired(lane, Phase::Age)]);
}

#[test]
fn running_tasks_can_be_listed() {
    let (mut pond, lane) = single(2, 9);
    let tasks = [0, 1, 2].map(|_| submit(&mut pond, lane).ticket);
    assert_eq!(pond.running(lane).collect::<Vec<_>>(), tasks[..2]);
    assert_eq!(pond.head(lane), Some(tasks[2]));
}

/// Random work on several lanes: no cap is exceeded, nothing is lost, everything adds up, and no permit lies idle while somebody waits.
#[test]
fn holds_its_promises_through_random_work() {
    for seed in 1..40 {
        random_work(seed);
    }
}

fn random_work(mut seed: u64) {
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let mut caps = [4, 2, 3, 1];
    let mut pond = Pond::new(limit(caps[0]), Expiry::NEVER);
    let lanes = [1, 2, 3].map(|lane| pond.open(options(caps[lane], 5), Time::ZERO).unwrap());
    let (mut alive, mut accepted) = (Vec::new(), 0);
    for step in 0..600 {
        let now = at(step);
        let lane = random(3);
        match random(10) {
            0..4 => {
                if let Ok(task) = pond.submit(lanes[lane], Level::from_number(random(3) as f64), now) {
                    alive.push(task.ticket);
                    accepted += 1;
                }
            }
            4..7 if !alive.is_empty() => {
                pond.settle(alive.swap_remove(random(alive.len())), Outcome::Succeeded, now);
            }
            7 if !alive.is_empty() => {
                let phase = [Phase::Queue, Phase::Abandon, Phase::Unread][random(3)];
                let ticket = alive[random(alive.len())];
                if phase == Phase::Queue || pond.is_waiting(ticket) == Some(false) {
                    pond.arm(ticket, phase, at(step + 3));
                }
            }
            8 if !alive.is_empty() => drop(pond.set_level(alive[random(alive.len())], Level::from_number(random(3) as f64), Time::ZERO)),
            9 => {
                let target = random(4);
                let size = 1 + random(4) as u32;
                // Only ever wider here: after a shrink more may run than the limit says, see the test of that.
                caps[target] = caps[target].max(size);
                match target {
                    0 => pond.resize(limit(caps[0])),
                    lane => pond.resize_lane(lanes[lane - 1], limit(caps[lane])),
                }
            }
            _ => {}
        }
        for due in dues(&mut pond, now) {
            let (Due::TimedOut { ticket, .. } | Due::Abandoned(ticket) | Due::Recalled(ticket)) = due else { panic!("{due:?}") };
            alive.retain(|&other| other != ticket);
        }
        drain(&mut pond);
        let each = lanes.map(|lane| counts(&pond, lane));
        for (lane, counts) in each.iter().enumerate() {
            assert!(counts.get(Counter::Running) <= u64::from(caps[lane + 1]));
            assert_eq!(counts.get(Counter::Submitted), counts.sum());
        }
        let totals = pond.totals();
        assert!(totals.get(Counter::Running) <= u64::from(caps[0]));
        assert_eq!((totals.get(Counter::Submitted), totals.sum()), (accepted, accepted));
        assert_eq!(totals.get(Counter::Waiting) + totals.get(Counter::Running), alive.len() as u64);
        let stuck = |lane: usize| each[lane].get(Counter::Waiting) > 0 && each[lane].get(Counter::Running) < u64::from(caps[lane + 1]);
        assert!(totals.get(Counter::Running) == u64::from(caps[0]) || !(0..3).any(stuck), "a permit lies idle");
    }
}
