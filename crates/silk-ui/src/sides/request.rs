//! One request as a side of a comparison.

use std::collections::HashMap;

use silk_core::{
    Fingerprint, RequestId, RequestRecord,
    compare::{Side, SideFinding, SidePlan},
};

use super::{Compared, Subject};
use crate::{
    context::Here,
    draw::names::request_name,
    error::Failure,
    findings,
    plans::{
        of_request::{self, StatementPlan},
        whose::Whose,
    },
};

pub(super) async fn load(here: &Here, id: RequestId) -> Result<Compared, Failure> {
    let (id, record) = here.app.request(&id.to_string()).await?;
    let plans = of_request::of(here, &record).await;
    let mut side = Side::of_request(&record);
    add_plans(&mut side, &plans);
    add_findings(here, &mut side, &record, &plans).await;
    let summary = record.summary;
    Ok(Compared {
        subject: Subject::Request(id),
        name: request_name(summary.kind, &summary.method, &summary.route),
        notes: Vec::new(),
        request: Some(summary),
        side,
    })
}

/// Takes note of the plans that the request's own queries had: those of other runs say nothing about
/// it.
fn add_plans(side: &mut Side, plans: &HashMap<Fingerprint, StatementPlan>) {
    for (fingerprint, plan) in plans {
        let is_own = matches!(plan.whose, Whose::Own | Whose::SameShape);
        if let (true, Some(shape)) = (is_own, plan.record.shape) {
            let plan = SidePlan {
                source: plan.record.source,
                shape,
                id: Some(plan.record.id),
            };
            side.add_plan(*fingerprint, plan);
        }
    }
}

/// What pages show of it is found, of plans too.
async fn add_findings(
    here: &Here,
    side: &mut Side,
    record: &RequestRecord,
    plans: &HashMap<Fingerprint, StatementPlan>,
) {
    side.findings.clear();
    for finding in findings::of_request(here, record, plans).await {
        if finding.is_of_its_time() {
            side.add_finding(SideFinding {
                rule: finding.rule,
                fingerprint: finding.fingerprint,
                title: finding.title,
                call_site: finding.call_site,
                requests: 1,
                lost_us: finding.lost_us,
            });
        }
    }
}
