//! Migrations: numbered, forward only, with the same stems for every kind of store.

use std::{collections::BTreeSet, fs, path::Path};

use super::Report;
use crate::Result;

pub(super) fn check(root: &Path, report: &mut Report) -> Result {
    let mut kinds = Vec::new();
    for folder in fs::read_dir(root.join("migrations"))? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        let kind = folder.file_name().to_string_lossy().into_owned();
        let mut stems = BTreeSet::new();
        for file in fs::read_dir(folder.path())? {
            let name = file?.file_name().to_string_lossy().into_owned();
            match name.strip_suffix(".sql") {
                Some(stem) if is_stem(stem) => {
                    stems.insert(stem.to_owned());
                }
                _ if name.starts_with('.') => {}
                _ => report.fail(format!(
                    "migrations/{kind}/{name} is not called 0001_words.sql"
                )),
            }
        }
        kinds.push((kind, stems));
    }
    for pair in kinds.windows(2) {
        if let [(one, stems), (other, other_stems)] = pair {
            for stem in stems.symmetric_difference(other_stems) {
                report.fail(format!("migration {stem} is not in both {one} and {other}"));
            }
        }
    }
    Ok(())
}

/// `0001_words`: digits, an underscore, lower-case words; never `.down`.
fn is_stem(stem: &str) -> bool {
    stem.split_once('_').is_some_and(|(number, words)| {
        number.len() >= 4
            && number.bytes().all(|b| b.is_ascii_digit())
            && !words.is_empty()
            && words
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::is_stem;

    #[test]
    fn a_stem_is_a_number_and_words() {
        assert!(is_stem("0001_requests"));
        assert!(is_stem("20260101_requests_2"));
        for stem in [
            "requests",
            "1_requests",
            "0001_",
            "0001_requests.down",
            "0001_Requests",
        ] {
            assert!(!is_stem(stem), "{stem}");
        }
    }
}
