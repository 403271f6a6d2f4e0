//! Events as lines of text, and back. The format is described at [`Event`].

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Event, EventKind, Rejection, TaskOutcome};
use crate::error::Timeout;
use crate::limit::Concurrency;
use crate::priority::Priority;

const NANOS: u64 = 1_000_000_000;

const OUTCOMES: [(TaskOutcome, &str); 10] = [
    (TaskOutcome::Succeeded, "succeeded"),
    (TaskOutcome::Failed, "failed"),
    (TaskOutcome::Panicked, "panicked"),
    (TaskOutcome::Cancelled, "cancelled"),
    (TaskOutcome::Closed, "closed"),
    (TaskOutcome::Dropped, "dropped"),
    (TaskOutcome::TimedOut(Timeout::Queue), "queue_timeout"),
    (TaskOutcome::TimedOut(Timeout::Run), "run_timeout"),
    (TaskOutcome::TimedOut(Timeout::Total), "total_timeout"),
    (TaskOutcome::TimedOut(Timeout::Deadline), "deadline"),
];

const REJECTIONS: [(Rejection, &str); 2] = [(Rejection::Full, "full"), (Rejection::Closed, "closed")];

const CLASSES: [(Priority, &str); 4] =
    [(Priority::Low, "low"), (Priority::Normal, "normal"), (Priority::High, "high"), (Priority::Critical, "critical")];

/// The word for a value.
fn word<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(known, _)| known == value).map_or("unknown", |(_, word)| word)
}

/// The value a word stands for.
fn value<T: Copy>(table: &[(T, &'static str)], word: &str) -> Option<T> {
    table.iter().find(|(_, known)| *known == word).map(|(value, _)| *value)
}

impl fmt::Display for TaskOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&OUTCOMES, self))
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(word(&REJECTIONS, self))
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { concurrency } => write!(f, "opened concurrency={}", count(*concurrency)),
            Self::Resized { concurrency } => write!(f, "resized concurrency={}", count(*concurrency)),
            Self::Submitted { priority, weight: 1 } => write!(f, "submitted priority={}", word(&CLASSES, priority)),
            Self::Submitted { priority, weight } => write!(f, "submitted priority={} weight={weight}", word(&CLASSES, priority)),
            Self::Reprioritised { priority } => write!(f, "reprioritised priority={}", word(&CLASSES, priority)),
            Self::Settled(outcome) => write!(f, "settled {outcome}"),
            Self::Rejected(reason) => write!(f, "rejected {reason}"),
            Self::Started => f.write_str("started"),
            Self::Paused => f.write_str("paused"),
            Self::Resumed => f.write_str("resumed"),
            Self::Closed => f.write_str("closed"),
            Self::Drained => f.write_str("drained"),
            Self::Aged => f.write_str("aged"),
            Self::Expired => f.write_str("expired"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}.{:09} ", self.number, self.at.as_secs(), self.at.subsec_nanos())?;
        match self.pool {
            Some(pool) => write!(f, "pool={pool} ")?,
            None => f.write_str("pool=all ")?,
        }
        if let Some(task) = self.task {
            write!(f, "task={task} ")?;
        }
        self.kind.fmt(f)
    }
}

fn count(concurrency: Concurrency) -> String {
    match concurrency {
        Concurrency::AtMost(count) => count.to_string(),
        Concurrency::Unlimited => "unlimited".to_owned(),
    }
}

/// A line is no event, as [`Event`] describes them. Carries the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseEventError(String);

impl fmt::Display for ParseEventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no event", self.0)
    }
}

impl std::error::Error for ParseEventError {}

impl FromStr for Event {
    type Err = ParseEventError;

    /// Takes only what `Display` writes.
    fn from_str(line: &str) -> Result<Self, ParseEventError> {
        let words: Vec<&str> = line.split(' ').collect();
        parse(&words).filter(|event| event.to_string() == line).ok_or_else(|| ParseEventError(line.to_owned()))
    }
}

fn parse(words: &[&str]) -> Option<Event> {
    let [number, at, pool, rest @ ..] = words else { return None };
    let pool = match after("pool=", pool)? {
        "all" => None,
        pool => Some(pool.parse().ok()?),
    };
    let (task, rest) = match rest {
        [task, rest @ ..] if task.starts_with("task=") => (Some(after("task=", task)?.parse().ok()?), rest),
        rest => (None, rest),
    };
    Some(Event { number: number.parse().ok()?, at: time(at)?, pool, task, kind: kind(rest)? })
}

fn kind(words: &[&str]) -> Option<EventKind> {
    Some(match words {
        ["opened", count] => EventKind::Opened { concurrency: concurrency(count)? },
        ["resized", count] => EventKind::Resized { concurrency: concurrency(count)? },
        ["submitted", class] => EventKind::Submitted { priority: priority(class)?, weight: 1 },
        ["submitted", class, weight] => {
            EventKind::Submitted { priority: priority(class)?, weight: after("weight=", weight)?.parse().ok()? }
        }
        ["reprioritised", class] => EventKind::Reprioritised { priority: priority(class)? },
        ["settled", outcome] => EventKind::Settled(value(&OUTCOMES, outcome)?),
        ["rejected", reason] => EventKind::Rejected(value(&REJECTIONS, reason)?),
        ["started"] => EventKind::Started,
        ["paused"] => EventKind::Paused,
        ["resumed"] => EventKind::Resumed,
        ["closed"] => EventKind::Closed,
        ["drained"] => EventKind::Drained,
        ["aged"] => EventKind::Aged,
        ["expired"] => EventKind::Expired,
        _ => return None,
    })
}

fn after<'a>(prefix: &str, word: &'a str) -> Option<&'a str> {
    word.strip_prefix(prefix)
}

fn priority(word: &str) -> Option<Priority> {
    value(&CLASSES, after("priority=", word)?)
}

fn concurrency(word: &str) -> Option<Concurrency> {
    match after("concurrency=", word)? {
        "unlimited" => Some(Concurrency::Unlimited),
        count => count.parse().ok().map(Concurrency::AtMost),
    }
}

fn time(word: &str) -> Option<Duration> {
    let (seconds, nanos) = word.split_once('.').filter(|(_, nanos)| nanos.len() == 9)?;
    let nanos: u64 = nanos.parse().ok().filter(|nanos| *nanos < NANOS)?;
    Duration::from_secs(seconds.parse().ok()?).checked_add(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_goes_into_a_line_and_comes_back() {
        let concurrency = Concurrency::AtMost(3);
        let (priority, weight) = (Priority::Critical, 2);
        let mut kinds = vec![
            EventKind::Opened { concurrency },
            EventKind::Opened { concurrency: Concurrency::Unlimited },
            EventKind::Resized { concurrency },
            EventKind::Submitted { priority, weight: 1 },
            EventKind::Submitted { priority, weight },
            EventKind::Reprioritised { priority: Priority::Low },
            EventKind::Started,
            EventKind::Paused,
            EventKind::Resumed,
            EventKind::Closed,
            EventKind::Drained,
            EventKind::Aged,
            EventKind::Expired,
        ];
        kinds.extend(OUTCOMES.map(|(outcome, _)| EventKind::Settled(outcome)));
        kinds.extend(REJECTIONS.map(|(reason, _)| EventKind::Rejected(reason)));
        for kind in kinds {
            for (pool, task) in [(Some(1), Some(9)), (Some(u64::MAX), None), (None, None)] {
                let event = Event { number: 12, at: Duration::new(5, 42), pool, task, kind };
                assert_eq!(event.to_string().parse(), Ok(event));
                assert!(!event.to_string().contains("unknown"), "{event}");
            }
        }
    }

    #[test]
    fn what_is_not_exactly_an_event_is_refused() {
        for line in [
            "",
            "1 0.000000000 pool=1",
            "1 0.000000000 pool=1 task=1",
            "1 0.000000000 pool=1 vanished",
            "1 0.0 pool=1 started",
            "+1 0.000000000 pool=1 started",
            "1  0.000000000 pool=1 started",
            "1 0.000000000 pool=one started",
            "1 0.000000000 pool=1 settled",
            "1 0.000000000 pool=1 settled unknown",
            "1 0.000000000 pool=1 submitted priority=urgent",
            "1 0.000000000 pool=1 submitted priority=low weight=1",
            "1 0.000000000 pool=1 started ",
        ] {
            assert_eq!(line.parse::<Event>(), Err(ParseEventError(line.to_owned())));
        }
    }
}
