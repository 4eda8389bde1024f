//! Figures of a route by the builds that served it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::DateTime;
use silk_core::{HistogramSum, store::BuildFigures};

use crate::stats::RouteFigures;

/// What figures must know of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RunOf {
    pub(crate) started_us: i64,
    pub(crate) build: Option<Arc<str>>,
}

impl RunOf {
    /// When it did what stands in a bucket, at the earliest: buckets grow wide with age.
    pub(crate) fn at_us(&self, bucket_us: i64) -> i64 {
        bucket_us.max(self.started_us)
    }
}

/// Sums figures by build.
#[derive(Debug, Default)]
pub(crate) struct BuildsOf(BTreeMap<Option<Arc<str>>, Build>);

#[derive(Debug)]
struct Build {
    first_us: i64,
    last_us: i64,
    figures: RouteFigures,
    durations: HistogramSum,
}

impl BuildsOf {
    /// Adds figures of a bucket and a run.
    pub(crate) fn add(&mut self, bucket_us: i64, run: &RunOf, figures: &RouteFigures) {
        let at_us = run.at_us(bucket_us);
        let build = self.0.entry(run.build.clone()).or_insert_with(|| Build {
            first_us: at_us,
            last_us: at_us,
            figures: RouteFigures::default(),
            durations: HistogramSum::default(),
        });
        build.first_us = build.first_us.min(at_us);
        build.last_us = build.last_us.max(at_us);
        build.figures.merge_numbers(figures);
        build.durations.add(&figures.durations);
    }

    /// In order of their first use.
    pub(crate) fn finish(self) -> Vec<BuildFigures> {
        let mut builds: Vec<_> = self
            .0
            .into_iter()
            .filter_map(|(name, build)| {
                let figures = build.figures;
                Some(BuildFigures {
                    build: name.map(|name| name.to_string()),
                    first_at: DateTime::from_timestamp_micros(build.first_us)?,
                    last_at: DateTime::from_timestamp_micros(build.last_us)?,
                    requests: figures.requests,
                    errors: figures.errors,
                    total_us: figures.total_us,
                    sql_us: figures.sql_us,
                    queries: figures.queries,
                    max_queries: figures.max_queries,
                    durations: build.durations.to_histogram(),
                })
            })
            .collect();
        builds.sort_by(|a, b| (a.first_at, &a.build).cmp(&(b.first_at, &b.build)));
        builds
    }
}
