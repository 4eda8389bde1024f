//! Telling the app's own code from everybody else's, and writing its names for people.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Crates that are never the app's, whichever way they were built.
const LIBRARY_CRATES: &[&str] = &[
    "alloc",
    "axum",
    "axum_core",
    "backtrace",
    "core",
    "futures",
    "futures_core",
    "futures_util",
    "hyper",
    "hyper_util",
    "silk_capture",
    "silk_core",
    "silk_explain",
    "silk_plan",
    "silk_store",
    "silk_ui",
    "sqlx",
    "sqlx_core",
    "sqlx_mysql",
    "sqlx_postgres",
    "sqlx_sqlite",
    "std",
    "test",
    "tokio",
    "tokio_util",
    "tower",
    "tower_http",
    "tower_layer",
    "tower_service",
    "tower_silk",
    "tracing",
    "tracing_core",
    "tracing_futures",
    "tracing_subscriber",
];

/// Parts of a path under which no app keeps its own code.
const LIBRARY_PATHS: &[&str] = &[
    "/rustc/",
    "/registry/src/",
    "/git/checkouts/",
    "/.rustup/",
    "/rustlib/src/",
    "/vendor/",
    "/silk-capture/src/",
    "/tower-silk/src/",
];

/// Whether a function in a file is the app's own code.
pub(super) fn is_app(function: &str, file: &str) -> bool {
    // What comes before `main` on the stack is C, and may have lines where the app has none.
    if !file.ends_with(".rs") {
        return false;
    }
    let file = file.replace('\\', "/");
    // "/rustc" relative to nothing: a leading slash makes every marker match whole components.
    let file = if file.starts_with('/') {
        file
    } else {
        format!("/{file}")
    };
    !LIBRARY_PATHS.iter().any(|part| file.contains(part))
        && !LIBRARY_CRATES.contains(&crate_of(function))
}

/// Whether a function of which only the name is known is the program's own: of the crate that the
/// program is called after. Others without lines may be anybody's.
pub(super) fn is_programs_own(function: &str) -> bool {
    static PROGRAM: OnceLock<Option<String>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let path = std::env::current_exe().ok()?;
        Some(crate_of_program(path.file_stem()?.to_str()?))
    });
    function.contains("::")
        && program
            .as_deref()
            .is_some_and(|program| program == crate_of(function))
        && !LIBRARY_CRATES.contains(&crate_of(function))
}

/// The crate of a program's file: of a test or example without the hash that cargo adds.
fn crate_of_program(stem: &str) -> String {
    let name = match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name
        }
        _ => stem,
    };
    name.replace('-', "_")
}

/// The crate that a function belongs to: `sqlx_core` of
/// `<sqlx_core::pool::Pool<DB> as Executor>::fetch`.
fn crate_of(function: &str) -> &str {
    let start = function.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
    let start = start.strip_prefix("mut ").unwrap_or(start);
    let start = start.strip_prefix("dyn ").unwrap_or(start);
    let end = start
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(start.len());
    &start[..end]
}

/// A function's name without what the compiler added: hash, closures, async bodies.
pub(super) fn clean_function(name: &str) -> String {
    let mut name = name;
    if let Some((head, hash)) = name.rsplit_once("::h")
        && hash.len() == 16
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        name = head;
    }
    loop {
        if let Some((head, last)) = name.rsplit_once("::")
            && last.starts_with('{')
            && last.ends_with('}')
        {
            name = head;
        } else if let Some(head) = without_type_arguments(name) {
            name = head;
        } else {
            return name.to_owned();
        }
    }
}

/// `find` of `find<sqlx::Postgres, Vec<u8>>`; none if there is nothing to take off.
fn without_type_arguments(name: &str) -> Option<&str> {
    let mut depth = 0_usize;
    if !name.ends_with('>') {
        return None;
    }
    for (at, character) in name.char_indices().rev() {
        match character {
            '>' => depth += 1,
            '<' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let head = name[..at].trim_end_matches("::");
            return (!head.is_empty()).then_some(head);
        }
    }
    None
}

/// The workspace (or package) that the current folder lies in, else the current folder.
#[must_use]
pub fn workspace_of_current_folder() -> Option<PathBuf> {
    let current = std::env::current_dir().ok()?;
    let workspace = current
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file());
    Some(workspace.map_or_else(|| current.clone(), Path::to_path_buf))
}

/// `file` relative to the first of `roots` that it lies below, else as it is; always with `/`.
pub(super) fn relative(file: &Path, roots: &[&Path]) -> String {
    let shown = roots
        .iter()
        .find_map(|root| file.strip_prefix(root).ok())
        .unwrap_or(file);
    shown.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_from_others() {
        assert!(is_app(
            "weave::posts::list::{{closure}}",
            "/home/a/weave/src/posts.rs"
        ));
        assert!(is_app(
            "<weave::Repo as weave::Store>::all",
            "/home/a/weave/src/repo.rs"
        ));
        assert!(is_app("tower_silk_demo::main", "/a/examples/demo.rs"));
        assert!(is_app("main", "src\\main.rs"));

        assert!(!is_app(
            "sqlx_core::query::Query<DB,A>::fetch_all",
            "/src/vendored/query.rs"
        ));
        assert!(!is_app(
            "anything::at::all",
            "/usr/local/cargo/registry/src/index/x-1.0/src/lib.rs"
        ));
        assert!(!is_app(
            "x::y",
            r"C:\Users\a\.cargo\registry\src\index\x-1.0\src\lib.rs"
        ));
        assert!(!is_app("x::y", "/rustc/abc/library/core/src/future.rs"));
        assert!(!is_app(
            "<&mut silk_capture::sql::pool::Conn<D> as E>::fetch_many",
            "/a/b.rs"
        ));
        assert!(!is_app("weave::posts::list", ""), "no file, no line");
        assert!(!is_app(
            "__libc_start_call_main",
            "./csu/../sysdeps/nptl/libc_start_call_main.h"
        ));
    }

    #[test]
    fn a_name_that_only_begins_like_a_library_is_the_apps() {
        assert!(is_app("sqlx_helpers::all", "/a/src/all.rs"));
        assert!(is_app("towers::build", "/a/towers/src/lib.rs"));
        assert!(is_app("app::run", "/a/rustc-book/src/run.rs"));
    }

    #[test]
    fn without_lines_only_the_programs_own_crate_is_its_own() {
        assert_eq!(crate_of_program("my-app"), "my_app");
        assert_eq!(crate_of_program("my-test-0123456789abcdef"), "my_test");
        assert_eq!(
            crate_of_program("my-test-0123456789abcdeg"),
            "my_test_0123456789abcdeg"
        );
        // This program is a library of ours.
        assert!(!is_programs_own("silk_capture::sql::f"));
        for function in [
            "__libc_start_call_main",
            "main",
            "_start",
            "other::f",
            "std::rt::f",
        ] {
            assert!(!is_programs_own(function), "{function}");
        }
    }

    #[test]
    fn names_lose_what_the_compiler_added() {
        assert_eq!(clean_function("a::b::{{closure}}::{{closure}}"), "a::b");
        assert_eq!(clean_function("a::b::{closure#0}"), "a::b");
        assert_eq!(clean_function("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(clean_function("a::{{closure}}::h0123456789abcdef"), "a");
        assert_eq!(clean_function("a::{impl#1}::b"), "a::{impl#1}::b");
        assert_eq!(clean_function("a::here"), "a::here");
        assert_eq!(clean_function("main"), "main");
        assert_eq!(
            clean_function("a::find<x::Y<Z>, u8>::{{closure}}"),
            "a::find"
        );
        assert_eq!(clean_function("a::find::<x::Y>"), "a::find");
        assert_eq!(clean_function("<a::B as c::D>::e"), "<a::B as c::D>::e");
        assert_eq!(clean_function("<a::B>"), "<a::B>");
    }

    #[test]
    fn files_are_relative_only_below_a_root() {
        let root = Path::new("/home/a/weave");
        let shown = |file, roots: &[&Path]| relative(Path::new(file), roots);
        assert_eq!(shown("/home/a/weave/src/x.rs", &[root]), "src/x.rs");
        assert_eq!(
            shown("/home/a/weaver/src/x.rs", &[root]),
            "/home/a/weaver/src/x.rs"
        );
        assert_eq!(shown("/b/x.rs", &[]), "/b/x.rs");
        // The source was moved: the folder that it was built in counts as well.
        let moved = [Path::new("/srv/source"), root];
        assert_eq!(shown("/home/a/weave/src/x.rs", &moved), "src/x.rs");
        assert_eq!(shown("/srv/source/src/x.rs", &moved), "src/x.rs");
    }
}
