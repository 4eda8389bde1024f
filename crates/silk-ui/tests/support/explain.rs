//! What databases say: what is usual, nothing, and what an attacker would.

use silk_core::{
    BoxFuture, Database, DatabaseKind, Explain, ExplainError, ExplainMode, ExplainOutput,
    ExplainQuery, PlanFormat,
    explain::{AdviceRequest, DatabaseReport, IndexAdvice, PlanLadder},
};

use super::plans;

#[derive(Debug)]
pub struct FakeExplain;

pub const PLAN: &str = r#"[{"Plan":{"Node Type":"Limit","Startup Cost":0.29,"Total Cost":8.31,"Plan Rows":100,"Plan Width":48,"Plans":[{"Node Type":"Nested Loop","Parent Relationship":"Outer","Join Type":"Inner","Startup Cost":0.29,"Total Cost":812.2,"Plan Rows":9800,"Plan Width":48,"Plans":[{"Node Type":"Seq Scan","Parent Relationship":"Outer","Relation Name":"message","Alias":"m","Startup Cost":0.0,"Total Cost":204.0,"Plan Rows":9800,"Plan Width":40,"Filter":"(deleted_at IS NULL)"},{"Node Type":"Index Scan","Parent Relationship":"Inner","Index Name":"person_pkey","Relation Name":"person","Alias":"p","Startup Cost":0.29,"Total Cost":0.31,"Plan Rows":1,"Plan Width":16,"Index Cond":"(id = m.person_id)"}]}]}}]"#;

impl Explain for FakeExplain {
    fn explain(&self, query: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(async move {
            if query.values.is_none() {
                return Err(ExplainError::Refused {
                    code: "values_not_captured",
                    reason: "Its values were not captured <b>.".to_owned(),
                });
            }
            if query.mode == (ExplainMode::Analyze { confirmed: false }) {
                return Err(ExplainError::Refused {
                    code: "needs_confirmation",
                    reason: "It calls person_score(), which is volatile <b>.".to_owned(),
                });
            }
            Ok(ExplainOutput {
                format: PlanFormat::PostgresJson,
                raw: PLAN.to_owned(),
                analyzed: query.mode.runs(),
            })
        })
    }
    fn ladders(&self) -> BoxFuture<'_, Vec<PlanLadder>> {
        Box::pin(std::future::ready(plans::ladders()))
    }
    fn advise(&self, request: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        Box::pin(std::future::ready(plans::advice(&request)))
    }
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(std::future::ready(plans::reports("")))
    }
}

/// Knows no database.
#[derive(Debug)]
pub struct NoExplain;

impl Explain for NoExplain {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Refused {
            code: "no_connection",
            reason: "There is no connection to ask.".to_owned(),
        })))
    }
}

/// Says what an attacker would.
#[derive(Debug)]
pub struct HostileExplain;

impl Explain for HostileExplain {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::ready(Err(ExplainError::Failed {
            message: plans::EVIL.to_owned(),
        })))
    }
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        Box::pin(std::future::ready(plans::reports(plans::EVIL)))
    }
    fn advise(&self, _: AdviceRequest) -> BoxFuture<'_, Result<IndexAdvice, ExplainError>> {
        Box::pin(std::future::ready(Ok(plans::hostile_advice())))
    }
}

/// Answers after a while, or never; counts how often it is asked.
#[derive(Debug)]
pub struct SlowExplain {
    pub after: Option<std::time::Duration>,
    pub asked: std::sync::atomic::AtomicUsize,
}

impl Explain for SlowExplain {
    fn explain(&self, _: ExplainQuery) -> BoxFuture<'_, Result<ExplainOutput, ExplainError>> {
        Box::pin(std::future::pending())
    }
    fn databases(&self) -> Vec<Database> {
        vec![Database {
            kind: DatabaseKind::Postgres,
            name: "app".to_owned(),
        }]
    }
    fn inspect(&self) -> BoxFuture<'_, Vec<DatabaseReport>> {
        self.asked
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Box::pin(async {
            match self.after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            plans::reports("")
        })
    }
}
