//! The feature `tracing`: a span for each task of a named pool, below the submitter's, entered for each poll; and its transitions.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::cell::Cell;
use std::fmt::Debug;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use millpond::{LocalExecutor, Pool};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber, info_span, subscriber};

/// Writes down every span that is made, entered and closed, and every event with its parent.
#[derive(Clone, Default)]
struct Notebook {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

thread_local! {
    static CURRENT: Cell<u64> = const { Cell::new(0) };
    static OUTER: Cell<u64> = const { Cell::new(0) };
}

impl Notebook {
    fn note(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.lock().unwrap())
    }
}

/// All fields of a span or an event, as a text.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {}={value:?}", field.name());
    }
}

impl Subscriber for Notebook {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let parent = span.parent().map_or_else(|| if span.is_contextual() { CURRENT.get() } else { 0 }, Id::into_u64);
        let mut fields = Fields::default();
        span.record(&mut fields);
        self.note(format!("new {id} in {parent}: {}{}", span.metadata().name(), fields.0));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let parent = event.parent().map_or_else(|| if event.is_contextual() { CURRENT.get() } else { 0 }, Id::into_u64);
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.note(format!("event in {parent}:{}", fields.0));
    }

    fn enter(&self, span: &Id) {
        OUTER.set(CURRENT.replace(span.into_u64()));
        self.note(format!("enter {}", span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        CURRENT.set(OUTER.get());
        self.note(format!("exit {}", span.into_u64()));
    }
}

fn noted(scene: impl FnOnce(&Notebook)) {
    let notebook = Notebook::default();
    subscriber::with_default(notebook.clone(), || scene(&notebook));
}

#[test]
fn a_task_runs_in_a_span_below_the_one_it_was_submitted_in() {
    noted(|notebook| {
        let ex = LocalExecutor::new();
        let pool = Pool::builder(&ex).name("mill").concurrency(1).build().unwrap();
        notebook.take();
        let mut polls = 0;
        let twice = poll_fn(move |cx| {
            polls += 1;
            cx.waker().wake_by_ref();
            if polls == 2 { Poll::Ready(CURRENT.get()) } else { Poll::Pending }
        });
        let task = info_span!("request").in_scope(|| pool.try_submit(twice).unwrap());
        assert_eq!(
            notebook.take(),
            [
                "new 1 in 0: request",
                "enter 1",
                "new 2 in 1: task pool=\"mill\" task=1",
                "event in 2: message=submitted priority=normal pool=\"mill\" key=1 task=1",
                "event in 2: message=started pool=\"mill\" key=1 task=1",
                "exit 1",
            ]
        );
        assert_eq!(ex.block_on(task).unwrap(), 2, "the current span of the task is its own");
        let lines = notebook.take();
        // Twice for a poll, and once for the drop.
        assert_eq!(lines.iter().filter(|line| *line == "enter 2").count(), 3, "{lines:#?}");
        assert!(lines.contains(&"event in 2: message=settled succeeded pool=\"mill\" key=1 task=1".to_owned()), "{lines:#?}");
    });
}

#[test]
fn who_never_runs_has_a_span_for_its_end_too() {
    noted(|notebook| {
        let ex = LocalExecutor::new();
        let pool = Pool::builder(&ex).name("mill").concurrency(1).build().unwrap();
        let _runs = pool.try_submit(pending::<()>()).unwrap();
        let waits = pool.try_submit(async {}).unwrap();
        notebook.take();
        waits.cancel();
        drop(pool.close());
        let lines = notebook.take();
        assert_eq!(lines[0], "event in 2: message=settled cancelled pool=\"mill\" key=1 task=2");
        assert_eq!(lines.last().unwrap(), "event in 0: message=closed pool=\"mill\" key=1");
    });
}

#[test]
fn a_pool_without_a_name_has_no_spans() {
    noted(|notebook| {
        let ex = LocalExecutor::new();
        let pool = Pool::builder(&ex).build().unwrap();
        assert_eq!(ex.block_on(pool.run(async { 1 })).unwrap(), 1);
        assert_eq!(notebook.take(), Vec::<String>::new());
    });
}
