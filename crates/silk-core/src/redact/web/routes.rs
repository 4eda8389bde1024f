//! Templates of routes, and the paths that they fit: what a route says of its own path holds of
//! that path wherever it is named (`Referer`, `Location`, a link in a body).

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use crate::redact::{
    names::{Names, Verdict},
    shape::Judge,
};

/// Templates remembered. An app has as many as it has routes.
const MAX_TEMPLATES: usize = 1_024;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// A parameter, and what its name says of its value.
    Parameter(Verdict),
    /// A parameter that takes all the rest.
    Rest(Verdict),
}

/// A template of a route, such as `/reset/{token}`.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) parts: Vec<Part>,
    /// Whether the values of any parameter are secret whatever they look like.
    pub(super) has_secret: bool,
    literals: usize,
}

impl Template {
    fn new(text: &str, names: &Names) -> Self {
        let parts: Vec<Part> = text
            .split('/')
            .map(|part| match parameter(part) {
                Some((name, true)) => Part::Rest(names.answer(name).verdict),
                Some((name, false)) => Part::Parameter(names.answer(name).verdict),
                None => Part::Literal(part.to_owned()),
            })
            .collect();
        let is_secret = |part: &Part| {
            matches!(
                part,
                Part::Parameter(Verdict::Secret) | Part::Rest(Verdict::Secret)
            )
        };
        let is_literal = |part: &&Part| matches!(part, Part::Literal(text) if !text.is_empty());
        Self {
            has_secret: parts.iter().any(is_secret),
            literals: parts.iter().filter(is_literal).count(),
            parts,
        }
    }

    pub(super) fn has_rest(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Rest(_)))
    }

    /// Whether it fits these parts of a path from the first on; more may follow.
    fn fits(&self, path: &[&str]) -> bool {
        // What stands before the first slash is empty.
        let parts = self.parts.get(1..).unwrap_or_default();
        parts.len() <= path.len()
            && parts.iter().zip(path).all(|(part, given)| match part {
                Part::Literal(text) => text == given,
                Part::Parameter(_) | Part::Rest(_) => !given.is_empty(),
            })
    }
}

#[derive(Debug, Default)]
struct Known {
    all: HashMap<Box<str>, Arc<Template>>,
    secret: Vec<Arc<Template>>,
    /// What stands right before a secret parameter.
    before: HashSet<String>,
}

/// The templates of routes that were seen.
#[derive(Debug, Default)]
pub(in crate::redact) struct Routes(RwLock<Known>);

impl Clone for Routes {
    /// Empty: the copy's names may change.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Routes {
    /// How many of them have secret parameters.
    pub(in crate::redact) fn secret_count(&self) -> usize {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.secret.len()
    }

    /// The template of this text, which is remembered.
    pub(super) fn template(&self, text: &str, names: &Names) -> Arc<Template> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = known.all.get(text) {
            return Arc::clone(template);
        }
        drop(known);
        let template = Arc::new(Template::new(text, names));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.all.len() < MAX_TEMPLATES
            && known
                .all
                .insert(text.into(), Arc::clone(&template))
                .is_none()
            && template.has_secret
        {
            for pair in template.parts.windows(2) {
                if let [Part::Literal(before), Part::Parameter(_) | Part::Rest(_)] = pair {
                    known.before.insert(before.clone());
                }
            }
            known.secret.push(Arc::clone(&template));
        }
        template
    }

    /// Whether a secret stands behind this part in the path of some route.
    pub(in crate::redact) fn is_before_secret(&self, part: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        !known.before.is_empty() && known.before.contains(part)
    }

    /// The parts of a path that are secrets by a known route, as bytes of it. The path may have
    /// more before the route's own (a proxy's prefix) and behind it.
    pub(in crate::redact) fn secrets_of(&self, path: &str) -> Vec<Range<usize>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.secret.is_empty() {
            return Vec::new();
        }
        let mut start = 0;
        let places: Vec<(usize, &str)> = path
            .split('/')
            .map(|part| {
                let at = start;
                start += part.len() + 1;
                (at, part)
            })
            .filter(|(_, part)| !part.is_empty())
            .collect();
        let parts: Vec<&str> = places.iter().map(|(_, part)| *part).collect();
        let mut found = Vec::new();
        for template in &known.secret {
            let last = if template.literals == 0 {
                // Any path would do: it must at least be as long, and no other route's.
                let is_as_long = parts.len() + 1 == template.parts.len() || template.has_rest();
                if is_as_long { 1 } else { 0 }
            } else {
                parts.len()
            };
            for offset in 0..last {
                let here = parts.get(offset..).unwrap_or_default();
                if !template.fits(here) || known.is_of_another(&parts, template) {
                    continue;
                }
                for (index, part) in template.parts.iter().skip(1).enumerate() {
                    let range = |(at, part): &(usize, &str)| *at..*at + part.len();
                    match part {
                        Part::Parameter(Verdict::Secret) => {
                            found.extend(places.get(offset + index).map(range));
                        }
                        Part::Rest(Verdict::Secret) => {
                            let rest = places.get(offset + index..).unwrap_or_default();
                            found.extend(rest.iter().map(range));
                        }
                        _ => {}
                    }
                }
            }
        }
        found.sort_by_key(|range| range.start);
        found.dedup();
        found
    }
}

impl Known {
    /// Whether another route spells out more of this path: `/users/me` beside `/users/{token}`.
    fn is_of_another(&self, path: &[&str], template: &Template) -> bool {
        self.all.values().any(|other| {
            other.literals > template.literals
                && !other.has_secret
                && other.parts.len() == path.len() + 1
                && other.fits(path)
        })
    }
}

/// Whether a value is secret by what its name says.
pub(super) fn is_secret(verdict: Verdict, value: &str) -> bool {
    match verdict {
        Verdict::Secret => true,
        Verdict::Harmless => false,
        Verdict::Judge(judge) => judge.is_secret(value, judge == Judge::Code),
    }
}

/// Name of a template's parameter, and whether it takes all the rest. A parameter with something
/// before or behind it (`{token}.json`) takes the whole part.
fn parameter(part: &str) -> Option<(&str, bool)> {
    let name = part
        .split_once('{')
        .and_then(|(_, rest)| rest.rsplit_once('}'))
        .map(|(name, _)| name);
    if let Some(name) = name {
        return Some(
            name.strip_prefix('*')
                .map_or((name, false), |name| (name, true)),
        );
    }
    part.strip_prefix(':')
        .map(|name| (name, false))
        .or_else(|| part.strip_prefix('*').map(|name| (name, true)))
}
