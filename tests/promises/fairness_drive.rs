//! The browser's way to drive, on wasm only: microtask first, the page's turn in between, one timer for all that sleep.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use millpond::{LocalExecutor, ManualClock, Pool, TaskError};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Drops, Recorder, forever, give_way};

fn global(name: &str) -> Function {
    Reflect::get(&js_sys::global(), &name.into()).unwrap_or_default().unchecked_into()
}

/// A turn of the page, as a timer of the page sees it.
async fn page_turn() {
    let promise: Promise = Promise::new(&mut |resolve, _| {
        let set = global("setTimeout").call2(&JsValue::UNDEFINED, &resolve, &JsValue::from(0));
        assert!(set.is_ok());
    });
    assert!(promise.await.is_ok());
}

/// As many microtasks as it takes for what is ready now, and no macrotask.
async fn microtasks() {
    for _ in 0..20 {
        let promise: Promise = Promise::resolve(&JsValue::UNDEFINED);
        assert!(promise.await.is_ok());
    }
}

#[wasm_bindgen_test]
async fn a_task_that_wakes_itself_for_ever_does_not_starve_the_page() {
    let ex = LocalExecutor::new();
    ex.drive();
    let polls = Rc::new(Cell::new(0));
    let task = ex.spawn(forever(polls.clone()));
    for _ in 0..5 {
        let before = polls.get();
        page_turn().await;
        assert!(polls.get() > before, "nor does the page starve the task");
    }
    task.cancel();
}

/// Hosts differ in what they have: Node has all three, a browser no `setImmediate`, jsdom neither of the first two.
#[wasm_bindgen_test]
async fn whatever_the_host_has_gives_the_page_its_turn() {
    let all = ["setImmediate", "MessageChannel"];
    for hidden in [&all[..0], &all[..1], &all[..]] {
        let saved: Vec<_> = hidden.iter().map(|name| (name, global(name))).collect();
        let set = |name: &str, value: &JsValue| assert!(Reflect::set(&js_sys::global(), &name.into(), value).is_ok());
        hidden.iter().for_each(|name| set(name, &JsValue::UNDEFINED));
        let ex = LocalExecutor::new();
        ex.drive_with(Duration::from_millis(1));
        let polls = Rc::new(Cell::new(0));
        let task = ex.spawn(forever(polls.clone()));
        for _ in 0..3 {
            page_turn().await;
        }
        assert!(polls.get() > 0);
        task.cancel();
        saved.iter().for_each(|(name, value)| set(name, value.as_ref()));
    }
}

#[wasm_bindgen_test]
async fn a_task_that_lives_on_microtasks_does_not_starve_the_page() {
    let ex = LocalExecutor::new();
    ex.drive();
    let stop = Rc::new(Cell::new(false));
    let inner = stop.clone();
    let task = ex.spawn(async move {
        while !inner.get() {
            microtasks().await;
        }
    });
    for _ in 0..3 {
        page_turn().await;
    }
    stop.set(true);
    assert!(task.await.is_ok());
}

#[wasm_bindgen_test]
async fn without_a_budget_there_is_still_progress() {
    let ex = LocalExecutor::new();
    ex.drive_with(Duration::ZERO);
    let polls = Rc::new(Cell::new(0));
    let task = ex.spawn(forever(polls.clone()));
    page_turn().await;
    page_turn().await;
    assert!(polls.get() > 0);
    task.cancel();
}

#[wasm_bindgen_test]
async fn the_first_turn_is_a_microtask_and_so_is_each_wake() {
    let ex = LocalExecutor::new();
    let record = Recorder::new();
    ex.drive_with(NO_HOP);
    ex.drive();
    let inner = record.clone();
    ex.spawn(async move { inner.note("first") });
    assert_eq!(record.take(), [""; 0], "never inside the call");
    microtasks().await;
    assert_eq!(record.take(), ["first"]);
    let inner = record.clone();
    ex.spawn(async move { inner.note("second") });
    microtasks().await;
    assert_eq!(record.take(), ["second"]);
}

#[wasm_bindgen_test]
async fn a_deadlock_is_told_in_a_page_too() {
    let ex = LocalExecutor::new();
    ex.drive();
    let Ok(pool) = Pool::builder(&ex).concurrency(1).build() else { panic!("1 is refused") };
    let inner = pool.clone();
    let outer = pool.run(async move { inner.run(async {}).await });
    assert!(matches!(outer.await, Ok(Err(TaskError::Deadlock(_)))));
}

#[wasm_bindgen_test]
async fn a_manual_clock_moved_by_the_page_wakes_what_is_driven() {
    let clock = ManualClock::new();
    let ex = LocalExecutor::with_clock(clock.clone());
    ex.drive();
    let task = ex.spawn(ex.sleep(Duration::from_secs(60)));
    microtasks().await;
    clock.advance(Duration::from_secs(60));
    assert!(task.await.is_ok());
}

/// Real time is its subject.
#[wasm_bindgen_test]
async fn tasks_sleep_by_the_clock_of_the_page() {
    let ex = LocalExecutor::new();
    ex.drive();
    let start = ex.now();
    let inner = ex.clone();
    let task = ex.spawn(async move {
        inner.sleep(Duration::from_millis(3)).await;
        inner.now()
    });
    assert!(task.await.is_ok_and(|end| end >= start + Duration::from_millis(3)));
}

/// Real time is its subject.
#[wasm_bindgen_test]
async fn tasks_sleep_inside_a_run_too() {
    let ex = LocalExecutor::new();
    let task = ex.spawn(ex.sleep(Duration::from_millis(3)));
    assert!(ex.run(task).await.is_ok());
}

#[wasm_bindgen_test]
async fn the_executor_lives_on_without_handles_while_it_has_tasks() {
    let ex = LocalExecutor::new();
    ex.drive();
    let drops = Drops::default();
    let guard = drops.guard();
    let sleep = ex.sleep(Duration::from_millis(1));
    let task = ex.spawn(async move {
        give_way().await;
        sleep.await;
        drop(guard);
    });
    drop(ex);
    assert!(task.await.is_ok());
    assert_eq!(drops.count(), 1);
}

/// A budget that no test uses up, however slow the machine: where the subject is not the hop but what happens before it.
const NO_HOP: Duration = Duration::from_secs(3600);

type OnSet = dyn FnMut(JsValue, f64) -> JsValue;

/// Counts the timers of the page that are set and neither fired nor cleared.
struct Timers {
    set: Function,
    clear: Function,
    open: Rc<Cell<i32>>,
    on_set: Closure<OnSet>,
    on_clear: Closure<dyn FnMut(JsValue)>,
}

impl Timers {
    fn watch() -> Self {
        let (set, clear) = (global("setTimeout"), global("clearTimeout"));
        let open = Rc::new(Cell::new(0));
        let count = |by: i32| {
            let open = open.clone();
            move || open.set(open.get() + by)
        };
        let (opened, closed) = (count(1), count(-1));
        let (real_set, real_clear) = (set.clone(), clear.clone());
        let on_set = Closure::new(move |callback: JsValue, after: f64| {
            assert!(after < 2_147_483_648.0, "a longer delay would fire at once");
            opened();
            real_set.call2(&JsValue::UNDEFINED, &callback, &after.into()).unwrap_or_default()
        });
        let on_clear = Closure::new(move |id: JsValue| {
            closed();
            assert!(real_clear.call1(&JsValue::UNDEFINED, &id).is_ok());
        });
        let watch = Self { set, clear, open, on_set, on_clear };
        watch.install(watch.on_set.as_ref(), watch.on_clear.as_ref());
        watch
    }

    fn install(&self, set: &JsValue, clear: &JsValue) {
        assert!(Reflect::set(&js_sys::global(), &"setTimeout".into(), set).is_ok());
        assert!(Reflect::set(&js_sys::global(), &"clearTimeout".into(), clear).is_ok());
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        self.install(&self.set, &self.clear);
    }
}

#[wasm_bindgen_test]
async fn all_that_sleep_share_one_timer_and_nobody_leaves_one_behind() {
    let ex = LocalExecutor::new();
    ex.drive_with(NO_HOP);
    let timers = Timers::watch();
    let month = Duration::from_secs(30 * 86_400);
    let tasks: Vec<_> = (1..100).map(|number| ex.spawn(ex.sleep(month * number))).collect();
    microtasks().await;
    assert_eq!(timers.open.get(), 1);
    let (last, others) = tasks.split_last().map_or((None, tasks.as_slice()), |(last, others)| (Some(last), others));
    others.iter().for_each(millpond::JoinHandle::cancel);
    microtasks().await;
    assert_eq!(timers.open.get(), 1, "one still sleeps");
    last.into_iter().for_each(millpond::JoinHandle::cancel);
    microtasks().await;
    assert_eq!(timers.open.get(), 0);
}

#[wasm_bindgen_test]
async fn a_run_that_ends_takes_its_timer_along() {
    let ex = LocalExecutor::new();
    let timers = Timers::watch();
    ex.spawn(ex.sleep(Duration::from_secs(3600)));
    ex.run(async {
        microtasks().await;
        assert_eq!(timers.open.get(), 1);
    })
    .await;
    assert_eq!(timers.open.get(), 0);
    assert!(ex.next_deadline().is_some());
}

#[wasm_bindgen_test]
async fn a_month_is_not_over_at_once() {
    let ex = LocalExecutor::new();
    ex.drive();
    let record = Recorder::new();
    let (inner, sleep) = (record.clone(), ex.sleep(Duration::from_secs(30 * 86_400)));
    ex.spawn(async move {
        sleep.await;
        inner.note("over");
    });
    ex.spawn(pending::<()>());
    for _ in 0..3 {
        page_turn().await;
    }
    assert_eq!(record.take(), [""; 0]);
}
