//! How plans are captured: words of the health page.

use std::sync::atomic::Ordering::Relaxed;

use silk_core::vitals::{CaptureLevel, CaptureStatus};

use crate::record::plans::{PlanMode, PlanNotes, plan_notes::Hooked};

impl PlanNotes {
    /// How plans are captured, for the health page.
    pub(crate) fn status(&self, has_pools: bool) -> CaptureStatus {
        let hooked = self.hooked();
        let working = hooked
            .values()
            .filter(|state| **state == Hooked::Working)
            .count();
        let lesser = hooked
            .iter()
            .find(|(_, state)| **state != Hooked::Working)
            .map(|(name, state)| (name.clone(), state.clone()));
        drop(hooked);
        let caught = self.caught.load(Relaxed);
        let (asked, failed) = (self.asked.load(Relaxed), self.failed.load(Relaxed));
        let background = match self.plans.mode {
            PlanMode::Off => "",
            PlanMode::OnDemand => "; estimated when a person asks",
            PlanMode::Automatic => "; estimated for new, slow and failed statements",
        };
        let figures = format!(
            "{background}; {caught} caught, {asked} asked for ({failed} without an answer){}",
            self.losses()
        );
        let (level, reason, remedy) = match (self.plans.mode, lesser) {
            (PlanMode::Off, _) => (
                CaptureLevel::Off,
                "switched off in the builder".to_owned(),
                Some("Silk::builder().plans(Plans::automatic())".to_owned()),
            ),
            (_, Some((name, Hooked::Refused { reason, remedy }))) => (
                CaptureLevel::Partial,
                format!("`{name}` tells no plans of real runs: {reason}{figures}"),
                remedy,
            ),
            (_, Some((name, Hooked::Partial { reason, remedy }))) => (
                CaptureLevel::Partial,
                format!("`{name}` tells the plans of real runs, but {reason}{figures}"),
                Some(remedy),
            ),
            _ if working > 0 && !self.hears() => (
                CaptureLevel::Partial,
                format!(
                    "auto_explain is on, but no tracing layer is installed to receive its plans{figures}"
                ),
                Some("silk.init_tracing();".to_owned()),
            ),
            _ if working > 0 => (
                CaptureLevel::Full,
                format!("PostgreSQL tells the plans of real runs{figures}"),
                None,
            ),
            _ if !has_pools => (
                CaptureLevel::Off,
                "no pool is known".to_owned(),
                Some("let pool = silk.pool(pool);".to_owned()),
            ),
            _ => (
                CaptureLevel::Partial,
                format!("no plans of real runs{figures}"),
                None,
            ),
        };
        CaptureStatus {
            what: "plans".to_owned(),
            level,
            reason,
            remedy,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::plans::{Plans, plan_notes::Dropped};

    #[test]
    fn what_was_dropped_is_told_with_its_reason() {
        let notes = PlanNotes::new(Plans::default());
        assert_eq!(notes.losses(), "");
        notes.drop_one(Dropped::Ambiguous);
        notes.drop_one(Dropped::Ambiguous);
        notes.drop_one(Dropped::RateLimit);
        assert_eq!(notes.dropped(Dropped::Ambiguous), 2);
        let status = notes.status(true);
        assert_eq!(status.level, CaptureLevel::Partial);
        assert!(
            status.reason.contains("2 could be of either of two runs")
                && status.reason.contains("1 were not asked for"),
            "{}",
            status.reason
        );
    }

    #[test]
    fn switched_off_says_so() {
        let notes = PlanNotes::new(Plans::off());
        assert_eq!(notes.status(true).level, CaptureLevel::Off);
    }
}
