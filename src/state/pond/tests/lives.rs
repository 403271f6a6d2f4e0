//! The lives of lanes: who is idle for longest, whose time is over, and what changes that.

use super::*;
use crate::state::rate::Sliding;

#[test]
fn the_idlest_lane_is_known_whatever_happens_to_the_others() {
    let mut pond = Pond::new(Limit::new(1).unwrap(), Expiry::NEVER);
    let lanes = [0, 1, 2, 3].map(|_| pond.open(options(1, 9), at(0)).unwrap());
    let [a, b, c, d] = lanes;
    assert_eq!(pond.idlest(), Some(a));
    // One waits for the cap over all: it is ready, and not idle.
    let running = submit(&mut pond, a).ticket;
    let waiting = submit(&mut pond, b).ticket;
    assert_eq!((pond.idlest(), pond.next(at(0))), (Some(c), None));
    pond.settle(running, Outcome::Succeeded, at(0));
    assert_eq!((pond.next(at(0)), pond.idlest()), (Some(waiting), Some(c)));
    pond.hold(c);
    pond.pause(d, true);
    pond.close(d);
    assert_eq!(pond.idlest(), Some(d));
    assert!(pond.remove(d));
    pond.release(c, at(0));
    assert_eq!(pond.idlest(), Some(a));
    pond.renew(a, at(0));
    assert_eq!(pond.idlest(), Some(c));
    assert!(pond.remove(c) && pond.remove(a));
    assert_eq!(pond.idlest(), None);
    pond.settle(waiting, Outcome::Succeeded, at(0));
    assert_eq!(pond.idlest(), Some(b));
}

#[test]
fn other_spans_hold_from_the_beginning() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(10), lifetime: at(100) });
    let [a, b] = [0, 5].map(|now| pond.open(options(1, 1), at(now)).unwrap());
    pond.hold(b);
    pond.set_expiry(Expiry { idle: at(20), lifetime: at(30) });
    assert_eq!(dues(&mut pond, at(19)), []);
    assert_eq!(dues(&mut pond, at(20)), [Due::Expired(a, Phase::Idle)]);
    pond.release(b, at(21));
    pond.set_expiry(Expiry { idle: at(5), lifetime: Time::NEVER });
    assert_eq!(pond.next_expiry(), at(26));
    pond.set_expiry(Expiry { idle: Time::NEVER, lifetime: at(30) });
    assert_eq!((pond.next_expiry(), dues(&mut pond, at(35))), (at(35), vec![Due::Expired(b, Phase::Age)]));
}

#[test]
fn a_retired_lane_goes_as_soon_as_it_is_idle() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(10), lifetime: at(100) });
    let [idle, held] = [0, 1].map(|_| pond.open(options(1, 1), at(0)).unwrap());
    pond.hold(held);
    assert!(pond.retire(idle) && !pond.retire(held) && !pond.retire(idle));
    assert_eq!((pond.next_expiry(), pond.lane_limit(idle)), (Time::NEVER, None));
    pond.release(held, at(1));
    assert_eq!(dues(&mut pond, at(1)), [Due::Expired(held, Phase::Idle)]);
}

#[test]
fn a_lane_is_not_forgotten_with_a_hold_on_it_or_starts_that_count() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry { idle: at(10), lifetime: Time::NEVER });
    let [held, rated] = [0, 1].map(|_| pond.open(options(1, 1), at(0)).unwrap());
    pond.hold_until(held, at(30), at(0));
    pond.set_rate(rated, Rate::Sliding(Sliding::new(5, at(40))));
    let task = pond.submit(rated, Level::default(), at(5)).unwrap();
    pond.settle(task.ticket, Outcome::Succeeded, at(5));
    assert_eq!(dues(&mut pond, at(29)), []);
    assert_eq!(dues(&mut pond, at(44)), [Due::Expired(held, Phase::Idle)]);
    assert_eq!(dues(&mut pond, at(45)), [Due::Expired(rated, Phase::Idle)]);
}

#[test]
fn a_closed_lane_gets_back_what_nobody_reads_and_no_other_does() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let [closed, other] = [0, 1].map(|_| pond.open(options(9, 9), at(0)).unwrap());
    let mut unread = |lane, until| {
        let ticket = pond.submit(lane, Level::default(), at(0)).unwrap().ticket;
        pond.arm(ticket, Phase::Unread, at(until));
        ticket
    };
    let [_, a, b, late] = [unread(other, 1), unread(closed, 2), unread(closed, 3), unread(closed, 9)];
    assert_eq!(dues(&mut pond, at(5)), [], "nobody waits");
    pond.close(closed);
    pond.recall_all(closed, at(5));
    assert_eq!(dues(&mut pond, at(5)), [Due::Recalled(b), Due::Recalled(a)]);
    assert_eq!(dues(&mut pond, at(9)), [Due::Recalled(late)]);
    assert_eq!((pond.is_drained(closed), pond.is_drained(other)), (true, false));
    pond.recall_all(closed, at(9));
    pond.recall_all(other, at(9));
    assert!(pond.is_drained(other));
}

/// A running task whose permit may be recalled from `at(1)` on.
fn unread(pond: &mut Pond, lane: Id) -> Id {
    let ticket = pond.submit(lane, Level::default(), at(0)).unwrap().ticket;
    pond.arm(ticket, Phase::Unread, at(1));
    ticket
}

#[test]
fn nothing_is_recalled_for_a_lane_that_may_not_start_anyway() {
    for stop in [|pond: &mut Pond, lane| pond.pause(lane, true), |pond: &mut Pond, lane| pond.hold_until(lane, at(9), at(1))] {
        let (mut pond, lane) = single(1, 9);
        unread(&mut pond, lane);
        assert_eq!(dues(&mut pond, at(1)), []);
        stop(&mut pond, lane);
        assert!(!pond.submit(lane, Level::default(), at(1)).unwrap().started);
        assert_eq!(counts(&pond, lane).get(Counter::Recalled), 0);
    }
}

#[test]
fn what_is_recalled_is_of_use_to_who_comes() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let [a, b, full] = [0, 1, 2].map(|_| pond.open(options(1, 9), at(0)).unwrap());
    let [in_a, in_b] = [a, b].map(|lane| unread(&mut pond, lane));
    submit(&mut pond, full);
    assert_eq!(dues(&mut pond, at(1)), []);
    assert!(!pond.submit(full, Level::default(), at(1)).unwrap().started, "no other lane's permit helps");
    assert_eq!(dues(&mut pond, at(1)), []);
    assert!(pond.submit(b, Level::default(), at(1)).unwrap().started);
    assert_eq!((dues(&mut pond, at(1)), pond.is_waiting(in_a)), (vec![Due::Recalled(in_b)], Some(false)));
}

#[test]
fn as_much_is_recalled_as_a_heavy_task_needs() {
    let (mut pond, lane) = single(3, 9);
    for _ in 0..3 {
        unread(&mut pond, lane);
    }
    assert_eq!(dues(&mut pond, at(1)), []);
    let offer = |weight| Offer { level: Level::default(), weight };
    assert!(pond.submit(lane, offer(2), at(1)).unwrap().started);
    assert_eq!(counts(&pond, lane).get(Counter::Recalled), 2);
}

#[test]
fn clocks_that_nobody_has_kept_start_when_they_are_told_to() {
    let (mut pond, _) = single(1, 1);
    pond.start_clocks(at(100));
    pond.set_expiry(Expiry { idle: at(10), lifetime: at(50) });
    assert_eq!((dues(&mut pond, at(109)).len(), dues(&mut pond, at(110)).len()), (0, 1));
}

#[test]
fn how_full_a_lane_is_is_judged_by_who_is_next() {
    let mut pond = Pond::new(limit(4), Expiry::NEVER);
    let lane = pond.open(options(3, 9), at(0)).unwrap();
    submit(&mut pond, lane);
    assert_eq!((pond.is_full(lane), pond.is_full_over_all(lane), pond.waiting_in(lane)), (false, false, 0));
    let offer = |weight| Offer { level: Level::default(), weight };
    pond.submit(lane, offer(3), at(0)).unwrap();
    pond.submit(lane, offer(1), at(0)).unwrap();
    assert_eq!((pond.is_full(lane), pond.is_full_over_all(lane), pond.waiting_in(lane)), (true, false, 2));
    pond.resize(limit(3));
    assert!(pond.is_full_over_all(lane));
}
