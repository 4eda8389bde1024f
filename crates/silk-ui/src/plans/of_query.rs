//! The plans that the queries of a request ran by, also where the one that is kept of a shape is
//! that of another run.

use std::collections::{HashMap, HashSet};

use silk_core::{
    Fingerprint, PlanId, PlanRecord, PlanSource, QueryRecord, RequestDetail, RequestId,
    RequestRecord, SqlText,
};

use super::kept::{self, is_of_shape};
use crate::context::App;

/// Statements whose plans are looked up; a request has few that matter.
const MAX_STATEMENTS: usize = 24;

/// What is known of a request's plans.
#[derive(Debug, Default)]
pub(crate) struct Caught {
    /// Of its own queries, newest first.
    own: Vec<PlanRecord>,
    /// Of statements with a query that has no plan of its own.
    others: HashMap<Fingerprint, Vec<PlanRecord>>,
}

impl Caught {
    /// All plans of a request.
    pub(crate) async fn of(app: &App, id: RequestId, record: &RequestRecord) -> Self {
        let own = app.plans_of_request(id).await;
        let told: HashSet<u32> = own
            .iter()
            .filter(|plan| plan.source == PlanSource::AutoExplain)
            .filter_map(|plan| Some(plan.query?.seq))
            .collect();
        let mut others = HashMap::new();
        for query in &record.detail.queries {
            if query.plan_shape.is_none() || told.contains(&query.seq) {
                continue;
            }
            if let Some(text) = text_of(&record.detail, query)
                && others.len() < MAX_STATEMENTS
                && !others.contains_key(&text.statement.fingerprint)
            {
                let fingerprint = text.statement.fingerprint;
                others.insert(fingerprint, kept::of_statement(app, fingerprint).await);
            }
        }
        Self { own, others }
    }

    /// The plan of one of its queries.
    pub(crate) fn of_query(&self, detail: &RequestDetail, query: &QueryRecord) -> Option<PlanId> {
        let own = self
            .own
            .iter()
            .find(|plan| plan.query.is_some_and(|place| place.seq == query.seq));
        let of_shape = || {
            let (text, shape) = (text_of(detail, query)?, query.plan_shape?);
            let others = self.others.get(&text.statement.fingerprint)?;
            others
                .iter()
                .find(|plan| is_of_shape(plan, &text.database, shape))
        };
        own.or_else(of_shape).map(|plan| plan.id)
    }
}

fn text_of<'a>(detail: &'a RequestDetail, query: &QueryRecord) -> Option<&'a SqlText> {
    detail.texts.get(usize::try_from(query.text).ok()?)
}
