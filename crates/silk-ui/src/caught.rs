//! The plans that the queries of a request ran by, also where the one that is kept of a form is
//! that of another run.

use std::collections::{BTreeMap, BTreeSet};

use silk_core::{
    Fingerprint, PlanId, PlanRecord, PlanShape, PlanSource, QueryRecord, RequestDetail, RequestId,
    RequestRecord,
};

use crate::context::App;

/// Statements whose plans are looked up; a request has few that matter.
const MOST_STATEMENTS: usize = 24;
/// Plans of one statement that are looked at.
const MOST_PLANS: u32 = 50;

/// What is known of a request's plans.
#[derive(Debug, Default)]
pub(crate) struct Caught {
    /// Of its own queries, newest first.
    own: Vec<PlanRecord>,
    /// Of the forms that its queries had.
    forms: BTreeMap<(Fingerprint, PlanShape), PlanRecord>,
}

impl Caught {
    /// All plans of a request. None where they cannot be read: a page is worth showing without.
    pub(crate) async fn of(app: &App, id: RequestId, record: &RequestRecord) -> Self {
        let own = app.plans_of_request(id).await;
        let told: BTreeSet<u32> = own
            .iter()
            .filter(|plan| plan.source == PlanSource::AutoExplain)
            .filter_map(|plan| Some(plan.query?.seq))
            .collect();
        let mut wanted: BTreeMap<Fingerprint, BTreeSet<PlanShape>> = BTreeMap::new();
        for query in &record.detail.queries {
            if let (Some(shape), Some(fingerprint)) =
                (query.plan_shape, statement_of(&record.detail, query))
                && !told.contains(&query.seq)
                && (wanted.len() < MOST_STATEMENTS || wanted.contains_key(&fingerprint))
            {
                wanted.entry(fingerprint).or_default().insert(shape);
            }
        }
        let mut forms = BTreeMap::new();
        for (fingerprint, shapes) in wanted {
            for shape in shapes.iter().take(4) {
                if let Some(plan) = of_form(app, fingerprint, *shape).await {
                    forms.insert((fingerprint, *shape), plan);
                }
            }
        }
        Self { own, forms }
    }

    /// The plan of one of its queries.
    pub(crate) fn of_query(&self, detail: &RequestDetail, query: &QueryRecord) -> Option<PlanId> {
        let own = self
            .own
            .iter()
            .find(|plan| plan.query.is_some_and(|place| place.seq == query.seq));
        let plan = own.or_else(|| {
            self.forms
                .get(&(statement_of(detail, query)?, query.plan_shape?))
        });
        plan.map(|plan| plan.id)
    }
}

/// The plan that is kept of a form, one of a real run before others.
pub(crate) async fn of_form(
    app: &App,
    fingerprint: Fingerprint,
    shape: PlanShape,
) -> Option<PlanRecord> {
    app.ask(|store| store.plans_of_statement(fingerprint, MOST_PLANS))
        .await
        .unwrap_or_default()
        .into_iter()
        .filter(|plan| plan.shape == Some(shape))
        .min_by_key(|plan| plan.source != PlanSource::AutoExplain)
}

fn statement_of(detail: &RequestDetail, query: &QueryRecord) -> Option<Fingerprint> {
    let text = detail.texts.get(usize::try_from(query.text).ok()?)?;
    Some(text.statement.fingerprint)
}
