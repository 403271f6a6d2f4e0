//! A service for many tenants: each has a connection of its own, made when it is first needed, at most two requests on it at a time and
//! five over all tenants; who is quiet for a minute loses the connection.
//!
//! Time is a manual clock here, so that minutes pass at once and the output is the same every time.

#![cfg_attr(
    target_family = "wasm",
    allow(unused_imports, dead_code, reason = "a page cannot block: there it is `drive`, and nothing of this")
)]

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use futures::future::try_join_all;
use millpond::{LocalExecutor, ManualClock, PoolManager, Resource};

/// What happened, for the assertions at the end.
type Log = Rc<RefCell<Vec<String>>>;

fn note(log: &Log, line: String) {
    println!("{line}");
    log.borrow_mut().push(line);
}

/// What the requests of a tenant share.
struct Connection {
    tenant: &'static str,
    log: Log,
}

impl Resource for Connection {
    async fn dispose(self) {
        note(&self.log, format!("{}: goodbye", self.tenant));
    }
}

#[cfg(target_family = "wasm")]
fn main() {}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn Error>> {
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let log = Log::default();
    let tenants = PoolManager::<&str, Connection>::builder(&ex)
        .pool_concurrency(2)
        .pool_queue_capacity(100)
        .concurrency(5)
        .idle_timeout(Duration::from_secs(60))
        .build()?;

    // Ten callers for each of three tenants, all at once: three connections are made, not thirty.
    let request = async |tenant: &'static str| {
        let (opening, sleep) = (Rc::clone(&log), ex.clone());
        let connect = async move |tenant| {
            sleep.sleep(Duration::from_millis(200)).await;
            note(&opening, format!("{tenant}: connected"));
            Ok::<_, std::io::Error>(Connection { tenant, log: opening })
        };
        let lease = tenants.get_with(tenant, connect).await?;
        let clock = ex.clone();
        lease.run(async move { clock.sleep(Duration::from_millis(100)).await }).await?;
        Ok::<_, Box<dyn Error>>(lease.resource().tenant)
    };
    let callers = ["ada", "bob", "cy"].into_iter().cycle().take(30).map(&request);
    let served = ex.block_on(try_join_all(callers))?;

    let took = ex.now();
    println!("{} requests for {} tenants took {took:?}", served.len(), tenants.len());
    // 30 requests of 100 ms, five at a time, after 200 ms of connecting.
    assert_eq!((served.len(), tenants.len(), took), (30, 3, Duration::from_millis(800)));
    assert_eq!(*log.borrow(), ["ada: connected", "bob: connected", "cy: connected"]);

    ex.advance(Duration::from_secs(60))?;
    println!("{} tenants after a quiet minute", tenants.len());
    assert!(tenants.is_empty());
    assert_eq!(log.borrow().len(), 6, "each said goodbye, once");

    ex.block_on(tenants.close());
    assert!(ex.block_on(request("ada")).is_err(), "closed");
    assert_eq!(tenants.stats().succeeded, 30);
    Ok(())
}
