//! The JavaScript face: the heart behind free functions over integers, for the npm package.
//!
//! Nothing but numbers crosses: functions, promises and signals stay in JavaScript, in slots under a ticket's index. The heart never
//! calls JavaScript, so nothing is ever re-entered, and it never panics: bad handles are answered by codes. A pond, a lane and a ticket
//! are `u32` handles; times are the milliseconds of `performance.now()`, spans of them may be infinite.
//! `npm/src/core.ts` holds the same table of codes for TypeScript.

use std::cell::{Cell, RefCell, RefMut};

use wasm_bindgen::prelude::wasm_bindgen;

use crate::limit::Limit;
use crate::priority::Level;
use crate::state::slab::Slab;
use crate::state::{Due, Expiry, Id, LaneOptions, Outcome, Phase, Pond, Refused, Time};

/// Half the size of the default allocator, and there are no threads.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Added to a ticket that starts at once.
const STARTED: i32 = 1 << 30;
/// No ticket.
const NONE: i32 = -1;
/// In the place of a lane: the whole pond.
const ALL: u32 = u32::MAX;

type Ponds = RefCell<Slab<Box<Pond>>>;

thread_local! {
    /// For as long as the module: nobody frees a module's memory but its host.
    static PONDS: &'static Ponds = Box::leak(Box::new(RefCell::new(Slab::new())));
    /// The ticket or lane of the event that `due` returned last.
    static SUBJECT: Cell<u32> = const { Cell::new(ALL) };
}

/// The pond of a handle. Never inlined: two dozen exports share it.
#[inline(never)]
fn pond(handle: u32) -> Option<RefMut<'static, Pond>> {
    let ponds = PONDS.with(|ponds| *ponds).try_borrow_mut().ok()?;
    RefMut::filter_map(ponds, |ponds| ponds.get_mut(Id::from_raw(handle)).map(Box::as_mut)).ok()
}

/// Works on a pond; answers with the default for one that does not exist.
fn with<T: Default>(handle: u32, work: impl FnOnce(&mut Pond) -> T) -> T {
    pond(handle).map(|mut pond| work(&mut pond)).unwrap_or_default()
}

fn ticket(ticket: Option<Id>) -> i32 {
    ticket.map_or(NONE, |ticket| ticket.raw().cast_signed())
}

/// A limit of zero never comes from our TypeScript; it is taken as one.
fn limit(count: u32) -> Limit {
    Limit::new(count.max(1)).unwrap_or(Limit::UNLIMITED)
}

/// A new pond, or `u32::MAX` if there are too many.
#[wasm_bindgen]
pub fn pond_new(cap: u32, idle: f64, lifetime: f64) -> u32 {
    let expiry = Expiry { idle: Time::from_millis(idle), lifetime: Time::from_millis(lifetime) };
    let pond = Box::new(Pond::new(limit(cap), expiry));
    let ponds = PONDS.with(|ponds| *ponds).try_borrow_mut().ok();
    ponds.and_then(|mut ponds| ponds.insert(pond).ok()).unwrap_or(Id::NONE).raw()
}

#[wasm_bindgen]
pub fn pond_free(pond: u32) {
    let gone = PONDS.with(|ponds| *ponds).try_borrow_mut().ok().and_then(|mut ponds| ponds.remove(Id::from_raw(pond)));
    drop(gone);
}

#[wasm_bindgen]
pub fn pond_resize(pond: u32, cap: u32) {
    with(pond, |pond| pond.resize(limit(cap)));
}

/// A new lane, or `u32::MAX` if there are too many.
#[wasm_bindgen]
pub fn lane_new(pond: u32, cap: u32, capacity: u32, now: f64) -> u32 {
    let options = LaneOptions { limit: limit(cap), capacity };
    with(pond, |pond| pond.open(options, Time::from_millis(now))).unwrap_or(Id::NONE).raw()
}

/// Removes a lane without tasks.
#[wasm_bindgen]
pub fn lane_free(pond: u32, lane: u32) -> bool {
    with(pond, |pond| pond.remove(Id::from_raw(lane)))
}

#[wasm_bindgen]
pub fn lane_resize(pond: u32, lane: u32, cap: u32) {
    with(pond, |pond| pond.resize_lane(Id::from_raw(lane), limit(cap)));
}

#[wasm_bindgen]
pub fn lane_capacity(pond: u32, lane: u32, capacity: u32) {
    with(pond, |pond| pond.set_capacity(Id::from_raw(lane), capacity));
}

#[wasm_bindgen]
pub fn lane_pause(pond: u32, lane: u32, paused: bool) {
    with(pond, |pond| pond.pause(Id::from_raw(lane), paused));
}

#[wasm_bindgen]
pub fn lane_close(pond: u32, lane: u32) {
    with(pond, |pond| pond.close(Id::from_raw(lane)));
}

#[wasm_bindgen]
pub fn lane_hold(pond: u32, lane: u32) {
    with(pond, |pond| pond.hold(Id::from_raw(lane)));
}

#[wasm_bindgen]
pub fn lane_unhold(pond: u32, lane: u32, now: f64) {
    with(pond, |pond| pond.release(Id::from_raw(lane), Time::from_millis(now)));
}

/// A ticket, with bit 30 set if the task starts now; or -1 full, -2 closed, -3 no such lane, -4 no more tickets.
#[wasm_bindgen]
pub fn submit(pond: u32, lane: u32, priority: f64, now: f64) -> i32 {
    let submitted = with(pond, |pond| Some(pond.submit(Id::from_raw(lane), Level::from_number(priority), Time::from_millis(now))));
    match submitted.unwrap_or(Err(Refused::NoLane)) {
        Ok(task) if task.started => task.ticket.raw().cast_signed() | STARTED,
        Ok(task) => task.ticket.raw().cast_signed(),
        Err(Refused::Full) => -1,
        Err(Refused::Closed) => -2,
        Err(Refused::NoLane) => -3,
        Err(Refused::Exhausted) => -4,
    }
}

/// Settles a task and returns the one that starts in its place, as `next` does.
#[wasm_bindgen]
pub fn finish(pond: u32, task: u32, outcome: u32, now: f64) -> i32 {
    with(pond, |pond| {
        pond.settle(Id::from_raw(task), Outcome::from_number(outcome), Time::from_millis(now));
        Some(ticket(pond.next()))
    })
    .unwrap_or(NONE)
}

/// The next task to start, or -1.
#[wasm_bindgen]
pub fn next(pond: u32) -> i32 {
    ticket(with(pond, Pond::next))
}

/// Takes a waiting task out of the line, cancelled: 1; 0 if it runs, -1 if it is settled.
#[wasm_bindgen]
pub fn cancel(pond: u32, task: u32, now: f64) -> i32 {
    leave(pond, task, Outcome::Cancelled, now)
}

/// As `cancel`, but counted as dropped.
#[wasm_bindgen]
pub fn drop_task(pond: u32, task: u32, now: f64) -> i32 {
    leave(pond, task, Outcome::Dropped, now)
}

fn leave(pond: u32, task: u32, outcome: Outcome, now: f64) -> i32 {
    let task = Id::from_raw(task);
    with(pond, |pond| {
        let waits = pond.is_waiting(task)?;
        Some(i32::from(waits && pond.settle(task, outcome, Time::from_millis(now))))
    })
    .unwrap_or(NONE)
}

/// Changes the priority of a waiting task.
#[wasm_bindgen]
pub fn set_priority(pond: u32, task: u32, priority: f64) -> bool {
    with(pond, |pond| pond.set_level(Id::from_raw(task), Level::from_number(priority)))
}

/// Sets a clock: 0 queue, 1 run, 2 body, 3 total, 4 abandon, 5 unread.
#[wasm_bindgen]
pub fn arm(pond: u32, task: u32, phase: u32, at: f64) {
    if let Some(phase) = Phase::from_number(phase) {
        with(pond, |pond| pond.arm(Id::from_raw(task), phase, Time::from_millis(at)));
    }
}

#[wasm_bindgen]
pub fn disarm(pond: u32, task: u32, phase: u32) {
    arm(pond, task, phase, f64::INFINITY);
}

/// What time has brought: 0 nothing, 1 to 4 a clock (1 + phase), 5 abandoned, 6 recalled, 8 a lane expired, 9 a lane is over its lifetime.
#[wasm_bindgen]
pub fn due(pond: u32, now: f64) -> u32 {
    let Some(due) = with(pond, |pond| pond.due(Time::from_millis(now))) else { return 0 };
    let (code, subject) = match due {
        Due::TimedOut { ticket, phase, .. } => (1 + phase as u32, ticket),
        Due::Abandoned(ticket) => (5, ticket),
        Due::Recalled(ticket) => (6, ticket),
        Due::Expired(lane) => (8, lane),
        Due::Aged(lane) => (9, lane),
    };
    SUBJECT.set(subject.raw());
    code
}

/// Which task or lane the last `due` was about.
#[wasm_bindgen]
pub fn due_id() -> u32 {
    SUBJECT.get()
}

/// When the first clock of a task runs out; infinity if none is set.
#[wasm_bindgen]
pub fn next_deadline(pond: u32) -> f64 {
    with(pond, |pond| Some(pond.next_deadline())).unwrap_or(Time::NEVER).as_millis()
}

/// When the first lane expires; infinity if none will.
#[wasm_bindgen]
pub fn next_expiry(pond: u32) -> f64 {
    with(pond, |pond| Some(pond.next_expiry())).unwrap_or(Time::NEVER).as_millis()
}

/// One counter of a lane, or of the whole pond for `u32::MAX`.
#[wasm_bindgen]
pub fn stat(pond: u32, lane: u32, which: u32) -> f64 {
    with(pond, |pond| {
        let lane = Id::from_raw(lane);
        let all = lane == Id::NONE;
        Some(match which {
            12 if all => pond.limit().get().into(),
            12 => pond.lane_limit(lane)?.get().into(),
            13 => pond.holds(lane).into(),
            which => if all { pond.totals() } else { pond.counts(lane)? }.at(which as usize) as f64,
        })
    })
    .unwrap_or(0.0)
}
