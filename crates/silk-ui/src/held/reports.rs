//! Reports on the app's databases, asked in the background: a database that hangs delays no page.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use silk_core::{Explain, explain::DatabaseReport};
use tokio::sync::watch;

/// How long databases have for their answer.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a page waits before it says what it waits for.
pub(crate) const PAGE_PATIENCE: Duration = Duration::from_millis(500);

/// How long an answer is held for the page that waits for it.
const KEPT: Duration = Duration::from_secs(4);

/// What came of asking.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The reports.
    Reports(Arc<Vec<DatabaseReport>>),
    /// Nothing yet; asked so long ago.
    Waiting(Duration),
    /// Nothing within [`TIMEOUT`].
    Late,
}

/// At most one question at a time: looking again and again at a database that hangs
/// does not pile up.
#[derive(Debug, Default)]
pub(crate) struct Reports(Mutex<Option<Asking>>);

#[derive(Debug, Clone)]
struct Asking {
    started: Instant,
    answer: watch::Receiver<Option<Done>>,
}

#[derive(Debug, Clone)]
struct Done {
    ended: Instant,
    /// None where they were late.
    reports: Option<Arc<Vec<DatabaseReport>>>,
}

impl Reports {
    /// Asks, or joins an asking that is under way, and waits for so long.
    pub(crate) async fn look(&self, explain: &Arc<dyn Explain>, patience: Duration) -> Answer {
        let Asking {
            started,
            mut answer,
        } = self.asking(explain);
        match tokio::time::timeout(patience, answer.wait_for(Option::is_some)).await {
            Ok(Ok(done)) => match done.as_ref().and_then(|done| done.reports.clone()) {
                Some(reports) => Answer::Reports(reports),
                None => Answer::Late,
            },
            // It panicked.
            Ok(Err(_)) => Answer::Late,
            Err(_) => Answer::Waiting(started.elapsed()),
        }
    }

    fn asking(&self, explain: &Arc<dyn Explain>) -> Asking {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(asking) = slot.as_ref().filter(|asking| asking.is_worth_joining()) {
            return asking.clone();
        }
        let (sender, answer) = watch::channel(None);
        let explain = Arc::clone(explain);
        // Goes on when the page that asked has been answered or closed.
        tokio::spawn(async move {
            let reports = tokio::time::timeout(TIMEOUT, explain.inspect()).await;
            // Nobody may be looking any more.
            let _ = sender.send(Some(Done {
                ended: Instant::now(),
                reports: reports.ok().map(Arc::new),
            }));
        });
        slot.insert(Asking {
            started: Instant::now(),
            answer,
        })
        .clone()
    }
}

impl Asking {
    /// Under way, or just answered for a page that waits. A quick answer is not held: loading the
    /// page again must ask again.
    fn is_worth_joining(&self) -> bool {
        match &*self.answer.borrow() {
            None => self.answer.has_changed().is_ok(),
            Some(done) => {
                done.ended.duration_since(self.started) > PAGE_PATIENCE
                    && done.ended.elapsed() < KEPT
            }
        }
    }
}
