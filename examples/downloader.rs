//! Downloads that are gentle to every host, with progress bars: `cargo run --example downloader`.
//!
//! A manager has a pool for each host: two downloads from the same host at a time, five in all, and hosts take turns. Here the hosts
//! are servers in `downloader/hosts.rs`, which count what they are asked at once. Bars are drawn where there is a terminal for them.

#![cfg_attr(target_family = "wasm", no_main)]
#![cfg(not(target_family = "wasm"))]

#[path = "downloader/hosts.rs"]
mod hosts;

use std::cell::Cell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use futures::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use millpond::{LocalExecutor, PoolManager};
use tokio::net::TcpStream;

const HOSTS: usize = 4;
const FILES: usize = 6;
const PER_HOST: u32 = 2;
const IN_ALL: u32 = 5;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ex = LocalExecutor::new();
    runtime.block_on(ex.run(download_all(&ex)))
}

async fn download_all(ex: &LocalExecutor) -> Outcome<()> {
    let downloader = Downloader::new(ex)?;
    // For somebody who watches the hosts are slower.
    let pause = if downloader.progress.bars.is_hidden() { 2 } else { 60 };
    let hosts = hosts::start(HOSTS, Duration::from_millis(pause)).await?;

    let urls = hosts.iter().flat_map(|host| (0..FILES).map(move |file| format!("http://{}/{file}.bin", host.address)));
    let files = try_join_all(urls.map(|url| downloader.download(url))).await?;

    let Downloader { pools, progress } = &downloader;
    progress.bars.clear()?;
    let seen: Vec<_> = hosts.iter().map(|host| host.most()).collect();
    let bytes = files.iter().map(Vec::len).sum::<usize>();
    println!("{} files, {bytes} bytes; at most {} at once, and at most {seen:?} at each host", files.len(), progress.most.get());
    let wanted = (0..HOSTS * FILES).map(|index| hosts::content(&format!("/{}.bin", index % FILES)));
    assert!(files.into_iter().eq(wanted), "every byte, and in the order asked for");
    assert!(seen.iter().all(|&most| (1..=PER_HOST).contains(&most)));
    assert_eq!(progress.most.get(), u64::from(IN_ALL), "as many as may be, never more");
    assert_eq!((pools.len(), pools.stats().succeeded), (HOSTS, (HOSTS * FILES) as u64));
    Ok(())
}

/// Takes any number of URLs: each waits for its turn at its host.
struct Downloader {
    pools: PoolManager<String>,
    progress: Rc<Progress>,
}

impl Downloader {
    fn new(ex: &LocalExecutor) -> Outcome<Self> {
        let pools = PoolManager::builder(ex).pool_concurrency(PER_HOST).concurrency(IN_ALL);
        // A host nobody asks anything is forgotten after a minute.
        let pools = pools.idle_timeout(Duration::from_secs(60)).build()?;
        Ok(Self { pools, progress: Rc::new(Progress::new()?) })
    }

    async fn download(&self, url: String) -> Outcome<Vec<u8>> {
        let uri: Uri = url.parse()?;
        let host = uri.authority().ok_or("no host")?.to_string();
        let progress = Rc::clone(&self.progress);
        let pool = self.pools.get(host)?;
        pool.run(async move {
            let bar = progress.begin(&uri);
            let file = fetch(&uri, &bar).await;
            progress.end(&bar);
            file
        })
        .await?
    }
}

/// What a person sees: a bar for each download that runs, and one for all.
struct Progress {
    bars: MultiProgress,
    total: ProgressBar,
    style: ProgressStyle,
    running: Cell<u64>,
    most: Cell<u64>,
}

impl Progress {
    fn new() -> Outcome<Self> {
        let style = ProgressStyle::with_template("{msg:24} {bar:40} {bytes:>10} of {total_bytes}")?;
        let bars = MultiProgress::new(); // on stderr, and hidden if that is no terminal
        let total = bars.add(ProgressBar::new((HOSTS * FILES) as u64).with_message("files"));
        total.set_style(ProgressStyle::with_template("{msg:24} {bar:40} {pos:>10} of {len}")?);
        Ok(Self { bars, total, style, running: Cell::new(0), most: Cell::new(0) })
    }

    fn begin(&self, uri: &Uri) -> ProgressBar {
        self.running.set(self.running.get() + 1);
        self.most.set(self.most.get().max(self.running.get()));
        let name = uri.to_string().replace("http://", "");
        self.bars.insert_before(&self.total, ProgressBar::new(0).with_style(self.style.clone()).with_message(name))
    }

    fn end(&self, bar: &ProgressBar) {
        self.running.set(self.running.get() - 1);
        self.bars.remove(bar);
        self.total.inc(1);
    }
}

/// One download, piece by piece. A client with TLS and redirects, such as reqwest, would go here just as well.
async fn fetch(uri: &Uri, bar: &ProgressBar) -> Outcome<Vec<u8>> {
    let host = uri.authority().ok_or("no host")?.as_str();
    let (mut sender, connection) = handshake(TokioIo::new(TcpStream::connect(host).await?)).await?;
    tokio::spawn(connection);
    let response = sender.send_request(Request::get(uri.path()).header(HOST, host).body(Empty::<Bytes>::new())?).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("{uri}: {}", response.status()).into());
    }
    let mut body = response.into_body();
    bar.set_length(body.size_hint().exact().unwrap_or_default());
    let mut file = Vec::new();
    while let Some(frame) = body.frame().await {
        file.extend_from_slice(frame?.data_ref().map_or(&[], |piece| piece));
        bar.set_position(file.len() as u64);
    }
    Ok(file)
}
