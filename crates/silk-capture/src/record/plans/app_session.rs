//! How the app sets up its connections beyond their connect options.

/// What an app set on a PostgreSQL connection after connecting that decides what its
/// statements mean and how they are planned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppSession {
    /// The role it took on (`SET ROLE`), where that is not the one it logged in as.
    pub role: Option<String>,
    /// Settings by name: the search path, those of the planner, those by which dates are read.
    pub settings: Vec<(String, String)>,
}

impl AppSession {
    #[cfg(feature = "postgres")]
    fn search_path(&self) -> Option<&str> {
        self.settings
            .iter()
            .find(|(name, _)| name == "search_path")
            .map(|(_, value)| value.as_str())
    }

    /// Whether the same names mean the same tables in both.
    #[cfg(feature = "postgres")]
    fn means_the_same(&self, other: &Self) -> bool {
        self.role == other.role && self.search_path() == other.search_path()
    }
}

/// What is known of how an app's connections to a database are set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KnownSession {
    /// Nothing: no hook has seen one.
    #[default]
    Unknown,
    /// All that were seen are set up like this.
    Known(AppSession),
    /// Not all alike.
    Varies {
        /// How that is known, as part of a sentence.
        why: &'static str,
    },
}

impl KnownSession {
    /// Another connection was seen.
    #[cfg(feature = "postgres")]
    pub(crate) fn saw(&mut self, session: AppSession) {
        match self {
            Self::Known(known) if !known.means_the_same(&session) => {
                *self = Self::Varies {
                    why: "its connections have different search paths or roles",
                };
            }
            Self::Unknown | Self::Known(_) => *self = Self::Known(session),
            Self::Varies { .. } => {}
        }
    }

    /// A statement was seen that changes it.
    pub(crate) fn moved(&mut self) {
        *self = Self::Varies {
            why: "the app changes the search path or the role while it runs",
        };
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    fn session(path: &str, work_mem: &str) -> AppSession {
        AppSession {
            role: None,
            settings: vec![
                ("search_path".to_owned(), path.to_owned()),
                ("work_mem".to_owned(), work_mem.to_owned()),
            ],
        }
    }

    #[test]
    fn connections_that_mean_other_tables_are_told_apart() {
        let mut known = KnownSession::default();
        known.saw(session("a", "4096"));
        known.saw(session("a", "8192"));
        assert_eq!(known, KnownSession::Known(session("a", "8192")));
        known.saw(session("b", "8192"));
        assert!(matches!(known, KnownSession::Varies { .. }));
        known.saw(session("b", "8192"));
        assert!(matches!(known, KnownSession::Varies { .. }));

        let mut known = KnownSession::Known(session("a", "1"));
        known.saw(AppSession {
            role: Some("reader".to_owned()),
            ..session("a", "1")
        });
        assert!(matches!(known, KnownSession::Varies { .. }));
    }
}
