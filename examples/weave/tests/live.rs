//! The live list over a real connection, and what a stream that is open does to the app's end.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use common::{
    http,
    weave::{Start, Weave, sqlite},
};

/// A stream of events that stays open.
struct Events {
    stream: TcpStream,
    text: String,
}

impl Events {
    fn open(weave: &Weave, query: &str) -> Self {
        let bearer = format!("Bearer {}", weave.token());
        let path = format!("/silk/api/live{query}");
        let headers = [("Authorization", &*bearer), ("Accept", "text/event-stream")];
        let mut stream = http::open(&weave.address, "GET", &path, &headers, b"").unwrap();
        stream.flush().unwrap();
        let mut events = Self {
            stream,
            text: String::new(),
        };
        events.until("event: ready");
        events
    }

    /// Reads until a text has come; panics where the stream ends before.
    fn until(&mut self, part: &str) {
        let mut piece = [0; 4096];
        while !self.text.contains(part) {
            let count = self.stream.read(&mut piece).unwrap();
            assert!(count > 0, "ended without {part}: {}", self.text);
            self.text
                .push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    }
}

#[test]
fn requests_are_told_as_they_come_with_the_filters_of_the_list() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let mut events = Events::open(&weave, "?min_queries=100");
    weave.get("/hello");
    let answer = weave.get("/api/messages/list_some");
    let id = answer.header("silk-id").unwrap().to_owned();
    events.until(&id);
    for part in ["text/event-stream", "event: request", "\"query_count\":101"] {
        assert!(events.text.contains(part), "{part}: {}", events.text);
    }
    assert!(!events.text.contains("/hello"), "{}", events.text);
    // Looking is not recorded.
    assert_eq!(weave.requests("path=/silk*", 0).len(), 0);
}

#[test]
fn an_open_stream_does_not_hold_the_end_of_the_app() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let _events: Vec<_> = (0..3).map(|_| Events::open(&weave, "")).collect();
    let asked = Instant::now();
    weave.stop();
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
}

#[test]
fn a_stranger_listens_to_nothing() {
    let weave = Weave::start(&Start::on(&sqlite()));
    let answer = weave.send_as_stranger("GET", "/silk/api/live", &[], b"");
    assert_eq!(answer.status, 403);
}
