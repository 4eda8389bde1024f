//! The lines of source around a call site, where the source is at hand.

use std::path::{Path, PathBuf};

use silk_core::CallSite;

/// Larger files are no source that a person wrote.
const LARGEST_FILE: u64 = 4 << 20;

/// Lines before and after the one that matters.
const AROUND: usize = 3;

/// One line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    pub(crate) number: usize,
    pub(crate) text: String,
    /// Whether it is the call site.
    pub(crate) is_here: bool,
}

/// Reads the seven lines around a call site of a stored record.
///
/// Nothing that a client sent gets here, and nothing outside `root` (symbolic links followed) is
/// read. Files are read on the runtime's threads for blocking work.
pub(crate) async fn lines(root: &Path, site: &CallSite) -> Option<Vec<SourceLine>> {
    let (root, file, line) = (
        root.to_owned(),
        PathBuf::from(&site.file),
        usize::try_from(site.line).ok()?,
    );
    tokio::task::spawn_blocking(move || read(&root, &file, line))
        .await
        .ok()?
}

fn read(root: &Path, file: &Path, line: usize) -> Option<Vec<SourceLine>> {
    let root = root.canonicalize().ok()?;
    let path = root.join(file).canonicalize().ok()?;
    let is_source = path.extension().is_some_and(|extension| extension == "rs");
    if !path.starts_with(&root) || !is_source || line == 0 {
        return None;
    }
    let metadata = path.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return None;
    }
    let text = std::fs::read_to_string(&path).ok()?;
    let first = line.saturating_sub(AROUND).max(1);
    let lines: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(at, text)| (at + 1, text))
        .skip(first - 1)
        .take(line + AROUND + 1 - first)
        .map(|(number, text)| SourceLine {
            number,
            text: crate::filters::cut(text, 240),
            is_here: number == line,
        })
        .collect();
    lines.iter().any(|line| line.is_here).then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_source_below_the_root_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let lines = read(root, Path::new("src/source.rs"), 5).unwrap();
        assert_eq!(lines.len(), 7);
        assert_eq!(
            (lines[0].number, lines[3].number, lines[3].is_here),
            (2, 5, true)
        );
        assert_eq!(read(root, Path::new("src/source.rs"), 1).unwrap().len(), 4);
        let inner = root.join("src");
        for (file, line) in [
            ("../Cargo.toml", 1),
            ("../askama.toml", 1),
            ("/etc/passwd", 1),
            ("../../silk-core/src/lib.rs", 1),
            ("nothing.rs", 1),
            ("source.rs", 0),
            ("source.rs", 1_000_000),
            ("", 1),
        ] {
            assert_eq!(read(&inner, Path::new(file), line), None, "{file}");
        }
    }
}
