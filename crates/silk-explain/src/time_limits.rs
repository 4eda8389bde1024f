//! The limits that questions to databases keep.

use std::time::Duration;

/// How plans are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// Time limit for one plan (default 2 s). A higher limit lets `ANALYZE` finish on slower
    /// queries, but holds their locks and memory longer.
    pub timeout: Duration,
    /// Time limit for what nobody waits for (default 500 ms): a plan in the background, facts of a
    /// plan's tables, which plans the database allows. A higher limit lets slow planning finish,
    /// but Silk's connection may be busy that long when a person asks. A value above
    /// [`timeout`](Self::timeout) has no effect.
    pub background_timeout: Duration,
    /// How long the connection is kept after its last use; 30 s unless said. A larger one saves a
    /// connect per look, and takes one of the server's connections for longer.
    pub idle: Duration,
    /// How long looking for indexes may take, once connected; 250 ms unless said. A larger one
    /// lets more of them be tried on slow servers, and a person waits longer.
    pub advice: Duration,
    /// How long all queries of a proof may take together, once connected; 5 s unless said. A larger
    /// one lets slower loops be proved, and holds a snapshot of the database for longer.
    pub proof: Duration,
}

impl ExplainConfig {
    /// The limit of what nobody waits for.
    pub(crate) fn background(&self) -> Duration {
        self.background_timeout.min(self.timeout)
    }
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            background_timeout: Duration::from_millis(500),
            idle: Duration::from_secs(30),
            advice: Duration::from_millis(250),
            proof: Duration::from_secs(5),
        }
    }
}
