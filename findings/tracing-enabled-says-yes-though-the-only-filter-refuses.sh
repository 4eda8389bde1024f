#!/bin/sh
# tracing-subscriber 0.3: `span_enabled!` and `event_enabled!` say yes though the only filter, one per
# layer, refuses, unless it refused the callsite for good (`Interest::never`). The registry asks
# whether any of 64 possible filters has not refused, and those that do not exist never refuse.
#
# Who would refuse for good is met too: while one thread registers a callsite, all others that ask of
# it are told yes. (The filter takes 300 ms for its first answer, so that the moment is hit.)
#
# Runs both crates alone, in a temporary folder. Exits non-zero if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "says-yes"
version = "0.0.0"
edition = "2024"

[dependencies]
tracing = "=0.1.44"
tracing-subscriber = { version = "=0.3.23", default-features = false, features = ["registry", "std"] }

[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::{thread, time::Duration};

use tracing::{Level, Metadata, Subscriber, subscriber::Interest};
use tracing_subscriber::{
    Layer,
    layer::{Context, Filter, SubscriberExt as _},
};

/// Refuses everything: at each question, or for good.
struct Refuse(Interest);

impl<S> Filter<S> for Refuse {
    fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        false
    }

    fn callsite_enabled(&self, _: &'static Metadata<'static>) -> Interest {
        thread::sleep(Duration::from_millis(300));
        self.0.clone()
    }
}

struct Deaf;

impl<S: Subscriber> Layer<S> for Deaf {}

fn main() {
    let at_each = tracing_subscriber::registry().with(Deaf.with_filter(Refuse(Interest::sometimes())));
    let at_each = tracing::subscriber::with_default(at_each, || {
        tracing::span_enabled!(target: "shop", Level::DEBUG)
    });

    let is_enabled = || tracing::span_enabled!(target: "bank", Level::DEBUG);
    let for_good = tracing_subscriber::registry().with(Deaf.with_filter(Refuse(Interest::never())));
    tracing::subscriber::set_global_default(for_good).unwrap();
    let first = thread::spawn(is_enabled);
    thread::sleep(Duration::from_millis(100));
    let meanwhile = is_enabled();
    let first = first.join().unwrap();
    let later = is_enabled();

    println!("expected: false each time");
    println!("seen, refused at each question: {at_each}");
    println!("seen, refused for good: {first}; asked of it meanwhile: {meanwhile}; later: {later}");
    let is_as_known = at_each && !first && meanwhile && !later;
    std::process::exit(i32::from(!is_as_known));
}
RUST
echo "tracing 0.1.44, tracing-subscriber 0.3.23, $(rustc --version)"
cargo run --quiet --manifest-path "$folder/Cargo.toml"
