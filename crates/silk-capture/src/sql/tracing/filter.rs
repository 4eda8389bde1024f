//! Which spans and events reach Silk's tracing layer.

use std::sync::Arc;

use tracing::{Level, Metadata, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::layer::{Context, Filter};

use super::{POSTGRES_NOTICE, SQLX_ACQUIRE, SQLX_QUERY};
use crate::{
    record::{own_spans::SILK_TARGET, plans::PlanNotes, tracing_probe::is_trial},
    suppress,
};

/// Lets through what the layer records, and nothing else.
#[derive(Debug, Clone)]
pub struct SilkFilter {
    span_level: Level,
    /// Knows whether PostgreSQL's messages are wanted: TRACE is let through for them alone.
    plans: Option<Arc<PlanNotes>>,
}

impl SilkFilter {
    /// A filter for spans of the app of `span_level` and above.
    #[must_use]
    pub const fn new(span_level: Level) -> Self {
        Self {
            span_level,
            plans: None,
        }
    }

    pub(super) fn with_plans(mut self, plans: Arc<PlanNotes>) -> Self {
        self.plans = Some(plans);
        self
    }

    fn wants_notices(&self) -> bool {
        self.plans
            .as_ref()
            .is_some_and(|plans| plans.wants_notices())
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        if is_of_sqlx(metadata) {
            // sqlx asks with `enabled!` first, which is neither span nor event but a hint.
            return !metadata.is_span();
        }
        let target = metadata.target();
        if target == POSTGRES_NOTICE {
            return !metadata.is_span()
                && (*metadata.level() <= Level::WARN
                    || (*metadata.level() == Level::TRACE && self.wants_notices()));
        }
        if target == SILK_TARGET {
            return metadata.name().starts_with("silk.");
        }
        if target.starts_with("silk")
            && (target.starts_with("silk::") || target.starts_with("silk_"))
        {
            return false;
        }
        if metadata.is_span() {
            *metadata.level() <= self.span_level
        } else {
            *metadata.level() <= Level::WARN
        }
    }
}

/// Whether sqlx tells of a query or a wait.
fn is_of_sqlx(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target == SQLX_QUERY || target == SQLX_ACQUIRE
}

impl<S> Filter<S> for SilkFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        // What the pool records is refused here already: where nobody else wants it, sqlx then
        // does not even write it, which is most of what the second sight of a query costs.
        if is_of_sqlx(metadata) {
            return !metadata.is_span()
                && (is_trial(self.plans.as_ref()) || !suppress::is_recorded_elsewhere());
        }
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // Never `always`: with the log bridge installed, sqlx's `log_enabled!` leaves "disabled"
        // bits of per-layer filters on the thread, and the next callsite that skips `enabled`
        // falls for them.
        if self.wants(metadata) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let level = if self.wants_notices() {
            Level::TRACE
        } else {
            self.span_level.max(Level::DEBUG)
        };
        Some(LevelFilter::from_level(level))
    }
}
