//! Where the SQLite store is: a path, or a URL as sqlx takes one.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

use crate::BuildError;

/// What a path or URL leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    File(PathBuf),
    Memory,
}

/// Schemes of databases that the store cannot be in, also where no slashes follow.
const OTHER_DATABASES: [&str; 4] = ["postgres", "postgresql", "mysql", "mariadb"];

const NOT_SQLITE: &str = "the store is an SQLite file of Silk's own: give a path (\"silk.db\") or \
     \"sqlite://silk.db\"";

/// Reads what was given to [`SilkBuilder::sqlite`](crate::SilkBuilder::sqlite).
///
/// # Errors
/// What is neither a path nor a URL of SQLite; the error shows no more of it than its scheme, since
/// a URL may hold a password.
pub(crate) fn read(given: &Path) -> Result<Place, BuildError> {
    // A path that is no text is no URL.
    let Some(text) = given.to_str() else {
        return Ok(Place::File(given.to_owned()));
    };
    if text.is_empty() {
        return Err(refuse("empty", NOT_SQLITE));
    }
    if text == ":memory:" {
        return Ok(Place::Memory);
    }
    match scheme(text) {
        Some(("sqlite", rest)) => url(rest.strip_prefix("//").unwrap_or(rest)),
        Some(("file", rest)) => match rest.strip_prefix("//") {
            Some(path) if path.starts_with('/') => url(path),
            Some(_) => Err(refuse(
                "a file on another machine",
                "give file:///folder/silk.db with three slashes, or a path",
            )),
            None => url(rest),
        },
        Some((other, rest)) if rest.starts_with("//") || OTHER_DATABASES.contains(&other) => {
            Err(refuse(format!("{other}:…"), NOT_SQLITE))
        }
        _ => Ok(Place::File(given.to_owned())),
    }
}

/// Path and parameters of a URL.
fn url(text: &str) -> Result<Place, BuildError> {
    let (path, parameters) = text.split_once('?').unwrap_or((text, ""));
    let mut is_memory = path == ":memory:";
    for parameter in parameters.split('&').filter(|text| !text.is_empty()) {
        match parameter {
            "mode=memory" => is_memory = true,
            // What the store does anyway, and what it may do where the file is there.
            "mode=rwc" | "mode=rw" | "cache=shared" | "cache=private" => {}
            "mode=ro" | "immutable=1" | "immutable=true" => {
                return Err(refuse(
                    "read-only",
                    "records are written there: leave mode=ro and immutable out",
                ));
            }
            _ => {
                return Err(refuse(
                    "a URL with parameters that Silk does not know",
                    "leave out what follows the question mark",
                ));
            }
        }
    }
    if is_memory {
        return Ok(Place::Memory);
    }
    let path = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| refuse("no UTF-8", "write the path without percent signs"))?;
    if path.is_empty() {
        return Err(refuse("a URL without a path", NOT_SQLITE));
    }
    Ok(Place::File(PathBuf::from(&*path)))
}

/// The scheme and what follows its colon; none for a path (one letter is a drive).
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    is_scheme.then_some((scheme, rest))
}

fn refuse(value: impl Into<String>, remedy: &'static str) -> BuildError {
    BuildError::Setting {
        setting: "sqlite",
        value: value.into(),
        remedy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_url_leads_to_the_file() {
        for (given, path) in [
            ("silk.db", "silk.db"),
            ("/var/lib/silk.db", "/var/lib/silk.db"),
            ("../a b/silk.db", "../a b/silk.db"),
            ("sqlite:silk.db", "silk.db"),
            ("sqlite://silk.db", "silk.db"),
            ("sqlite:///var/lib/silk.db", "/var/lib/silk.db"),
            ("sqlite:/var/lib/silk.db", "/var/lib/silk.db"),
            ("sqlite://data/silk.db?mode=rwc", "data/silk.db"),
            ("sqlite://a%20b.db", "a b.db"),
            ("file:silk.db", "silk.db"),
            ("file:///var/silk.db", "/var/silk.db"),
            ("file:/var/silk.db?cache=shared", "/var/silk.db"),
            // Paths that only look like URLs.
            ("C:\\data\\silk.db", "C:\\data\\silk.db"),
            ("C:/data/silk.db", "C:/data/silk.db"),
            ("a:b.db", "a:b.db"),
            ("12:30.db", "12:30.db"),
            ("log:today.db", "log:today.db"),
            ("./sqlite:x.db", "./sqlite:x.db"),
            ("what?.db", "what?.db"),
            ("100%25.db", "100%25.db"),
            ("mysql", "mysql"),
        ] {
            let place = read(Path::new(given)).unwrap();
            assert_eq!(place, Place::File(PathBuf::from(path)), "{given}");
        }
    }

    #[test]
    fn memory_is_memory() {
        for given in [
            ":memory:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "file::memory:",
            "file::memory:?cache=shared",
            "sqlite:x?mode=memory&cache=shared",
        ] {
            assert_eq!(read(Path::new(given)).unwrap(), Place::Memory, "{given}");
        }
    }

    #[test]
    fn anything_else_is_told_what_to_give() {
        for given in [
            "",
            "postgres://silk:hunter2@db.example/silk",
            "postgresql:///hunter2",
            "mysql:hunter2",
            "mariadb://hunter2@localhost/x",
            "https://hunter2.example/silk.db",
            "sqlite3://hunter2.db",
            "redis://hunter2",
            "sqlite:",
            "sqlite://",
            "sqlite://?mode=rwc",
            "sqlite://hunter2.db?mode=ro",
            "sqlite://hunter2.db?immutable=1",
            "sqlite://hunter2.db?vfs=unix-none",
            "sqlite://hunter2%FF.db",
            "file://hunter2/silk.db",
        ] {
            let text = read(Path::new(given)).unwrap_err().to_string();
            assert!(text.starts_with("sqlite is "), "{given}: {text}");
            assert!(
                ["give ", "leave ", "write "]
                    .iter()
                    .any(|word| text.contains(word)),
                "{given}: {text}"
            );
            assert!(!text.contains("hunter2"), "a password shows: {text}");
        }
    }
}
