//! Query plans of real servers, for every test that reads one.
//!
//! `crates/silk-plan/tests/plans` holds one file per source (`lab-16.txt`), with the plans one
//! after the other; its README tells where they come from and how to add one. A test names a plan
//! by source and name, as if each were a file: `plan_corpus::plan("lab-16/anti.json")`.
//!
//! A plan may also lie loose, as `plans/SOURCE/NAME`, until `cargo xtask plans pack` puts it into
//! the file of its source. Tests read both.

mod pack;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Plans by name (`anti.json`), in the order of their names.
pub type Plans = BTreeMap<String, String>;

/// Every source (`lab-16`) with its plans, in the order of their names.
///
/// # Panics
///
/// If the corpus cannot be read.
#[must_use]
#[expect(
    clippy::panic,
    reason = "only tests call it, and they fail by panicking"
)]
pub fn sources() -> &'static BTreeMap<String, Plans> {
    static SOURCES: LazyLock<BTreeMap<String, Plans>> =
        LazyLock::new(|| read(&folder()).unwrap_or_else(|error| panic!("the corpus: {error}")));
    &SOURCES
}

/// The plans of one source.
///
/// # Panics
///
/// If there is no such source; the message names those there are.
#[must_use]
#[expect(
    clippy::panic,
    reason = "only tests call it, and they fail by panicking"
)]
pub fn source(name: &str) -> &'static Plans {
    let sources = sources();
    sources.get(name).unwrap_or_else(|| {
        let known: Vec<&str> = sources.keys().map(String::as_str).collect();
        panic!("no source of plans is called {name}; there are {known:?}")
    })
}

/// One plan, by source and name: `lab-16/anti.json`.
///
/// # Panics
///
/// If there is no such plan; the message names it, and those of the source with a similar name.
#[must_use]
#[expect(
    clippy::panic,
    reason = "only tests call it, and they fail by panicking"
)]
pub fn plan(path: &str) -> &'static str {
    let (from, name) = path.split_once('/').unwrap_or((path, ""));
    let plans = source(from);
    plans.get(name).unwrap_or_else(|| {
        let stem = name.split('.').next().unwrap_or_default();
        let similar: Vec<&String> = plans.keys().filter(|key| key.starts_with(stem)).collect();
        panic!("no plan is called {path}; similar ones of {from}: {similar:?}")
    })
}

/// Where the corpus is.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../silk-plan/tests/plans")
}

/// Puts plans into the file of a source; those of the same names are replaced, others stay.
///
/// # Errors
///
/// If the file cannot be read or written, or a plan has a line that looks like a separator.
pub fn keep(source: &str, plans: Plans) -> io::Result<()> {
    keep_in(&folder(), source, plans)
}

/// The plans that are not packed yet (`lab-16/anti.json`).
///
/// # Errors
///
/// If the corpus cannot be read.
pub fn loose_plans() -> io::Result<Vec<String>> {
    let loose = loose(&folder())?.into_iter();
    Ok(loose
        .map(|(source, name, _)| format!("{source}/{name}"))
        .collect())
}

/// Puts every loose plan into the file of its source, and removes it where it lay.
///
/// Gives the names of those that were packed (`lab-16/anti.json`).
///
/// # Errors
///
/// As [`keep`].
pub fn pack() -> io::Result<Vec<String>> {
    pack_in(&folder())
}

/// Writes every plan as a file of its own, `TARGET/SOURCE/NAME`; gives their number.
///
/// # Errors
///
/// If the corpus cannot be read or a file cannot be written.
pub fn unpack(target: &Path) -> io::Result<usize> {
    let mut count = 0;
    for (source, plans) in read(&folder())? {
        fs::create_dir_all(target.join(&source))?;
        for (name, text) in plans {
            fs::write(target.join(&source).join(name), text)?;
            count += 1;
        }
    }
    Ok(count)
}

fn read(folder: &Path) -> io::Result<BTreeMap<String, Plans>> {
    let mut sources = BTreeMap::new();
    for (source, path) in packs(folder)? {
        let text = fs::read_to_string(&path)?;
        let plans = pack::read(&text).map_err(|error| wrong(&path, &error))?;
        sources.insert(source, plans);
    }
    for (source, name, path) in loose(folder)? {
        let plans: &mut Plans = sources.entry(source).or_default();
        if plans.insert(name, fs::read_to_string(&path)?).is_some() {
            return Err(wrong(&path, "a plan of this name is already packed"));
        }
    }
    Ok(sources)
}

fn keep_in(folder: &Path, source: &str, plans: Plans) -> io::Result<()> {
    let path = folder.join(format!("{source}.txt"));
    let mut all = match fs::read_to_string(&path) {
        Ok(text) => pack::read(&text).map_err(|error| wrong(&path, &error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Plans::new(),
        Err(error) => return Err(error),
    };
    all.extend(plans);
    let text = pack::write(&all).map_err(|error| wrong(&path, &error))?;
    fs::write(path, text)
}

fn pack_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut by_source: BTreeMap<String, Plans> = BTreeMap::new();
    let mut packed = Vec::new();
    let loose = loose(folder)?;
    for (source, name, path) in &loose {
        let plans = by_source.entry(source.clone()).or_default();
        plans.insert(name.clone(), fs::read_to_string(path)?);
        packed.push(format!("{source}/{name}"));
    }
    for (source, plans) in by_source {
        keep_in(folder, &source, plans)?;
    }
    for (_, _, path) in &loose {
        fs::remove_file(path)?;
        if let Some(parent) = path.parent()
            && fs::read_dir(parent)?.next().is_none()
        {
            fs::remove_dir(parent)?;
        }
    }
    Ok(packed)
}

/// The packed sources with their files.
fn packs(folder: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = name_of(&path);
        if path.is_file()
            && name != pack::LABELS
            && let Some(source) = name.strip_suffix(".txt")
        {
            packs.push((source.to_owned(), path));
        }
    }
    Ok(packs)
}

/// The loose plans: source, name, file.
fn loose(folder: &Path) -> io::Result<Vec<(String, String, PathBuf)>> {
    let mut loose = Vec::new();
    for entry in fs::read_dir(folder)? {
        let source = entry?.path();
        if !source.is_dir() {
            continue;
        }
        for file in fs::read_dir(&source)? {
            let path = file?.path();
            loose.push((name_of(&source), name_of(&path), path));
        }
    }
    loose.sort();
    Ok(loose)
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

fn wrong(path: &Path, what: &str) -> io::Error {
    io::Error::other(format!("{}: {what}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Plans, keep_in, pack_in, read};

    fn plans<'a>(named: impl IntoIterator<Item = (&'a str, &'a str)>) -> Plans {
        let named = named.into_iter();
        named
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    /// Runs a test in an empty folder of its own.
    fn in_a_folder(name: &str, test: impl FnOnce(&Path)) {
        let folder =
            std::env::temp_dir().join(format!("plan-corpus-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        test(&folder);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_loose_plan_is_read_and_packed() {
        in_a_folder("loose", |folder| {
            keep_in(folder, "lab-16", plans([("b.txt", "Seq Scan on b\n")])).unwrap();
            fs::create_dir(folder.join("lab-16")).unwrap();
            fs::write(folder.join("lab-16/a.txt"), "Seq Scan on a\n").unwrap();
            let wanted = plans([("a.txt", "Seq Scan on a\n"), ("b.txt", "Seq Scan on b\n")]);
            assert_eq!(read(folder).unwrap()["lab-16"], wanted);

            assert_eq!(pack_in(folder).unwrap(), ["lab-16/a.txt"]);
            assert!(!folder.join("lab-16").exists());
            assert_eq!(read(folder).unwrap()["lab-16"], wanted);
            assert_eq!(
                fs::read_to_string(folder.join("lab-16.txt")).unwrap(),
                "=== a.txt\nSeq Scan on a\n=== b.txt\nSeq Scan on b\n"
            );
        });
    }

    #[test]
    fn a_plan_of_the_same_name_is_replaced_when_it_is_kept_anew() {
        in_a_folder("same", |folder| {
            keep_in(
                folder,
                "lab-16",
                plans([("a.txt", "old\n"), ("b.txt", "b\n")]),
            )
            .unwrap();
            keep_in(folder, "lab-16", plans([("a.txt", "new\n")])).unwrap();
            let wanted = plans([("a.txt", "new\n"), ("b.txt", "b\n")]);
            assert_eq!(read(folder).unwrap()["lab-16"], wanted);
        });
    }

    #[test]
    fn a_plan_that_lies_loose_and_packed_is_an_error_that_names_it() {
        in_a_folder("twice", |folder| {
            keep_in(folder, "lab-16", plans([("a.txt", "old\n")])).unwrap();
            fs::create_dir(folder.join("lab-16")).unwrap();
            fs::write(folder.join("lab-16/a.txt"), "new\n").unwrap();
            let error = read(folder).unwrap_err().to_string();
            assert!(
                error.contains("lab-16/a.txt: a plan of this name"),
                "{error}"
            );
        });
    }

    #[test]
    #[should_panic(
        expected = "no plan is called lab-16/anti.xml; similar ones of lab-16: [\"anti.json\"]"
    )]
    fn a_plan_that_is_missing_is_named() {
        let _ = super::plan("lab-16/anti.xml");
    }

    #[test]
    fn the_corpus_is_there() {
        let count: usize = super::sources().values().map(Plans::len).sum();
        assert!(count >= 1_878, "{count} plans");
        assert!(super::plan("lab-16/anti.json").contains("Plan"));
    }
}
