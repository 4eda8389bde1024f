//! weave as a process, and what Silk tells of it.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::http::{self, Response};

/// A running weave, killed when dropped.
#[derive(Debug)]
pub struct Weave {
    pub address: String,
    /// The address of the dashboard as it was printed; none where Silk is off.
    pub link: Option<String>,
    pub folder: TempDir,
    child: Child,
}

/// How to start it.
#[derive(Debug, Clone)]
pub struct Start<'a> {
    pub database: &'a str,
    pub capture: &'a str,
    pub subscriber: &'a str,
    pub store: Option<PathBuf>,
    /// Whether it sends itself the traffic of the demonstration.
    pub demo: bool,
    /// The folder it is started in; the package's unless said otherwise.
    pub current_dir: Option<PathBuf>,
    /// `SILK_TOKEN` in its environment.
    pub token: Option<&'a str>,
}

impl<'a> Start<'a> {
    pub fn on(database: &'a str) -> Self {
        Self {
            database,
            capture: "pool",
            subscriber: "on",
            store: None,
            demo: false,
            current_dir: None,
            token: None,
        }
    }
}

impl Weave {
    /// Starts one on a free port; its store is in its folder unless said otherwise.
    pub fn start(start: &Start<'_>) -> Self {
        let folder = TempDir::new().unwrap();
        Self::start_in(folder, start)
    }

    /// The same in a folder that another one left.
    pub fn start_in(folder: TempDir, start: &Start<'_>) -> Self {
        let store = start
            .store
            .clone()
            .unwrap_or_else(|| folder.path().join("silk.db"));
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.path().join("weave.log"))
            .unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_weave"))
            .args(["--listen", "127.0.0.1:0", "--database", start.database])
            .args(["--capture", start.capture, "--subscriber", start.subscriber])
            .arg("--store")
            .arg(&store)
            .args(start.demo.then_some("--demo"))
            .current_dir(
                start
                    .current_dir
                    .as_deref()
                    .unwrap_or(Path::new(env!("CARGO_MANIFEST_DIR"))),
            )
            .env("SILK_TOKEN", start.token.unwrap_or_default())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some(address) = line.trim().strip_prefix("weave listens on http://") else {
            let log = fs::read_to_string(folder.path().join("weave.log")).unwrap_or_default();
            panic!("weave did not start: {line}{log}");
        };
        let address = address.to_owned();
        line.clear();
        output.read_line(&mut line).unwrap();
        let link = line.trim().strip_prefix("dashboard ").map(str::to_owned);
        let more = folder.path().join("weave.out");
        thread::spawn(move || {
            let mut text = String::new();
            let _ = output.read_to_string(&mut text);
            let _ = fs::write(more, text);
        });
        Self {
            address,
            link,
            folder,
            child,
        }
    }

    /// The token in the printed link.
    pub fn token(&self) -> &str {
        let link = self.link.as_deref().expect("Silk is on");
        link.split_once("?token=").expect("the link has a token").1
    }

    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], b"")
    }

    /// Sends a request; one to the dashboard with the token.
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut headers = headers.to_vec();
        let bearer = format!("Bearer {}", self.link.as_ref().map_or("", |_| self.token()));
        if path == "/silk" || path.starts_with("/silk/") || path.starts_with("/silk?") {
            headers.push(("Authorization", &bearer));
        }
        self.send_as_stranger(method, path, &headers, body)
    }

    /// Sends a request as it is.
    pub fn send_as_stranger(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        http::send(&self.address, method, path, headers, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The record of an answer, by the id that came with it.
    pub fn record_of(&self, response: &Response) -> Value {
        let id = response.header("silk-id").expect("an answer has a Silk-Id");
        self.record(id)
    }

    /// A record by its id; waits until it is written.
    pub fn record(&self, id: &str) -> Value {
        let path = format!("/silk/api/requests/{id}");
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let response = self.get(&path);
            match response.status {
                200 => return response.json(),
                404 if Instant::now() < until => thread::sleep(Duration::from_millis(50)),
                status => panic!("{path}: {status}: {}", response.text()),
            }
        }
    }

    /// Items of `api/requests?{query}`, once there are `count` of them.
    pub fn requests(&self, query: &str, count: usize) -> Vec<Value> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let list = self.get(&format!("/silk/api/requests?{query}")).json();
            let items = list["items"].as_array().cloned().unwrap_or_default();
            if items.len() >= count || Instant::now() > until {
                assert_eq!(items.len(), count, "{query}: {items:#?}");
                return items;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn health(&self) -> Value {
        self.get("/silk/api/health").json()
    }

    /// Waits until everything seen is either recorded or lost; returns both numbers.
    pub fn settled(&self, sent: u64) -> (u64, u64) {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let health = self.health();
            let recorded = health["recorded"].as_u64().unwrap();
            let lost = lost(&health);
            if recorded + lost >= sent {
                return (recorded, lost);
            }
            assert!(
                Instant::now() < until,
                "{recorded} recorded and {lost} lost of {sent}: {health}"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// What it wrote to its standard error so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("weave.log")).unwrap_or_default()
    }

    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL; its folder stays.
    pub fn kill(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.folder, TempDir::new().unwrap())
    }

    /// SIGTERM, and waits for its end.
    pub fn stop(mut self) -> TempDir {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}: {}", self.log());
                return std::mem::replace(&mut self.folder, TempDir::new().unwrap());
            }
            assert!(Instant::now() < until, "weave does not stop");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Weave {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All losses of a health answer.
pub fn lost(health: &Value) -> u64 {
    let lost = health["lost"].as_object().unwrap();
    lost.values().map(|count| count.as_u64().unwrap()).sum()
}

/// An SQLite database that all tests of a checkout share; weave fills it once.
pub fn sqlite() -> String {
    format!(
        "sqlite:{}",
        PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join("weave-1.db")
            .display()
    )
}

/// A database of this test program on the server that `variable` names.
pub fn database_on(variable: &str) -> &'static str {
    static DATABASE: OnceLock<String> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let server = super::server(variable);
        let name = format!("weave_{}", std::process::id());
        let sql = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            use sqlx::Connection as _;
            if server.starts_with("mysql") {
                let mut connection = sqlx::MySqlConnection::connect(&server).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            } else {
                let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
                sqlx::query(sql).execute(&mut connection).await.unwrap();
            }
        });
        let (server, _) = server.rsplit_once('/').unwrap();
        format!("{server}/{name}")
    })
}
