use std::collections::HashSet;

/// Stands for raw paths beyond those kept apart.
const OTHER_PATHS: &str = "(other paths)";

/// Bounds the number of raw paths that are summed as routes.
#[derive(Debug)]
pub(crate) struct RawRoutes {
    known: HashSet<String>,
    limit: usize,
}

impl RawRoutes {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            known: HashSet::new(),
            limit,
        }
    }

    /// The path itself, or what stands for it once there are too many.
    pub(crate) fn name(&mut self, path: &str) -> String {
        if self.known.contains(path) {
            return path.to_owned();
        }
        if self.known.len() >= self.limit {
            return OTHER_PATHS.to_owned();
        }
        self.known.insert(path.to_owned());
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_paths_are_bounded() {
        let mut routes = RawRoutes::new(2);
        assert_eq!(routes.name("/a"), "/a");
        assert_eq!(routes.name("/b"), "/b");
        assert_eq!(routes.name("/c"), OTHER_PATHS);
        assert_eq!(routes.name("/a"), "/a");
    }
}
