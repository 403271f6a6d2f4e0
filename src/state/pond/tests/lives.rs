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
