//! Servers on this machine, one port each, that count how many files they are asked for at once. They know nothing of millpond.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::Stream;
use futures::stream::unfold;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep;

const PIECE: usize = 8192;

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    at_once: AtomicU32,
    most: AtomicU32,
    pause: Duration,
}

/// Starts so many of them, which pause before every piece of a file.
pub(crate) async fn start(count: usize, pause: Duration) -> std::io::Result<Vec<Arc<Host>>> {
    let mut hosts = Vec::new();
    for _ in 0..count {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let host = Arc::new(Host { address, at_once: AtomicU32::new(0), most: AtomicU32::new(0), pause });
        tokio::spawn(Arc::clone(&host).listen(listener));
        hosts.push(host);
    }
    Ok(hosts)
}

/// The file under a path: what it contains, and how much, is the path's own.
pub(crate) fn content(path: &str) -> Vec<u8> {
    let seed = path.bytes().fold(7_usize, |sum, byte| (sum * 31 + usize::from(byte)) % 9973);
    (0..20_000 + seed * 4).map(|index| ((index * seed) >> 4) as u8).collect()
}

impl Host {
    /// The most it was asked for at once.
    pub(crate) fn most(&self) -> u32 {
        self.most.load(Relaxed)
    }

    async fn listen(self: Arc<Self>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let host = Arc::clone(&self);
            let service = service_fn(move |request: Request<_>| {
                let response = Arc::clone(&host).answer(request.uri().path());
                async { Ok::<_, Infallible>(response) }
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    }

    fn answer(self: Arc<Self>, path: &str) -> Response<StreamBody<impl Stream<Item = Piece> + use<>>> {
        self.most.fetch_max(self.at_once.fetch_add(1, Relaxed) + 1, Relaxed);
        let file = Bytes::from(content(path));
        let length = HeaderValue::from(file.len());
        let mut response = Response::new(StreamBody::new(unfold(file, move |file| Arc::clone(&self).piece(file))));
        response.headers_mut().insert(CONTENT_LENGTH, length);
        response
    }

    /// The next piece, and what is left. With the last piece the request is over: whoever gets it may ask for the next file.
    async fn piece(self: Arc<Self>, mut file: Bytes) -> Option<(Piece, Bytes)> {
        if file.is_empty() {
            return None;
        }
        sleep(self.pause).await;
        let piece = file.split_to(file.len().min(PIECE));
        if file.is_empty() {
            self.at_once.fetch_sub(1, Relaxed);
        }
        Some((Ok(Frame::data(piece)), file))
    }
}

type Piece = Result<Frame<Bytes>, Infallible>;
