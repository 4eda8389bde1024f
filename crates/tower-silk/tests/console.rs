//! What an app with a log of its own sees at start, and what `build` refuses.

#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::sync::{Arc, Mutex};

use tower_silk::Silk;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
};

/// Keeps what is logged at ERROR.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Visit for Log {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.lock().unwrap().push(format!("{value:?}"));
        }
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR && event.metadata().target() == "silk" {
            event.record(&mut self.clone());
        }
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_in_the_apps_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let well = Silk::builder().sqlite(folder.path().join("silk.db"));
    well.build().await.unwrap();
    assert!(log.0.lock().unwrap().is_empty());

    let path = folder.path().join("nowhere").join("silk.db");
    let silk = Silk::builder().sqlite(&path).build().await.unwrap();
    let said = log.0.lock().unwrap().clone();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with(&format!("nothing is recorded in {}: ", path.display())),
        "{said:?}"
    );
    silk.job("goes on").run(async {}).await;
}

#[tokio::test]
async fn what_is_no_place_for_a_store_is_refused() {
    for given in ["postgres://silk:hunter2@localhost/silk", "", "redis://x"] {
        let error = Silk::builder().sqlite(given).build().await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("give a path") && !text.contains("hunter2"),
            "{text}"
        );
    }
    let silk = Silk::builder()
        .sqlite("sqlite::memory:")
        .build()
        .await
        .unwrap();
    assert!(silk.store().kind().to_lowercase().contains("memory"));
}
