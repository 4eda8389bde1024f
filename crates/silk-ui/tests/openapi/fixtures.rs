//! Apps whose API is walked through: empty, usual, with every field filled, broken.

use std::sync::Arc;

use axum::Router;
use chrono::{TimeDelta, Utc};
use silk_core::{
    BoxFuture, Explain, ExplainError, ExplainOutput, ExplainQuery, Fingerprint, PlanFormat,
    PlanShape, PlanSource, QueryRef, RequestId, RequestRecord,
    explain::{
        AdviceRequest, DatabaseReport, DifferenceKind, IndexAdvice, KeyDifference, PlanLadder,
        Proof, ProofRequest, ProofSide, ProofVerdict, RowsCompared,
    },
};
use silk_store::contract::fixture;
use silk_ui::dashboard;

use crate::support::{self, FakeExplain, TestStore, plans};

/// As [`FakeExplain`], and proves what it is asked to.
#[derive(Debug)]
struct Proving {
    verdict: ProofVerdict,
}

impl Explain for Proving {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        FakeExplain.explain(query)
    }

    fn asks_unasked(&self) -> bool {
        true
    }

    fn advise(
        &self,
        mut request: AdviceRequest,
    ) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        // What there is an index for.
        request.query.sql.push_str(" -- message");
        let mut advice = plans::advice(&request);
        for index in advice.iter_mut().flat_map(|advice| &mut advice.indexes) {
            "person".clone_into(&mut index.relation);
        }
        Box::pin(std::future::ready(advice))
    }

    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(std::future::ready(plans::ladders()))
    }

    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        let mut reports = plans::reports("");
        if let Some(report) = reports.first_mut() {
            report.error = Some("no answer".to_owned());
        }
        Box::pin(std::future::ready(reports))
    }

    fn prove(&self, _: ProofRequest) -> BoxFuture<'_, Result<Proof, ExplainError>> {
        let side = || ProofSide {
            queries: 1,
            rows: 100,
            bytes: 4_200,
            took_us: 1_230,
            plan: Some(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw: plans::corpus("postgres-15/parallel_hash.json"),
                analyzed: true,
            }),
        };
        let is_known = !matches!(self.verdict, ProofVerdict::Unknown { .. });
        let rows = is_known.then(|| RowsCompared {
            keys: 100,
            equal: 98,
            different: 2,
            differences: vec![KeyDifference {
                key: 3,
                kind: DifferenceKind::Differs,
                rows_before: 1,
                rows_after: 2,
                columns: vec!["name".to_owned()],
            }],
            ..RowsCompared::default()
        });
        Box::pin(std::future::ready(Ok(Proof {
            verdict: self.verdict.clone(),
            rows,
            before: side(),
            after: side(),
        })))
    }
}

/// An app on a store, whose proofs end so.
pub(crate) fn app_of(store: &Arc<TestStore>, verdict: ProofVerdict) -> Router {
    let mut config = support::config(Arc::clone(store));
    config.explain = Arc::new(Proving { verdict });
    Router::new().nest_service("/silk", dashboard(config))
}

/// Requests that started some minutes ago: every field filled, hostile, long, one with the plan of
/// each shape, and one that is dated ahead of now.
pub(crate) fn requests(shapes: [PlanShape; 2]) -> Vec<RequestRecord> {
    let mut full = fixture::maximal(1);
    "unknown_rule".clone_into(&mut full.summary.findings[1]);
    "unknown_rule".clone_into(&mut full.findings[1].rule);
    let of_shape = |n, shape| {
        let mut record = support::repeated(n);
        record.detail.queries[0].plan_shape = Some(shape);
        for text in &mut record.detail.texts {
            text.database = plans::postgres().into();
        }
        for part in &mut record.statements {
            part.durations.record_n(part.max_us, part.calls);
        }
        record
    };
    let mut records = vec![
        full,
        of_shape(9_001, shapes[0]),
        of_shape(9_002, shapes[1]),
        support::hostile(9_003),
        support::transaction(9_004),
        support::ten_thousand(9_005),
        slow(9_006),
        support::made_up(9_008),
        support::repeated(9_007),
    ];
    for (record, minutes) in records.iter_mut().zip(2..) {
        record.summary.started_at = Utc::now() - TimeDelta::minutes(minutes);
    }
    if let Some(ahead) = records.last_mut() {
        ahead.summary.started_at = Utc::now() + TimeDelta::days(2);
    }
    records
}

/// A request whose one query takes long, and nobody knows why.
fn slow(n: u128) -> RequestRecord {
    let mut record = support::request(n, "GET", "/slow", "/slow");
    record.detail.texts = vec![support::sql("SELECT slow()", "SELECT", &[], 0xd1)];
    record.detail.queries = vec![support::query(1, 0, 100, 400_000)];
    support::finish(&mut record, 410_000);
    record
}

const SEQ_SCAN: &str = "\
Seq Scan on person  (cost=0.00..2679.00 rows=1 width=40) (actual time=0.211..0.522 rows=1 loops=1)
  Filter: (id = 7)
  Rows Removed by Filter: 99999
Planning Time: 0.041 ms
Execution Time: 0.530 ms
";

/// A request whose repeated query reads a whole table, as the plan of each says.
pub(crate) fn caused() -> (Arc<TestStore>, RequestId) {
    let mut plan = plans::record(1, PlanSource::AutoExplain, SEQ_SCAN);
    plan.fingerprint = Some(Fingerprint(0xb2));
    let mut record = support::repeated(693);
    for text in &mut record.detail.texts {
        text.database = plans::postgres().into();
    }
    for query in record.detail.queries.iter_mut().skip(1) {
        query.plan_shape = plan.shape;
    }
    let id = record.summary.id;
    plan.query = Some(QueryRef {
        request_id: id,
        seq: 2,
    });
    let store = TestStore::of(vec![record]);
    store.keep(&plan);
    (store, id)
}
