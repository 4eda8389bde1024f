//! Records the corpus of findings anew: real SQL, through real pools, on real databases, one
//! readable file each in `silk-core/tests/findings`, and of the rules about many requests in
//! `silk-core/tests/across`.
//!
//! `SILK_SCENARIO=all cargo test -p silk-capture --features axum,postgres,mysql,sqlite --test
//! record_findings -- --ignored`, or a part of one scenario's name for that one alone. Without the
//! variable nothing is written: the whole test command runs ignored tests too.
//! Look at the difference before you keep it: what is expected is written here, what was recorded
//! depends on the machine.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests say what failed by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod across;
mod apps_mysql;
mod apps_postgres;
mod apps_sqlite;
mod costly_mysql;
mod costly_postgres;
mod costly_sqlite;
mod fresh_postgres;
mod mysql;
mod postgres;
mod sqlite;
mod write;

use std::{convert::Infallible, future::Future, pin::Pin, time::Duration};

use http::{Request, Response, StatusCode};
use silk_capture::RecorderConfig;
use silk_core::RequestRecord;
use support::{Fixture, fixture_with};
use tower::{Layer as _, ServiceExt as _};
use tracing::instrument::WithSubscriber as _;

type Handled = Pin<Box<dyn Future<Output = StatusCode> + Send>>;

/// A request to be recorded.
struct Scenario<P> {
    name: &'static str,
    about: &'static str,
    source: &'static str,
    /// Rules that must speak, each as often as it must.
    expected: &'static [&'static str],
    thresholds: &'static [(&'static str, u64)],
    run: fn(P) -> Handled,
}

fn fixture() -> Fixture {
    fixture_with(RecorderConfig {
        write_interval: Duration::from_millis(10),
        ..RecorderConfig::default()
    })
}

/// Whether this scenario is asked for. Nothing is unless it is named: the corpus is part of the
/// sources, and a run of all tests must leave them as they are.
fn is_wanted(name: &str) -> bool {
    std::env::var("SILK_SCENARIO").is_ok_and(|wanted| wanted == "all" || name.contains(&wanted))
}

async fn record_all<P: Clone + Send + Sync + 'static>(
    fixture: &Fixture,
    pool: &P,
    scenarios: Vec<Scenario<P>>,
) {
    for scenario in scenarios {
        if !is_wanted(scenario.name) {
            continue;
        }
        let (run, one) = (scenario.run, pool.clone());
        let record = record_one(fixture, scenario.name, move || run(one.clone())).await;
        write::scenario(&scenario, &record);
    }
}

/// Handles one request of `/name`, and gives what was recorded of it.
async fn record_one(
    fixture: &Fixture,
    name: &str,
    handle: impl Fn() -> Handled + Clone + Send + Sync + 'static,
) -> RequestRecord {
    let service = fixture
        .layer()
        .layer(tower::service_fn(move |_: Request<String>| {
            let handled = handle();
            async move {
                let status = handled.await;
                let response = Response::builder().status(status).body(String::new());
                Ok::<_, Infallible>(response.unwrap())
            }
        }));
    let path = format!("/{name}");
    let request = Request::get(&path).body(String::new()).unwrap();
    // A panic is recorded too.
    let _ended = tokio::spawn(service.oneshot(request).with_current_subscriber()).await;
    for _ in 0..600 {
        if let Some(record) = fixture.store.take(&path) {
            return record;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{path} was not recorded")
}

/// Scenarios in a table: name, what it is about, where it comes from, what is expected, and what
/// the handler does.
macro_rules! scenarios {
    ($($name:literal $about:literal ($source:literal) => [$($rule:literal),*] $({ $($threshold:ident: $value:literal),* })? |$pool:ident| $body:block)*) => {
        vec![$(crate::Scenario {
            name: $name,
            about: $about,
            source: $source,
            expected: &[$($rule),*],
            thresholds: &[$($((stringify!($threshold), $value)),*)?],
            run: |$pool| Box::pin(async move {
                $body
                #[allow(unreachable_code, clippy::allow_attributes, reason = "some panic")]
                http::StatusCode::OK
            }),
        }),*]
    };
}
pub(crate) use scenarios;
