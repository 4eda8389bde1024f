//! A browser, by the W3C's WebDriver protocol: JSON over HTTP.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{http, server, weave::Weave};

/// How long a page may take on a machine that has much else to do.
const DEADLINE: Duration = Duration::from_secs(60);

/// The keys that are no characters, as WebDriver names them.
pub const ENTER: &str = "\u{e007}";
/// Goes to the next control.
pub const TAB: &str = "\u{e004}";
/// Leaves a field, closes a dialog.
pub const ESCAPE: &str = "\u{e00c}";

/// A Chromium with its remote control, both gone when dropped.
#[derive(Debug)]
pub struct Browser {
    address: String,
    session: String,
    driver: Child,
}

impl Browser {
    /// Starts both, and opens the printed link once, as a person does: it leaves a cookie.
    pub fn start(weave: &Weave) -> Self {
        let mut driver = Command::new(server("SILK_TEST_CHROMEDRIVER"))
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // "ChromeDriver was started successfully on port 12345."
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port: u16 = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| {
                line.split("on port ")
                    .nth(1)?
                    .trim_end_matches('.')
                    .parse()
                    .ok()
            })
            // The first line repeats what was asked for.
            .find(|port| *port != 0)
            .expect("the port of chromedriver");
        thread::spawn(move || lines.for_each(drop));
        let mut browser = Self {
            address: format!("127.0.0.1:{port}"),
            session: String::new(),
            driver,
        };
        let session = browser.call(
            "POST",
            "/session",
            &json!({ "capabilities": { "alwaysMatch": {
                "goog:loggingPrefs": { "browser": "ALL" },
                "goog:chromeOptions": {
                    "binary": server("SILK_TEST_CHROMIUM"),
                    "args": [
                        "--headless=new", "--disable-gpu", "--disable-dev-shm-usage",
                        "--hide-scrollbars", "--force-device-scale-factor=1",
                        // Root, in a container.
                        "--no-sandbox",
                    ],
                },
            } } }),
        );
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser.open(weave.link.as_deref().expect("Silk is on"));
        browser
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_call(method, path, body)
            .unwrap_or_else(|answer| panic!("{method} {path}: {answer:#}"))
    }

    fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let body = if method == "POST" {
            body.to_string()
        } else {
            String::new()
        };
        let headers = [("Content-Type", "application/json")];
        let response = http::send(&self.address, method, path, &headers, body.as_bytes()).unwrap();
        let mut answer = response.json();
        match response.status {
            200 => Ok(answer["value"].take()),
            _ => Err(answer),
        }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// A command of Chromium's own protocol.
    fn devtools(&self, command: &str, params: &Value) {
        self.post(
            "goog/cdp/execute",
            &json!({ "cmd": command, "params": params }),
        );
    }

    /// The width of the window, and whether people prefer dark.
    pub fn look(&self, width: u32, is_dark: bool) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false }),
        );
        let scheme = if is_dark { "dark" } else { "light" };
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
        );
    }

    /// Opens a page and waits until it is loaded.
    pub fn open(&self, url: &str) {
        self.post("url", &json!({ "url": url }));
    }

    /// The value of a script's `return`.
    pub fn script(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The value that a script gives to `done`.
    pub fn script_async(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.post("execute/async", &json!({ "script": script, "args": [] }))
    }

    /// Clicks the first element that a CSS selector finds.
    pub fn click(&self, selector: &str) {
        let element = self.post(
            "element",
            &json!({ "using": "css selector", "value": selector }),
        );
        let id = element
            .as_object()
            .unwrap()
            .values()
            .next()
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned();
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys one after the other, as a person does: where the focus is.
    pub fn keys(&self, keys: &str) {
        let presses: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key.to_string() }))
            })
            .collect();
        self.post(
            "actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": presses }] }),
        );
    }

    /// Waits until a script returns true; a page may load on the way.
    pub fn until(&self, script: &str) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if self.try_script(script) == Some(Value::Bool(true)) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "it never came true at {}: {script}",
                self.url()
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The value of a script's `return`; none while a page goes and another comes.
    fn try_script(&self, script: &str) -> Option<Value> {
        let path = format!("/session/{}/execute/sync", self.session);
        let body = json!({ "script": script, "args": [] }).to_string();
        let headers = [("Content-Type", "application/json")];
        let response = http::send(&self.address, "POST", &path, &headers, body.as_bytes()).ok()?;
        (response.status == 200).then(|| response.json()["value"].take())
    }

    /// The address of the page.
    pub fn url(&self) -> String {
        let url = self.call(
            "GET",
            &format!("/session/{}/url", self.session),
            &Value::Null,
        );
        url.as_str().unwrap().to_owned()
    }

    /// What came to the console (violations of the CSP too) since the last call.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| entry["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// A picture of the window.
    pub fn screenshot(&self, file: &Path) {
        // Chromium gives none while a page is drawn anew.
        let path = format!("/session/{}/screenshot", self.session);
        let picture = (0..2)
            .find_map(|_| self.try_call("GET", &path, &Value::Null).ok())
            .unwrap_or_else(|| self.call("GET", &path, &Value::Null));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, decode_base64(picture.as_str().unwrap())).unwrap();
    }

    /// What the accessibility checker finds, one line each.
    pub fn accessibility(&self, axe: &str) -> Vec<String> {
        self.script(&format!("{axe}; return true;"));
        let found = self.script_async(
            "axe.run(document, { resultTypes: ['violations'] }).then(
                result => done(result.violations.map(
                    v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | '))),
                error => done(['axe: ' + error]));",
        );
        found
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _ = http::send(&self.address, "DELETE", &path, &[], b"");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn decode_base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for value in text.bytes().filter_map(digit) {
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    bytes
}
