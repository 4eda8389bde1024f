//! The HTTP client of the bench.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::Result;

/// One HTTP/1.1 connection that stays open: as little beside the app as can be.
#[derive(Debug)]
pub(super) struct Client {
    address: String,
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
    /// Opens the dashboard, where there is one.
    token: Option<String>,
}

impl Client {
    pub(super) fn connect(address: &str, token: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(Self {
            address: address.to_owned(),
            stream: BufReader::with_capacity(64 << 10, stream),
            body: Vec::new(),
            token,
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Asks for `path` and reads the answer to its end; how long that took.
    ///
    /// One at a time: of several sent in one go, the second answer would wait for the client to
    /// acknowledge the first, which it puts off for 40 ms.
    pub(super) fn get(&mut self, path: &str) -> Result<Duration> {
        self.ask(path, "")
    }

    /// Asks the dashboard for a JSON document.
    pub(super) fn json(&mut self, path: &str) -> Result<serde_json::Value> {
        self.with_token(path)?;
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Asks the dashboard for anything; how long that took.
    pub(super) fn with_token(&mut self, path: &str) -> Result<Duration> {
        let token = self.token.as_deref().ok_or("no token was printed")?;
        let authorization = format!("Authorization: Bearer {token}\r\n");
        self.ask(path, &authorization)
    }

    fn ask(&mut self, path: &str, headers: &str) -> Result<Duration> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            self.address
        );
        let started = Instant::now();
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.read_answer(path)?;
        Ok(started.elapsed())
    }

    fn read_answer(&mut self, path: &str) -> Result {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            return Err(format!("{path}: {line}").into());
        }
        let mut length = None;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        self.body
            .resize(length.ok_or("an answer without its length")?, 0);
        self.stream.read_exact(&mut self.body)?;
        Ok(())
    }
}
