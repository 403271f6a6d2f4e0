//! Handing a permit over is settling and starting, whatever else goes on.

use super::*;
use crate::policy::{Order, Overflow};
use crate::state::rate::Even;

#[test]
fn the_next_of_the_line_has_the_permit_of_the_one_that_ended() {
    let (mut pond, lane) = single(1, u32::MAX);
    let tasks: Vec<Submitted> = (0..3).map(|_| submit(&mut pond, lane)).collect();
    pond.arm(tasks[1].ticket, Phase::Queue, at(5));
    assert_eq!(pond.hand_over(tasks[0].ticket, Outcome::Failed, Time::ZERO), Some(tasks[1].ticket));
    assert_eq!((pond.next_deadline(), pond.is_waiting(tasks[1].ticket), pond.used), (Time::NEVER, Some(false), 1));
    assert_eq!(pond.hand_over(tasks[1].ticket, Outcome::Succeeded, Time::ZERO), Some(tasks[2].ticket));
    assert_eq!(pond.hand_over(tasks[2].ticket, Outcome::Succeeded, Time::ZERO), None);
    let ended = [(Counter::Submitted, 3), (Counter::Failed, 1), (Counter::Succeeded, 2)];
    assert_eq!((counts(&pond, lane), pond.used), (Counts::of(&ended), 0));
}

#[test]
fn another_lane_has_its_turn() {
    let mut pond = Pond::new(limit(1), Expiry::NEVER);
    let lanes = [1, 1].map(|count| pond.open(options(count, 9), Time::ZERO).unwrap());
    let [first, second, other] = [lanes[0], lanes[0], lanes[1]].map(|lane| submit(&mut pond, lane).ticket);
    assert_eq!(pond.hand_over(first, Outcome::Succeeded, Time::ZERO), Some(other));
    assert_eq!(pond.hand_over(other, Outcome::Succeeded, Time::ZERO), Some(second));
}

#[test]
fn a_response_nobody_reads_is_not_recalled_any_more_once_it_has_handed_over() {
    let (mut pond, lane) = single(1, 9);
    let unread = submit(&mut pond, lane).ticket;
    pond.arm(unread, Phase::Unread, at(1));
    assert_eq!(dues(&mut pond, at(1)), []);
    pond.pause(lane, true);
    let next = submit(&mut pond, lane).ticket;
    pond.pause(lane, false);
    assert_eq!(pond.hand_over(unread, Outcome::Succeeded, at(1)), Some(next));
    pond.recall_all(lane, at(1));
    assert_eq!((dues(&mut pond, at(1)), pond.lapsed.head()), (vec![], None));
}

#[test]
fn who_has_risen_meanwhile_comes_first() {
    let mut pond = Pond::new(Limit::UNLIMITED, Expiry::NEVER);
    let lane = pond.open(LaneOptions { aging: at(7), ..LaneOptions::new(limit(1)) }, Time::ZERO).unwrap();
    let mut come = |class: Priority, millis| pond.submit(lane, Level::from(class), at(millis)).unwrap().ticket;
    let [running, patient, _] =
        [(Priority::Normal, 0), (Priority::Low, 0), (Priority::Normal, 1)].map(|(class, millis)| come(class, millis));
    assert_eq!(pond.hand_over(running, Outcome::Succeeded, at(7)), Some(patient));
}

#[test]
fn is_the_same_as_settling_and_starting_through_random_work() {
    for seed in 1..80 {
        twins(seed);
    }
}

/// Does to two ponds the same, but that one of them hands over what the other settles and starts.
fn twins(mut seed: u64) {
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let expiry = [Expiry::NEVER, Expiry { idle: at(40), lifetime: Time::NEVER }][random(2)];
    let cap = limit([3, 6, u32::MAX][random(3)]);
    let mut ponds = [Pond::new(cap, expiry), Pond::new(cap, expiry)];
    let (is_plain, heaviest) = (random(2) == 0, 1 + random(3));
    let lanes = [1, 2, 4].map(|cap| {
        let mut options = options(cap, 6);
        if !is_plain {
            options.order = [Order::Fifo, Order::Lifo][random(2)];
            options.overflow = [Overflow::Reject, Overflow::DropOldest][random(2)];
            options.aging = [Time::NEVER, at(7)][random(2)];
            options.rate = [None, Some(Even::new(1, at(3), 4))][random(2)];
        }
        let [one, other] = ponds.each_mut().map(|pond| pond.open(options, Time::ZERO).unwrap());
        assert_eq!(one, other);
        one
    });
    let mut alive: Vec<Id> = Vec::new();
    for step in 0..400 {
        let now = at(step);
        let (lane, which, number) = (lanes[random(3)], random(alive.len().max(1)), random(5));
        let chosen = alive.get(which).copied();
        match (random(12), chosen) {
            (0..5, _) => {
                let offer = Offer { level: Level::from_number(random(3) as f64), weight: 1 + random(heaviest) as u32 };
                let [one, other] = ponds.each_mut().map(|pond| pond.submit(lane, offer, now));
                assert_eq!(one, other);
                if let Ok(task) = one {
                    alive.push(task.ticket);
                    alive.retain(|&other| Some(other) != task.dropped);
                }
            }
            (5..8, Some(ticket)) if ponds[0].is_waiting(ticket) == Some(false) => {
                let [one, other] = &mut ponds;
                assert!(one.settle(ticket, Outcome::Failed, now));
                assert_eq!(one.next(now), other.hand_over(ticket, Outcome::Failed, now));
            }
            (8, Some(ticket)) => {
                let level = Level::from_number(number as f64);
                let [one, other] = ponds.each_mut().map(|pond| pond.set_level(ticket, level, now));
                assert_eq!(one, other);
            }
            (9, Some(ticket)) if ponds[0].is_waiting(ticket) == Some(false) => {
                let phase = [Phase::Run, Phase::Unread, Phase::Abandon][random(3)];
                ponds.iter_mut().for_each(|pond| pond.arm(ticket, phase, at(step + 2)));
            }
            (10, _) => ponds.iter_mut().for_each(|pond| match number {
                0 => pond.pause(lane, true),
                1 => pond.hold_until(lane, at(step + 4), now),
                2 => pond.resize_lane(lane, limit(1 + which as u32)),
                3 => pond.resize(limit(1 + which as u32)),
                _ => pond.pause(lane, false),
            }),
            _ => {}
        }
        let [one, other] = ponds.each_mut().map(|pond| dues(pond, now));
        assert_eq!(one, other);
        let [one, other] = ponds.each_mut().map(|pond| std::iter::from_fn(|| pond.next(now)).collect::<Vec<Id>>());
        assert_eq!(one, other);
        alive.retain(|ticket| ponds[0].is_waiting(*ticket).is_some());
        let [one, other] =
            ponds.each_ref().map(|pond| (pond.used, pond.totals(), lanes.map(|lane| (pond.counts(lane), pond.demand(lane)))));
        assert_eq!(one, other);
        assert!(alive.iter().all(|&ticket| ponds[0].is_waiting(ticket) == ponds[1].is_waiting(ticket)));
    }
}
