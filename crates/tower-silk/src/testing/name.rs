//! The names under which a test is known in files: package, program and test.

use std::{
    collections::HashMap,
    env,
    panic::Location,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};

use silk_core::recording::TestName;

/// The name of the test that is running, as its harness calls it.
///
/// The harness names the thread after the test, and runs on the main thread where it runs one at a
/// time; there the caller's file stands in.
pub(super) fn of_test(caller: &Location<'_>) -> String {
    if let Ok(name) = env::var("NEXTEST_TEST_NAME") {
        return name;
    }
    let thread = thread::current();
    match thread.name() {
        Some(name) if name != "main" && !name.starts_with("tokio-") => name.to_owned(),
        _ => caller.file().to_owned(),
    }
}

/// The whole name, numbered where one name is recorded several times in a process.
pub(super) fn of_recording(test: String) -> TestName {
    static NUMBERS: Mutex<Option<HashMap<String, u32>>> = Mutex::new(None);
    let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    let number = numbers
        .get_or_insert_default()
        .entry(test.clone())
        .or_default();
    *number = number.saturating_add(1);
    TestName {
        package: env::var("CARGO_PKG_NAME").unwrap_or_default(),
        target: target().unwrap_or_default(),
        test,
        number: *number,
    }
}

/// The test program: its file without cargo's hash.
fn target() -> Option<String> {
    let program = env::current_exe().ok()?;
    let stem = program.file_stem()?.to_str()?;
    Some(without_hash(stem).to_owned())
}

fn without_hash(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash))
            if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) =>
        {
            name
        }
        _ => stem,
    }
}

/// The folder of the package under test, if cargo named it.
pub(super) fn package_folder() -> PathBuf {
    let told = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    told.or_else(|| env::current_dir().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_goes_by_its_name_without_the_hash() {
        for (stem, name) in [
            ("sqlite-0123456789abcdef", "sqlite"),
            ("my-app-0123456789abcdef", "my-app"),
            ("my-app", "my-app"),
            ("app-0123456789abcdeg", "app-0123456789abcdeg"),
        ] {
            assert_eq!(without_hash(stem), name);
        }
    }

    #[test]
    fn recordings_of_one_name_are_numbered() {
        let numbers = [(); 3].map(|()| of_recording("numbered".to_owned()).number);
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(of_recording("other".to_owned()).number, 1);
    }
}
