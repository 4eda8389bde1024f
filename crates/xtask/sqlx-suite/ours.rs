//! sqlx through Silk: connections and pools are instrumented, each test is a recorded job, and the
//! tracing layer listens too.

use std::{
    env, fs,
    future::Future,
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::Duration,
};

use silk_capture::{Recorder, RecorderConfig, SilkTracingLayer};
use silk_core::{Redactor, RequestKind, Vitals as _};
use silk_store::MemoryStore;
use tracing_subscriber::layer::SubscriberExt as _;

pub use silk_capture::sql::pool::{Conn, Pool};
use silk_capture::sql::pool::PoolDatabase;

static RECORDER: LazyLock<Recorder> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("the system gives a runtime");
    let recorder = Recorder::start(
        RecorderConfig::default(),
        Arc::new(MemoryStore::default()),
        Arc::new(Redactor::default()),
        runtime.handle().clone(),
    )
    .expect("the system gives a thread");
    // It serves the recorder as long as the process lives.
    std::mem::forget(runtime);
    let layer = SilkTracingLayer::new(recorder.clone());
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))
        .expect("nobody else sets a subscriber");
    recorder
});

pub fn set_up() {
    LazyLock::force(&RECORDER);
}

/// A database that tests are for.
pub trait Suite: PoolDatabase {
    fn conn(raw: Self::Connection) -> Conn<Self> {
        Conn::new(RECORDER.clone(), raw, "suite")
    }

    fn pool(raw: sqlx::Pool<Self>) -> Pool<Self> {
        Pool::new(RECORDER.clone(), raw)
    }
}

impl<DB: PoolDatabase> Suite for DB {}

/// What a test made for itself, instrumented.
pub trait Ours {
    type Ours;

    fn ours(self) -> Self::Ours;
}

impl<DB: Suite> Ours for sqlx::Pool<DB> {
    type Ours = Pool<DB>;

    fn ours(self) -> Pool<DB> {
        DB::pool(self)
    }
}

macro_rules! connections {
    ($($feature:literal $db:ty, $raw:ty;)*) => {$(
        #[cfg(feature = $feature)]
        impl Ours for $raw {
            type Ours = Conn<$db>;

            fn ours(self) -> Conn<$db> {
                <$db as Suite>::conn(self)
            }
        }
    )*};
}

connections! {
    "postgres" sqlx::Postgres, sqlx::PgConnection;
    "mysql" sqlx::MySql, sqlx::MySqlConnection;
    "sqlite" sqlx::Sqlite, sqlx::SqliteConnection;
}

/// Runs a test as a recorded job, and tells what was recorded so far.
pub fn run<F: Future>(name: &'static str, test: F) -> F::Output {
    set_up();
    let _told = Told;
    crate::block_on(silk_capture::run_job(&RECORDER, RequestKind::Job, name, test))
}

/// Writes the counts of jobs and queries where the harness asked for them, when a test has ended,
/// however it did.
struct Told;

impl Drop for Told {
    fn drop(&mut self) {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let Some(file) = env::var_os("SQLX_SUITE_COUNTS") else {
            return;
        };
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let _is_written = RECORDER.flush(Duration::from_secs(20));
        let seen = RECORDER.snapshot();
        let lost: u64 = seen.lost.iter().map(|(_, count)| count).sum();
        let counts = format!(
            "{} {} {} {lost}",
            seen.recorded, seen.queries, seen.unattributed_queries
        );
        let _is_told = fs::write(file, counts);
    }
}
