//! What the app hands to the dashboard: where to read, whom to ask, and who may look.

use std::sync::Arc;

use silk_core::{Explain, Store, Vitals};

use crate::{
    draw::{editor::Editor, source::SourceRoot},
    security::access::Access,
};

/// What the dashboard shows, and to whom.
#[derive(Clone)]
pub struct DashboardConfig {
    /// Where records are read from.
    pub store: Arc<dyn Store>,
    /// Who asks databases for plans.
    pub explain: Arc<dyn Explain>,
    /// How the profiler fares.
    pub vitals: Arc<dyn Vitals>,
    /// Who gets in.
    pub access: Access,
    /// Opens the dashboard: as `?token=…` once, then a cookie, or as `Authorization: Bearer …`.
    /// None: nobody gets in by a token, so that only [`Access::Custom`] lets anybody in.
    pub token: Option<String>,
    /// Where source files may be read, to show the lines around a call site. None: none are shown.
    pub source_root: Option<SourceRoot>,
    /// What links to lines of source open. None: lines are not links.
    pub editor: Option<Editor>,
    /// What a route is measured against.
    pub targets: Targets,
}

impl std::fmt::Debug for DashboardConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token stays out of logs.
        f.debug_struct("DashboardConfig")
            .field("store", &self.store)
            .field("access", &self.access)
            .field("source_root", &self.source_root)
            .field("editor", &self.editor)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// What a route is to stay below; what passes them is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Targets {
    /// Median duration. Default 150 ms.
    pub p50_us: u64,
    /// 95th percentile of durations. Default 300 ms.
    pub p95_us: u64,
    /// Queries of one request. Default 10.
    pub queries: u64,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            p50_us: 150_000,
            p95_us: 300_000,
            queries: 10,
        }
    }
}
