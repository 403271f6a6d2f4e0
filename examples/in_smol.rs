//! millpond inside smol: `cargo run --example in_smol`.
//!
//! `ex.run(future)` is a future like any other, so smol polls it between its own tasks, on the same thread. What runs in the pool
//! uses smol's sockets and timers as it would anywhere else, and need not be `Send`.

#![cfg_attr(target_family = "wasm", no_main)]
#![cfg(not(target_family = "wasm"))]

use std::cell::Cell;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::thread::current;
use std::time::Duration;

use futures::StreamExt;
use futures::future::try_join_all;
use millpond::{LocalExecutor, Pool};
use smol::Timer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use smol::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let host = smol::LocalExecutor::new();
    let ex = LocalExecutor::new();
    // Three calls at a time, whatever the number of callers.
    let pool = Pool::builder(&ex).concurrency(3).unbounded_queue().build()?;

    // smol's own tasks: a server, and a pulse.
    let listener = smol::block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr()?;
    let (server, pulse) = (Rc::new(Server::default()), Rc::new(Cell::new(0)));
    host.spawn(serve(listener, Rc::clone(&server))).detach();
    host.spawn(beat(Rc::clone(&pulse))).detach();

    // Our tasks share what they like without locks: this sum is an `Rc<Cell>`.
    let sum = Rc::new(Cell::new(0));
    let calls = (0..12).map(|number| {
        let (sum, thread) = (Rc::clone(&sum), current().id());
        pool.run(async move {
            let answer = double(address, number).await?;
            assert_eq!(thread, current().id(), "a task never leaves its thread");
            sum.set(sum.get() + answer);
            Ok::<_, std::io::Error>(answer)
        })
    });

    // One loop for both: smol drives its own tasks and, with them, ours.
    let answers = smol::block_on(host.run(ex.run(try_join_all(calls))))?;
    let answers = answers.into_iter().collect::<Result<Vec<_>, _>>()?;

    let Server { total, most, .. } = &*server;
    println!("doubled by the server: {answers:?}, together {}", sum.get());
    println!("{} connections, at most {} at once; smol's pulse beat {} times meanwhile", total.get(), most.get(), pulse.get());
    assert!(answers.iter().copied().eq((0..12).map(|number| number * 2)));
    assert_eq!((total.get(), sum.get(), pool.stats().succeeded), (12, 132, 12));
    assert!(most.get() <= 3, "never more than the pool lets through");
    assert!(pulse.get() > 1, "neither executor keeps the other from running");
    Ok(())
}

/// One call: a connection, a question, an answer. Runs in the pool, on smol's sockets and timers.
async fn double(address: SocketAddr, number: u32) -> std::io::Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&number.to_be_bytes()).await?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).await?;
    Timer::after(Duration::from_millis(5)).await; // the call's own work on the answer
    Ok(u32::from_be_bytes(answer))
}

/// What the server saw.
#[derive(Default)]
struct Server {
    total: Cell<u32>,
    at_once: Cell<u32>,
    most: Cell<u32>,
}

async fn serve(listener: TcpListener, server: Rc<Server>) {
    let answers = listener.incoming().for_each_concurrent(None, async |stream| {
        if let Ok(stream) = stream {
            answer(stream, &server).await.unwrap_or_default();
        }
    });
    answers.await;
}

async fn answer(mut stream: TcpStream, server: &Server) -> std::io::Result<()> {
    let mut question = [0; 4];
    server.total.set(server.total.get() + 1);
    server.at_once.set(server.at_once.get() + 1);
    server.most.set(server.most.get().max(server.at_once.get()));
    stream.read_exact(&mut question).await?;
    Timer::after(Duration::from_millis(10)).await; // the server's work
    server.at_once.set(server.at_once.get() - 1);
    stream.write_all(&(u32::from_be_bytes(question) * 2).to_be_bytes()).await
}

async fn beat(pulse: Rc<Cell<u32>>) {
    loop {
        pulse.set(pulse.get() + 1);
        Timer::after(Duration::from_millis(1)).await;
    }
}
