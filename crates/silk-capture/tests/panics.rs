//! What is recorded of a panic, and that the app's own hook says what it said before.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

mod support;

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures_util::FutureExt as _;
use http::{Request, Response, StatusCode};
use silk_core::{Outcome, RequestRecord, finding::rules};
use support::{Fixture, fixture};
use tower::{Layer as _, ServiceExt as _};

/// Runs a handler; code outside of our layer catches its panic.
async fn run<F>(fixture: &Fixture, handler: F) -> RequestRecord
where
    F: Future<Output = StatusCode> + Send + 'static,
{
    let handler = Mutex::new(Some(handler));
    let service = fixture
        .layer()
        .layer(tower::service_fn(move |_: Request<String>| {
            let handler = handler.lock().unwrap().take().unwrap();
            async move {
                let response = Response::builder().status(handler.await);
                Ok::<_, Infallible>(response.body(String::new()).unwrap())
            }
        }));
    let request = Request::get("/").body(String::new()).unwrap();
    let _caught = AssertUnwindSafe(service.oneshot(request))
        .catch_unwind()
        .await;
    let records = tokio::task::block_in_place(|| fixture.records());
    records.last().unwrap().clone()
}

/// All in one, because the hook is the process's.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_told_with_its_message_and_line() {
    // The app's hook, set before the recorder starts.
    let printed: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&printed);
    std::panic::set_hook(Box::new(move |info| {
        seen.lock().unwrap().push(info.to_string());
    }));
    let fixture = tokio::task::block_in_place(fixture);

    let line = line!() + 1;
    let record = run(&fixture, async { panic!("no person {}", 7) }).await;
    assert_eq!(record.summary.outcome, Outcome::Panicked);
    assert_eq!(record.detail.error.as_deref(), Some("no person 7"));
    let site = record.detail.error_site.clone().unwrap();
    assert_eq!(
        (site.file.as_str(), site.line),
        ("crates/silk-capture/tests/panics.rs", line)
    );
    assert_eq!(
        record.findings[0].title,
        format!("The request panicked at crates/silk-capture/tests/panics.rs:{line}: no person 7")
    );
    // The app's hook was called once, with the same.
    {
        let mut printed = printed.lock().unwrap();
        assert_eq!(printed.len(), 1);
        assert!(printed[0].ends_with("no person 7"), "{printed:?}");
        assert!(printed[0].contains(&format!("panics.rs:{line}:")));
        printed.clear();
    }

    // Caught within, and answered by a 500.
    let record = run(&fixture, async {
        let work = async { panic!("caught within") };
        match AssertUnwindSafe(work).catch_unwind().await {
            Ok(()) => StatusCode::OK,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    })
    .await;
    assert_eq!(record.summary.outcome, Outcome::Completed);
    assert_eq!(record.detail.error.as_deref(), Some("caught within"));
    assert!(record.findings.iter().any(|f| f.rule == rules::PANIC));

    // Caught within, and the request went well: no matter of ours.
    let record = run(&fixture, async {
        let work = async { panic!("expected") };
        let _expected = AssertUnwindSafe(work).catch_unwind().await;
        StatusCode::OK
    })
    .await;
    assert_eq!(record.detail.error, None);
    assert_eq!(record.findings, []);

    // A panic outside of any request is not taken for one of the next.
    let _elsewhere = std::thread::spawn(|| panic!("elsewhere")).join();
    let record = run(&fixture, async { StatusCode::INTERNAL_SERVER_ERROR }).await;
    assert_eq!(
        (record.detail.error, record.detail.error_site),
        (None, None)
    );

    // A payload that is no text.
    let record = run(&fixture, async { std::panic::panic_any(7_u8) }).await;
    assert_eq!(record.summary.outcome, Outcome::Panicked);
    assert_eq!(
        record.detail.error.as_deref(),
        Some("the handler or body panicked")
    );
    assert!(record.detail.error_site.is_some());

    // A hook set later that does not hand on costs the line alone.
    std::panic::set_hook(Box::new(|_| {}));
    let record = run(&fixture, async { panic!("another hook") }).await;
    assert_eq!(record.detail.error.as_deref(), Some("another hook"));
    assert_eq!(record.detail.error_site, None);
    assert_eq!(
        record.findings[0].title,
        "The request panicked: another hook"
    );
}
