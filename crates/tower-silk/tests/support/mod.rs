//! An app on a real port, recorded in memory, and a client that shows every byte.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::Router;
use silk_core::{RequestRecord, RequestSummary, store::RequestFilter};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_silk::Silk;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A served app.
pub struct App {
    pub silk: Silk,
    pub address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Serves the routes with Silk's layer around them and the dashboard at `/silk`.
pub async fn serve(routes: Router) -> App {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    serve_with(silk, routes).await
}

/// The same with a profiler that was set up otherwise.
pub async fn serve_with(silk: Silk, routes: Router) -> App {
    let app = routes
        .nest_service("/silk", silk.dashboard())
        .layer(silk.layer());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        axum::serve(listener, app).await.unwrap();
    });
    App {
        silk,
        address,
        server,
    }
}

impl App {
    /// A connection on which the request was sent.
    pub async fn send(&self, head: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head_of(head).as_bytes()).await.unwrap();
        stream.write_all(body).await.unwrap();
        stream
    }

    /// The whole answer to a request after which the connection is closed. The dashboard is asked
    /// with its token.
    pub async fn ask(&self, head: &str, body: &[u8]) -> String {
        let mut head = format!("{head}\r\nConnection: close");
        if head.contains(" /silk") {
            head += &format!("\r\nAuthorization: Bearer {}", self.silk.token());
        }
        let mut stream = self.send(&head, body).await;
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The only record; waits until it is there and nothing else is under way.
    pub async fn record(&self) -> RequestRecord {
        let mut records = self.records(1).await;
        records.remove(0)
    }

    /// The records, oldest first; waits until there are as many and nothing else is under way.
    pub async fn records(&self, count: usize) -> Vec<RequestRecord> {
        let until = Instant::now() + PATIENCE;
        loop {
            assert!(self.silk.flush(PATIENCE).await, "the writer is stuck");
            let vitals = self.silk.vitals();
            let summaries = self.summaries().await;
            if vitals.active == 0 && vitals.queue_length == 0 && summaries.len() >= count {
                assert_eq!(summaries.len(), count, "{summaries:#?}");
                assert_eq!(vitals.seen, vitals.recorded, "{vitals:#?}");
                assert!(
                    vitals.lost.iter().all(|(_, count)| *count == 0),
                    "{vitals:#?}"
                );
                let mut records = Vec::new();
                for summary in summaries.iter().rev() {
                    let record = self.silk.store().request(summary.id).await.unwrap();
                    records.push(record.unwrap());
                }
                return records;
            }
            assert!(Instant::now() < until, "{vitals:#?} {summaries:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn summaries(&self) -> Vec<RequestSummary> {
        let filter = RequestFilter {
            limit: 500,
            ..RequestFilter::default()
        };
        self.silk.store().requests(&filter).await.unwrap().items
    }
}

/// Lines of a head with `Host`, ended as HTTP ends them.
pub fn head_of(head: &str) -> String {
    let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
    let version = if first.contains(" HTTP/") {
        ""
    } else {
        " HTTP/1.1"
    };
    let rest = if rest.is_empty() {
        String::new()
    } else {
        format!("{rest}\r\n")
    };
    format!("{first}{version}\r\nHost: localhost\r\n{rest}\r\n")
}

/// Fails instead of waiting for ever.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it does not take so long")
}

/// Reads until the text has come.
pub async fn read_until(stream: &mut TcpStream, text: &str) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let read = within(stream.read(&mut piece)).await.unwrap();
        assert!(read > 0, "closed before {text:?}: {answer:?}");
        answer.extend_from_slice(&piece[..read]);
        let answer = String::from_utf8_lossy(&answer);
        if answer.contains(text) {
            return answer.into_owned();
        }
    }
}
