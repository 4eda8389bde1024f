//! `silk findings --write-baseline`: what was found so far, as a file of known findings.

use std::{fs, io, path::Path};

use serde::Deserialize;
use silk_core::{
    Fingerprint,
    finding::{Baseline, KnownFinding},
    words::count,
};

use crate::{
    api::{Api, Query},
    screen::Screen,
    trouble::{Result, Trouble},
};

/// Findings of one answer at most.
const MAX: &str = "500";

#[derive(Debug, Deserialize)]
struct Found {
    items: Vec<Item>,
    more: u64,
}

#[derive(Debug, Deserialize)]
struct Item {
    rule: String,
    source: String,
    route: Option<Route>,
    fingerprint: Option<Fingerprint>,
}

#[derive(Debug, Deserialize)]
struct Route {
    kind: String,
    method: String,
    route: String,
}

#[derive(Debug, Deserialize)]
struct Statement {
    statement: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    normalized: String,
}

/// Adds the findings of requests that the query lists to a file; what stands there stays.
///
/// # Errors
/// The file is not of the form, or cannot be written.
pub(crate) async fn write(api: &Api, screen: Screen, query: &Query, file: &Path) -> Result<()> {
    let mut query = query.clone();
    if !query.iter().any(|(name, _)| *name == "limit") {
        query.push(("limit", MAX.to_owned()));
    }
    // A file written by hand or by an earlier run must be understood before anything is asked.
    let mut baseline = read(file)?;
    let found: Found = api.get("api/findings", &query).await?.read()?;
    let mut known = Vec::new();
    let mut of_plans = 0_u64;
    for item in found.items {
        match (&*item.source, item.route) {
            ("request", Some(route)) => known.push(KnownFinding {
                route: name(&route)?,
                rule: item.rule,
                fingerprint: item.fingerprint,
                statement: match item.fingerprint {
                    Some(fingerprint) => sql(api, fingerprint).await?,
                    None => None,
                },
            }),
            _ => of_plans += 1,
        }
    }
    let added = baseline.add(known);
    fs::write(file, baseline.to_text()).map_err(|error| cannot("written", file, &error))?;
    let all = count(u64::try_from(baseline.findings.len()).unwrap_or(u64::MAX));
    let added = count(u64::try_from(added).unwrap_or(u64::MAX));
    screen.note(&format!(
        "Wrote {}: {all} known, {added} of them new.",
        file.display()
    ));
    if of_plans > 0 {
        let (are, s) = if of_plans == 1 {
            ("is", "")
        } else {
            ("are", "s")
        };
        screen.note(&format!(
            "{} finding{s} of plans {are} left out: a baseline is about requests.",
            count(of_plans)
        ));
    }
    if found.more > 0 {
        screen.note(&format!(
            "{} more are left out; --limit takes up to 500.",
            count(found.more)
        ));
    }
    Ok(())
}

fn read(file: &Path) -> Result<Baseline> {
    match fs::read_to_string(file) {
        Ok(text) => Baseline::parse(&text).map_err(|error| cannot("read", file, &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Baseline::default()),
        Err(error) => Err(cannot("read", file, &error)),
    }
}

fn name(route: &Route) -> Result<String> {
    let kind = route.kind.parse().map_err(|_| {
        Trouble::new(format!(
            "The dashboard names a kind of request that is not known: {}.",
            route.kind
        ))
    })?;
    Ok(KnownFinding::route_name(kind, &route.method, &route.route))
}

/// The normalised text of a statement; none where it is not kept any more.
async fn sql(api: &Api, fingerprint: Fingerprint) -> Result<Option<String>> {
    match api
        .get(&format!("api/statements/{fingerprint}"), &Query::new())
        .await
    {
        Ok(answer) => Ok(Some(answer.read::<Statement>()?.statement.normalized)),
        Err(error) if error.kind.as_deref() == Some("not_found") => Ok(None),
        Err(error) => Err(error),
    }
}

fn cannot(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Trouble {
    Trouble::new(format!("{} cannot be {what}: {error}.", path.display()))
}
