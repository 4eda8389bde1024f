use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx_core::{
    connection::{ConnectOptions, Connection},
    error::Error,
};
use tokio::sync::Mutex;

use super::target::Failure;

/// Beyond the database's own limit: connecting, and telling us.
const GRACE: Duration = Duration::from_secs(5);

/// One connection of Silk's own: opened when needed, closed when idle, used by one at a time.
pub(crate) struct Session<C> {
    held: Arc<Held<C>>,
    idle: Duration,
}

/// What becomes of a connection that answered.
#[derive(Clone, Copy)]
enum After {
    Keep,
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Close,
}

struct Held<C> {
    connection: Mutex<Option<C>>,
    /// Counts the uses, so that the closing task knows whether there was another.
    uses: AtomicU64,
}

impl<C: Connection + 'static> Session<C> {
    pub(crate) fn new(idle: Duration) -> Self {
        Self {
            held: Arc::new(Held {
                connection: Mutex::new(None),
                uses: AtomicU64::new(0),
            }),
            idle,
        }
    }

    /// Runs `ask` on the connection, opened with `open` where there is none. After any failure the
    /// connection is thrown away: what state it is in is not worth finding out.
    pub(crate) async fn run<T>(
        &self,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<C, Error>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run_and(After::Keep, timeout, open, ask).await
    }

    /// As [`run`](Self::run), and closes the connection afterwards: what was run on it may have
    /// left something behind.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) async fn run_once<T>(
        &self,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<C, Error>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.run_and(After::Close, timeout, open, ask).await
    }

    async fn run_and<T>(
        &self,
        after: After,
        timeout: Duration,
        open: impl AsyncFnOnce() -> Result<C, Error>,
        ask: impl AsyncFnOnce(&mut C) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let work = async {
            let mut held = self.held.connection.lock().await;
            let mut connection = match held.take() {
                Some(connection) => connection,
                None => open().await?,
            };
            match ask(&mut connection).await {
                Ok(answer) => {
                    match after {
                        After::Keep => *held = Some(connection),
                        #[cfg(any(feature = "postgres", feature = "mysql"))]
                        After::Close => {
                            let _ = connection.close().await;
                        }
                    }
                    Ok(answer)
                }
                Err(failure) => {
                    let _ = connection.close().await;
                    Err(failure)
                }
            }
        };
        let answer = tokio::time::timeout(timeout + GRACE, work)
            .await
            .unwrap_or(Err(Failure::TimedOut));
        self.close_when_idle();
        answer
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
