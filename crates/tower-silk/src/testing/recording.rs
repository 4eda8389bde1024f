//! How a recording is set up.

use std::{future::Future, panic::Location, path::PathBuf, sync::Arc, time::Duration};

use silk_capture::{
    RecorderConfig,
    testing::{Captured, Sight, TestRecorder, unattributed},
    writer::call_site::workspace,
};
use silk_core::{
    Redactor,
    finding::{Thresholds, rules},
};

use super::{Recorded, exchange, leave, name, recorded::Context, sight::Seen};

/// Sets up a recording: name, thresholds, file of known debts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # tower_silk::testing::init_tracing();
/// use tower_silk::testing::Recording;
///
/// let recorded = Recording::new().name("nightly report").record(async { 7 }).await;
/// assert_eq!(recorded.output, 7);
/// recorded.assert_queries(0);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is recorded before `record` or `request`"]
pub struct Recording {
    name: Option<String>,
    debts: Option<PathBuf>,
    config: RecorderConfig,
    has_timed_rules: bool,
    caller: &'static Location<'static>,
}

impl Default for Recording {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Recording {
    /// A recording under the name of the running test.
    #[track_caller]
    pub fn new() -> Self {
        let caller = Location::caller();
        workspace::note(caller);
        Self {
            name: None,
            debts: None,
            config: RecorderConfig {
                // Counts do not depend on the machine; time lost does.
                thresholds: Thresholds {
                    min_share: 0.0,
                    min_lost: Duration::ZERO,
                    ..Thresholds::default()
                },
                layer_call_sites: true,
                linger: Duration::from_secs(2),
                ..RecorderConfig::default()
            },
            has_timed_rules: false,
            caller,
        }
    }

    /// The name in messages; in files it stands after the test's own, as its harness calls it.
    /// Default: the test's own alone.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The file of known debts. Default: `SILK_DEBTS`, else `silk-debts.toml` beside the package's
    /// `Cargo.toml`. A relative path is taken from there too.
    pub fn debts(mut self, file: impl Into<PathBuf>) -> Self {
        self.debts = Some(file.into());
        self
    }

    /// From what on rules speak. Default: those of the profiler, with no minimum of time.
    pub const fn thresholds(mut self, thresholds: Thresholds) -> Self {
        self.config.thresholds = thresholds;
        self
    }

    /// Whether findings count that speak only from some time on (slow queries, waits, deep OFFSET,
    /// blocked executor).
    /// Default: no, as they come and go with the machine.
    pub const fn timed_rules(mut self, do_count: bool) -> Self {
        self.has_timed_rules = do_count;
        self
    }

    /// How long tasks, spans and queries that hold the recording are waited for after its end.
    /// Default 2 s.
    pub const fn linger(mut self, time: Duration) -> Self {
        self.config.linger = time;
        self
    }

    /// Records what `future` runs.
    ///
    /// A panic in it goes on to the caller. On any executor; nothing of its timer is used.
    pub async fn record<F: Future>(self, future: F) -> Recorded<F::Output> {
        let begun = self.begin();
        let output = begun.recorder.run(&begun.title, future).await;
        begun.end(output).await
    }

    /// Sends one request to an axum router, and reads the response to its end.
    #[cfg(feature = "axum")]
    pub async fn request(
        self,
        router: axum::Router,
        request: http::Request<axum::body::Body>,
    ) -> Recorded<http::Response<bytes::Bytes>> {
        let begun = self.begin();
        // Within the router, so that the matched route is known.
        let router = router.layer(begun.recorder.layer());
        let answered = exchange::whole(router, request).await;
        let output = answered.unwrap_or_else(|never| match never {});
        begun.end(output).await
    }

    /// Sends one request to any tower service, and reads the response to its end. A body that fails
    /// is cut there.
    pub async fn call<S, B, R>(
        self,
        service: S,
        request: http::Request<B>,
    ) -> Recorded<Result<http::Response<bytes::Bytes>, S::Error>>
    where
        S: tower_service::Service<http::Request<B>, Response = http::Response<R>>,
        S::Error: std::fmt::Display,
        B: 'static,
        R: http_body::Body,
        R::Error: std::fmt::Display,
    {
        let begun = self.begin();
        let service = tower_layer::Layer::layer(&begun.recorder.layer(), service);
        let output = exchange::whole(service, request).await;
        begun.end(output).await
    }

    fn begin(self) -> Begun {
        let test = name::of_test(self.caller);
        let (title, test) = match self.name {
            // One name may stand in many tests: the test tells them apart.
            Some(name) => (name.clone(), format!("{test}: {name}")),
            None => (test.clone(), test),
        };
        Begun {
            recorder: TestRecorder::new(self.config, Arc::new(Redactor::default())),
            title,
            test,
            debts: self.debts,
            has_timed_rules: self.has_timed_rules,
            caller: self.caller,
            sight: Sight::here(),
            unattributed: unattributed(),
        }
    }
}

/// A recording under way.
struct Begun {
    recorder: TestRecorder,
    title: String,
    test: String,
    debts: Option<PathBuf>,
    has_timed_rules: bool,
    caller: &'static Location<'static>,
    /// What was there to see queries before, and how many belonged to none.
    sight: Sight,
    unattributed: u64,
}

impl Begun {
    async fn end<T>(self, output: T) -> Recorded<T> {
        let captured = self.recorder.finish().await;
        let name = name::of_recording(self.test);
        #[expect(clippy::panic, reason = "a test that recorded nothing must not go on")]
        let Some(Captured {
            record,
            plans,
            was_lent,
        }) = captured
        else {
            panic!(
                "{}: the recording did not come to its end; was the recorded code run on one of \
                 Silk's own threads?",
                name.test
            );
        };
        #[expect(
            clippy::panic,
            reason = "a check without this test's file would pass it over"
        )]
        if let Err(error) = leave::recording(&name, &record) {
            panic!(
                "{}: SILK_RECORD: the recording cannot be written: {error}",
                name.test
            );
        }
        let has_any = record.summary.query_count > 0
            || !record.detail.waits.is_empty()
            || !record.detail.transactions.is_empty();
        let seen = Seen {
            sight: self.sight.or(Sight::here()),
            has_any,
            was_lent,
            elsewhere: unattributed().saturating_sub(self.unattributed),
        };
        let ignored_rules = if self.has_timed_rules {
            &[]
        } else {
            rules::TIMED
        };
        Recorded {
            output,
            record,
            plans,
            context: Context {
                name,
                debts: self.debts,
                ignored_rules,
                caller: self.caller,
                seen,
            },
        }
    }
}
