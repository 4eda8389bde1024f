//! No two files of a crate import each other: one of the two knows more, and imports the other.
//!
//! A folder's `mod.rs` and what is in the folder may: the one hands on what the other defines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{Report, paths, rooms};
use crate::Result;

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    for entry in fs::read_dir(root.join("crates"))? {
        let folder = entry?.path().join("src");
        if folder.is_dir() {
            check_crate(root, &folder, report)?;
        }
    }
    Ok(())
}

fn check_crate(root: &Path, folder: &Path, report: &mut Report) -> Result {
    let mut sources = Vec::new();
    rooms::sources(folder, &mut sources)?;
    let files: BTreeMap<Vec<String>, PathBuf> = sources
        .into_iter()
        .map(|file| (paths::module_of(&file), file))
        .collect();
    let mut arrows = BTreeSet::new();
    for (module, file) in &files {
        for import in paths::absolute(&fs::read_to_string(file)?, module)? {
            let of = (0..=import.path.len())
                .rev()
                .find_map(|length| files.get_key_value(import.path.get(..length)?));
            if let Some((other, _)) = of
                && !module.starts_with(other)
                && !other.starts_with(module)
            {
                arrows.insert((module, other));
            }
        }
    }
    for (one, other) in &arrows {
        if one < other && arrows.contains(&(*other, *one)) {
            let name = |module: &Vec<String>| {
                let file = files.get(module).map_or(folder, PathBuf::as_path);
                file.strip_prefix(root)
                    .unwrap_or(file)
                    .display()
                    .to_string()
            };
            report.fail(format!(
                "{} and {} import each other: move what both need into a file below them",
                name(one),
                name(other)
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in [("lib.rs", "mod one;\nmod two;")].iter().chain(files) {
            let file = root.path().join("crates/a/src").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let mut report = Report::default();
        check(root.path(), &mut report).unwrap();
        report.failures
    }

    #[test]
    fn two_files_that_import_each_other_fail() {
        for (one, two) in [
            ("use super::two::B;", "use super::one::A;"),
            (
                "use crate::{two::B, three::C};",
                "fn f() { crate::one::g() }",
            ),
        ] {
            let found = failures(&[("one.rs", one), ("two/mod.rs", two), ("three.rs", "")]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(
                found[0].starts_with("crates/a/src/one.rs and crates/a/src/two/mod.rs"),
                "{found:?}"
            );
        }
    }

    #[test]
    fn near_misses_are_no_rings() {
        for (one, two) in [
            ("use super::two::B;", ""),
            ("use super::two::B;", "// use super::one::A;"),
            (
                "use super::two::B;",
                "#[cfg(test)]\nmod tests { use crate::one::A; }",
            ),
            // A folder and what is in it.
            ("", "mod inner;\nuse self::inner::C;"),
        ] {
            let found = failures(&[
                ("one.rs", one),
                ("two/mod.rs", two),
                ("two/inner.rs", "use super::B;"),
            ]);
            assert_eq!(found, [""; 0], "{one} {two}");
        }
    }
}
