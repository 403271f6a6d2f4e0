//! Reading what became of the jobs.

use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::JobId;
use super::delivery::{Delivery, Outbox};
use super::error::JobError;
use crate::pool::{Ended, Pool};

/// What both streams do, each with its own box.
macro_rules! reader {
    ($name:ident, $outbox:ident, $item:ty) => {
        impl<R: 'static, E: 'static> $name<R, E> {
            pub(super) fn new(delivery: &Rc<Delivery<R, E>>, pool: &Pool) -> Self {
                delivery.$outbox.enter();
                let pool = Pool::watch(pool.mill(), pool.lane());
                Self { delivery: Rc::clone(delivery), ended: Ended::new(&pool) }
            }
        }

        impl<R: 'static, E: 'static> Stream for $name<R, E> {
            type Item = (JobId, $item);

            fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                let Self { delivery, ended } = self.get_mut();
                poll_next(delivery, &delivery.$outbox, ended, cx)
            }
        }

        impl<R, E> Drop for $name<R, E> {
            fn drop(&mut self) {
                self.delivery.$outbox.leave();
            }
        }

        impl<R, E> fmt::Debug for $name<R, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

/// What becomes of a queue's jobs, in the order in which they end; see [`JobQueue::results`](crate::JobQueue::results).
///
/// # Cancel safety
/// Dropped: what only this reader could have read is dropped. The jobs and the queue do not mind.
#[must_use = "results are kept for this reader, until it is dropped"]
pub struct Results<R: 'static, E: 'static> {
    delivery: Rc<Delivery<R, E>>,
    ended: Ended,
}

/// The errors of a queue's jobs, in the order in which they end; see [`JobQueue::errors`](crate::JobQueue::errors).
///
/// # Cancel safety
/// As of [`Results`].
#[must_use = "errors are kept for this reader, until it is dropped"]
pub struct Errors<R: 'static, E: 'static> {
    delivery: Rc<Delivery<R, E>>,
    ended: Ended,
}

reader!(Results, results, Result<R, JobError<E>>);
reader!(Errors, errors, JobError<E>);

/// The next in the box; nothing any more when the queue has ended and all has come.
fn poll_next<R: 'static, E: 'static, T>(
    delivery: &Delivery<R, E>,
    outbox: &Outbox<T>,
    ended: &mut Ended,
    cx: &mut Context<'_>,
) -> Poll<Option<(JobId, T)>> {
    if let Some(next) = outbox.take() {
        return Poll::Ready(Some(next));
    }
    outbox.watch(cx.waker());
    ready!(Pin::new(ended).poll(cx));
    if delivery.has_all() { Poll::Ready(None) } else { Poll::Pending }
}
