use std::time::Duration;

/// How plans are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplainConfig {
    /// How long the database may take over one plan; 2 s unless said. A larger one lets
    /// `ANALYZE` of slower queries through, and holds their locks and memory for longer.
    pub timeout: Duration,
    /// How long the connection is kept after its last use; 30 s unless said. A larger one saves a
    /// connect per look, and takes one of the server's connections for longer.
    pub idle: Duration,
    /// How long looking for indexes may take, once connected; 250 ms unless said. A larger one
    /// lets more of them be tried on slow servers, and a person waits longer.
    pub advice: Duration,
}

impl Default for ExplainConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            idle: Duration::from_secs(30),
            advice: Duration::from_millis(250),
        }
    }
}
