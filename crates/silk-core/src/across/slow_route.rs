//! A route of which too many requests take longer than they may.
//!
//! **Definition.** The 95th percentile of its durations is over the target, by more than chance
//! explains.
//! **Formula.** Of `n` requests `k` took longer than `p95_us`. The share `k / n` is over 5 % also at
//! the lower end of its 95 % interval after Wilson (*Probable Inference, the Law of Succession, and
//! Statistical Inference*, JASA 22 (1927), 209–212), which holds for few requests too.
//! **Time lost.** None is told: how much of a long duration could be saved, the findings of its
//! requests say.
//! **Thresholds.** `p95_us` (300 ms), `min_requests` (20).
//! **Silent on.** Jobs and tests, which may take long; a route with a few slow requests among few.

use super::{AcrossFinding, AcrossThresholds, SLOW_ROUTE};
use crate::{
    RequestKind, Severity,
    store::{RouteName, RouteSummary},
    words::{count, duration},
};

/// For a one-sided level of 2.5 %.
const Z: f64 = 1.96;

pub(super) fn find(route: &RouteSummary, thresholds: &AcrossThresholds) -> Option<AcrossFinding> {
    let durations = &route.durations;
    let requests = durations.count();
    if route.kind != RequestKind::Request || requests < thresholds.min_requests.max(1) {
        return None;
    }
    let p95_us = durations.percentile(95.0);
    let slow: u64 = durations
        .buckets()
        .filter(|(longest_us, _)| *longest_us > thresholds.p95_us)
        .map(|(_, count)| count)
        .sum();
    if p95_us <= thresholds.p95_us || lower_share(slow, requests) <= 0.05 {
        return None;
    }
    let is_far = p95_us >= thresholds.p95_us.saturating_mul(3);
    let name = format!("{} {}", route.method, route.route);
    Some(AcrossFinding {
        rule: SLOW_ROUTE,
        severity: if is_far {
            Severity::Critical
        } else {
            Severity::Warning
        },
        title: format!(
            "5 % of requests of {} take {} or longer; the target is {}.",
            name.trim(),
            duration(p95_us),
            duration(thresholds.p95_us)
        ),
        detail: format!(
            "{} of {} requests took longer than the target; half took {} at most.",
            count(slow),
            count(requests),
            duration(durations.percentile(50.0))
        ),
        remedy: "Open the slowest requests of the route: each begins with its largest cause."
            .to_owned(),
        route: Some(RouteName {
            kind: route.kind,
            method: route.method.clone(),
            route: route.route.clone(),
        }),
        fingerprint: None,
        call_site: None,
        example: None,
        requests: slow,
        of_requests: requests,
        lost_us: None,
    })
}

/// The lower end of the 95 % interval of a share after Wilson.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of requests stay far below 2^52"
)]
fn lower_share(part: u64, whole: u64) -> f64 {
    let (k, n) = (part as f64, whole.max(1) as f64);
    let share = k / n;
    let z2 = Z * Z;
    let spread = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    (share + z2 / (2.0 * n) - spread) / (1.0 + z2 / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        // 10 of 100: 5.52 % to 17.44 %, as in tables.
        assert!((lower_share(10, 100) - 0.0552).abs() < 0.0001);
        assert!(lower_share(0, 0).abs() < 1e-9);
        assert!(lower_share(20, 20) > 0.8);
    }
}
