//! The play: more than the server can take, then a signal; every answer is checked.

use std::error::Error;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use futures::future::{join_all, try_join};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::header::{HOST, RETRY_AFTER};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::server::{AT_ONCE, WAITING};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Whatever goes wrong is told after ten seconds of real time.
pub(crate) async fn play() -> Outcome<()> {
    timeout(Duration::from_secs(10), acts()).await?
}

async fn acts() -> Outcome<()> {
    let mut server = Server::start()?;
    let address = server.line()?.parse()?;
    println!("the server listens at {address}");
    let silent = TcpStream::connect(address).await?; // it never asks for anything

    let queries = join_all((0..AT_ONCE + WAITING).map(|_| get(address, "/query")));
    let (answers, shed) = try_join(async { Ok(queries.await) }, overload(address)).await?;
    let served = answers.into_iter().collect::<Outcome<Vec<_>>>()?;
    println!("the database hangs: {shed} requests are shed at once; it recovers: {} are answered", served.len());
    assert!(served.iter().all(|answer| *answer == (StatusCode::OK, "done: /query".to_owned())));
    assert_eq!((served.len(), shed), (8, 12));

    let under_way = try_join(get(address, "/report"), get(address, "/stuck"));
    let (answers, ()) = try_join(under_way, terminate(address, &mut server)).await?;
    println!("SIGTERM: {answers:?}");
    let (report, stuck) = answers;
    assert_eq!(report, (StatusCode::OK, "done: /report".to_owned()), "what ends in time is answered");
    assert_eq!(stuck, (StatusCode::SERVICE_UNAVAILABLE, "the server is stopping".to_owned()), "what does not is told so");

    let last = server.line()?;
    println!("{last}");
    assert_eq!(last, "1 drained, 1 cancelled, never more than 4 at once");
    assert_eq!(server.process.wait()?.code(), Some(0));
    drop(silent);
    Ok(())
}

/// Waits until the server is full, is refused twelve times, and heals the database.
async fn overload(address: SocketAddr) -> Outcome<usize> {
    health(address, "4 running, 4 waiting").await?;
    let mut shed = 0;
    for _ in 0..12 {
        let (status, _) = get(address, "/query").await?;
        shed += usize::from(status == StatusCode::SERVICE_UNAVAILABLE);
    }
    get(address, "/recover").await?;
    Ok(shed)
}

/// Sends the signal when both requests are under way; from then on nobody gets in, while those two are still being worked on.
async fn terminate(address: SocketAddr, server: &mut Server) -> Outcome<()> {
    health(address, "2 running, 0 waiting").await?;
    kill_process(Pid::from_child(&server.process), Signal::TERM)?;
    while TcpStream::connect(address).await.is_ok() {
        sleep(Duration::from_millis(5)).await;
    }
    assert!(server.process.try_wait()?.is_none(), "the door closes first, two seconds before the house");
    println!("SIGTERM: new connections are refused");
    Ok(())
}

/// Asks until the server says so.
async fn health(address: SocketAddr, state: &str) -> Outcome<()> {
    while get(address, "/health").await?.1 != state {
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// One request on a connection of its own. Who is shed is told when to come back.
async fn get(address: SocketAddr, path: &str) -> Outcome<(StatusCode, String)> {
    let (mut sender, connection) = handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
    tokio::spawn(connection);
    let request = Request::get(path).header(HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    assert_eq!(response.headers().contains_key(RETRY_AFTER), status == StatusCode::SERVICE_UNAVAILABLE);
    let text = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(text.into())?))
}

/// This very program, as a server; killed if the play ends early.
struct Server {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start() -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
        Ok(Self { process, lines })
    }

    /// What it prints next.
    fn line(&mut self) -> Outcome<String> {
        Ok(self.lines.next().ok_or("the server has said all")??)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
