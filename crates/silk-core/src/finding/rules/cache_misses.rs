//! A cache that answers few of its look-ups.
//!
//! **Definition.** Spans of one name that tell by the field `cache.hit` whether a cache had what
//! was asked for, and most were not there.
//! **Formula.** `look-ups >= min_lookups and hits / look-ups < min_hit_rate`, and worth a finding
//! by the time and share that the misses took.
//! **Time lost.** The union of the spans that missed: the look-up, and where the span goes round it
//! the load.
//! **Thresholds.** `min_lookups` (10), `min_hit_rate` (0.5).
//! **Source.** Sentry's and OpenTelemetry's conventions for caches (`cache.hit`; of Redis
//! `db.system.name`).
//! **Silent on.** Spans without `cache.hit`: of an answer alone it is not known whether it was one;
//! spans beyond the cap; misses that took no time.

use super::{CACHE_MISSES, foreign_wait::field};
use crate::{
    Finding, SpanRecord,
    finding::{
        facts::{Facts, share},
        words::{count, duration},
    },
    record::union_us,
};

/// Look-ups by spans of one name.
struct Cache<'a> {
    span: &'a SpanRecord,
    lookups: u64,
    misses: Vec<&'a SpanRecord>,
}

pub(super) fn find(facts: &Facts<'_>) -> Option<Finding> {
    let spans = &facts.record.detail.spans;
    let least = facts.thresholds.min_lookups.max(1);
    if u64::try_from(spans.len()).unwrap_or(u64::MAX) < least {
        return None;
    }
    let mut caches: Vec<Cache<'_>> = Vec::new();
    for span in spans {
        let is_hit = match field(span, &["cache.hit"]) {
            Some("true") => true,
            Some("false") => false,
            _ => continue,
        };
        let known = caches.iter().position(|cache| cache.span.name == span.name);
        let at = known.unwrap_or_else(|| {
            caches.push(Cache {
                span,
                lookups: 0,
                misses: Vec::new(),
            });
            caches.len() - 1
        });
        if let Some(cache) = caches.get_mut(at) {
            cache.lookups += 1;
            if !is_hit {
                cache.misses.push(span);
            }
        }
    }
    let worst = caches
        .into_iter()
        .filter(|cache| {
            let missed = u64::try_from(cache.misses.len()).unwrap_or(u64::MAX);
            cache.lookups >= least
                && share(cache.lookups - missed, cache.lookups) < facts.thresholds.min_hit_rate
        })
        .map(|cache| {
            let spans = cache.misses.iter().map(|span| {
                let end = span.started_us.saturating_add(span.duration_us);
                (span.started_us, end)
            });
            (union_us(spans.collect(), facts.total_us), cache)
        })
        .max_by_key(|(lost_us, _)| *lost_us);
    let (lost_us, cache) = worst.filter(|(lost_us, _)| facts.is_worth(*lost_us))?;
    let system = field(cache.span, &["db.system.name", "db.system"]);
    let system = system.map_or_else(String::new, |system| format!(" ({system})"));
    Some(Finding {
        rule: CACHE_MISSES.to_owned(),
        severity: facts.severity(lost_us),
        title: format!(
            "The cache missed {} of {} look-ups: {}{system}.",
            count(u64::try_from(cache.misses.len()).unwrap_or(u64::MAX)),
            count(cache.lookups),
            cache.span.name
        ),
        detail: format!("The misses took {} in total.", duration(lost_us)),
        remedy: Some(
            "Look at why it has so little: entries that expire too early, keys with a part that is \
             new each time, a cache that is too small, or nobody who fills it after a miss. Ignore \
             this for the first requests after a start."
                .to_owned(),
        ),
        call_site: None,
        fingerprint: None,
        query: None,
        lost_us: Some(lost_us),
    })
}
