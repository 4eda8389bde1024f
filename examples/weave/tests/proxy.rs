//! The dashboard behind a real nginx with its defaults: to the app, everybody comes from loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::{
    fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use common::{
    http::{self, Response},
    weave::{Start, Weave, sqlite},
};
use tempfile::TempDir;

/// A real nginx in front of one weave, ended when dropped.
struct Nginx {
    address: String,
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts one whose only setting is `proxy_pass`: it sends `Host: 127.0.0.1:PORT` and no header
    /// that tells of a proxy.
    fn before(upstream: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        // The lines below `http` but `server` only keep its files in our folder.
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid nginx.pid; error_log stderr;\n\
             events {{}}\n\
             http {{ access_log off;\n{temporary}\
             server {{ listen {address}; location / {{ proxy_pass http://{upstream}; }} }} }}\n"
        );
        fs::write(folder.path().join("nginx.conf"), config).unwrap();
        let process = Command::new(program())
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf"])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut nginx = Self {
            address: address.to_string(),
            process,
            _folder: folder,
        };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&nginx.address).is_err() {
            let ended = nginx.process.try_wait().unwrap();
            assert!(ended.is_none(), "nginx ended: {ended:?}");
            assert!(Instant::now() < until, "nginx does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    /// Sends a request as somebody elsewhere would: by the site's name, through nginx.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut headers = headers.to_vec();
        headers.push(("Host", "shop.example"));
        http::send(&self.address, method, path, &headers, b"").unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where nginx is: named by `cargo xtask test`, or where Debian puts it.
fn program() -> PathBuf {
    let named = std::env::var_os("SILK_TEST_NGINX").map(PathBuf::from);
    named.unwrap_or_else(|| {
        let usual = Path::new("/usr/sbin/nginx");
        assert!(
            usual.is_file(),
            "no nginx: run cargo xtask test, which installs it, or set SILK_TEST_NGINX to its path"
        );
        usual.to_owned()
    })
}

/// Asserts that an answer refuses and shows nothing of what was recorded.
fn assert_refused(answer: &Response, what: &str) {
    assert!(
        matches!(answer.status, 401 | 403),
        "{what}: {}",
        answer.status
    );
    let text = answer.text();
    for secret in ["list_some", "person", "query_count", "items", "weave"] {
        assert!(!text.contains(secret), "{what} shows {secret:?}: {text}");
    }
}

/// Case faults, first row: nginx_default.conf.
#[test]
#[ignore = "needs nginx: run cargo xtask test"]
fn faults_open_behind_a_proxy() {
    let weave = Weave::start(&Start::on(&sqlite()));
    weave.record_of(&weave.get("/api/messages/list_some"));
    let nginx = Nginx::before(&weave.address);
    assert_eq!(nginx.send("GET", "/hello", &[]).status, 200);
    for path in [
        "/silk",
        "/silk/",
        "/silk/requests",
        "/silk/statements",
        "/silk/database",
        "/silk/health",
        "/silk/api/requests",
        "/silk/api/statements",
        "/silk/api/health",
        "/silk/nothing",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            assert_refused(&nginx.send(method, path, &[]), &format!("{method} {path}"));
        }
    }
    assert!(
        weave.health()["recorded"].as_u64().unwrap() > 0,
        "nothing was cleared"
    );
    let list = weave.get("/silk/api/requests?path=/api/messages/list_some");
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 1);
}

#[test]
#[ignore = "needs nginx: run cargo xtask test"]
fn the_token_works_through_a_proxy() {
    let weave = Weave::start(&Start::on(&sqlite()));
    weave.record_of(&weave.get("/api/messages/list_some"));
    let nginx = Nginx::before(&weave.address);
    let bearer = format!("Bearer {}", weave.token());
    let bearer = ("Authorization", bearer.as_str());
    let list = nginx.send("GET", "/silk/api/requests", &[bearer]);
    assert_eq!(list.status, 200, "{}", list.text());
    assert_eq!(list.json()["items"][0]["route"], "/api/messages/list_some");

    let opened = nginx.send("GET", &format!("/silk?token={}", weave.token()), &[]);
    assert_eq!(opened.status, 303);
    let target = opened.header("location").unwrap();
    let target = target.rsplit_once("/silk").map(|(_, rest)| rest);
    assert_eq!(target, Some(""), "{:?}", opened.headers);
    let cookie = opened.header("set-cookie").unwrap();
    let cookie = ("Cookie", cookie.split(';').next().unwrap());
    let page = nginx.send("GET", "/silk/requests", &[cookie]);
    assert!(page.status == 200 && page.text().contains("/api/messages/list_some"));
    let wrong = nginx.send("GET", "/silk", &[("Cookie", "silk_0000000000000000=00")]);
    assert_refused(&wrong, "another cookie");

    // Changing something: from our own page, not from another site, and by a program.
    let clear = |headers: &[(&str, &str)]| nginx.send("DELETE", "/silk/api/requests", headers);
    let other_site = ("Origin", "http://evil.example");
    assert_eq!(clear(&[cookie, other_site]).status, 403);
    let said_by_browser = ("Sec-Fetch-Site", "cross-site");
    assert_eq!(clear(&[cookie, other_site, said_by_browser]).status, 403);
    let own_page = [
        cookie,
        ("Origin", "https://shop.example"),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    assert_eq!(clear(&own_page).status, 204);
    assert_eq!(clear(&[bearer]).status, 204);
}

/// Case faults, second row: a header is no proof, whatever its name.
#[test]
#[ignore = "needs nginx: run cargo xtask test"]
fn faults_more_header_names_that_pass() {
    let weave = Weave::start(&Start::on(&sqlite()));
    weave.record_of(&weave.get("/api/messages/list_some"));
    let nginx = Nginx::before(&weave.address);
    for name in common::proxies::HEADERS {
        for value in ["127.0.0.1", "203.0.113.7", "localhost", "::1"] {
            let headers = [(*name, value)];
            let through = nginx.send("GET", "/silk/api/requests", &headers);
            assert_refused(&through, &format!("nginx: {name}: {value}"));
            let headers = [(*name, value), ("Host", "localhost")];
            for method in ["GET", "DELETE"] {
                let direct =
                    http::send(&weave.address, method, "/silk/api/requests", &headers, b"");
                assert_refused(&direct.unwrap(), &format!("{method} {name}: {value}"));
            }
        }
    }
}
