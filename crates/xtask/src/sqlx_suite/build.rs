//! The small workspace that sqlx's adapted tests are built in.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::Value;

use super::{
    Way,
    adapt::{self, Changes},
};
use crate::{Result, metadata::Package, process};

/// The tests of one database.
#[derive(Debug)]
pub(super) struct Suite {
    /// As sqlx names the folder, the feature and the crate.
    pub(super) database: &'static str,
    /// Features of sqlx beside those that all have.
    features: &'static [&'static str],
    /// Conditions that the tests ask for.
    conditions: &'static [&'static str],
}

pub(super) const SUITES: [Suite; 3] = [
    Suite {
        database: "postgres",
        features: &[
            "ipnet",
            "ipnetwork",
            "mac_address",
            "bit-vec",
            "bigdecimal",
            "rust_decimal",
        ],
        conditions: &[],
    },
    Suite {
        database: "mysql",
        features: &["bigdecimal", "rust_decimal"],
        // As on 10.6, sqlx leaves out a test whose queries do not compile, raw or not.
        conditions: &["mariadb", "mariadb=\"10_6\""],
    },
    Suite {
        database: "sqlite",
        // Its hook for updates would need libclang.
        features: &["bstr"],
        conditions: &[],
    },
];

/// Features that every database has.
const FEATURES: [&str; 7] = [
    "chrono", "derive", "json", "macros", "migrate", "time", "uuid",
];

/// Files that are not run, and why.
pub(super) const LEFT_OUT: [(&str, &str); 5] = [
    ("any", "the database Any has no instrumented pool"),
    ("migrate", "migrations run on the raw connection"),
    ("rustsec", "values of 4 GB"),
    ("sqlcipher", "needs another SQLite"),
    ("test-attr", "sqlx's attribute makes raw pools"),
];

/// The stand-in's sources, and where they go.
const STAND_IN: [(&str, &str); 4] = [
    ("lib.rs", "sqlx-test/src/lib.rs"),
    ("raw.rs", "sqlx-test/src/raw.rs"),
    ("ours.rs", "sqlx-test/src/ours.rs"),
    ("attribute.rs", "sqlx-test-attribute/src/lib.rs"),
];

/// Writes the workspace; what was changed in each file, by suite and file.
pub(super) fn write(
    folder: &Path,
    sqlx: &Package,
    suites: &[&Suite],
) -> Result<BTreeMap<String, Changes>> {
    let root = crate::root();
    let tests = sqlx.folder().join("tests");
    let members: Vec<String> = suites
        .iter()
        .map(|suite| format!("\"suite-{}\"", suite.database))
        .collect();
    put(
        &folder.join("Cargo.toml"),
        &format!(
            "[workspace]\nresolver = \"3\"\nmembers = [\"sqlx-test\", \"sqlx-test-attribute\", {}]\n\n\
             [profile.dev]\ndebug = \"line-tables-only\"\n",
            members.join(", ")
        ),
    )?;
    // The versions that we are built with.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    for (from, to) in STAND_IN {
        let source = fs::read_to_string(root.join("crates/xtask/sqlx-suite").join(from))?;
        put(&folder.join(to), &source)?;
    }
    put(
        &folder.join("sqlx-test/Cargo.toml"),
        &stand_in_manifest(&root, sqlx),
    )?;
    put(
        &folder.join("sqlx-test-attribute/Cargo.toml"),
        &format!(
            "{}[lib]\nproc-macro = true\n",
            package("sqlx-test-attribute")
        ),
    )?;
    let mut changes = BTreeMap::new();
    for suite in suites {
        let crate_folder = folder.join(format!("suite-{}", suite.database));
        let _is_new = fs::remove_dir_all(&crate_folder);
        let mut sources = String::new();
        let mut files = Vec::new();
        for file in files_of(&tests.join(suite.database), "rs")? {
            if LEFT_OUT.iter().any(|(name, _)| *name == file) {
                continue;
            }
            let place = format!("tests/{}/{file}.rs", suite.database);
            let source = fs::read_to_string(sqlx.folder().join(&place))?;
            let (text, changed) = adapt::adapt(&source);
            put(&crate_folder.join(place), &text)?;
            changes.insert(format!("{}/{file}", suite.database), changed);
            sources += &text;
            files.push(file);
        }
        // Queries that tests keep in files of their own.
        for file in files_of(&tests.join(suite.database), "sql")? {
            let place = format!("tests/{}/{file}.sql", suite.database);
            put(
                &crate_folder.join(&place),
                &fs::read_to_string(sqlx.folder().join(&place))?,
            )?;
        }
        put(&crate_folder.join("src/lib.rs"), "")?;
        put(&crate_folder.join("build.rs"), &build_script(suite))?;
        put(
            &crate_folder.join("Cargo.toml"),
            &suite_manifest(suite, sqlx, &files, &sources),
        )?;
    }
    Ok(changes)
}

/// Builds the tests of a database; the program of each file that could be built.
pub(super) fn build(
    folder: &Path,
    target: &Path,
    suite: &Suite,
    way: Way,
    url: &str,
) -> Result<BTreeMap<String, PathBuf>> {
    let mut cargo = process::cargo();
    cargo
        .args([
            "build",
            "--keep-going",
            "--tests",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package", &format!("suite-{}", suite.database)])
        .args((way == Way::Ours).then_some("--features=ours"))
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env("DATABASE_URL", url)
        .stderr(Stdio::inherit());
    // What could not be built is missing, and cargo itself says so.
    let output = cargo.output()?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(program)
        .collect())
}

/// A file of tests and its program, from a line of cargo's.
fn program(line: &str) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.get("target")?;
    let is_test = target
        .get("kind")?
        .as_array()?
        .iter()
        .any(|kind| kind == "test");
    let name = target.get("name")?.as_str()?.to_owned();
    let program = message.get("executable")?.as_str()?;
    is_test.then(|| (name, PathBuf::from(program)))
}

fn package(name: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2021\"\npublish = false\n\n"
    )
}

fn stand_in_manifest(root: &Path, sqlx: &Package) -> String {
    let mut text = package("sqlx-test");
    text += "[features]\n";
    text += "ours = [\"dep:silk-capture\", \"dep:silk-core\", \"dep:silk-store\", \"dep:tracing\", \"dep:tracing-subscriber\"]\n";
    for suite in &SUITES {
        let database = suite.database;
        let _ = writeln!(
            text,
            "{database} = [\"sqlx/{database}\", \"silk-capture?/{database}\"]"
        );
    }
    let _ = write!(
        text,
        "\n[dependencies]\nanyhow = \"1\"\npaste = \"1\"\n\
         sqlx = {{ version = \"={}\", default-features = false, features = [\"runtime-tokio\"] }}\n\
         sqlx-test-attribute = {{ path = \"../sqlx-test-attribute\" }}\n\
         tokio = {{ version = \"1\", features = [\"full\"] }}\n\
         tracing = {{ version = \"0.1\", optional = true }}\n\
         tracing-subscriber = {{ version = \"0.3\", default-features = false, features = [\"registry\", \"std\"], optional = true }}\n",
        sqlx.version
    );
    for name in ["silk-capture", "silk-core", "silk-store"] {
        let path = root.join("crates").join(name);
        let _ = writeln!(
            text,
            "{name} = {{ path = {:?}, default-features = false, optional = true }}",
            path.display().to_string()
        );
    }
    text
}

fn suite_manifest(suite: &Suite, sqlx: &Package, files: &[String], sources: &str) -> String {
    let (database, version) = (suite.database, &sqlx.version);
    let features: Vec<&str> = FEATURES.iter().chain(suite.features).copied().collect();
    let mut text = package(&format!("suite-{database}"));
    // Tests that a condition leaves out are compared by nobody.
    let _ = write!(
        text,
        "[features]\ndefault = {:?}\nours = [\"sqlx-test/ours\"]\n",
        [&features[..], &["_rt-tokio", database]].concat()
    );
    for feature in features.iter().chain(&["_rt-tokio", database]) {
        let _ = writeln!(text, "{feature} = []");
    }
    let _ = write!(
        text,
        "\n[dev-dependencies]\n\
         sqlx = {{ version = \"={version}\", default-features = false, features = {:?} }}\n\
         sqlx-core = {{ version = \"={version}\", default-features = false }}\n\
         sqlx-{database} = {{ version = \"={version}\", default-features = false }}\n\
         sqlx-test = {{ path = \"../sqlx-test\", features = [\"{database}\"] }}\n",
        [&features[..], &["runtime-tokio", database]].concat()
    );
    for line in sqlx
        .test_dependencies()
        .filter_map(|dependency| dependency_line(dependency, sources))
    {
        text += &line;
    }
    for file in files {
        let _ = write!(
            text,
            "\n[[test]]\nname = \"{file}\"\npath = \"tests/{database}/{file}.rs\"\n"
        );
    }
    text += "\n[lints.rust]\nwarnings = \"allow\"\nunexpected_cfgs = \"allow\"\n";
    text
}

/// A dependency of sqlx's tests as it says itself, where the sources name it.
fn dependency_line(dependency: &Value, sources: &str) -> Option<String> {
    let name = dependency.get("name")?.as_str()?;
    let alias = dependency
        .get("rename")
        .and_then(Value::as_str)
        .unwrap_or(name);
    let word = alias.replace('-', "_");
    let is_named = [
        format!("{word}::"),
        format!("use {word};"),
        format!("extern crate {word}"),
    ]
    .iter()
    .any(|use_of| sources.contains(use_of));
    let has_target = dependency
        .get("target")
        .is_some_and(|target| !target.is_null());
    (is_named && !has_target).then(|| {
        format!(
            "{alias} = {{ package = \"{name}\", version = {}, features = {}, default-features = {} }}\n",
            dependency["req"], dependency["features"], dependency["uses_default_features"]
        )
    })
}

fn build_script(suite: &Suite) -> String {
    let mut text = "fn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n".to_owned();
    for condition in suite.conditions {
        let _ = writeln!(
            text,
            "    println!(\"cargo:rustc-cfg={{}}\", {condition:?});"
        );
    }
    text + "}\n"
}

/// The files of a folder that end in `.extension`, without that, sorted.
fn files_of(folder: &Path, extension: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(name) = path.file_stem()
        {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file where it is not the same already, so that cargo builds nothing twice.
fn put(path: &Path, text: &str) -> Result {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_taken_as_sqlx_names_them_where_a_test_does() {
        let dependency = serde_json::json!({
            "name": "time", "rename": "time_", "req": "^0.3.47", "features": ["std"],
            "uses_default_features": true, "target": null,
        });
        assert_eq!(
            dependency_line(&dependency, "extern crate time_ as time;"),
            Some("time_ = { package = \"time\", version = \"^0.3.47\", features = [\"std\"], default-features = true }\n".to_owned())
        );
        assert_eq!(dependency_line(&dependency, "use time;"), None);
    }

    #[test]
    fn programs_of_tests_are_found_among_the_lines_of_cargo() {
        let line = r#"{"reason":"compiler-artifact","target":{"kind":["test"],"name":"types"},"executable":"/t/types-1"}"#;
        assert_eq!(
            program(line),
            Some(("types".to_owned(), PathBuf::from("/t/types-1")))
        );
        for other in [
            r#"{"target":{"kind":["lib"],"name":"suite"},"executable":"/t/suite"}"#,
            r#"{"target":{"kind":["test"],"name":"types"},"executable":null}"#,
            "no message",
        ] {
            assert_eq!(program(other), None, "{other}");
        }
    }
}
