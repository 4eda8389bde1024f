//! What the end-to-end tests share: weave as a process, HTTP, and what is to be seen.
//!
//! Everything is read from outside, over HTTP, as a person or a script would.

#![expect(dead_code, unreachable_pub, reason = "each test program uses its part")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail as tests do"
)]

pub mod canary;
pub mod compare;
pub mod http;
pub mod plans;
pub mod prove;
pub mod proxies;
pub mod scenario;
pub mod weave;
pub mod webdriver;

/// The server to test against, from the variable that `cargo xtask test` sets.
pub fn server(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run cargo xtask test"))
}
