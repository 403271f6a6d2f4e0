//! The server: four requests at a time, four more may wait, all others are shed.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, join, select};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use millpond::{LocalExecutor, Pool, TaskError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

pub(crate) const AT_ONCE: u32 = 4;
pub(crate) const WAITING: u32 = 4;
/// How long requests under way may take once the server has been told to stop.
const GRACE: Duration = Duration::from_secs(2);

type Answer = Response<Full<Bytes>>;

/// What all requests share. Nothing is locked: one thread serves them all.
struct Server {
    ex: LocalExecutor,
    pool: Pool,
    stage: watch::Sender<Stage>,
    at_once: Cell<u32>,
    most: Cell<u32>,
}

/// How far the play is: it begins with a database that hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Hangs,
    Recovered,
    Stopping,
}

/// Until SIGTERM and the end of what is under way then.
pub(crate) async fn serve() -> Result<(), Box<dyn Error>> {
    let ex = LocalExecutor::new();
    let pool = Pool::builder(&ex).concurrency(AT_ONCE).queue_capacity(WAITING).build()?;
    let (stage, _) = watch::channel(Stage::Hangs);
    let server = Rc::new(Server { ex: ex.clone(), pool, stage, at_once: Cell::new(0), most: Cell::new(0) });
    ex.run(server.serve()).await
}

impl Server {
    async fn serve(self: Rc<Self>) -> Result<(), Box<dyn Error>> {
        let (mut terminate, connections) = (signal(SignalKind::terminate())?, GracefulShutdown::new());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);

        let mut told = pin!(terminate.recv());
        while let Either::Right((accepted, _)) = select(&mut told, pin!(listener.accept())).await {
            let Ok((stream, _)) = accepted else {
                self.ex.sleep(Duration::from_millis(50)).await; // out of sockets, most likely: some are given back soon
                continue;
            };
            let server = Rc::clone(&self);
            let service = service_fn(move |request| Rc::clone(&server).answer(request));
            let connection = connections.watch(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            drop(self.ex.spawn(connection)); // goes on by itself; a client that breaks off is no trouble
        }

        drop(listener); // from here on the system refuses new connections
        self.stage.send_replace(Stage::Stopping);
        // Answers leave while the pool drains. A client that does not read its answer does not keep us for ever.
        let end = pin!(join(self.pool.close().within(GRACE), connections.shutdown()));
        let Either::Left(((report, ()), _)) = select(end, self.ex.sleep(2 * GRACE)).await else {
            return Err("connections were left over".into());
        };
        let (drained, cancelled) = (report.drained, report.cancelled_waiting + report.cancelled_running);
        println!("{drained} drained, {cancelled} cancelled, never more than {} at once", self.most.get());
        assert!(self.most.get() <= AT_ONCE);
        Ok(())
    }

    async fn answer(self: Rc<Self>, request: Request<Incoming>) -> Result<Answer, Infallible> {
        let path = request.uri().path();
        Ok(match path {
            // What has to work under load as well does not go through the pool.
            "/health" => {
                let stats = self.pool.stats();
                answer(StatusCode::OK, format!("{} running, {} waiting", stats.running, stats.waiting))
            }
            "/recover" => {
                answer(StatusCode::OK, format!("the database hung: {}", self.stage.send_replace(Stage::Recovered) == Stage::Hangs))
            }
            _ => match self.pool.try_submit(Rc::clone(&self).work(path.to_owned())) {
                Ok(task) => settled(task.await), // a client that leaves does not stop the work
                Err(refused) if refused.is_full() => shed("try again"),
                Err(_) => shed("the server is stopping"),
            },
        })
    }

    /// What the pool limits.
    async fn work(self: Rc<Self>, path: String) -> String {
        self.at_once.set(self.at_once.get() + 1);
        self.most.set(self.most.get().max(self.at_once.get()));
        match path.as_str() {
            "/query" => self.until(Stage::Recovered).await,
            "/report" => {
                self.until(Stage::Stopping).await;
                self.ex.sleep(GRACE / 20).await;
            }
            _ => pending().await,
        }
        self.at_once.set(self.at_once.get() - 1);
        format!("done: {path}")
    }

    async fn until(&self, stage: Stage) {
        // An error would mean that the sender is gone, but it is ours.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}

/// Every accepted request ends, one way or another.
fn settled(end: Result<String, TaskError>) -> Answer {
    match end {
        Ok(text) => answer(StatusCode::OK, text),
        Err(TaskError::Cancelled) => shed("the server is stopping"),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

fn shed(why: &'static str) -> Answer {
    let mut response = answer(StatusCode::SERVICE_UNAVAILABLE, why.to_owned());
    response.headers_mut().insert(RETRY_AFTER, 1.into());
    response.headers_mut().insert(CONNECTION, hyper::header::HeaderValue::from_static("close"));
    response
}

fn answer(status: StatusCode, text: String) -> Answer {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
