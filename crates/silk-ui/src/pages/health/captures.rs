//! What is captured, and which plans each database gives.

use silk_core::vitals::{CaptureLevel, VitalsSnapshot};

use crate::{
    context::Here,
    draw::format::{self, cut, sentence},
};

/// How long the page waits for databases to say which plans they give.
const LADDER_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(3);

pub(super) struct CaptureRow {
    pub(super) what: String,
    pub(super) level: &'static str,
    pub(super) class: &'static str,
    pub(super) reason: String,
    pub(super) remedy: Option<String>,
    /// Whether a row above has the remedy.
    pub(super) is_told: bool,
}

/// The plans that one database gives.
pub(super) struct LadderView {
    pub(super) database: String,
    pub(super) steps: Vec<CaptureRow>,
}

pub(super) fn captures(vitals: &VitalsSnapshot) -> Vec<CaptureRow> {
    let mut shown: Vec<&str> = Vec::new();
    vitals
        .captures
        .iter()
        .map(|capture| {
            let remedy = capture.remedy.as_deref();
            // One remedy may fix three things; it is shown once.
            let is_told = remedy.is_some_and(|remedy| shown.contains(&remedy));
            shown.extend(remedy);
            let (level, class) = level(capture.level);
            CaptureRow {
                what: cut(&capture.what, 80),
                level,
                class,
                reason: sentence(&cut(&capture.reason, 600)),
                remedy: remedy.filter(|_| !is_told).map(|remedy| cut(remedy, 2_000)),
                is_told,
            }
        })
        .collect()
}

const fn level(level: CaptureLevel) -> (&'static str, &'static str) {
    match level {
        CaptureLevel::Full => ("captured", "good"),
        CaptureLevel::Partial => ("in part", "warn"),
        CaptureLevel::Off => ("not captured", "off"),
    }
}

/// Which plans each database gives, and what would unlock the others.
pub(super) async fn ladders(here: &Here) -> Vec<LadderView> {
    let asked = tokio::time::timeout(LADDER_TIMEOUT, here.app.explain.ladders()).await;
    asked
        .unwrap_or_default()
        .into_iter()
        .take(16)
        .map(|ladder| LadderView {
            database: format!(
                "{} {}",
                ladder.database.kind,
                format::one_line(&ladder.database.name, 80)
            ),
            steps: ladder
                .steps
                .iter()
                .map(|step| {
                    let (word, class) = level(step.level);
                    CaptureRow {
                        what: cut(&step.what, 120),
                        level: match step.level {
                            CaptureLevel::Full => "works",
                            CaptureLevel::Partial => word,
                            CaptureLevel::Off => "not yet",
                        },
                        class,
                        reason: sentence(&cut(&step.reason, 600)),
                        remedy: step.remedy.as_deref().map(|remedy| cut(remedy, 2_000)),
                        is_told: false,
                    }
                })
                .collect(),
        })
        .collect()
}
