//! What it costs to make a body safe: one of 16 kB, of JSON, prose or HTML, `n` times.
//!
//! Count its instructions, which no other load disturbs, for two `n`; the difference is the bodies:
//!
//! ```sh
//! cargo build --release -p silk-core --example redact_cost
//! for n in 10 110; do
//!     valgrind --tool=callgrind target/release/examples/redact_cost json $n
//! done
//! ```
#![expect(clippy::print_stdout, reason = "a program for a person to run")]

use std::fmt::Write as _;

use silk_core::{Redactor, redact::Secrets};

const BYTES: usize = 16 << 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "json".to_owned());
    let count = arguments.next().and_then(|n| n.parse().ok());
    let count: usize = count.unwrap_or(100);
    let (kind, body) = body(&name);
    let redactor = Redactor::default();
    let total = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let mut kept_bytes = 0;
    for _ in 0..count {
        let mut secrets = Secrets::default();
        let safe = redactor.body(Some(kind), body.as_bytes(), total, &mut secrets);
        kept_bytes += safe.text.map_or(0, |text| text.len());
    }
    println!("{name}: {count} bodies of {total} bytes, {kept_bytes} bytes kept");
}

/// A body without secrets, as most are, and its type.
fn body(name: &str) -> (&'static str, String) {
    let mut words = Words(7);
    let mut out = String::new();
    let kind = match name {
        "json" => {
            out.push_str("{\"items\":[{}");
            while out.len() < BYTES {
                let id = words.below(100_000);
                let _ = write!(
                    out,
                    ",{{\"id\":{id},\"name\":\"{}\",\"email\":\"user{id}@example.com\",\
                     \"created_at\":\"2024-05-{:02}T10:00:00Z\",\"title\":\"{}\",\
                     \"url\":\"https://example.com/users/{id}/avatar.png\",\"is_active\":true,\
                     \"address\":{{\"street\":\"{} street {}\",\"country_code\":\"DE\"}}}}",
                    words.some(2),
                    words.below(28) + 1,
                    words.some(8),
                    words.some(1),
                    words.below(200)
                );
            }
            out.push_str("]}");
            "application/json"
        }
        "html" => {
            out.push_str("<!doctype html><html><body>");
            while out.len() < BYTES {
                let _ = writeln!(
                    out,
                    "<div class=\"row {}\"><a href=\"/items/{}?page=2\">{}</a><p>{}</p></div>",
                    words.some(1),
                    words.below(10_000),
                    words.some(1),
                    words.some(9)
                );
            }
            "text/html"
        }
        _ => {
            while out.len() < BYTES {
                let _ = write!(out, "{}, {}. ", words.some(12), words.some(3));
            }
            "text/plain"
        }
    };
    (kind, out)
}

/// Words in an order that is the same each time.
struct Words(u64);

impl Words {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn some(&mut self, count: usize) -> String {
        const WORDS: &[&str] = &[
            "the", "quick", "request", "about", "there", "people", "when", "place", "other",
            "page", "call", "order", "time", "should", "never", "second", "table", "found", "took",
            "open", "past", "think", "three", "still",
        ];
        let mut some = Vec::new();
        for _ in 0..count {
            let at = usize::try_from(self.below(24)).unwrap_or(0);
            some.push(WORDS[at]);
        }
        some.join(" ")
    }
}
