//! The feature `metrics`: what named pools count is what their statistics say, under names as Prometheus likes them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::future::pending;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use millpond::{LocalExecutor, ManualClock, Pool, PoolManager};

const SECOND: Duration = Duration::from_secs(1);

/// Runs a scene with a recorder of its own, and gives what it has recorded: the lines that begin so.
fn lines_of(start: &str, scene: impl FnOnce(&LocalExecutor)) -> Vec<String> {
    let recorder = PrometheusBuilder::new().set_buckets(&[1.0, 10.0]).unwrap().build_recorder();
    // It outlives the scene: what has not ended would be cancelled with it.
    let ex = LocalExecutor::with_clock(ManualClock::new());
    metrics::with_local_recorder(&recorder, || scene(&ex));
    let text = recorder.handle().render();
    text.lines().filter(|line| line.starts_with(start)).map(str::to_owned).collect()
}

/// The same, without comments.
fn recorded(scene: impl FnOnce(&LocalExecutor)) -> Vec<String> {
    lines_of("millpond", scene)
}

fn assert_has(lines: &[String], expected: &[&str]) {
    for line in expected {
        assert!(lines.iter().any(|known| known == line), "no {line} in\n{}", lines.join("\n"));
    }
}

#[test]
fn a_named_pool_exports_what_its_statistics_say() {
    let lines = recorded(|ex| {
        let pool = Pool::builder(ex).name("a").concurrency(1).queue_capacity(3).build().unwrap();
        let _ends = pool.task(ex.sleep(2 * SECOND)).try_submit();
        let late = pool.task(pending::<()>()).queue_timeout(SECOND).try_submit().unwrap();
        let stuck = pool.task(pending::<()>()).timeout(5 * SECOND).try_submit().unwrap();
        pool.try_submit(async {}).unwrap().cancel();
        let runs = pool.try_submit(pending::<()>()).unwrap();
        assert!(pool.try_submit(async {}).is_err());
        ex.advance(20 * SECOND).unwrap();
        let waits = pool.try_submit(pending::<()>()).unwrap();
        pool.resize(1).unwrap();
        let stats = pool.stats();
        assert_eq!((stats.submitted, stats.waiting, stats.running, stats.rejected), (6, 1, 1, 1));
        drop((late, stuck, runs, waits));
    });
    assert_has(
        &lines,
        &[
            "millpond_tasks_submitted_total{pool=\"a\"} 6",
            "millpond_tasks_rejected_total{pool=\"a\"} 1",
            "millpond_tasks_total{pool=\"a\",outcome=\"succeeded\"} 1",
            "millpond_tasks_total{pool=\"a\",outcome=\"timed_out\"} 2",
            "millpond_tasks_total{pool=\"a\",outcome=\"cancelled\"} 1",
            "millpond_tasks_total{pool=\"a\",outcome=\"panicked\"} 0",
            "millpond_tasks_waiting{pool=\"a\"} 1",
            "millpond_tasks_running{pool=\"a\"} 1",
            "millpond_concurrency{pool=\"a\"} 1",
            // Five have left the line: at once, cancelled at once, after 1, 2 and 7 seconds. Two have ended, after 2 and 5.
            "millpond_wait_seconds_count{pool=\"a\"} 5",
            "millpond_wait_seconds_bucket{pool=\"a\",le=\"1\"} 3",
            "millpond_wait_seconds_sum{pool=\"a\"} 10",
            "millpond_run_seconds_count{pool=\"a\"} 2",
            "millpond_run_seconds_sum{pool=\"a\"} 7",
        ],
    );
}

#[test]
fn a_panic_and_a_lost_executor_are_counted() {
    let lines = recorded(|ex| {
        let inner = LocalExecutor::new();
        let pool = Pool::builder(&inner).name("b").build().unwrap();
        let _panics = pool.try_submit(async { panic!("on purpose") }).unwrap();
        inner.run_until_idle();
        let _lost = pool.try_submit(pending::<()>()).unwrap();
        drop(inner);
        assert_eq!(ex.run_until_idle(), 0);
    });
    assert_has(
        &lines,
        &[
            "millpond_tasks_total{pool=\"b\",outcome=\"panicked\"} 1",
            "millpond_tasks_total{pool=\"b\",outcome=\"cancelled\"} 1",
            "millpond_tasks_running{pool=\"b\"} 0",
            "millpond_concurrency{pool=\"b\"} inf",
        ],
    );
}

#[test]
fn a_manager_exports_all_its_pools_under_one_name() {
    let lines = recorded(|ex| {
        let builder = PoolManager::builder(ex).name("tenants").concurrency(7).pool_concurrency(1);
        let manager: PoolManager<u32> = builder.build().unwrap();
        for key in 0..100 {
            drop(manager.get(key).unwrap().try_submit(async {}).unwrap());
        }
        manager.resize(9).unwrap();
        manager.get(1).unwrap().resize(3).unwrap();
        ex.run_until_idle();
    });
    assert_has(&lines, &["millpond_tasks_submitted_total{pool=\"tenants\"} 100", "millpond_concurrency{pool=\"tenants\"} 9"]);
    assert!(lines.len() < 30, "as many as for one pool");
}

#[test]
fn a_pool_without_a_name_exports_nothing() {
    let lines = recorded(|ex| drop(ex.block_on(Pool::builder(ex).build().unwrap().run(async {}))));
    assert_eq!(lines, Vec::<String>::new());
}

#[test]
fn every_metric_says_what_it_is() {
    let scene = |ex: &LocalExecutor| drop(ex.block_on(Pool::builder(ex).name("c").build().unwrap().run(async {})));
    let names = |lines: Vec<String>| lines.iter().filter_map(|line| line.split(' ').nth(2).map(str::to_owned)).collect::<BTreeSet<_>>();
    let told = names(lines_of("# HELP millpond", scene));
    assert_eq!(told.len(), 8, "{told:?}");
    assert_eq!(told, names(lines_of("# TYPE millpond", scene)));
    assert_has(&lines_of("# HELP", scene), &["# HELP millpond_tasks_total Tasks ended, by outcome"]);
}
