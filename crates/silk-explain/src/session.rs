//! One connection of Silk's own for each database, opened when needed and closed when idle.

use std::{
    sync::{
        Arc, Mutex as StdMutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use silk_core::ExplainError;
use sqlx_core::connection::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::{refusal, room::Room, target::Failure};

/// Beyond the database's own limit: connecting, and telling us.
const GRACE: Duration = Duration::from_secs(5);
/// How long a database that had no connection to spare is left alone.
const REST: Duration = Duration::from_secs(60);

/// One connection of Silk's own: opened when needed, closed when idle, used by one at a time.
pub(crate) struct Session<C> {
    held: Arc<Held<C>>,
    idle: Duration,
}

/// What becomes of a connection that answered.
#[derive(Clone, Copy)]
enum After {
    Keep,
    Close,
}

struct Held<C> {
    connection: Mutex<Option<C>>,
    /// Counts the uses, so that the closing task knows whether there was another.
    uses: AtomicU64,
    /// When the database had no connection to spare, and what it said.
    refused: StdMutex<Option<(Instant, ExplainError)>>,
}

impl<C: Connection + 'static> Session<C> {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            held: Arc::new(Held {
                connection: Mutex::new(None),
                uses: AtomicU64::new(0),
                refused: StdMutex::default(),
            }),
            idle,
        }
    }

    /// Runs `ask` on the connection, opened with `open` where there is none. After any failure the
    /// connection is thrown away: what state it is in is not worth finding out.
    pub(crate) async fn run<T>(
        &self,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<(C, Room), Failure>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run_and(After::Keep, timeout, open, ask).await
    }

    /// As [`run`](Self::run), and closes the connection afterwards: what was run on it may have
    /// left something behind.
    pub(crate) async fn run_once<T>(
        &self,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<(C, Room), Failure>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run_and(After::Close, timeout, open, ask).await
    }

    async fn run_and<T>(
        &self,
        after: After,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<(C, Room), Failure>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let work = async {
            let mut held = self.held.connection.lock().await;
            let (mut connection, room) = match held.take() {
                Some(connection) => (connection, Room::Ample),
                None => self.open(open).await?,
            };
            let asked_at = Instant::now();
            match ask(&mut connection).await {
                Ok(answer) => {
                    match (after, room) {
                        (After::Keep, Room::Ample) => *held = Some(connection),
                        _ => {
                            let _ = connection.close().await;
                        }
                    }
                    Ok(answer)
                }
                Err(failure) => {
                    let took = asked_at.elapsed();
                    let _ = connection.close().await;
                    Err(failure.after(took, timeout))
                }
            }
        };
        let answer = tokio::time::timeout(timeout + GRACE, work)
            .await
            .unwrap_or(Err(Failure::TimedOut(timeout)));
        self.close_when_idle();
        answer
    }

    /// Opens the connection, unless the database had none to spare a moment ago.
    async fn open(
        &self,
        open: impl AsyncFnOnce() -> Result<(C, Room), Failure>,
    ) -> Result<(C, Room), Failure> {
        let refused = || {
            self.held
                .refused
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((at, error)) = &*refused()
            && at.elapsed() < REST
        {
            return Err(Failure::Refused(error.clone()));
        }
        let opened = open().await;
        *refused() = match &opened {
            Err(Failure::Refused(error)) if refusal::is_no_room(error) => {
                Some((Instant::now(), error.clone()))
            }
            _ => None,
        };
        opened
    }

    fn close_when_idle(&self) {
        let held = Arc::clone(&self.held);
        let idle = self.idle;
        let use_number = held.uses.fetch_add(1, Ordering::Relaxed) + 1;
        // A detached task: it ends by itself after `idle`, or with Silk's runtime.
        tokio::spawn(async move {
            tokio::time::sleep(idle).await;
            if held.uses.load(Ordering::Relaxed) != use_number {
                return;
            }
            let connection = held.connection.lock().await.take();
            if let Some(connection) = connection {
                let _ = connection.close().await;
            }
        });
    }
}

/// Options for a connection that logs nothing, so that Silk does not record itself.
pub(crate) fn quiet<O: ConnectOptions>(options: &O) -> O {
    options.clone().disable_statement_logging()
}
