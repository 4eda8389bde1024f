//! The limits that questions to databases keep.

use std::time::Duration;

/// How plans are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// How long the database may take over one plan; 2 s unless said. A larger one lets
    /// `ANALYZE` of slower queries through, and holds their locks and memory for longer.
    pub timeout: Duration,
    /// How long the database may take over what nobody waits for: a plan that is asked for in the
    /// background, what it knows of a plan's tables, which plans it allows. 500 ms unless said.
    /// A larger one lets plans of slow planning through, and keeps Silk's connection from answering
    /// a person for as long; beyond [`timeout`](Self::timeout) it changes nothing.
    pub background_timeout: Duration,
    /// How long the connection is kept after its last use; 30 s unless said. A larger one saves a
    /// connect per look, and takes one of the server's connections for longer.
    pub idle: Duration,
    /// How long looking for indexes may take, once connected; 250 ms unless said. A larger one
    /// lets more of them be tried on slow servers, and a person waits longer.
    pub advice: Duration,
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
        }
    }
}
