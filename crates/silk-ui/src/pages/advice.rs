//! Indexes that would help a query: proved where the database allows it, honest where none does.

use askama::Template;
use axum::{extract::Path, response::Response};
use silk_core::explain::{
    AdviceChoice, AdviceStrength, AdvisedIndex, Verification, WorkloadEffect,
};
use silk_plan::{JudgeContext, Plan, findings::judge};

use crate::{
    context::Here,
    draw::{
        code::{SqlView, sql_view},
        counted,
        format::{self, Markup, bytes, count, cut, duration, one_line, sentence},
        instruction::{Instruction, instruction},
        n,
        plan::{cells, diff},
        svg::{self, waterfall::short_name},
    },
    error::Failure,
    findings::INDEX_WOULD_DO,
    parts::{
        frame::{Frame, render},
        lists::Choice,
    },
    plans::{
        advise::{Advised, advise},
        explain,
        indexes::with_semicolon,
    },
};

/// Indexes on the page.
const MAX_INDEXES: usize = 12;

#[derive(Template)]
#[template(path = "pages/advice.html")]
struct AdvicePage {
    frame: Frame,
    name: String,
    query_href: String,
    database: String,
    sql: SqlView,
    cost_before: Option<String>,
    indexes: Vec<IndexView>,
    notes: Vec<Instruction>,
    /// Whether no index is named because none could be tried.
    is_untried: bool,
    /// What the rules find in the plan, where no index could be tried.
    hint: Option<Hint>,
    /// Statements on the same tables that the advice was ranked over.
    workload: usize,
    refused: Option<String>,
}

/// A finding about the plan as it is.
struct Hint {
    title: String,
    action: String,
}

struct IndexView {
    number: usize,
    statement: String,
    relation: String,
    reason: String,
    strength: &'static str,
    choice: &'static str,
    badge: &'static str,
    badge_class: &'static str,
    how: Instruction,
    cost: Option<Cost>,
    size: Option<String>,
    write_cost: String,
    replaces: Option<String>,
    /// What in the plan becomes what.
    turns: Option<(String, String)>,
    /// The effect on the other statements, in total.
    gain: Option<String>,
    effects: Vec<EffectView>,
    caveats: Vec<String>,
}

/// The planner's cost, before and after.
struct Cost {
    before: String,
    after: String,
    saved: String,
    bar: Markup,
}

/// Another statement.
struct EffectView {
    statement: Choice,
    cost: String,
    saved: String,
    class: &'static str,
    calls: String,
    total: String,
}

/// `GET /requests/{id}/queries/{seq}/indexes`
pub(crate) async fn show(
    here: Here,
    Path((id, seq)): Path<(String, String)>,
) -> Result<Response, Failure> {
    here.params(&[])?;
    let found = explain::find(&here.app, &id, &seq).await?;
    let text = found
        .text()
        .ok_or_else(|| Failure::internal("The query has no text."))?;
    let kind = text.database.kind;
    let name = short_name(&text.statement);
    let mut page = AdvicePage {
        frame: Frame::new(&here, "requests", format!("Indexes for {name}")),
        name,
        query_href: format!(
            "{}/requests/{}/queries/{}",
            here.base,
            found.id,
            found.query().seq
        ),
        database: format!("{kind} {}", one_line(&text.database.name, 80)),
        sql: sql_view(&text.text, kind),
        cost_before: None,
        indexes: Vec::new(),
        notes: Vec::new(),
        is_untried: false,
        hint: None,
        workload: 0,
        refused: None,
    };
    match advise(&here, found.query(), text).await {
        Ok(advised) => {
            page.workload = advised.workload.len();
            read_into(&mut page, &here, &advised, &text.text);
        }
        Err(failure) if failure.status.is_client_error() => page.refused = Some(failure.message),
        Err(failure) => return Err(failure),
    }
    render(&page)
}

fn read_into(page: &mut AdvicePage, here: &Here, advised: &Advised, sql: &str) {
    let advice = &advised.advice;
    page.cost_before = advice.cost_before.map(cells::number);
    page.notes = advice
        .notes
        .iter()
        .take(20)
        .map(|note| instruction(note, 600))
        .collect();
    page.is_untried = advice
        .notes
        .iter()
        .any(|note| note.contains("nothing could be tried"));
    let plan = advised.plan.as_ref().filter(|_| page.is_untried);
    page.hint = plan.and_then(|plan| hint(plan, sql));
    page.indexes = advice
        .indexes
        .iter()
        .take(MAX_INDEXES)
        .enumerate()
        .map(|(at, index)| view(here, at + 1, index, advised))
        .collect();
}

/// The first finding about the plan that an index may fix, for when no index could be tried.
fn hint(plan: &Plan, sql: &str) -> Option<Hint> {
    let mut context = JudgeContext::default();
    context.sql = Some(sql.to_owned());
    context.is_top_statement = true;
    let mut found = judge(plan, &context).into_iter();
    let finding = found.find(|finding| INDEX_WOULD_DO.contains(&finding.rule))?;
    Some(Hint {
        title: sentence(&cut(&finding.title, 240)),
        action: sentence(&cut(&finding.action, 480)),
    })
}

fn view(here: &Here, number: usize, index: &AdvisedIndex, advised: &Advised) -> IndexView {
    let before = advised.advice.cost_before;
    let plan = advised.plan.as_ref();
    let (badge, badge_class, how) = match &index.verification {
        Verification::Hypothetical => (
            "verified",
            "good",
            "The database planned the query again with this index as if it were there (hypopg).",
        ),
        Verification::Shadow => (
            "verified",
            "good",
            "Planned again in a copy of schema and statistics in memory, with this index.",
        ),
        Verification::NotVerified { remedy } => ("not verified", "warn", &**remedy),
    };
    let after = index
        .plan_after
        .as_ref()
        .and_then(|output| Plan::parse(output.format, &output.raw).ok());
    IndexView {
        number,
        statement: cut(&with_semicolon(&index.statement), 2_000),
        relation: one_line(&index.relation, 120),
        reason: cut(&index.reason, 600),
        strength: match index.strength {
            AdviceStrength::Strong => "large",
            AdviceStrength::Moderate => "moderate",
        },
        choice: match index.choice {
            AdviceChoice::First => "recommended",
            AdviceChoice::Together => "on top of those before it",
            AdviceChoice::Instead => "instead of the first",
        },
        badge,
        badge_class,
        how: instruction(how, 600),
        cost: index
            .cost_before
            .or(before)
            .zip(index.cost_after)
            .map(|(before, after)| Cost {
                before: cells::number(before),
                after: cells::number(after),
                saved: saved(before, after).0,
                bar: svg::bar(
                    format::whole(after.max(0.0) * 100.0),
                    format::whole(before.max(after) * 100.0),
                    "k-cost",
                ),
            }),
        size: index.size_bytes.map(bytes),
        write_cost: cut(&index.write_cost, 400),
        replaces: index.replaces.as_deref().map(|name| one_line(name, 120)),
        turns: plan
            .zip(after.as_ref())
            .and_then(|(before, after)| diff::first_difference(before, after)),
        gain: gain(&index.effects, advised.workload.len()),
        effects: effects(here, index, advised),
        caveats: index
            .caveats
            .iter()
            .take(12)
            .map(|caveat| cut(caveat, 400))
            .collect(),
    }
}

/// Which of the other statements gain and lose, those with most at stake first.
fn effects(here: &Here, index: &AdvisedIndex, advised: &Advised) -> Vec<EffectView> {
    let mut effects: Vec<&WorkloadEffect> = index.effects.iter().collect();
    effects.sort_by(|a, b| saved_us(b).abs().total_cmp(&saved_us(a).abs()));
    effects
        .into_iter()
        .take(20)
        .map(|effect| {
            let (saved, class) = saved(effect.cost_before, effect.cost_after);
            let mut weighed = advised.workload.iter();
            let sql = weighed.find(|(fingerprint, _)| *fingerprint == effect.fingerprint);
            EffectView {
                statement: Choice {
                    label: sql.map_or_else(
                        || format!("statement {}", effect.fingerprint),
                        |(_, sql)| one_line(sql, 120),
                    ),
                    href: format!("{}/statements/{}", here.base, effect.fingerprint),
                    is_current: false,
                },
                cost: format!(
                    "{} → {}",
                    cells::number(effect.cost_before),
                    cells::number(effect.cost_after)
                ),
                saved,
                class,
                calls: count(effect.calls),
                total: duration(effect.total_us),
            }
        })
        .collect()
}

/// Time that a statement would save, in µs, if time is proportional to cost; negative if it slows.
fn saved_us(effect: &WorkloadEffect) -> f64 {
    let total = duration_us(effect.total_us);
    let fraction = (effect.cost_before - effect.cost_after) / effect.cost_before;
    if fraction.is_finite() {
        fraction * total
    } else {
        0.0
    }
}

/// `Helps 2 of 3 other statements on its tables and slows none; …`
fn gain(effects: &[WorkloadEffect], weighed: usize) -> Option<String> {
    if effects.is_empty() {
        return None;
    }
    let helped = effects
        .iter()
        .filter(|effect| saved_us(effect) > 0.0)
        .count();
    let slowed = effects
        .iter()
        .filter(|effect| saved_us(effect) < 0.0)
        .count();
    let saved: f64 = effects.iter().map(saved_us).sum();
    let all: f64 = effects
        .iter()
        .map(|effect| duration_us(effect.total_us))
        .sum();
    let weighed = weighed.max(effects.len());
    let mut text = format!(
        "Helps {} of {} on its tables and slows {}",
        n(helped),
        counted(weighed, "other statement"),
        if slowed == 0 {
            "none".to_owned()
        } else {
            n(slowed)
        },
    );
    if saved > 0.0 {
        text.push_str(&format!(
            "; would save about {} of their {} (estimated from planner cost)",
            duration(format::whole(saved)),
            duration(format::whole(all)),
        ));
    }
    text.push('.');
    Some(text)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds beyond 2^53 are 285 years"
)]
const fn duration_us(us: u64) -> f64 {
    us as f64
}

/// `−93 %`, and the class of a gain or loss.
fn saved(before: f64, after: f64) -> (String, &'static str) {
    if before <= 0.0 || !before.is_finite() || !after.is_finite() {
        return ("–".to_owned(), "q");
    }
    let change = (after - before) / before;
    if change.abs() < 0.005 {
        ("no change".to_owned(), "q")
    } else if change < 0.0 {
        (format!("−{}", cells::share(-change)), "good")
    } else {
        (format!("+{}", cells::share(change)), "bad")
    }
}
