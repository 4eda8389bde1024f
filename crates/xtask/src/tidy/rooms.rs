//! Which room of a crate may know which: imports between rooms run one way, as those between crates.
//!
//! A room is a file or a folder. Imports are read from the code's own tokens, macros included; what
//! stands under `#[cfg(test)]` may look anywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::{
    Report,
    floors::{HOUSES, House},
    paths,
};
use crate::Result;

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    for house in HOUSES {
        check_house(root, house, report)?;
    }
    Ok(())
}

fn check_house(root: &Path, house: &House, report: &mut Report) -> Result {
    let folder = house.folder;
    let Some((_, inside)) = folder.split_once("/src") else {
        report.fail(format!("{folder} is no folder of a crate's sources"));
        return Ok(());
    };
    let home: Vec<String> = inside
        .split('/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    let there = rooms(&root.join(folder))?;
    let floor = |room: &str| house.floors.iter().position(|rooms| rooms.contains(&room));
    for room in house.floors.iter().copied().flatten() {
        if !there.contains_key(*room) {
            report.fail(format!(
                "{folder} has no room {room}; take it off the floors"
            ));
        }
    }
    let face = face(&root.join(folder), &home)?;
    for (room, files) in &there {
        let Some(own) = floor(room) else {
            report.fail(format!("{folder}/{room} stands on no floor; give it one"));
            continue;
        };
        for file in files {
            let module = paths::module_of(file);
            for import in paths::absolute(&fs::read_to_string(file)?, &module)? {
                let Some(rest) = import.path.strip_prefix(home.as_slice()) else {
                    continue;
                };
                let Some(first) = rest.first() else { continue };
                let at = format!(
                    "{}:{}",
                    file.strip_prefix(root).unwrap_or(file).display(),
                    import.line
                );
                let path = import.path.join("::");
                let target = if there.contains_key(first) {
                    first
                } else if !house.through_face {
                    report.fail(format!(
                        "{at} imports {path} through the face of {folder}; import it from its room"
                    ));
                    continue;
                } else if let Some(target) = face.get(first) {
                    target
                } else {
                    continue;
                };
                if target != room && floor(target).is_some_and(|other| other >= own) {
                    report.fail(format!(
                        "{at} imports {path}: {room} must not know {target}, which stands {} it",
                        if floor(target) == Some(own) {
                            "beside"
                        } else {
                            "above"
                        }
                    ));
                }
            }
        }
    }
    Ok(())
}

/// The rooms of a folder, each with its files; tests are none.
fn rooms(folder: &Path) -> Result<BTreeMap<String, Vec<PathBuf>>> {
    let mut rooms = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let mut files = Vec::new();
        sources(&path, &mut files)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if !files.is_empty() && !matches!(&*name, "lib" | "main" | "mod") {
            rooms.insert(name.into_owned(), files);
        }
    }
    Ok(rooms)
}

pub(super) fn sources(path: &Path, files: &mut Vec<PathBuf>) -> Result {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() && name != "tests" {
        for entry in fs::read_dir(path)? {
            sources(&entry?.path(), files)?;
        }
    } else if name.ends_with(".rs") && name != "tests.rs" {
        files.push(path.to_owned());
    }
    Ok(())
}

/// Names that a folder's `lib.rs` or `mod.rs` hands on, and the room that each is of.
fn face(folder: &Path, home: &[String]) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    let files: BTreeSet<PathBuf> = ["lib.rs", "main.rs", "mod.rs"]
        .iter()
        .map(|name| folder.join(name))
        .filter(|file| file.is_file())
        .collect();
    for file in files {
        for (name, path) in paths::handed_on(&fs::read_to_string(file)?, home)? {
            names.insert(name, path);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUSE: House = House {
        folder: "crates/a/src",
        floors: &[&["ground"], &["left", "right"], &["top"]],
        through_face: false,
    };

    fn failures(house: &House, files: &[(&str, &str)]) -> Vec<String> {
        let root = tempfile::tempdir().unwrap();
        let all = [
            ("lib.rs", "pub use crate::top::Top;"),
            ("ground.rs", ""),
            ("left/mod.rs", "mod inner;"),
            ("left/inner.rs", "use crate::ground::Thing;"),
            ("right.rs", "use super::ground;"),
            ("top.rs", "use crate::{ground::Thing, left::Inner, right};"),
        ];
        for (name, text) in all.iter().chain(files) {
            let file = root.path().join("crates/a/src").join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let mut report = Report::default();
        check_house(root.path(), house, &mut report).unwrap();
        report.failures
    }

    #[test]
    fn imports_run_down() {
        assert_eq!(failures(&HOUSE, &[]), [""; 0]);
    }

    #[test]
    fn an_arrow_back_fails_wherever_it_stands() {
        for (file, text) in [
            ("ground.rs", "\n\nuse crate::left::Inner;"),
            ("ground.rs", "\n\nfn f() { crate::left::inner::g() }"),
            ("ground.rs", "\n\nmod m { use super::super::left::Inner; }"),
            (
                "ground.rs",
                "\n\nmacro_rules! m { () => { $crate::left::g() } }",
            ),
            (
                "ground.rs",
                "\n\nuse crate::{\n    left::{self, Inner},\n};",
            ),
            ("left/inner.rs", "\n\nuse super::super::right::R;"),
            (
                "left/mod.rs",
                "\n\nfn f() -> Vec<super::top::Top> { vec![] }",
            ),
        ] {
            let failures = failures(&HOUSE, &[(file, text)]);
            assert!(
                !failures.is_empty() && failures.iter().all(|f| f.contains(&format!("{file}:"))),
                "{text}: {failures:?}"
            );
        }
    }

    #[test]
    fn near_misses_are_no_arrows() {
        for text in [
            "// use crate::left::Inner;",
            "const A: &str = \"crate::left::Inner\";",
            "#[cfg(test)]\nmod tests { use crate::left::Inner; }",
            "#[cfg(test)]\nuse crate::left::Inner;",
            "use other::left::Inner;",
            "mod left { } mod m { use super::left; }",
            "use self::left::Inner;",
        ] {
            assert_eq!(failures(&HOUSE, &[("ground.rs", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_the_face_hands_on_is_of_its_room() {
        let text = [("left/inner.rs", "use crate::Top;")];
        assert!(failures(&HOUSE, &text)[0].contains("through the face"));
        let open = House {
            through_face: true,
            ..HOUSE
        };
        assert!(failures(&open, &text)[0].contains("left must not know top"));
    }

    #[test]
    fn the_floors_name_the_rooms_that_are_there() {
        assert!(failures(&HOUSE, &[("new.rs", "")])[0].contains("new stands on no floor"));
        let old = House {
            floors: &[&["ground", "gone"], &["left", "right"], &["top"]],
            ..HOUSE
        };
        assert!(failures(&old, &[])[0].contains("no room gone"));
    }
}
