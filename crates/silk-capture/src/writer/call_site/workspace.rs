//! The folder that the app was built in, wherever it is started.
//!
//! Cargo compiles the packages of a workspace from its root: [`Location`] names their files from
//! there on, and debug information names the same files in full. One place that is known both ways
//! tells the root. No file is looked for, so that it holds on a machine without the source too.

use std::{
    panic::Location,
    path::{Path, PathBuf},
    sync::{OnceLock, atomic::Ordering},
};

use crate::record::call_stack::RESOLVING;

/// Frames between the app and us that are looked at.
const MAX_FRAMES: usize = 32;

/// A place in the app, known both ways.
struct Place {
    /// Its file as the compiler was given it.
    file: &'static str,
    /// Return addresses up from there.
    addresses: Vec<usize>,
    root: OnceLock<Option<PathBuf>>,
}

static PLACE: OnceLock<Place> = OnceLock::new();

/// Notes a place in the app's code that called us; the first one counts. Walks the stack once (some
/// 10 µs), and resolves nothing.
pub fn note(location: &'static Location<'static>) {
    // A package outside of the workspace is compiled by its full path, and tells nothing.
    if PLACE.get().is_some() || !Path::new(location.file()).is_relative() {
        return;
    }
    let mut addresses = Vec::with_capacity(MAX_FRAMES);
    backtrace::trace(|frame| {
        addresses.push(frame.ip() as usize);
        addresses.len() < MAX_FRAMES
    });
    PLACE.get_or_init(|| Place {
        file: location.file(),
        addresses,
        root: OnceLock::new(),
    });
}

/// The root of the workspace that the noted place was built in; none if none was noted, or the
/// program has no debug information.
///
/// The first call takes 100–200 ms, and must not be made on the app's threads.
#[must_use]
pub fn built_in() -> Option<&'static Path> {
    let place = PLACE.get()?;
    place
        .root
        .get_or_init(|| place.addresses.iter().find_map(|&at| root(at, place.file)))
        .as_deref()
}

fn root(address: usize, relative: &str) -> Option<PathBuf> {
    let mut root = None;
    RESOLVING.store(true, Ordering::Relaxed);
    backtrace::resolve(address as *mut std::ffi::c_void, |symbol| {
        if root.is_none() {
            root = symbol.filename().and_then(|file| above(file, relative));
        }
    });
    RESOLVING.store(false, Ordering::Relaxed);
    root
}

/// What stands before `relative` in the full name of the same file.
fn above(file: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    if !file.is_absolute() || !file.ends_with(relative) {
        return None;
    }
    let root = file.ancestors().nth(relative.components().count())?;
    Some(root.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_what_stands_before_the_relative_name() {
        for (file, relative, root) in [
            ("/a/ws/src/main.rs", "src/main.rs", Some("/a/ws")),
            ("/a/ws/api/src/main.rs", "api/src/main.rs", Some("/a/ws")),
            ("/main.rs", "main.rs", Some("/")),
            ("/a/ws/src/xmain.rs", "main.rs", None),
            ("/a/ws/src/lib.rs", "src/main.rs", None),
            ("src/main.rs", "src/main.rs", None),
            ("/rustc/abc/library/core/src/ops.rs", "src/main.rs", None),
        ] {
            let found = above(Path::new(file), relative);
            assert_eq!(found.as_deref(), root.map(Path::new), "{file}");
        }
    }

    #[test]
    fn this_very_workspace_is_found() {
        note(Location::caller());
        let expected = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
        assert_eq!(built_in(), expected);
    }
}
