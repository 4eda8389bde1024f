//! A small app of axum and SQLite with Silk, and the program run against it.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "each test program uses a part of it, and to panic is how tests fail"
)]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path as Segment, State},
    http::StatusCode,
    routing::get,
};
use serde_json::Value;
use tempfile::TempDir;
use tower_silk::{Silk, SqlitePool, Thresholds};

pub const TOKEN: &str = "a token of the tests";
/// File of known findings.
pub const BASELINE: &str = "silk-findings.toml";

/// The app, running in this process.
pub struct App {
    pub silk: Silk,
    pub folder: TempDir,
    pub address: String,
}

impl App {
    /// Starts it on a free port, with 25 people in its database.
    pub async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        Self::start_in(folder).await
    }

    /// With what a `silk-findings.toml` in the folder knows.
    pub async fn start_in(folder: TempDir) -> Self {
        let baseline = folder.path().join(BASELINE);
        let mut builder = Silk::builder();
        if baseline.exists() {
            builder = builder.baseline(baseline);
        }
        let silk = builder
            .sqlite(folder.path().join("silk.db"))
            .token(TOKEN)
            .service("people")
            .findings(Thresholds {
                // The rows of a test are in memory.
                min_lost: Duration::ZERO,
                ..Thresholds::default()
            })
            .build()
            .await
            .unwrap();
        let pool = silk.pool(
            sqlx::sqlite::SqlitePoolOptions::new()
                .max_connections(1)
                .connect("sqlite::memory:")
                .await
                .unwrap(),
        );
        sqlx::raw_sql(
            "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
             INSERT INTO person (name) WITH RECURSIVE n(i) AS
               (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25) SELECT 'person ' || i FROM n",
        )
        .execute(&pool)
        .await
        .unwrap();
        let app = Router::new()
            .route("/people", get(people).post(add_person))
            .route("/people/at-once", get(people_at_once))
            .route("/people/{id}", get(person))
            .route("/broken", get(broken))
            .with_state(pool)
            .nest_service("/silk", silk.dashboard())
            .layer(silk.layer());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            silk,
            folder,
            address,
        }
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("silk.db")
    }

    pub fn url(&self) -> String {
        format!("http://{}/silk", self.address)
    }

    /// Sends a request, and gives the id of its record once that is written.
    pub async fn get(&self, path: &str) -> String {
        self.send("GET", path, &[]).await
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[&str]) -> String {
        let answer = send(&self.address, method, path, headers).await;
        assert!(self.silk.flush(Duration::from_secs(20)).await);
        let id = answer
            .lines()
            .find_map(|line| line.strip_prefix("silk-id: "));
        id.expect("an answer has a Silk-Id").trim().to_owned()
    }

    /// The program, asking this app over HTTP.
    pub async fn silk(&self, arguments: &[&str]) -> Run {
        let url = self.url();
        let mut all = vec!["--url", &url, "--token", TOKEN];
        all.extend(arguments);
        silk(&all).await
    }

    /// The program, looking into the store's file.
    pub async fn silk_on_store(&self, arguments: &[&str]) -> Run {
        let store = self.store().display().to_string();
        let mut all = vec!["--store", &store];
        all.extend(arguments);
        silk(&all).await
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// What it printed; it must have worked.
    pub fn done(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    pub fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// What it complained of; it must have failed with that code, and printed no data.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert_eq!(
            self.out, "",
            "data goes to standard output, messages do not"
        );
        self.err
    }
}

/// Runs the program in a folder without stores.
pub async fn silk(arguments: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    silk_in(folder.path(), arguments).await
}

pub async fn silk_in(folder: &Path, arguments: &[&str]) -> Run {
    let mut command = program(folder);
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    Run::from(output)
}

/// The program, to be started.
pub fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_silk"));
    command
        .current_dir(folder)
        .env_remove("SILK_URL")
        .env_remove("SILK_TOKEN")
        .env_remove("SILK_STORE")
        .stdin(Stdio::null());
    command
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Sends a request and gives the answer as it came.
pub async fn send(address: &str, method: &str, path: &str, headers: &[&str]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for header in headers {
        head.push_str(header);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn people(State(pool): State<SqlitePool>) -> Result<String, StatusCode> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM person ORDER BY id")
        .fetch_all(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let mut names = Vec::new();
    for id in ids {
        let name: String = sqlx::query_scalar("SELECT name FROM person WHERE id = ?")
            .bind(id)
            .fetch_one(&pool)
            .await
            .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        names.push(name);
    }
    Ok(names.join("\n"))
}

async fn people_at_once(State(pool): State<SqlitePool>) -> Result<String, StatusCode> {
    let names: Vec<String> = sqlx::query_scalar("SELECT name FROM person ORDER BY id")
        .fetch_all(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(names.join("\n"))
}

async fn person(
    State(pool): State<SqlitePool>,
    Segment(id): Segment<i64>,
) -> Result<String, StatusCode> {
    sqlx::query_scalar("SELECT name FROM person WHERE id = ?")
        .bind(id)
        .fetch_optional(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?
        .ok_or(StatusCode::NOT_FOUND)
}

async fn add_person(State(pool): State<SqlitePool>) -> Result<StatusCode, StatusCode> {
    sqlx::query("INSERT INTO person (name) VALUES (?)")
        .bind("somebody")
        .execute(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(StatusCode::CREATED)
}

async fn broken(State(pool): State<SqlitePool>) -> Result<String, StatusCode> {
    sqlx::query_scalar("SELECT name FROM persons")
        .fetch_one(&pool)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
