//! Names of routes whose templates are not known.

use std::collections::{HashMap, HashSet};

use super::path_shape::{ID, shape};
use crate::record::route_name::RouteName;

/// Stands for raw paths beyond those kept apart.
const OTHER_PATHS: &str = "(other paths)";
/// Stands for parts beyond those kept apart in one place.
const OTHER_PART: &str = "{other}";
/// Different parts in one place that are kept apart: names that are none of few endpoints (of
/// users, of articles) are more.
const MAX_SIBLINGS: usize = 100;

/// Names raw paths, and bounds the number of names.
#[derive(Debug)]
pub(crate) struct RawRoutes {
    known: HashSet<String>,
    /// The parts known behind each beginning of a name.
    parts: HashMap<String, HashSet<String>>,
    limit: usize,
}

impl RawRoutes {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            known: HashSet::new(),
            parts: HashMap::new(),
            limit,
        }
    }

    /// The name of a path whose route has no text of its own.
    pub(crate) fn name_by(&mut self, route: &RouteName, path: &str, is_found: bool) -> String {
        if route.is_known() {
            self.exact(path)
        } else {
            self.name(path, is_found)
        }
    }

    /// The path without its ids, or what stands for it once there are too many. Paths that were
    /// not found say nothing of the app's routes.
    pub(crate) fn name(&mut self, path: &str, is_found: bool) -> String {
        let shape = shape(path);
        if self.known.contains(&*shape) {
            return shape.into_owned();
        }
        let mut name = String::with_capacity(shape.len());
        for (index, part) in shape.split('/').enumerate() {
            if index > 0 {
                name.push('/');
            }
            let has_place = part.contains(ID)
                || self
                    .parts
                    .get(&name)
                    .is_none_or(|parts| parts.len() < MAX_SIBLINGS || parts.contains(part));
            name.push_str(if has_place { part } else { OTHER_PART });
        }
        let is_new = !self.known.contains(&name);
        let kept = self.exact(&name);
        if is_new && is_found && kept == name {
            self.note_parts(&name);
        }
        kept
    }

    /// A name as it is, or what stands for it once there are too many.
    pub(crate) fn exact(&mut self, name: &str) -> String {
        if self.known.contains(name) {
            return name.to_owned();
        }
        if self.known.len() >= self.limit {
            return OTHER_PATHS.to_owned();
        }
        self.known.insert(name.to_owned());
        name.to_owned()
    }

    fn note_parts(&mut self, name: &str) {
        let mut start = 0;
        for part in name.split('/') {
            let before = name.get(..start).unwrap_or_default();
            if !before.is_empty() && part != OTHER_PART && !part.contains(ID) {
                let parts = self.parts.entry(before.to_owned()).or_default();
                if !parts.contains(part) {
                    parts.insert(part.to_owned());
                }
            }
            start += part.len() + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_paths_are_bounded() {
        let mut routes = RawRoutes::new(2);
        assert_eq!(routes.name("/a", true), "/a");
        assert_eq!(routes.name("/b", true), "/b");
        assert_eq!(routes.name("/c", true), OTHER_PATHS);
        assert_eq!(routes.name("/a", true), "/a");
        assert_eq!(routes.exact("/d/1"), OTHER_PATHS);
    }

    #[test]
    fn names_that_are_many_become_one_route() {
        let letters = |number: usize| -> String {
            let digits = number.to_string();
            let letter = |digit| char::from(digit - b'0' + b'a');
            digits.bytes().map(letter).collect()
        };
        let mut routes = RawRoutes::new(1_000);
        for number in 0..MAX_SIBLINGS {
            let path = format!("/api/users/{}/posts", letters(number));
            assert_eq!(routes.name(&path, true), path);
            // What nobody has says nothing of what there is.
            let path = format!("/api/missing/{}", letters(number));
            assert_eq!(routes.name(&path, false), path);
        }
        for (path, name) in [
            ("/api/users/anna/posts", "/api/users/{other}/posts"),
            ("/api/users/bert/posts", "/api/users/{other}/posts"),
            ("/api/users/anna", "/api/users/{other}"),
            ("/api/users/b/posts", "/api/users/b/posts"),
            ("/api/users/17/posts", "/api/users/{id}/posts"),
            ("/api/missing/anna", "/api/missing/anna"),
            ("/api/about", "/api/about"),
        ] {
            assert_eq!(routes.name(path, true), name, "{path}");
        }
    }
}
