//! A pool that Prometheus watches: a real endpoint on a loopback socket, scraped by the program itself.
//!
//! `cargo run --example prometheus --features metrics`

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use millpond::{LocalExecutor, ManualClock, Pool, Priority};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn Error>> {
    // The recorder comes first: a pool looks its instruments up when it is built.
    let recorder = PrometheusBuilder::new().set_buckets(&[1.0, 2.0, 5.0])?.install_recorder()?;
    let endpoint = serve(recorder)?;

    // A clock that is moved by hand, so that the example takes no time and the times below are exact.
    let ex = LocalExecutor::with_clock(ManualClock::new());
    let pool = Pool::builder(&ex).name("thumbnails").concurrency(2).queue_capacity(4).build()?;
    let tasks: Vec<_> = (0..6).map(|_| pool.try_submit(work(ex.clone()))).collect::<Result<_, _>>()?;
    assert!(pool.try_submit(async {}).is_err(), "the line is full");

    // While the work is under way.
    let scrape = scrape(endpoint)?;
    println!("{}", scrape.text);
    assert_eq!(scrape.value("millpond_tasks_waiting", ""), 4.0);
    assert_eq!(scrape.value("millpond_tasks_running", ""), 2.0);
    assert_eq!(scrape.value("millpond_concurrency", ""), 2.0);

    // And when some of it is over.
    tasks.last().into_iter().for_each(|task| assert!(task.cancel()));
    ex.advance(6 * SECOND)?;
    let urgent = pool.task(std::future::pending::<()>()).priority(Priority::Critical).timeout(SECOND);
    assert!(ex.block_on(urgent.run()).is_err());

    let (stats, scrape) = (pool.stats(), self::scrape(endpoint)?);
    println!("{}", scrape.text);
    for (name, label, expected) in [
        ("millpond_tasks_submitted_total", "", stats.submitted),
        ("millpond_tasks_rejected_total", "", stats.rejected),
        ("millpond_tasks_waiting", "", stats.waiting),
        ("millpond_tasks_running", "", stats.running),
        ("millpond_tasks_total", ",outcome=\"succeeded\"", stats.succeeded),
        ("millpond_tasks_total", ",outcome=\"cancelled\"", stats.cancelled),
        ("millpond_tasks_total", ",outcome=\"timed_out\"", stats.timed_out),
        // All have left the line, one of them cancelled; one still runs, and has no time yet.
        ("millpond_wait_seconds_count", "", stats.submitted),
        ("millpond_run_seconds_bucket", ",le=\"2\"", 1),
        ("millpond_run_seconds_bucket", ",le=\"5\"", stats.succeeded + stats.timed_out),
    ] {
        assert_eq!(scrape.value(name, label), expected as f64, "{name}{label}");
    }
    Ok(())
}

/// Three seconds of it.
async fn work(ex: LocalExecutor) {
    ex.sleep(3 * SECOND).await;
}

/// Answers every request with the metrics as they are, on a thread of its own.
fn serve(recorder: PrometheusHandle) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let endpoint = listener.local_addr()?;
    thread::spawn(move || listener.incoming().flatten().for_each(|peer| drop(answer(peer, &recorder.render()))));
    Ok(endpoint)
}

fn answer(mut peer: TcpStream, metrics: &str) -> std::io::Result<()> {
    // The head of the request ends with an empty line; it says nothing that we would have to know.
    let head = BufReader::new(peer.try_clone()?).lines();
    head.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    write!(peer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\n", metrics.len())?;
    write!(peer, "Connection: close\r\n\r\n{metrics}")
}

/// What Prometheus gets.
struct Scrape {
    text: String,
    /// By name and labels, as they are written.
    values: HashMap<String, f64>,
}

fn scrape(endpoint: SocketAddr) -> Result<Scrape, Box<dyn Error>> {
    let mut stream = TcpStream::connect(endpoint)?;
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {endpoint}\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    let (head, text) = response.split_once("\r\n\r\n").ok_or("no head")?;
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sample = |line: &str| Some((line.rsplit_once(' ')?.0.to_owned(), line.rsplit_once(' ')?.1.parse().ok()?));
    Ok(Scrape { values: samples.map(sample).collect::<Option<_>>().ok_or("no sample")?, text: text.to_owned() })
}

impl Scrape {
    /// The value of a metric of our pool, with further labels.
    fn value(&self, name: &str, label: &str) -> f64 {
        let key = format!("{name}{{pool=\"thumbnails\"{label}}}");
        *self.values.get(&key).unwrap_or_else(|| panic!("no {key} in\n{}", self.text))
    }
}
