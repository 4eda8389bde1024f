//! Links to other plans of the same statement: the newer one, those to compare with, and what became
//! of this one.

use silk_core::{PlanRecord, PlanSource, explain::plan_changes};

use crate::{
    context::Here,
    draw::plan::origin,
    params::Window,
    parts::{
        lists::Choice,
        plan_changes::{self, ChangeView},
    },
    plans::kept,
};

/// Links to comparisons, older plan first.
pub(super) fn compare_links(
    here: &Here,
    record: &PlanRecord,
    others: &[PlanRecord],
) -> Vec<Choice> {
    others
        .iter()
        .take(12)
        .map(|other| {
            let is_older = other.captured_at <= record.captured_at;
            let (a, b) = if is_older {
                (other.id, record.id)
            } else {
                (record.id, other.id)
            };
            let shape = if other.shape == record.shape {
                "the same shape".to_owned()
            } else {
                origin::in_one_line(other, 4, 80)
            };
            Choice {
                label: format!(
                    "{} of {}, {shape}",
                    origin::source(other.source),
                    other.captured_at.format("%-d %b %H:%M UTC")
                ),
                href: format!("{}/plans/compare?a={a}&b={b}", here.base),
                is_current: false,
            }
        })
        .collect()
}

/// The plan by which the statement runs now, where this one is older: what stands before the link,
/// and the link.
pub(super) async fn newer(
    here: &Here,
    record: &PlanRecord,
    others: &[PlanRecord],
) -> Option<(&'static str, Choice)> {
    if matches!(record.source, PlanSource::Generic | PlanSource::Pasted) {
        return None;
    }
    let plans: Vec<PlanRecord> = others
        .iter()
        .filter(|other| other.database == record.database && other.captured_at > record.captured_at)
        .chain([record])
        .cloned()
        .collect();
    if plans.len() == 1 {
        return None;
    }
    let newer = kept::current(&here.app, plans).await?;
    if newer.id == record.id {
        return None;
    }
    let before = if newer.shape == record.shape {
        "A newer plan of the same shape is kept:"
    } else {
        "By now the statement has another plan:"
    };
    let of = (newer.fingerprint).map_or_else(String::new, |of| format!("?of={of}"));
    let link = Choice {
        label: format!(
            "{}, {} of {}",
            origin::in_one_line(&newer, 4, 80),
            origin::source(newer.source),
            newer.captured_at.format("%-d %b %H:%M UTC")
        ),
        href: format!("{}/plans/{}{of}", here.base, newer.id),
        is_current: false,
    };
    Some((before, link))
}

/// Changes of the last week to or from this shape.
pub(super) async fn changes_of(here: &Here, record: &PlanRecord) -> Vec<ChangeView> {
    let (Some(fingerprint), Some(shape)) = (record.fingerprint, record.shape) else {
        return Vec::new();
    };
    let window = Window::Week.range(here.now);
    let history = here
        .app
        .ask(|store| store.plan_history(fingerprint, window))
        .await
        .unwrap_or_default();
    let mut changes = plan_changes(fingerprint, &history);
    changes.retain(|change| {
        change.source == record.source
            && change.database == record.database
            && (change.before.shape == shape || change.after.shape == shape)
    });
    changes.reverse();
    changes.truncate(3);
    plan_changes::views(&here.app, &here.base, &changes, None).await
}
