//! An app's log is the same, line for line, with and without the profiler, whichever of `log` and
//! `tracing` it uses. Each app is a process of its own: this very test, run again by itself.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are tests: to panic is how they fail; the apps print their log"
)]

use std::process::Command;

use tower_silk::Silk;

/// Says which app the process is.
const APP: &str = "SILK_TEST_APP";

/// Prints all that `log` knows of a record.
struct Printer;

impl log::Log for Printer {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        // As `env_logger` does with a directive for a module.
        !metadata.target().starts_with("unwanted")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            println!(
                "LINE {} {} {:?} {:?} {:?} {}",
                record.level(),
                record.target(),
                record.module_path(),
                record.file(),
                record.line(),
                record.args()
            );
        }
    }

    fn flush(&self) {}
}

/// A logger that prints and hands on to `tracing`, as some apps have it.
struct Both(tracing_log::LogTracer);

impl log::Log for Both {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        Printer.log(record);
        self.0.log(record);
    }

    fn flush(&self) {}
}

/// Everything that `tracing` tells `log` of, and the app's own lines.
async fn work() {
    tracing::error!("an error");
    tracing::warn!(target: "elsewhere", count = 3, name = "x", "with {} and fields", 2);
    tracing::info!(only = ?Some("fields"), flag = true);
    tracing::debug!("for developers");
    tracing::trace!("for the patient");
    tracing::info!(target: "unwanted::module", "not this");
    log::info!("the app's own line");
    log::debug!(target: "my_app", "and another {}", 1);
    let bare = tracing::info_span!("bare");
    let within = tracing::debug_span!("within", id = 7, later = tracing::field::Empty);
    bare.in_scope(|| {
        let _entered = within.enter();
        tracing::info!("in two spans");
        within.record("later", "now");
    });
    let copy = within.clone();
    drop(within);
    drop(copy);
    drop(bare);
    let job = tracing::Instrument::instrument(
        async {
            tokio::task::yield_now().await;
            tracing::info!("in a future");
        },
        tracing::info_span!("future", name = "f"),
    );
    job.await;
    let mut connection = <sqlx::SqliteConnection as sqlx::Connection>::connect("sqlite::memory:")
        .await
        .unwrap();
    sqlx::query("SELECT 1")
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

fn has(app: &str, word: &str) -> bool {
    app.split('+').any(|part| part == word)
}

/// Runs as the app that the environment names; does nothing in an ordinary run.
#[tokio::test]
async fn the_app() {
    let Ok(app) = std::env::var(APP) else { return };
    let level = if has(&app, "trace") {
        log::LevelFilter::Trace
    } else if has(&app, "debug") {
        log::LevelFilter::Debug
    } else {
        log::LevelFilter::Info
    };
    let set_logger = || {
        if has(&app, "log") {
            log::set_logger(&Printer).unwrap();
            log::set_max_level(level);
        } else if has(&app, "both") {
            let both = Both(tracing_log::LogTracer::new());
            log::set_boxed_logger(Box::new(both)).unwrap();
            log::set_max_level(level);
        } else if has(&app, "bridge") {
            tracing_log::LogTracer::init().unwrap();
        }
    };
    if !has(&app, "late") {
        set_logger();
    }
    if has(&app, "fmt") {
        tracing_subscriber::fmt()
            .without_time()
            .with_writer(std::io::stdout)
            .with_max_level(tracing::Level::INFO)
            .init();
    }
    let silk = Silk::builder().in_memory().build().await.unwrap();
    if has(&app, "silk") {
        silk.init_tracing();
    }
    if has(&app, "late") {
        set_logger();
    }
    println!("BEGIN");
    if has(&app, "silk") {
        silk.job("work").run(work()).await;
    } else {
        work().await;
    }
    println!("END");
    if has(&app, "silk") && !has(&app, "fmt") {
        assert!(silk.flush(std::time::Duration::from_secs(60)).await);
        assert_eq!(
            silk.vitals().queries,
            1,
            "and the profiler has seen the query once"
        );
    }
}

/// What an app logs; times and the ids of threads taken out.
fn log_of(app: &str) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_app", "--nocapture", "--test-threads=1"])
        .env(APP, app)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{app}: {text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (_, text) = text.split_once("BEGIN\n").unwrap();
    let (text, _) = text.split_once("END\n").unwrap();
    text.lines().map(without_times).collect()
}

/// sqlx's line says how long its query took.
fn without_times(line: &str) -> String {
    let Some((before, after)) = line.split_once(" elapsed=") else {
        return line.to_owned();
    };
    let rest = after
        .split_once("elapsed_secs=")
        .map_or("", |(_, rest)| rest);
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ".e-".contains(c));
    format!("{before} elapsed{rest}")
}

/// The lines of one thread keep their order; SQLite's worker writes when it likes.
fn apart(lines: Vec<String>) -> (Vec<String>, Vec<String>) {
    lines.into_iter().partition(|line| line.contains("sqlx"))
}

#[test]
fn apps_01_env_logger_goes_quiet() {
    for kind in ["log+info", "log+debug", "log+trace", "both+debug"] {
        let without = apart(log_of(kind));
        let with = apart(log_of(&format!("{kind}+silk")));
        assert_eq!(without, with, "{kind}");
        assert!(without.1.len() > 4, "{kind} has a log: {without:?}");
        let of_sqlx = without.0.iter().filter(|l| l.contains("SELECT 1")).count();
        assert_eq!(of_sqlx, usize::from(kind != "log+info"), "{without:?}");
    }
}

#[test]
fn a_logger_set_after_the_profiler_has_its_lines() {
    for kind in ["log+info", "log+debug"] {
        let without = apart(log_of(kind));
        let with = apart(log_of(&format!("{kind}+silk+late")));
        assert_eq!(without, with, "{kind}");
    }
}

#[test]
fn apps_with_a_subscriber_or_with_no_log_stay_as_they_are() {
    for kind in ["fmt", "none", "bridge"] {
        assert_eq!(log_of(kind), log_of(&format!("{kind}+silk")), "{kind}");
    }
    assert_eq!(log_of("none+silk"), Vec::<String>::new());
    assert!(log_of("fmt+silk").len() > 3);
}
