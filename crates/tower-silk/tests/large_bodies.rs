//! A large body passes byte for byte in both directions while memory stays flat. A program of its
//! own: the memory of the process is what is looked at.

#![cfg(all(feature = "ui", target_os = "linux"))]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panics")]

mod support;

use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    routing::{get, post},
};
use futures_util::{StreamExt as _, stream};
use silk_core::Outcome;
use support::{App, serve, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const CHUNK: usize = 64 << 10;
const CHUNKS: usize = 1_600;
const TOTAL: u64 = (CHUNK * CHUNKS) as u64;
/// More than buffers need, far less than a body.
const MAY_GROW_KB: u64 = 32 << 10;

/// The byte at a place: repeats with no power of two.
fn byte_at(place: u64) -> u8 {
    u8::try_from(place % 251).unwrap()
}

fn chunk_at(start: u64) -> Vec<u8> {
    (start..).take(CHUNK).map(byte_at).collect()
}

/// A sum that depends on each byte and its place.
fn sum(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, byte| {
        sum.wrapping_mul(0x0100_0000_01b3) ^ u64::from(*byte)
    })
}

fn expected() -> u64 {
    (0..CHUNKS).fold(0, |all, n| sum(all, &chunk_at((n * CHUNK) as u64)))
}

/// The most memory that this process ever held, in kB.
fn peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

async fn download() -> Body {
    let chunks = stream::iter(0..CHUNKS)
        .map(|n| Ok::<_, std::convert::Infallible>(Bytes::from(chunk_at((n * CHUNK) as u64))));
    Body::from_stream(chunks)
}

async fn upload(request: Request) -> String {
    let mut frames = request.into_body().into_data_stream();
    let (mut all, mut length) = (0, 0);
    while let Some(frame) = frames.next().await {
        let frame = frame.unwrap();
        all = sum(all, &frame);
        length += frame.len();
    }
    format!("{length} {all}")
}

async fn check_download(app: &App, expected: u64) {
    let head = "GET /download HTTP/1.0\r\nConnection: close";
    let mut client = app.send(head, b"").await;
    let mut piece = vec![0; CHUNK];
    let mut head = Vec::new();
    let (mut all, mut length, mut in_body) = (0, 0, false);
    loop {
        let read = within(client.read(&mut piece)).await.unwrap();
        if read == 0 {
            break;
        }
        let mut bytes = &piece[..read];
        let joined;
        if !in_body {
            head.extend_from_slice(bytes);
            let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else {
                continue;
            };
            in_body = true;
            joined = head.split_off(end + 4);
            bytes = &joined;
        }
        all = sum(all, bytes);
        length += bytes.len();
    }
    assert_eq!((length as u64, all), (TOTAL, expected));
}

async fn check_upload(app: &App, content_type: &str, expected: u64) {
    let head = format!("POST /upload\r\nContent-Type: {content_type}\r\nContent-Length: {TOTAL}");
    let mut client = app.send(&head, b"").await;
    for n in 0..CHUNKS {
        within(client.write_all(&chunk_at((n * CHUNK) as u64)))
            .await
            .unwrap();
    }
    let answer = support::read_until(&mut client, &format!("\r\n\r\n{TOTAL} ")).await;
    let rest = answer
        .rsplit_once(&format!("{TOTAL} "))
        .unwrap()
        .1
        .to_owned();
    let mut sum = rest;
    while sum.len() < expected.to_string().len() {
        sum += &support::read_until(&mut client, "").await;
    }
    assert_eq!(sum, expected.to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_megabytes_pass_byte_for_byte_in_flat_memory() {
    let expected = expected();
    let app = serve(
        Router::new()
            .route("/download", get(download))
            .route("/upload", post(upload)),
    )
    .await;
    app.ask("GET /silk", b"").await;
    let before = peak_kb();
    check_download(&app, expected).await;
    check_upload(&app, "application/octet-stream", expected).await;
    check_upload(&app, "text/plain", expected).await;
    let grown = peak_kb() - before;
    assert!(grown < MAY_GROW_KB, "memory grew by {grown} kB");
    let records = app.records(3).await;
    for record in &records {
        assert_eq!(record.summary.outcome, Outcome::Completed);
        assert_eq!(record.summary.status, Some(200));
    }
    assert_eq!(
        records[0]
            .detail
            .response_body
            .as_ref()
            .unwrap()
            .total_bytes,
        TOTAL
    );
    for upload in &records[1..] {
        let body = upload.detail.request_body.as_ref().unwrap();
        assert_eq!(body.total_bytes, TOTAL);
        let kept = body.text.as_ref().map_or(0, String::len);
        assert!(kept <= 16 << 10, "{kept} bytes kept");
    }
}
