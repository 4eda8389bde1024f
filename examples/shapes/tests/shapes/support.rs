//! A process for each test, an app on a real port, and what was recorded of it.

use std::{
    net::SocketAddr,
    process::Command,
    time::{Duration, Instant},
};

use axum::Router;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower_silk::{
    Silk,
    store::{QueryRecord, RequestFilter, RequestRecord, ValueState},
};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test in a process of its own; gives what it printed, and nothing within that process.
pub(crate) fn apart(test: &str, work: impl AsyncFnOnce()) -> Option<String> {
    const TEST: &str = "SILK_TEST_SHAPE";
    if std::env::var(TEST).is_ok_and(|wanted| wanted == test) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work());
        return None;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            test,
            "--nocapture",
            "--test-threads=1",
            "--include-ignored",
        ])
        .env(TEST, test)
        .output()
        .unwrap();
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{test}: {printed}");
    Some(printed)
}

/// A profiler that keeps its records in memory; the tracing layer is in place where that is wanted.
pub(crate) async fn silk(has_layer: bool) -> Silk {
    let silk = Silk::builder().in_memory().build().await.unwrap();
    if has_layer {
        silk.init_tracing();
    }
    silk
}

/// A database in memory with a single connection.
pub(crate) async fn sqlite() -> sqlx::SqlitePool {
    sqlx::sqlite::SqlitePoolOptions::new()
        .max_connections(1)
        .connect("sqlite::memory:")
        .await
        .unwrap()
}

/// Serves an app; its address.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    address
}

/// Asks for a path; the head and the body of the answer. `extra` are lines of the request's head.
pub(crate) async fn ask_with(address: SocketAddr, path: &str, extra: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n{extra}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Asks for a path; the body of the answer.
pub(crate) async fn ask(address: SocketAddr, path: &str) -> String {
    let (head, body) = ask_with(address, path, "").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}\n{body}");
    body
}

/// What was recorded, oldest first; waits until there is as much and nothing is under way.
pub(crate) async fn records(silk: &Silk, count: usize) -> Vec<RequestRecord> {
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(silk.flush(PATIENCE).await);
        let page = silk.store().requests(&RequestFilter::default()).await;
        let summaries = page.unwrap().items;
        let vitals = silk.vitals();
        if summaries.len() >= count && vitals.active == 0 {
            assert_eq!(summaries.len(), count);
            assert_eq!(vitals.seen, vitals.recorded, "each once, and none lost");
            let mut records = Vec::new();
            for summary in summaries.iter().rev() {
                let record = silk.store().request(summary.id).await.unwrap();
                records.push(record.unwrap());
            }
            return records;
        }
        assert!(Instant::now() < until, "{summaries:#?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The text of a query.
pub(crate) fn text(record: &RequestRecord, query: &QueryRecord) -> String {
    let text = usize::try_from(query.text).unwrap();
    record.detail.texts[text].text.to_string()
}

/// File and line that a query was run from.
pub(crate) fn site(record: &RequestRecord, query: &QueryRecord) -> Option<(String, u32)> {
    let site = usize::try_from(query.call_site?).unwrap();
    let site = &record.detail.call_sites[site];
    Some((site.file.clone(), site.line))
}

/// File and line where an app's source has this mark at its end.
pub(crate) fn line_of(file: &str, source: &str, mark: &str) -> Option<(String, u32)> {
    let mark = format!("// {mark}");
    let at = source
        .lines()
        .position(|line| line.ends_with(&mark))
        .unwrap();
    let line = u32::try_from(at).unwrap() + 1;
    Some((format!("examples/shapes/src/{file}"), line))
}

/// The values bound to a query: texts and numbers as their bytes say; none where they are not known.
pub(crate) fn values(query: &QueryRecord) -> Option<Vec<String>> {
    let shown = |state: &ValueState| match state {
        ValueState::Bytes(bytes) => match <[u8; 8]>::try_from(&**bytes) {
            _ if !bytes.contains(&0) && !bytes.is_empty() => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            Ok(number) => i64::from_le_bytes(number)
                .min(i64::from_be_bytes(number))
                .to_string(),
            Err(_) => format!("{bytes:?}"),
        },
        other => format!("{other:?}"),
    };
    let values = query.values.as_ref()?;
    Some(values.iter().map(|value| shown(&value.state)).collect())
}

/// What Health says of something: how much of it there is, why, and what to do.
pub(crate) fn health(silk: &Silk, what: &str) -> Option<(String, String, String)> {
    let captures = silk.vitals().captures;
    let said = captures.into_iter().find(|said| said.what == what)?;
    Some((
        format!("{:?}", said.level),
        said.reason,
        said.remedy.unwrap_or_default(),
    ))
}
