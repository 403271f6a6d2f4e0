//! The workers' handlers: built when needed, lent to one job at a time, dropped when their worker goes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures::future::LocalBoxFuture;

use crate::foreign::{Wakers, isolated};
use crate::pool::Pool;
use crate::pool::mill::Shrinks;

/// A crew without the types of its handlers.
pub(super) trait Staff<J, R, E> {
    /// Finds a handler for a job and has it do the job.
    fn serve(self: Rc<Self>, job: J) -> LocalBoxFuture<'static, Result<R, E>>;
    /// There will be no more jobs than there are.
    fn closed(&self);
    /// How many handlers there are.
    fn handlers(&self) -> usize;
}

pub(super) struct Crew<G, H> {
    /// Sees how many jobs there are; does not keep the queue open.
    pool: Pool,
    /// Away while it is called.
    generator: RefCell<Option<G>>,
    /// Who waits for the generator: only jobs that its own call has started.
    callers: Wakers,
    posts: RefCell<Posts<H>>,
}

/// Where the handlers are, by the numbers of their workers.
struct Posts<H> {
    idle: BTreeMap<usize, H>,
    /// Numbers below `made` of workers that have no handler.
    vacant: BTreeSet<usize>,
    made: usize,
}

impl<H> Posts<H> {
    fn handlers(&self) -> usize {
        self.made - self.vacant.len()
    }

    /// The lowest worker with an idle handler, or else the lowest without one.
    fn take(&mut self) -> (usize, Option<H>) {
        if let Some((worker, handler)) = self.idle.pop_first() {
            return (worker, Some(handler));
        }
        let worker = self.vacant.pop_first().unwrap_or(self.made);
        self.made = self.made.max(worker + 1);
        (worker, None)
    }

    /// Takes away idle handlers, highest worker first, until there are no more than `count` handlers.
    fn thin_out(&mut self, count: usize) -> Vec<H> {
        let mut leaving = Vec::new();
        while self.handlers() > count {
            let Some((worker, handler)) = self.idle.pop_last() else { break };
            self.vacant.insert(worker);
            leaving.push(handler);
        }
        leaving
    }
}

impl<G, H> Crew<G, H> {
    pub(super) fn new(pool: &Pool, generator: G) -> Self {
        Self {
            pool: Pool::watch(pool.mill(), pool.lane()),
            generator: RefCell::new(Some(generator)),
            callers: Wakers::default(),
            posts: RefCell::new(Posts { idle: BTreeMap::new(), vacant: BTreeSet::new(), made: 0 }),
        }
    }

    fn take_generator(&self, cx: &Context<'_>) -> Poll<G> {
        let generator = self.generator.take();
        generator.map_or_else(
            || {
                self.callers.add(cx.waker());
                Poll::Pending
            },
            Poll::Ready,
        )
    }

    fn thin_out(&self, count: usize) {
        let leaving = self.posts.borrow_mut().thin_out(count);
        // Nobody who hears of it has to do with a panic of theirs.
        leaving.into_iter().for_each(|handler| isolated(|| drop(handler)));
    }

    /// Lets handlers go that will have no job any more, where `ending` of the pool's tasks need none.
    fn relieve(&self, ending: u64) {
        if self.pool.is_closed() {
            self.thin_out(usize::try_from(self.pool.tally().tasks.saturating_sub(ending)).unwrap_or(usize::MAX));
        }
    }
}

impl<G: FnMut(usize) -> H, H> Crew<G, H> {
    async fn build(&self, worker: usize) -> H {
        let generator = poll_fn(|cx| self.take_generator(cx)).await;
        let mut lent = Lent { crew: self, generator: Some(generator) };
        lent.call(worker)
    }

    async fn work<J, R, E>(self: Rc<Self>, job: J) -> Result<R, E>
    where
        H: AsyncFnMut(J) -> Result<R, E>,
    {
        let (worker, idle) = self.posts.borrow_mut().take();
        let mut post = Post { crew: &self, worker, handler: None };
        let mut handler = match idle {
            Some(handler) => handler,
            None => self.build(worker).await,
        };
        let result = handler(job).await;
        post.handler = Some(handler);
        result
    }
}

impl<J, R, E, G, H> Staff<J, R, E> for Crew<G, H>
where
    J: 'static,
    R: 'static,
    E: 'static,
    G: FnMut(usize) -> H + 'static,
    H: AsyncFnMut(J) -> Result<R, E> + 'static,
{
    fn serve(self: Rc<Self>, job: J) -> LocalBoxFuture<'static, Result<R, E>> {
        Box::pin(self.work(job))
    }

    fn closed(&self) {
        self.relieve(0);
    }

    fn handlers(&self) -> usize {
        self.posts.borrow().handlers()
    }
}

impl<G, H> Shrinks for Crew<G, H> {
    fn shrunk(&self, size: u32) {
        self.thin_out(size as usize);
    }
}

/// The generator while it is called; comes back also when it panics.
struct Lent<'a, G, H> {
    crew: &'a Crew<G, H>,
    generator: Option<G>,
}

impl<G: FnMut(usize) -> H, H> Lent<'_, G, H> {
    fn call(&mut self, worker: usize) -> H {
        match &mut self.generator {
            Some(generator) => generator(worker),
            None => unreachable!("it is lent until the drop"),
        }
    }
}

impl<G, H> Drop for Lent<'_, G, H> {
    fn drop(&mut self) {
        self.crew.generator.replace(self.generator.take());
        self.crew.callers.wake_all();
    }
}

/// A worker that has a job. It goes on with the handler that is there when it is dropped, or without one.
struct Post<'a, G, H> {
    crew: &'a Crew<G, H>,
    worker: usize,
    handler: Option<H>,
}

impl<G, H> Drop for Post<'_, G, H> {
    fn drop(&mut self) {
        let mut posts = self.crew.posts.borrow_mut();
        match self.handler.take() {
            Some(handler) => drop(posts.idle.insert(self.worker, handler)),
            None => drop(posts.vacant.insert(self.worker)),
        }
        drop(posts);
        self.crew.relieve(1);
    }
}
