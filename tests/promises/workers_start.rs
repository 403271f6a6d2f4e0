//! Workers, beginning: what is refused and when, how many there are, whose job is whose, and what a job may be.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::rc::Rc;

use millpond::workers::{
    CatchPanic, Counter, Elapsed, EndError, Ending, Job, LessError, MoreError, Pause, Rate, Retry, RunCounts, RunError, RunTimes,
    StartError, Timeout, TripError, WorkError, WorkerContext, WorkersBuilder,
};
use millpond::{Concurrency, Workers};
use wasm_bindgen_test::wasm_bindgen_test;

use super::support::{Drops, Recorder};
use super::workers_kit::{Stubborn, adds_up, executor, ticks};

fn start(describe: impl FnOnce(WorkersBuilder) -> WorkersBuilder) -> Result<usize, String> {
    let ex = executor();
    let calls = Rc::new(Cell::new(0));
    let count = calls.clone();
    let started = describe(Workers::builder(&ex)).start(move || {
        count.set(count.get() + 1);
        async |_cx| {}
    });
    match started {
        Ok(workers) => {
            assert_eq!(calls.get(), workers.current(), "one call for each worker, before start returns");
            Ok(workers.current())
        }
        Err(StartError::Option(error)) => {
            assert_eq!((calls.get(), ex.try_tick()), (0, false), "nothing was made");
            Err(error.to_string())
        }
        Err(other) => panic!("{other}"),
    }
}

#[wasm_bindgen_test(unsupported = test)]
fn initial_above_max_is_refused() {
    assert_eq!(start(|builder| builder.max(2).initial(5)), Err("initial: 5 is refused, use min to max".into()));
    assert_eq!(start(|builder| builder.max(5).initial(5)), Ok(5));
}

#[wasm_bindgen_test(unsupported = test)]
fn min_max_and_initial_are_checked_before_anything_is_called() {
    let zero = "max: 0 is refused, use 1 or more, or Concurrency::Unlimited";
    assert_eq!(start(|builder| builder.max(0)), Err(zero.into()));
    let below = "max: 2 is refused, use min or more, or Concurrency::Unlimited";
    assert_eq!(start(|builder| builder.min(3).max(2).initial(2)), Err(below.into()));
    assert_eq!(start(|builder| builder.min(3).initial(2)), Err("initial: 2 is refused, use min to max".into()));
    assert_eq!(start(|builder| builder.min(1).initial(0)), Err("initial: 0 is refused, use min to max".into()));
    assert_eq!(start(|builder| builder), Ok(1));
    assert_eq!(start(|builder| builder.min(3)), Ok(3));
    assert_eq!(start(|builder| builder.min(3).max(3).initial(3)), Ok(3));
    assert_eq!(start(|builder| builder.max(Concurrency::Unlimited).initial(100)), Ok(100));
}

#[wasm_bindgen_test(unsupported = test)]
fn zero_initial_workers_are_a_start_that_is_paused() {
    let (ex, job) = (executor(), Stubborn::default());
    let workers = job.start(Workers::builder(&ex).initial(0));
    assert_eq!((workers.current(), ex.run_until_idle()), (0, 0));
    assert_eq!(workers.more().ok(), Some(0));
    ex.run_until_idle();
    assert_eq!(job.running(), [0]);
}

#[wasm_bindgen_test(unsupported = test)]
fn each_worker_has_a_job_of_its_own_built_once_in_the_order_of_numbers() {
    let (ex, seen) = (executor(), Recorder::new());
    let (record, mut built) = (seen.clone(), 0);
    let workers = Workers::builder(&ex).initial(2).start(move || {
        let (record, job, mut calls) = (record.clone(), built, 0);
        built += 1;
        async move |cx| {
            calls += 1;
            record.note((job, cx.worker(), cx.run(), calls));
            if calls == 1 {
                return Err("the first call fails, and the job is not built again");
            }
            if calls > 2 {
                cx.cancelled().await;
            }
            Ok(())
        }
    });
    let workers = workers.unwrap();
    ex.run_until_idle();
    assert_eq!(workers.more().ok(), Some(2));
    ex.run_until_idle();
    let mut seen = seen.take();
    seen.sort_unstable();
    let expected: Vec<_> = (0..3_u32).flat_map(|worker| [(worker, 0, 1), (worker, 1, 2), (worker, 2, 3)]).collect();
    assert_eq!(seen, expected.into_iter().map(|(worker, run, calls)| (worker, u64::from(worker), run, calls)).collect::<Vec<_>>());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_job_may_be_any_closure_with_or_without_an_error() {
    async fn function(cx: WorkerContext) {
        cx.cancelled().await;
    }
    let ex = executor();
    let all = [
        Workers::builder(&ex).start(|| function),
        Workers::builder(&ex).start(|| |cx: WorkerContext| async move { cx.cancelled().await }),
        Workers::builder(&ex).start(|| async |cx| cx.until_cancelled(std::future::pending::<()>()).await),
        Workers::builder(&ex).start(|| {
            async |cx| {
                cx.cancelled().await;
                Ok::<(), String>(())
            }
        }),
        Workers::builder(&ex).start(|| {
            async |cx| {
                cx.sleep(std::time::Duration::MAX).await?;
                Ok::<(), Box<dyn std::error::Error>>(())
            }
        }),
    ];
    ex.run_until_idle();
    let reports = all.map(|workers| {
        let workers = workers.unwrap();
        assert_eq!(workers.stats().running, 1);
        let close = workers.close();
        ex.run_until_idle();
        super::workers_kit::ending(&mut { close }).unwrap().unwrap()
    });
    assert_eq!(reports.map(|report| (adds_up(report).succeeded, report.cancelled)), [(1, 0), (1, 0), (0, 1), (1, 0), (0, 1)]);
}

#[wasm_bindgen_test(unsupported = test)]
fn an_error_keeps_its_type_and_a_cancellation_stays_one_behind_any_box() {
    #[derive(Debug, PartialEq)]
    struct Mine(u8);
    impl std::fmt::Display for Mine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("mine")
        }
    }
    impl std::error::Error for Mine {}
    let WorkError::Failed(error) = WorkError::new(Mine(7)) else { panic!("a failure") };
    assert_eq!(error.downcast_ref(), Some(&Mine(7)));
    let boxed: Box<dyn std::error::Error> = WorkError::Cancelled.into();
    assert!(WorkError::new(boxed).is_cancelled());
}

#[wasm_bindgen_test(unsupported = test)]
fn a_job_that_is_always_ready_starves_nobody() {
    let (ex, drops) = (executor(), Drops::default());
    let guard = drops.guard();
    let workers = Workers::builder(&ex).initial(3).start(|| {
        async |cx| {
            if cx.run() > 100 {
                cx.cancelled().await;
            }
        }
    });
    let workers = workers.unwrap();
    let other = ex.spawn(async move {
        super::support::give_way().await;
        drop(guard);
    });
    assert_eq!(ticks(&ex, 3 + 1 + 3 + 1), 3 + 1 + 3 + 1);
    assert_eq!((drops.count(), workers.stats().succeeded), (1, 6));
    drop(other);
}

#[wasm_bindgen_test(unsupported = test)]
fn everything_can_be_printed_and_errors_say_what_happened() {
    let (ex, job) = (executor(), Stubborn::default());
    let builder = Workers::builder(&ex).max(1).layer(Counter::new());
    assert!(format!("{builder:?}").contains("max: AtMost(1)") && format!("{:?}", Retry::exponential(3)).contains("max_times: Some(3)"));
    let workers = job.start(builder);
    ex.run_until_idle();
    assert!(format!("{workers:?}").contains("current: 1") && format!("{:?}", workers.ended()).contains("running: 1"));
    assert!(format!("{:?}{:?}", Counter::new(), Elapsed::new()).contains("panicked: 0"));
    assert_eq!(workers.more().unwrap_err().to_string(), "there are 1 workers already, the most allowed; 0 of them are leaving");
    drop(workers.close());
    assert_eq!(workers.more().unwrap_err().to_string(), "the workers are closed and take no more");
    assert_eq!(workers.less().unwrap_err().to_string(), "the workers are closed, all are leaving");
    assert_eq!(EndError::TimedOut { running: 2 }.to_string(), "2 workers have not ended in time");
    assert_eq!(WorkError::Cancelled.to_string(), "the run was cancelled");
}

#[wasm_bindgen_test(unsupported = test)]
fn what_can_be_moved_and_sent_is_as_claimed() {
    fn moves<T: Unpin + 'static>() {}
    moves::<(Workers, Ending, WorkerContext, Job)>();
    fn goes_anywhere<T: Send + Sync + Copy>() {}
    goes_anywhere::<(RunCounts, RunTimes, LessError, Pause, Rate, Timeout, CatchPanic)>();
    fn is_error<T: std::error::Error>() {}
    is_error::<WorkError>();
    is_error::<StartError>();
    is_error::<MoreError>();
    is_error::<LessError>();
    is_error::<EndError>();
    is_error::<RunError>();
    is_error::<TripError>();
}
