//! Plans that became others, in words: what was given up for what, and what that cost.

use std::collections::BTreeMap;

use silk_core::{
    Fingerprint, Histogram, PlanId, PlanRecord, PlanShape,
    explain::{PlanBucket, PlanChange, ShapeSpan, plan_changes},
    store::StatsWindow,
};
use silk_plan::Plan;

use super::lists::Choice;
use crate::{
    context::{App, Here},
    draw::{
        format::{self, Markup, count, duration, one_line},
        plan::{cells, diff, origin},
        svg::{
            ribbon::{self, Lane, Stretch},
            waterfall::short_name,
        },
    },
};

/// A change of plan.
pub(crate) struct ChangeView {
    /// `bad` where it became slower, empty otherwise.
    pub(crate) class: &'static str,
    /// The statement, where the page is not about it.
    pub(crate) statement: Option<Choice>,
    pub(crate) at: Markup,
    pub(crate) from: String,
    pub(crate) to: String,
    /// `p95 3.00 → 41.0 ms`.
    pub(crate) price: Option<String>,
    pub(crate) compare_href: Option<String>,
    pub(crate) how: String,
}

/// Changes as pages show them, each with the operators that make the difference.
pub(crate) async fn views(
    app: &App,
    base: &str,
    changes: &[PlanChange],
    name_of: Option<&BTreeMap<Fingerprint, String>>,
) -> Vec<ChangeView> {
    let mut views = Vec::with_capacity(changes.len());
    for change in changes {
        let (before, after) = (
            read(app, change.before.plan).await,
            read(app, change.after.plan).await,
        );
        views.push(view(base, change, before.as_ref(), after.as_ref(), name_of));
    }
    views
}

/// Changes of one statement's plans, newest first.
pub(crate) async fn recent(
    here: &Here,
    fingerprint: Fingerprint,
    history: &[PlanBucket],
) -> Vec<ChangeView> {
    let mut changes = plan_changes(fingerprint, history);
    changes.reverse();
    changes.truncate(6);
    views(&here.app, &here.base, &changes, None).await
}

/// Changes of all plans within a window, newest first; empty if they cannot be read.
pub(crate) async fn of_all(here: &Here, window: StatsWindow) -> Vec<ChangeView> {
    let changes = here
        .app
        .ask(|store| store.plan_changes(window, 5))
        .await
        .unwrap_or_default();
    let mut names = BTreeMap::new();
    for change in &changes {
        let fingerprint = change.fingerprint;
        if names.contains_key(&fingerprint) {
            continue;
        }
        let detail = here
            .app
            .ask(|store| store.statement(fingerprint, window))
            .await;
        if let Ok(Some(detail)) = detail {
            names.insert(fingerprint, short_name(&detail.summary.statement));
        }
    }
    views(&here.app, &here.base, &changes, Some(&names)).await
}

async fn read(app: &App, id: Option<PlanId>) -> Option<Plan> {
    let id = id?;
    let record = app.ask(|store| store.plan(id)).await.ok()??;
    Plan::parse(record.output.format, &record.output.raw).ok()
}

fn view(
    base: &str,
    change: &PlanChange,
    before: Option<&Plan>,
    after: Option<&Plan>,
    name_of: Option<&BTreeMap<Fingerprint, String>>,
) -> ChangeView {
    let (from, to) = match (before, after) {
        (Some(before), Some(after)) => {
            diff::first_difference(before, after).unwrap_or_else(|| ends(change))
        }
        _ => ends(change),
    };
    let is_slower = p95(&change.before)
        .zip(p95(&change.after))
        .is_some_and(|(was, is)| is > was.saturating_mul(3) / 2 && is > was + 500);
    ChangeView {
        class: if is_slower { "bad" } else { "" },
        statement: name_of.map(|names| Choice {
            label: names
                .get(&change.fingerprint)
                .cloned()
                .unwrap_or_else(|| format!("statement {}", change.fingerprint)),
            href: format!("{base}/statements/{}", change.fingerprint),
            is_current: false,
        }),
        at: format::moment(change.changed_at),
        from: one_line(&from, 140),
        to: one_line(&to, 140),
        price: p95(&change.before)
            .zip(p95(&change.after))
            .map(|(was, is)| {
                format!(
                    "p95 {} → {} ({} and {} runs whose plan was caught)",
                    duration(was),
                    duration(is),
                    count(change.before.durations.count()),
                    count(change.after.durations.count())
                )
            }),
        compare_href: change
            .before
            .plan
            .zip(change.after.plan)
            .map(|(a, b)| format!("{base}/plans/compare?a={a}&b={b}")),
        how: format!(
            "{} plans of {}; seen {}× before and {}× since",
            origin::source(change.source),
            if change.database.name.is_empty() {
                change.database.kind.as_str().to_owned()
            } else {
                one_line(&change.database.name, 60)
            },
            count(change.before.count),
            count(change.after.count)
        ),
    }
}

fn ends(change: &PlanChange) -> (String, String) {
    (
        format!("plan shape {}", short(change.before.shape)),
        format!("plan shape {}", short(change.after.shape)),
    )
}

/// The 95th percentile of a shape's runs, where they have times.
fn p95(span: &ShapeSpan) -> Option<u64> {
    p95_of(&span.durations)
}

fn p95_of(durations: &Histogram) -> Option<u64> {
    durations.known_percentile(95.0)
}

/// A shape in six digits: enough to tell a handful apart.
pub(crate) fn short(shape: PlanShape) -> String {
    shape.to_string().chars().take(6).collect()
}

/// Forms of a statement's plan over time.
pub(crate) struct RibbonView {
    pub(crate) drawing: Markup,
    pub(crate) legend: Vec<ShapeView>,
    /// `A until 14:02, then B, then A again`.
    pub(crate) story: String,
    /// Whether there is more than one shape, or more than one lane, to tell of.
    pub(crate) has_story: bool,
}

/// A shape in the legend.
pub(crate) struct ShapeView {
    pub(crate) letter: String,
    pub(crate) class: String,
    pub(crate) shape: String,
    pub(crate) href: Option<String>,
    pub(crate) seen: String,
    pub(crate) p95: Option<String>,
}

/// Letters for shapes, in the order in which they were first seen.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The ribbon over a window of time; `None` if no plan was seen in it.
pub(crate) fn ribbon(
    history: &[PlanBucket],
    window: StatsWindow,
    base: &str,
) -> Option<RibbonView> {
    if history.is_empty() {
        return None;
    }
    let mut shapes: Vec<(PlanShape, ShapeView, u64, Histogram)> = Vec::new();
    let mut buckets: Vec<&PlanBucket> = history.iter().collect();
    buckets.sort_by_key(|bucket| bucket.first_at);
    for bucket in &buckets {
        let at = shapes
            .iter()
            .position(|(shape, ..)| *shape == bucket.shape)
            .unwrap_or_else(|| {
                let at = shapes.len();
                let letter = LETTERS
                    .chars()
                    .nth(at)
                    .map_or_else(|| (at + 1).to_string(), String::from);
                shapes.push((
                    bucket.shape,
                    ShapeView {
                        letter,
                        class: format!("shape{}", at % 6),
                        shape: short(bucket.shape),
                        href: None,
                        seen: String::new(),
                        p95: None,
                    },
                    0,
                    Histogram::default(),
                ));
                at
            });
        let shape = &mut shapes[at];
        shape.2 = shape.2.saturating_add(bucket.count);
        shape.3.merge(&bucket.durations);
        if let Some(plan) = bucket.plan {
            shape.1.href = Some(format!("{base}/plans/{plan}"));
        }
    }
    let lanes = lanes(&buckets, &shapes);
    let story = lanes
        .iter()
        .map(|lane| format!("{}: {}", lane.label, lane.story()))
        .collect::<Vec<_>>()
        .join("; ");
    let drawing = ribbon::draw(&lanes, window, &story);
    Some(RibbonView {
        drawing,
        story,
        has_story: shapes.len() > 1 || lanes.len() > 1,
        legend: shapes
            .into_iter()
            .map(|(_, mut shape, seen, durations)| {
                shape.seen = count(seen);
                shape.p95 = p95_of(&durations).map(duration);
                shape
            })
            .collect(),
    })
}

/// One lane for each database and source; they are never mixed.
fn lanes(buckets: &[&PlanBucket], shapes: &[(PlanShape, ShapeView, u64, Histogram)]) -> Vec<Lane> {
    let mut keys: Vec<_> = buckets
        .iter()
        .map(|bucket| (bucket.source, bucket.database.clone()))
        .collect();
    keys.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    keys.dedup();
    let has_many = keys.iter().any(|key| key.1 != keys[0].1);
    keys.into_iter()
        .take(6)
        .map(|(source, database)| {
            let mine = buckets
                .iter()
                .filter(|bucket| bucket.source == source && bucket.database == database);
            let stretches = mine
                .filter_map(|bucket| {
                    let (_, shape, ..) =
                        shapes.iter().find(|(shape, ..)| *shape == bucket.shape)?;
                    let price = p95_of(&bucket.durations)
                        .map_or_else(String::new, |p95| format!(", p95 {}", duration(p95)));
                    Some(Stretch {
                        from: bucket.first_at,
                        // A single sight is still to be seen.
                        until: bucket.last_at,
                        bucket: bucket.started_at,
                        width_s: bucket.width_s,
                        letter: shape.letter.clone(),
                        class: shape.class.clone(),
                        title: format!(
                            "{}: seen {}×{price}, {} – {}",
                            shape.letter,
                            count(bucket.count),
                            bucket.first_at.format("%-d %b %H:%M"),
                            bucket.last_at.format("%H:%M UTC")
                        ),
                        count: bucket.count,
                    })
                })
                .collect();
            Lane {
                label: if has_many && !database.name.is_empty() {
                    format!(
                        "{} {}",
                        origin::source(source),
                        one_line(&database.name, 30)
                    )
                } else {
                    origin::source(source).to_owned()
                },
                stretches,
            }
        })
        .collect()
}

/// A plan in a list.
pub(crate) struct PlanRow {
    pub(crate) href: String,
    pub(crate) at: Markup,
    pub(crate) summary: String,
    pub(crate) shape: String,
    pub(crate) source: &'static str,
    /// How long its run took, or what the planner thought it would cost.
    pub(crate) price: String,
}

/// Plans as rows, each with its operators from the top down.
pub(crate) fn rows(plans: &[PlanRecord], base: &str) -> Vec<PlanRow> {
    plans
        .iter()
        .take(50)
        .map(|record| {
            let cost = record
                .total_cost
                .map(|cost| format!("cost {}", cells::number(cost)));
            PlanRow {
                href: match record.fingerprint {
                    Some(fingerprint) => {
                        format!("{base}/plans/{}?of={fingerprint}", record.id)
                    }
                    None => format!("{base}/plans/{}", record.id),
                },
                at: format::ago(record.captured_at),
                summary: origin::in_one_line(record, 6, 160),
                shape: record.shape.map_or_else(String::new, short),
                source: origin::source(record.source),
                price: record
                    .duration_us
                    .map(duration)
                    .or(cost)
                    .unwrap_or_else(|| "–".to_owned()),
            }
        })
        .collect()
}
