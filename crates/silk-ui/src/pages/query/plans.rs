//! The section “Plan” of a query: the plan that was caught, or the ways to one.

use std::collections::HashMap;

use silk_core::{DatabaseKind, Fingerprint, PlanRecord, PlanSource};

use crate::{
    context::Here,
    draw::{format::duration, plan::origin},
    parts::plan_changes::{PlanRow, rows},
    plans::{
        explain::{self, Found},
        kept,
        of_request::StatementPlan,
        whose::Whose,
    },
};

/// The section “Plan” of a query.
pub(crate) struct QueryPlans {
    /// The plan that this very run had, or the nearest to it.
    pub(crate) caught: Option<CaughtView>,
    /// How long this very run took in the server, in µs, if its plan says so.
    pub(crate) server_us: Option<u64>,
    /// Plans asked for later, and those of other runs of the shape.
    pub(crate) others: Vec<PlanRow>,
    pub(crate) explain_href: String,
    pub(crate) analyze_href: Option<String>,
    pub(crate) indexes_href: Option<String>,
    pub(crate) has_generic: bool,
    pub(crate) why_not: Option<&'static str>,
    pub(crate) csrf: String,
    pub(crate) notice: Option<String>,
}

/// A plan beside its query.
pub(crate) struct CaughtView {
    pub(crate) plan: PlanRow,
    /// Whether it is of this very run.
    pub(crate) is_own: bool,
    pub(crate) word: &'static str,
    /// Whose it is, where not this run's.
    pub(crate) note: String,
}

/// What is known about the plan of a query; `of_statements` are the plans of its request.
pub(crate) async fn of(
    here: &Here,
    found: &Found,
    of_statements: &HashMap<Fingerprint, StatementPlan>,
    notice: Option<String>,
) -> QueryPlans {
    let query = found.query();
    let address = format!("{}/requests/{}/queries/{}", here.base, found.id, query.seq);
    let mut plans: Vec<PlanRecord> = here.app.plans_of_request(found.id).await;
    plans.retain(|plan| plan.query.is_some_and(|place| place.seq == query.seq));
    let text = found.text();
    let kind = text.map_or(DatabaseKind::Unknown, |text| text.database.kind);
    let own = plans
        .iter()
        .position(|plan| plan.source == PlanSource::AutoExplain)
        .map(|at| plans.remove(at));
    let server_us = own.as_ref().and_then(|plan| plan.duration_us);
    let mut caught = own.map(|plan| (plan, "actual", String::new()));
    // One plan is kept for a shape that was seen often: it may be that of another run.
    if caught.is_none()
        && let (Some(shape), Some(text)) = (query.plan_shape, text)
    {
        caught = kept::of_shape(&here.app, text, shape).await.map(|plan| {
            let took = plan.duration_us.map_or_else(String::new, |us| {
                format!(
                    ", which took {} (this one took {})",
                    duration(us),
                    duration(query.duration_us)
                )
            });
            (
                plan,
                "same shape",
                format!("Same plan shape, from another run{took}."),
            )
        });
    }
    if caught.is_none()
        && plans.is_empty()
        && let Some(plan) = text.and_then(|text| of_statements.get(&text.statement.fingerprint))
    {
        let whose = match (plan.whose, plan.record.query) {
            (Whose::Own, Some(place)) => format!("Plan of query {} of this request.", place.seq),
            _ => "Plan from another run; that of this run is not known.".to_owned(),
        };
        let word = origin::source(plan.record.source);
        caught = Some((plan.record.clone(), word, whose));
    }
    let why_not = explain::why_not(found, kind);
    let is_open = why_not.is_none();
    QueryPlans {
        server_us,
        caught: caught.and_then(|(plan, word, note)| {
            Some(CaughtView {
                is_own: word == "actual",
                plan: rows(&[plan], &here.base).pop()?,
                word,
                note,
            })
        }),
        others: rows(&plans, &here.base),
        explain_href: format!("{address}/explain"),
        analyze_href: (is_open && explain::may_analyze(found, kind))
            .then(|| format!("{address}/analyze")),
        indexes_href: (is_open && explain::may_advise(found, kind))
            .then(|| format!("{address}/indexes")),
        has_generic: kind == DatabaseKind::Postgres
            && query
                .values
                .as_ref()
                .is_none_or(|values| !values.is_empty()),
        why_not,
        csrf: here.app.csrf.token().to_owned(),
        notice,
    }
}
