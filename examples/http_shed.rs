//! An HTTP server that says 503 when it has enough, and stops in good order: `cargo run --example http_shed`.
//!
//! `http_shed/server.rs` is the server: `try_submit` never waits, so what the pool refuses is answered at once; `close().within(…)`
//! ends it on SIGTERM. `cargo run --example http_shed serve` runs it alone. Without `serve`, `http_shed/play.rs` starts it as a process
//! of its own, sends it more than it can take, stops it with a real signal, and checks every answer.

#[cfg(unix)]
#[path = "http_shed/play.rs"]
mod play;
#[cfg(unix)]
#[path = "http_shed/server.rs"]
mod server;

#[cfg(unix)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match std::env::args().nth(1).as_deref() {
        Some("serve") => runtime.block_on(server::serve()),
        _ => runtime.block_on(play::play()),
    }
}

#[cfg(not(unix))]
fn main() {
    println!("this one needs SIGTERM, which there is on unix");
}
