//! Messages of failed assertions, compared with those kept.
//!
//! `SILK_UPDATE_SNAPSHOTS=1 cargo test -p tower-silk --all-features` writes them anew.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::panic,
    clippy::unwrap_used,
    reason = "each test program includes this, uses its part of it, and fails by panics"
)]

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// The message that an assertion fails with.
pub fn message_of<T>(assertion: impl FnOnce() -> T) -> String {
    match catch_unwind(AssertUnwindSafe(assertion)) {
        Ok(_) => panic!("the assertion passed"),
        Err(failed) => text_of(&*failed),
    }
}

/// The message of a panic.
pub fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    match payload.downcast_ref::<String>() {
        Some(text) => text.clone(),
        None => (*payload.downcast_ref::<&str>().unwrap()).to_owned(),
    }
}

/// Compares a text with the one kept in `tests/snapshots`.
#[track_caller]
pub fn assert_snapshot(name: &str, text: &str) {
    let text = format!("{}\n", without_lines(text));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let file = folder.join(format!("{name}.txt"));
    if std::env::var_os("SILK_UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, &text).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(text, kept, "{}", file.display());
}

/// Line numbers of tests move with every edit.
fn without_lines(text: &str) -> String {
    let mut rest = text;
    let mut whole = String::new();
    while let Some(at) = rest.find(".rs:") {
        let (before, after) = rest.split_at(at + ".rs:".len());
        whole.push_str(before);
        let tail = after.trim_start_matches(|char: char| char.is_ascii_digit());
        if tail.len() < after.len() {
            whole.push_str("LINE");
        }
        rest = tail;
    }
    whole + rest
}
