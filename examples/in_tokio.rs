//! millpond inside tokio: `cargo run --example in_tokio`.
//!
//! `ex.run(future).await` in a `current_thread` runtime is all it takes: no `LocalSet`, no `spawn_local`, no second thread. What
//! runs in the pool uses tokio's sockets and timers as it would anywhere else, and need not be `Send`.

#![cfg_attr(target_family = "wasm", no_main)]
#![cfg(not(target_family = "wasm"))]

use std::cell::RefCell;
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::current;
use std::time::Duration;

use millpond::{LocalExecutor, Pool, Priority};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime;
use tokio::time::{sleep, timeout};

fn main() -> Result<(), Box<dyn Error>> {
    runtime::Builder::new_current_thread().enable_all().build()?.block_on(call_twelve_times())
}

async fn call_twelve_times() -> Result<(), Box<dyn Error>> {
    // tokio's own task: the server. It is `Send`, as `tokio::spawn` wants it.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let server = Arc::new(Server::default());
    tokio::spawn(serve(listener, Arc::clone(&server)));

    let ex = LocalExecutor::new();
    // Three calls at a time, whatever the number of callers.
    let pool = Pool::builder(&ex).concurrency(3).queue_capacity(100).build()?;
    // Our tasks share what they like without locks: this list is an `Rc`.
    let order = Rc::new(RefCell::new(Vec::new()));
    let mut calls = Vec::new();
    for number in 0..12 {
        let (thread, order) = (current().id(), Rc::clone(&order));
        let call = async move {
            order.borrow_mut().push(number);
            let answer = timeout(Duration::from_secs(10), double(address, number)).await??;
            assert_eq!(thread, current().id(), "a task never leaves its thread");
            Ok::<_, io::Error>(answer)
        };
        let priority = if number == 11 { Priority::High } else { Priority::Normal };
        calls.push(pool.task(call).priority(priority).try_submit()?);
    }

    // One loop for both: tokio drives its own tasks and, with them, ours.
    let answers = ex.run(async {
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await??);
        }
        Ok::<_, Box<dyn Error>>(answers)
    });
    let answers = answers.await?;

    let (total, most) = (server.total.load(Relaxed), server.most.load(Relaxed));
    println!("doubled by the server: {answers:?}");
    println!("{total} connections, at most {most} at once, called in the order {:?}", order.borrow());
    assert!(answers.iter().copied().eq((0..12).map(|number| number * 2)));
    assert_eq!((total, pool.stats().succeeded), (12, 12));
    assert!(most <= 3, "never more than the pool lets through");
    assert_eq!(*order.borrow(), [0, 1, 2, 11, 3, 4, 5, 6, 7, 8, 9, 10], "the urgent one overtakes what waits");
    Ok(())
}

/// One call: a connection, a question, an answer. Runs in the pool, on tokio's sockets and timers.
async fn double(address: SocketAddr, number: u32) -> io::Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u32(number).await?;
    let answer = stream.read_u32().await?;
    sleep(Duration::from_millis(5)).await; // the call's own work on the answer
    Ok(answer)
}

/// What the server saw.
#[derive(Default)]
struct Server {
    total: AtomicU32,
    at_once: AtomicU32,
    most: AtomicU32,
}

async fn serve(listener: TcpListener, server: Arc<Server>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream, Arc::clone(&server)));
    }
}

async fn answer(mut stream: TcpStream, server: Arc<Server>) -> io::Result<()> {
    server.total.fetch_add(1, Relaxed);
    server.most.fetch_max(server.at_once.fetch_add(1, Relaxed) + 1, Relaxed);
    let number = stream.read_u32().await?;
    sleep(Duration::from_millis(10)).await; // the server's work
    server.at_once.fetch_sub(1, Relaxed);
    stream.write_u32(number * 2).await
}
