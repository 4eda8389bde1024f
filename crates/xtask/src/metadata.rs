//! What cargo knows of our packages and their dependencies.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{Result, process};

/// What `cargo metadata` says.
#[derive(Debug)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    /// Where cargo puts what it builds.
    pub(crate) target_directory: PathBuf,
}

/// One package.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) is_ours: bool,
    pub(crate) is_published: bool,
    pub(crate) manifest_path: String,
    /// The oldest Rust that it promises to build with, as major, minor, patch.
    pub(crate) rust_version: Vec<u32>,
    /// Names of normal and build dependencies; those for tests only are left out.
    pub(crate) dependencies: Vec<String>,
    fields: Value,
}

impl Metadata {
    pub(crate) fn read() -> Result<Self> {
        let text = process::run_quietly(process::cargo().args([
            "metadata",
            "--format-version=1",
            "--all-features",
        ]))?;
        let document: Value = serde_json::from_str(&text)?;
        let packages = list(&document, "packages").map(Package::new).collect();
        let target_directory = document
            .get("target_directory")
            .and_then(Value::as_str)
            .ok_or("cargo names no target directory")?;
        Ok(Self {
            packages,
            target_directory: target_directory.into(),
        })
    }

    pub(crate) fn ours(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.is_ours)
    }
}

impl Package {
    fn new(fields: &Value) -> Self {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            name: text("name").unwrap_or_default(),
            version: text("version").unwrap_or_default(),
            // A package of the workspace has no registry to come from.
            is_ours: fields.get("source").is_none_or(Value::is_null),
            is_published: fields.get("publish").is_none_or(Value::is_null),
            manifest_path: text("manifest_path").unwrap_or_default(),
            rust_version: text("rust_version").map_or_else(Vec::new, |version| {
                let numbers = version.split('.');
                numbers.filter_map(|number| number.parse().ok()).collect()
            }),
            dependencies: list(fields, "dependencies")
                .filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
                .filter_map(|dependency| dependency.get("name")?.as_str().map(str::to_owned))
                .collect(),
            fields: fields.clone(),
        }
    }

    /// Where its sources are.
    pub(crate) fn folder(&self) -> PathBuf {
        Path::new(&self.manifest_path)
            .parent()
            .map(Path::to_owned)
            .unwrap_or_default()
    }

    /// What its tests depend on, as cargo describes it.
    pub(crate) fn test_dependencies(&self) -> impl Iterator<Item = &Value> {
        list(&self.fields, "dependencies")
            .filter(|dependency| dependency.get("kind").and_then(Value::as_str) == Some("dev"))
    }

    /// Its features but `default`, which stands for others.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        let features = self.fields.get("features").and_then(Value::as_object);
        features
            .into_iter()
            .flat_map(|features| features.keys())
            .map(String::as_str)
            .filter(|name| *name != "default")
    }

    /// Whether a field of the manifest is there and not empty.
    pub(crate) fn has(&self, field: &str) -> bool {
        match self.fields.get(field) {
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(items)) => !items.is_empty(),
            _ => false,
        }
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}
