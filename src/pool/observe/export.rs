//! What a named pool tells the `metrics` facade. Names and units follow the conventions of Prometheus.

use metrics::{Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::Scope;
use super::books::{Note, Spent};
use crate::event::{EventKind, TaskOutcome};
use crate::limit::Concurrency;

const SUBMITTED: &str = "millpond_tasks_submitted_total";
const REJECTED: &str = "millpond_tasks_rejected_total";
const ENDED: &str = "millpond_tasks_total";
const WAITING: &str = "millpond_tasks_waiting";
const RUNNING: &str = "millpond_tasks_running";
const CONCURRENCY: &str = "millpond_concurrency";
const WAIT: &str = "millpond_wait_seconds";
const RUN: &str = "millpond_run_seconds";

/// The instruments of one pool, looked up once: a recorder that is installed later hears nothing of it.
pub(super) struct Exporter {
    scope: Scope,
    submitted: Counter,
    rejected: Counter,
    succeeded: Counter,
    failed: Counter,
    panicked: Counter,
    cancelled: Counter,
    timed_out: Counter,
    dropped: Counter,
    waiting: Gauge,
    running: Gauge,
    concurrency: Gauge,
    wait: Histogram,
    run: Histogram,
}

impl Exporter {
    pub(super) fn new(name: &str, scope: Scope) -> Self {
        describe();
        let ended = |outcome: &'static str| counter!(ENDED, "pool" => name.to_owned(), "outcome" => outcome);
        let exporter = Self {
            scope,
            submitted: counter!(SUBMITTED, "pool" => name.to_owned()),
            rejected: counter!(REJECTED, "pool" => name.to_owned()),
            succeeded: ended("succeeded"),
            failed: ended("failed"),
            panicked: ended("panicked"),
            cancelled: ended("cancelled"),
            timed_out: ended("timed_out"),
            dropped: ended("dropped"),
            waiting: gauge!(WAITING, "pool" => name.to_owned()),
            running: gauge!(RUNNING, "pool" => name.to_owned()),
            concurrency: gauge!(CONCURRENCY, "pool" => name.to_owned()),
            wait: histogram!(WAIT, "pool" => name.to_owned()),
            run: histogram!(RUN, "pool" => name.to_owned()),
        };
        exporter.waiting.increment(0.0);
        exporter.running.increment(0.0);
        exporter.concurrency.set(f64::INFINITY);
        exporter
    }

    pub(super) fn export(&self, note: &Note) {
        let is_its_limit = note.event.pool.is_none() == (self.scope == Scope::Manager);
        match note.event.kind {
            EventKind::Opened { concurrency } | EventKind::Resized { concurrency } if is_its_limit => {
                self.concurrency.set(limit(concurrency))
            }
            EventKind::Submitted { .. } => {
                self.submitted.increment(1);
                self.waiting.increment(1.0);
            }
            EventKind::Started => self.running.increment(1.0),
            EventKind::Settled(outcome) => self.ended(outcome).increment(1),
            EventKind::Rejected(_) => self.rejected.increment(1),
            _ => {}
        }
        match note.spent {
            Some(Spent::Waiting(span)) => {
                self.waiting.decrement(1.0);
                self.wait.record(span);
            }
            Some(Spent::Running(span)) => {
                self.running.decrement(1.0);
                self.run.record(span);
            }
            None => {}
        }
    }

    const fn ended(&self, outcome: TaskOutcome) -> &Counter {
        match outcome {
            TaskOutcome::Succeeded => &self.succeeded,
            TaskOutcome::Failed => &self.failed,
            TaskOutcome::Panicked => &self.panicked,
            TaskOutcome::Cancelled | TaskOutcome::Closed => &self.cancelled,
            TaskOutcome::TimedOut(_) => &self.timed_out,
            TaskOutcome::Dropped => &self.dropped,
        }
    }
}

fn limit(concurrency: Concurrency) -> f64 {
    match concurrency {
        Concurrency::AtMost(count) => count.into(),
        Concurrency::Unlimited => f64::INFINITY,
    }
}

fn describe() {
    describe_counter!(SUBMITTED, Unit::Count, "Tasks accepted");
    describe_counter!(REJECTED, Unit::Count, "Tasks refused, because the line was full or the pool closed");
    describe_counter!(ENDED, Unit::Count, "Tasks ended, by outcome");
    describe_gauge!(WAITING, Unit::Count, "Tasks accepted and not started");
    describe_gauge!(RUNNING, Unit::Count, "Tasks started and not ended");
    describe_gauge!(CONCURRENCY, Unit::Count, "How many may run at once");
    describe_histogram!(WAIT, Unit::Seconds, "From acceptance to the start, or to the end of a task that never started");
    describe_histogram!(RUN, Unit::Seconds, "From the start to the end");
}
