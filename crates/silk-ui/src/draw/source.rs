//! The lines of source around a call site, if the source can be read.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use silk_core::CallSite;

/// Larger files are no source that a person wrote.
const LARGEST_FILE: u64 = 4 << 20;

/// Lines before and after the one that matters.
const AROUND: usize = 3;

/// A loop is looked for so many lines above a query.
const LOOP_WITHIN: usize = 14;

/// Where source files may be read: below this folder and nowhere else.
#[derive(Clone)]
pub struct SourceRoot(Root);

#[derive(Clone)]
enum Root {
    Folder(PathBuf),
    FoundBy(Arc<dyn Fn() -> Option<PathBuf> + Send + Sync>),
}

impl SourceRoot {
    /// One folder.
    pub fn folder(folder: impl Into<PathBuf>) -> Self {
        Self(Root::Folder(folder.into()))
    }

    /// One that is found when source is looked for; `find` runs on a thread for blocking work.
    pub fn found_by(find: impl Fn() -> Option<PathBuf> + Send + Sync + 'static) -> Self {
        Self(Root::FoundBy(Arc::new(find)))
    }

    /// The folder, found now: blocking work if it must be looked for.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        match &self.0 {
            Root::Folder(folder) => Some(folder.clone()),
            Root::FoundBy(find) => find(),
        }
    }
}

impl fmt::Debug for SourceRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Root::Folder(folder) => f.debug_tuple("SourceRoot").field(folder).finish(),
            Root::FoundBy(_) => f.write_str("SourceRoot(…)"),
        }
    }
}

/// How much is shown around a call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Three lines before and after.
    Around,
    /// From the loop that runs it on, where one stands near above.
    Loop,
}

/// One line of source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SourceLine {
    pub(crate) number: usize,
    pub(crate) text: String,
    /// Whether it is the call site.
    pub(crate) is_here: bool,
}

/// Reads the seven lines around a call site of a stored record, moved to the left as far as they
/// go.
///
/// Nothing that a client sent gets here, and nothing outside `root` (symbolic links followed) is
/// read. Files are read on the runtime's threads for blocking work.
pub(crate) async fn lines(root: &SourceRoot, site: &CallSite) -> Option<Vec<SourceLine>> {
    read_aside(root, site, Reach::Around).await
}

/// The same from the loop that runs a query on, where one stands near above.
pub(crate) async fn lines_from_loop(root: &SourceRoot, site: &CallSite) -> Option<Vec<SourceLine>> {
    read_aside(root, site, Reach::Loop).await
}

async fn read_aside(root: &SourceRoot, site: &CallSite, reach: Reach) -> Option<Vec<SourceLine>> {
    let (root, file, line) = (
        root.clone(),
        PathBuf::from(&site.file),
        usize::try_from(site.line).ok()?,
    );
    tokio::task::spawn_blocking(move || read(&root.find()?, &file, line, reach))
        .await
        .ok()?
}

fn read(root: &Path, file: &Path, line: usize, reach: Reach) -> Option<Vec<SourceLine>> {
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
    let all: Vec<&str> = text.lines().collect();
    all.get(line - 1)?;
    let first = match reach {
        Reach::Loop => loop_above(&all, line).unwrap_or(line.saturating_sub(AROUND)),
        Reach::Around => line.saturating_sub(AROUND),
    }
    .max(1);
    let shown = &all[first - 1..(line + AROUND).min(all.len())];
    let margin = shown
        .iter()
        .filter(|text| !text.trim().is_empty())
        .map(|text| indent(text))
        .min()
        .unwrap_or(0);
    Some(
        (first..)
            .zip(shown)
            .map(|(number, text)| SourceLine {
                number,
                text: crate::draw::format::cut(text.get(margin..).unwrap_or_default(), 240),
                is_here: number == line,
            })
            .collect(),
    )
}

/// A call site as pages name it: its path from the source root on, where it lies below that.
pub(crate) fn shown(root: Option<&SourceRoot>, site: &CallSite) -> String {
    let below = match root.map(|root| &root.0) {
        Some(Root::Folder(root)) => Path::new(&*site.file).strip_prefix(root).ok(),
        // Such sites are named relatively already.
        Some(Root::FoundBy(_)) | None => None,
    };
    match below.and_then(Path::to_str) {
        Some(below) => format!("{below}:{}", site.line),
        None => site.to_string(),
    }
}

/// Bytes of white space that a line starts with.
fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Number of the line that starts the nearest loop around `line`.
fn loop_above(all: &[&str], line: usize) -> Option<usize> {
    let mut depth = indent(all[line - 1]);
    for number in (line.saturating_sub(LOOP_WITHIN).max(1)..line).rev() {
        let text = all[number - 1];
        let code = text.trim();
        if code.is_empty() || indent(text) >= depth {
            continue;
        }
        depth = indent(text);
        let is_loop = ["for ", "while ", "loop {"]
            .iter()
            .any(|word| code.starts_with(word))
            || [".map(", ".for_each(", ".then(", "join_all("]
                .iter()
                .any(|word| code.contains(word));
        if is_loop {
            return Some(number);
        }
        if code.contains("fn ") {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_source_below_the_root_is_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let lines = read(root, Path::new("src/draw/source.rs"), 5, Reach::Around).unwrap();
        assert_eq!(lines.len(), 7);
        assert_eq!(
            (lines[0].number, lines[3].number, lines[3].is_here),
            (2, 5, true)
        );
        assert_eq!(
            read(root, Path::new("src/draw/source.rs"), 1, Reach::Around)
                .unwrap()
                .len(),
            4
        );
        let inner = root.join("src");
        for (file, line) in [
            ("../Cargo.toml", 1),
            ("../askama.toml", 1),
            ("/etc/passwd", 1),
            ("../../silk-core/src/lib.rs", 1),
            ("nothing.rs", 1),
            ("draw/source.rs", 0),
            ("draw/source.rs", 1_000_000),
            ("", 1),
        ] {
            assert_eq!(
                read(&inner, Path::new(file), line, Reach::Loop),
                None,
                "{file}"
            );
        }
    }

    #[test]
    fn the_loop_around_a_query_is_in_sight() {
        let text = "async fn list() {\n    let all = one().await?;\n    for message in all {\n        let sender =\n            query(\"…\")\n            .bind(1)\n            .await?;\n        push(sender);\n    }\n}\nfn other() {\n    one().await\n}\n";
        let all: Vec<_> = text.lines().collect();
        assert_eq!(loop_above(&all, 7), Some(3));
        assert_eq!(loop_above(&all, 2), None);
        assert_eq!(loop_above(&all, 12), None, "the loop of another function");
        assert_eq!(indent(all[6]), 12);
    }
}
