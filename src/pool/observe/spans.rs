//! What a named pool tells `tracing`: a span for each task, below that of who submitted it, and an event for each transition.

use std::cell::RefCell;
use std::collections::HashMap;

use tracing::{Span, debug, debug_span};

use super::books::Note;
use crate::event::{Event, EventKind};

const TARGET: &str = "millpond";

/// The spans of the tasks that have not ended.
pub(in crate::pool) struct Tracer {
    name: String,
    spans: RefCell<HashMap<u64, Span>>,
}

impl Tracer {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), spans: RefCell::default() }
    }

    /// A span for a task that is being submitted: its parent is the current one.
    pub(in crate::pool) fn enter(&self, task: u64) -> Span {
        let span = debug_span!(target: TARGET, "task", pool = self.name, task);
        if !span.is_none() {
            self.spans.borrow_mut().insert(task, span.clone());
        }
        span
    }

    pub(super) fn trace(&self, note: &Note) {
        let span = note.event.task.and_then(|task| self.span(task, note.event.kind));
        self.tell(&note.event, &span.unwrap_or_else(Span::none));
    }

    /// The span of a task, which is kept no longer than the task.
    fn span(&self, task: u64, kind: EventKind) -> Option<Span> {
        let mut spans = self.spans.borrow_mut();
        if matches!(kind, EventKind::Settled(_)) { spans.remove(&task) } else { spans.get(&task).cloned() }
    }

    fn tell(&self, event: &Event, span: &Span) {
        let (pool, key, task, kind) = (self.name.as_str(), event.pool, event.task, event.kind);
        debug!(target: TARGET, parent: span, pool, key, task, "{kind}");
    }
}
