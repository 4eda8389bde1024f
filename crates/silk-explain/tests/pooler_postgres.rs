//! A server that is not what it seems: PgBouncer, which shares sessions in transaction mode.

#![expect(clippy::unwrap_used, reason = "tests say what failed by panicking")]

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use silk_core::{Explain as _, PlanSource, Redactor, vitals::CaptureLevel};
use silk_explain::{ExplainConfig, Explainer};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// A real PgBouncer, ended when dropped.
struct PgBouncer {
    port: u16,
    process: Child,
    _folder: tempfile::TempDir,
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn server() -> PgConnectOptions {
    std::env::var("SILK_TEST_POSTGRES")
        .expect("SILK_TEST_POSTGRES names a server: run cargo xtask test")
        .parse()
        .unwrap()
}

/// Where PgBouncer is: named by `cargo xtask test`, or where Debian puts it.
fn program() -> PathBuf {
    let named = std::env::var_os("SILK_TEST_PGBOUNCER").map(PathBuf::from);
    let program = named.unwrap_or_else(|| PathBuf::from("/usr/sbin/pgbouncer"));
    assert!(
        program.is_file(),
        "PgBouncer is needed: run cargo xtask test, or install the package pgbouncer"
    );
    program
}

fn pgbouncer(mode: &str) -> PgBouncer {
    let server = server();
    let folder = tempfile::tempdir().unwrap();
    // It gives up being root, and has to read these all the same.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let users = folder.path().join("users.txt");
    fs::write(&users, format!("\"{}\" \"\"\n", server.get_username())).unwrap();
    let config = folder.path().join("pgbouncer.ini");
    fs::write(
        &config,
        format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = trust\nauth_file = {}\n\
             pool_mode = {mode}\nignore_startup_parameters = extra_float_digits\n",
            server.get_host(),
            server.get_port(),
            users.display(),
        ),
    )
    .unwrap();
    let mut command = Command::new(program());
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.args(["-u", "nobody"]);
    }
    let process = command
        .arg("-q")
        .arg(&config)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pgbouncer = PgBouncer {
        port,
        process,
        _folder: folder,
    };
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = pgbouncer.process.try_wait().unwrap();
        assert!(ended.is_none(), "PgBouncer ended: {ended:?}");
        assert!(Instant::now() < until, "PgBouncer does not listen");
        thread::sleep(Duration::from_millis(20));
    }
    pgbouncer
}

/// What the ladder says of plans of real runs.
async fn told(options: PgConnectOptions) -> Option<String> {
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_with(options.statement_cache_capacity(0))
        .await
        .unwrap();
    let explainer = Explainer::new(
        Arc::new(Redactor::default()),
        tokio::runtime::Handle::current(),
        ExplainConfig::default(),
    );
    explainer.register(&pool);
    let ladders = explainer.ladders().await;
    let steps = &ladders.first().unwrap().steps;
    let estimated = steps
        .iter()
        .find(|step| step.source == PlanSource::Estimated);
    assert_eq!(estimated.unwrap().level, CaptureLevel::Full, "{steps:?}");
    steps
        .iter()
        .find(|step| step.source == PlanSource::AutoExplain)
        .map(|step| {
            format!(
                "{} {}",
                step.reason,
                step.remedy.clone().unwrap_or_default()
            )
        })
}

#[tokio::test]
#[ignore = "needs PostgreSQL and PgBouncer: run cargo xtask test"]
async fn apps_pgbouncer_in_transaction_mode_is_recognised() {
    let pgbouncer = pgbouncer("transaction");
    let told = told(server().host("127.0.0.1").port(pgbouncer.port))
        .await
        .unwrap();
    assert!(
        told.contains("PgBouncer in transaction mode") && told.contains("pg_pool_options"),
        "{told}"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL and PgBouncer: run cargo xtask test"]
async fn a_pooler_that_keeps_sessions_and_a_server_of_its_own_are_not_accused() {
    let pgbouncer = pgbouncer("session");
    assert_eq!(
        told(server().host("127.0.0.1").port(pgbouncer.port)).await,
        None
    );
    assert_eq!(told(server()).await, None);
}
