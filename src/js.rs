//! The JavaScript face: the heart behind two functions over numbers, for the npm package.
//!
//! Nothing but numbers crosses: functions, promises and signals stay in JavaScript, in slots under a ticket's index. The heart never
//! calls JavaScript, so nothing is ever re-entered, and it never panics: bad handles are answered by codes. A pond, a lane and a ticket
//! are `u32` handles; times are the milliseconds of `performance.now()`, spans of them may be infinite, and so may counts.
//!
//! There are two functions, and not one for each thing that can be done, because whatever all of them do (find the pond, lend it, give it
//! back) is paid for in every export of a module that travels as text. [`act`] does, [`read`] looks.
//!
//! | `act(what, pond, id, number, at)` | |
//! | --- | --- |
//! | 0 new pond, `number` and `at` the idle time and the lifetime of its lanes | its handle, without a cap |
//! | 1 free a pond | |
//! | 2 resize a pond, `number` its cap | |
//! | 3 new lane, `number` its limit, `id` its policy: 1 for last in first out, and 2 for a full line that drops the oldest, 4 for one that drops the lowest | its handle, with an unbounded line |
//! | 4 free lane `id`, if it has no task | 1 if so |
//! | 5 resize lane `id`, `number` its limit | |
//! | 6 bound the line of lane `id`, `number` the most that may wait | |
//! | 7 pause lane `id`, or resume it if `number` is 0 | |
//! | 8 close lane `id` | |
//! | 9 hold lane `id`, or let go of it if `number` is 0 | |
//! | 10 submit to lane `id`, `number` the priority, and its weight less one in the bits of `what` from 8 | the ticket, with bit 30 set if the task starts now; -1 full, -2 closed, -4 no more tickets; who was dropped for it is the subject |
//! | 11 finish task `id`, `number` the outcome | the next task to start, as 12 |
//! | 12 next | the next task to start, which now holds a permit, with bit 30 set if there may be another; -1 if there is none |
//! | 13 withdraw task `id` if it waits, `number` the outcome | 1 if it waited, 0 if it runs |
//! | 14 change the priority of task `id`, `number` the new one | 1 if it waits |
//! | 15 set clock `number` of task `id` to `at`, which may be never | |
//! | 16 due | what time has brought: 0 nothing, 1 to 4 a clock (1 + phase), 5 abandoned, 6 recalled, 8 a lane expired, 9 a lane is over its lifetime, 10 a lane is held no longer |
//! | 17 rate of lane `id`: `number` starts at most in any span of `at` | |
//! | 18 hold lane `id` until `number`: nothing starts in it before | |
//! | 19 evict the lane that has been idle longest | 1 if there was one, which is the subject |
//!
//! Where there is no such pond, lane or task the answer is -3. `at` is the present where nothing else is said.
//! `npm/src/calls.ts` holds the same numbers for TypeScript.

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::wasm_bindgen;

use crate::limit::Limit;
use crate::policy::{Order, Overflow};
use crate::priority::Level;
use crate::state::rate::{Rate, Sliding};
use crate::state::slab::Slab;
use crate::state::{Due, Expiry, Id, LaneOptions, Offer, Outcome, Phase, Pond, Refused, Time};

/// A fraction of the default allocator. It looks through all that is free, which is little: nothing is allocated but a dozen tables a pond, and pieces of one.
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// Added to a ticket that starts at once, and to one after which another may start.
const FLAG: i32 = 1 << 30;
/// No task.
const NONE: i32 = -1;
/// No such pond, lane or task.
const GONE: i32 = -3;

type Ponds = Slab<Pond>;

thread_local! {
    static PONDS: RefCell<Ponds> = const { RefCell::new(Slab::new()) };
    /// The ticket or lane of the event that came due last.
    static SUBJECT: Cell<Id> = const { Cell::new(Id::NONE) };
}

fn with<T>(work: impl FnOnce(&mut Ponds) -> Option<T>) -> Option<T> {
    PONDS.with(|ponds| work(&mut *ponds.try_borrow_mut().ok()?))
}

fn handle(id: Id) -> i32 {
    id.raw().cast_signed()
}

fn next(pond: &mut Pond, now: Time) -> i32 {
    pond.next(now).map_or(NONE, |ticket| flagged(ticket, pond.has_ready()))
}

fn flagged(ticket: Id, flag: bool) -> i32 {
    handle(ticket) | if flag { FLAG } else { 0 }
}

/// A limit of zero never comes from our TypeScript; it is taken as none.
fn limit(count: f64) -> Limit {
    Limit::new(count as u32).unwrap_or(Limit::UNLIMITED)
}

/// Does one of the things in the table above.
#[wasm_bindgen]
pub fn act(what: u32, pond: u32, id: u32, number: f64, at: f64) -> i32 {
    let (pond, id) = (Id::from_raw(pond), Id::from_raw(id));
    let answer = with(|ponds| match what {
        0 => {
            let expiry = Expiry { idle: Time::from_millis(number), lifetime: Time::from_millis(at) };
            ponds.insert(Pond::new(Limit::UNLIMITED, expiry)).map(handle)
        }
        1 => ponds.remove(pond).map(|_| 0),
        _ => act_on(ponds.get_mut(pond)?, what & 0xff, what >> 8, id, number, Time::from_millis(at)),
    });
    answer.unwrap_or(GONE)
}

fn act_on(pond: &mut Pond, what: u32, more: u32, id: Id, number: f64, at: Time) -> Option<i32> {
    match what {
        2 => pond.resize(limit(number)),
        3 => return pond.open(policy(id.raw(), LaneOptions::new(limit(number))), at).map(handle),
        4 => return Some(pond.remove(id).into()),
        5 => pond.resize_lane(id, limit(number)),
        6 => pond.set_capacity(id, number as u32),
        7 => pond.pause(id, number != 0.0),
        8 => {
            pond.close(id);
            pond.recall_all(id, at);
        }
        9 if number == 0.0 => pond.release(id, at),
        9 => pond.hold(id),
        10 => return Some(submit(pond, id, Offer { level: Level::from_number(number), weight: more + 1 }, at)),
        11 => {
            pond.settle(id, Outcome::from_number(number as u32), at);
            return Some(next(pond, at));
        }
        12 => return Some(next(pond, at)),
        13 => return Some((pond.is_waiting(id)? && pond.settle(id, Outcome::from_number(number as u32), at)).into()),
        14 => return Some(pond.set_level(id, Level::from_number(number), at).into()),
        15 => pond.arm(id, Phase::from_number(number as u32)?, at),
        16 => return Some(pond.due(at).map_or(0, event)),
        17 => pond.set_rate(id, Rate::Sliding(Sliding::new(number as u32, at))),
        18 => pond.hold_until(id, Time::from_millis(number), at),
        _ => {
            let idlest = pond.idlest()?;
            SUBJECT.set(idlest);
            return Some(pond.retire(idlest).into());
        }
    }
    Some(0)
}

fn policy(bits: u32, options: LaneOptions) -> LaneOptions {
    let order = if bits & 1 == 0 { Order::Fifo } else { Order::Lifo };
    let overflow = match bits >> 1 {
        0 => Overflow::Reject,
        1 => Overflow::DropOldest,
        _ => Overflow::DropLowest,
    };
    LaneOptions { order, overflow, ..options }
}

fn submit(pond: &mut Pond, lane: Id, offer: Offer, now: Time) -> i32 {
    match pond.submit(lane, offer, now) {
        Ok(task) => {
            SUBJECT.set(task.dropped.unwrap_or(Id::NONE));
            flagged(task.ticket, task.started)
        }
        Err(Refused::Full) => -1,
        Err(Refused::Closed) => -2,
        Err(Refused::NoLane) => GONE,
        Err(Refused::Exhausted) => -4,
    }
}

/// The code of an event; whose it is, is kept to be asked for.
fn event(due: Due) -> i32 {
    let (code, subject) = match due {
        Due::TimedOut { ticket, phase, .. } => (1 + phase as i32, ticket),
        Due::Abandoned(ticket) => (5, ticket),
        Due::Recalled(ticket) => (6, ticket),
        Due::Expired(lane, _) => (8, lane),
        Due::Aged(lane) => (9, lane),
        Due::Resumed(lane) => (10, lane),
    };
    SUBJECT.set(subject);
    code
}

/// One number about a lane, or about the whole pond for `u32::MAX`: 0 to 11 a counter, 13 when the first clock of a task runs
/// out, 14 when the first lane expires (both infinite if none will), 15 the task or lane the last answer was about, `u32::MAX` for none, 16 when
/// the first lane that is held is held no longer, 17 whether a task could start now, its weight less one in the bits of `which` from 8.
#[wasm_bindgen]
pub fn read(pond: u32, lane: u32, which: u32) -> f64 {
    let lane = Id::from_raw(lane);
    let answer = with(|ponds| {
        let pond = ponds.get_mut(Id::from_raw(pond))?;
        Some(match which & 0xff {
            13 => pond.next_deadline().as_millis(),
            14 => pond.next_expiry().as_millis(),
            15 => SUBJECT.get().raw().into(),
            16 => pond.next_resumption().as_millis(),
            17 => pond.starts_at_once(lane, (which >> 8) + 1).into(),
            counter => pond.count(lane, counter as usize) as f64,
        })
    });
    answer.unwrap_or(0.0)
}
