//! Plans of every kind, for tests and the gallery.

use std::{fmt::Write as _, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use silk_core::{
    Database, DatabaseKind, ExplainError, ExplainOutput, Fingerprint, PlanFormat, PlanId,
    PlanObservation, PlanRecord, PlanShape, PlanSource, QueryRef,
    explain::{
        AdviceChoice, AdviceRequest, AdviceStrength, AdvisedIndex, CheckColumn, CheckStatus,
        DatabaseCheck, DatabaseReport, IndexAdvice, LadderStep, PlanLadder, Verification,
        WorkloadEffect,
    },
    vitals::CaptureLevel,
};
use silk_plan::Plan;
use uuid::Uuid;

use super::TestStore;

/// What an attacker would write into a plan.
pub const EVIL: &str =
    "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp\0\u{1b}[31m";

/// The statement that most plans here are of.
pub const STATEMENT: Fingerprint = Fingerprint(0xa1);

/// A plan printed by a real server, from the corpus of the plan reader.
pub fn corpus(name: &str) -> String {
    plan_corpus::plan(name).to_owned()
}

pub fn postgres() -> Database {
    Database {
        kind: DatabaseKind::Postgres,
        name: "weave".to_owned(),
    }
}

/// A plan as a store keeps it; its id is made of `n`.
pub fn record(n: u128, source: PlanSource, raw: &str) -> PlanRecord {
    let plan = Plan::detect_and_parse(raw).ok();
    let format = plan
        .as_ref()
        .map_or(PlanFormat::PostgresJson, |plan| plan.format);
    let kind = match format {
        PlanFormat::MySqlJson | PlanFormat::MySqlTree => DatabaseKind::MySql,
        PlanFormat::SqliteRows => DatabaseKind::Sqlite,
        _ => DatabaseKind::Postgres,
    };
    PlanRecord {
        id: id(n),
        query: None,
        fingerprint: Some(STATEMENT),
        database: Database {
            kind,
            name: "weave".to_owned(),
        },
        captured_at: Utc::now() - TimeDelta::seconds(90),
        source,
        shape: plan.as_ref().and_then(|plan| plan.shape.parse().ok()),
        duration_us: None,
        total_cost: plan
            .as_ref()
            .and_then(|plan| plan.root.estimate?.total_cost),
        output: ExplainOutput {
            format,
            raw: raw.to_owned(),
            analyzed: plan.is_some_and(|plan| plan.analyzed),
        },
    }
}

pub fn id(n: u128) -> PlanId {
    PlanId(Uuid::from_u128(
        0x0193_4f5e_3333_7000_8000_0000_0000_0000 + n,
    ))
}

/// A plan of `nodes` nodes: joins of joins, some of them dear.
pub fn big(nodes: usize) -> String {
    fn node(out: &mut String, left: &mut usize, depth: usize, ms: f64, seed: usize) {
        *left = left.saturating_sub(1);
        let pad = " ".repeat(depth * 6);
        let arrow = if depth == 0 { "" } else { "->  " };
        let pad = if depth == 0 { pad } else { pad[4..].to_owned() };
        let is_leaf = *left == 0 || depth > 11;
        let cost = ms * 100.0;
        let title = match (is_leaf, seed % 4) {
            (true, 0) => format!("Index Scan using message_{seed}_idx on message_{seed} m{seed}"),
            (true, _) => format!("Seq Scan on part_{seed} p{seed}"),
            (false, 0) => "Hash Join".to_owned(),
            (false, 1) => "Merge Join".to_owned(),
            (false, _) => "Nested Loop".to_owned(),
        };
        let _ = writeln!(
            out,
            "{pad}{arrow}{title}  (cost=0.00..{cost:.2} rows={} width=40) (actual time=0.010..{ms:.3} rows={} loops=1)",
            (seed * 37) % 900 + 1,
            (seed * 91) % 4_000 + 1,
        );
        let inner = " ".repeat(depth * 6 + 2);
        if is_leaf {
            let _ = writeln!(
                out,
                "{inner}Filter: ((state = 'open'::text) AND (owner_id = {seed}))"
            );
            let _ = writeln!(out, "{inner}Rows Removed by Filter: {}", (seed * 13) % 700);
        } else {
            let _ = writeln!(out, "{inner}Hash Cond: (a{seed}.id = b{seed}.other_id)");
            let share = if seed.is_multiple_of(3) { 0.9 } else { 0.55 };
            node(out, left, depth + 1, ms * share * 0.98, seed * 2 + 1);
            if *left > 0 {
                node(out, left, depth + 1, ms * (1.0 - share) * 0.9, seed * 2 + 2);
            }
        }
    }
    // A binary tree twelve deep has room for 8,000; parts of an Append make up for the rest.
    let mut out = "Append  (cost=0.00..99999.00 rows=1000 width=40) (actual time=0.100..900.000 rows=1000 loops=1)\n".to_owned();
    let mut left = nodes.saturating_sub(1);
    let mut part = 0;
    while left > 0 {
        let mut mine = left.min(80);
        let taken = mine;
        let mut text = String::new();
        node(
            &mut text,
            &mut mine,
            1,
            60.0 / (f64::from(part) + 1.0),
            3 + usize::try_from(part).expect("is small"),
        );
        out.push_str(&text);
        left -= taken - mine;
        part += 1;
    }
    out.push_str("Planning Time: 3.210 ms\nExecution Time: 905.100 ms\n");
    out
}

/// Hostile text in every field of a plan.
pub fn hostile() -> String {
    let evil = serde_json::to_string(EVIL).expect("is text");
    format!(
        r#"[{{"Plan":{{"Node Type":{evil},"Strategy":{evil},"Relation Name":{evil},"Alias":{evil},"Index Name":{evil},"Schema":{evil},"CTE Name":{evil},"Subplan Name":{evil},"Parent Relationship":"SubPlan","Join Type":{evil},"Startup Cost":1e308,"Total Cost":1e999,"Plan Rows":-5,"Plan Width":9,"Actual Rows":3e99,"Actual Loops":2,"Actual Total Time":1e12,"Actual Startup Time":0.1,"Filter":{evil},"Sort Method":{evil},"Sort Key":[{evil},{evil}],"Output":[{evil}],{evil}:{evil},"Rows Removed by Filter":99999,"Shared Hit Blocks":7,"Workers":[{{"Worker Number":0,"Actual Total Time":5,"Actual Rows":5,"Actual Loops":1,"Sort Method":{evil},"Sort Space Used":7}}],"Plans":[{{"Node Type":"Seq Scan","Relation Name":{evil},"Plan Rows":1,"Total Cost":5,"Actual Rows":1,"Actual Loops":0,"Actual Total Time":0}}]}},"Planning Time":1,"Execution Time":1e12,"Triggers":[{{"Trigger Name":{evil},"Constraint Name":{evil},"Relation":{evil},"Time":5,"Calls":2}}],"Settings":{{{evil}:{evil}}},"Query Text":{evil}}}]"#
    )
}

/// A way that begins as an index scan, becomes a sequential scan, and goes back.
pub fn index_scan() -> String {
    "Limit  (cost=0.42..8.31 rows=100 width=104) (actual time=0.031..2.810 rows=100 loops=1)\n  Buffers: shared hit=104\n  ->  Index Scan Backward using message_updated on message  (cost=0.42..8010.00 rows=90007 width=104) (actual time=0.030..2.790 rows=100 loops=1)\n        Filter: (NOT deleted)\n        Rows Removed by Filter: 11\n        Buffers: shared hit=104\nPlanning Time: 0.110 ms\nExecution Time: 2.850 ms\n".to_owned()
}

pub fn seq_scan() -> String {
    "Limit  (cost=5515.46..5526.96 rows=100 width=104) (actual time=39.490..40.617 rows=100 loops=1)\n  Buffers: shared hit=2100 read=577\n  ->  Sort  (cost=4515.45..4662.51 rows=90007 width=104) (actual time=39.413..40.418 rows=100 loops=1)\n        Sort Key: updated DESC\n        Sort Method: top-N heapsort  Memory: 61kB\n        Buffers: shared hit=2100 read=577\n        ->  Seq Scan on message  (cost=0.00..2679.00 rows=90007 width=104) (actual time=0.007..26.247 rows=89964 loops=1)\n              Filter: (NOT deleted)\n              Rows Removed by Filter: 10036\n              Buffers: shared hit=2100 read=577\nPlanning Time: 0.093 ms\nExecution Time: 40.644 ms\n".to_owned()
}

/// Names and ids of the plans that [`fill`] puts into a store.
pub const KINDS: [(&str, u128); 17] = [
    ("top_n", 1),
    ("never_executed", 2),
    ("parallel", 3),
    ("without_analyze", 4),
    ("sqlite", 5),
    ("mariadb", 6),
    ("broken", 7),
    ("hostile", 8),
    ("big", 9),
    ("before", 10),
    ("after", 11),
    ("cte", 12),
    ("triggers", 13),
    ("generic", 14),
    ("jit", 15),
    ("mysql_tree", 16),
    ("huge", 17),
];

/// Plans of every kind, and a statement whose plan changed and changed back.
pub fn fill(store: &Arc<TestStore>) {
    let text = |name: &str| match name {
        "top_n" => corpus("pasted/join_under_gather_merge.txt"),
        "never_executed" => corpus("postgres-15/never_executed.json"),
        "parallel" => corpus("postgres-15/parallel_hash.json"),
        "without_analyze" => corpus("postgres-15/hash_join.estimated.json"),
        "sqlite" => corpus("sqlite/correlated.txt"),
        "mariadb" => corpus("mariadb-10.11/join.analyze.json"),
        "broken" => "[{\"Plan\": {\"Node Type\": \"Seq Scan\", \"Relation".to_owned(),
        "hostile" => hostile(),
        "big" => big(500),
        "huge" => big(1_000),
        "jit" => corpus("edited/jit_long.txt"),
        "mysql_tree" => corpus("mysql-8/analyze_nested.txt"),
        "before" => index_scan(),
        "after" => seq_scan(),
        "cte" => corpus("postgres-15/cte_two_readers.json"),
        "triggers" => corpus("postgres-15/insert_triggers.json"),
        "generic" => super::PLAN.to_owned(),
        name => unreachable!("no plan {name}"),
    };
    for (name, n) in KINDS {
        let source = match name {
            "without_analyze" | "sqlite" | "broken" => PlanSource::Estimated,
            "mariadb" | "mysql_tree" | "big" | "huge" => PlanSource::Analyzed,
            "generic" => PlanSource::Generic,
            _ => PlanSource::AutoExplain,
        };
        let mut plan = record(n, source, &text(name));
        match name {
            // Caught with a run of their time: see [`history`].
            "before" => {
                plan.duration_us = Some(2_850);
                plan.captured_at = Utc::now() - TimeDelta::hours(5);
            }
            "after" => {
                plan.duration_us = Some(40_644);
                plan.captured_at = Utc::now() - TimeDelta::hours(3);
            }
            _ => {}
        }
        // One statement has few plans; the others are of statements nobody knows.
        if !matches!(name, "before" | "after" | "without_analyze") {
            plan.fingerprint = Some(Fingerprint(0x9000 + u64::try_from(n).expect("is small")));
        }
        if name == "after" {
            plan.query = Some(QueryRef {
                request_id: super::repeated(693).summary.id,
                seq: 1,
            });
        }
        store.keep(&plan);
    }
    let shape = |n: u128| store.plan_of(id(n)).shape.expect("is a plan");
    store.see(history(Utc::now(), shape(10), shape(11)));
}

/// A for two hours, B for two, then A again. Stores count by the hour; the plans of [`fill`] are
/// counted beside them.
pub fn history(now: DateTime<Utc>, a: PlanShape, b: PlanShape) -> Vec<PlanObservation> {
    let mut history = Vec::new();
    let mut see = |source, shape: PlanShape, hours: i64, us: u64| {
        for at in 0..40 {
            history.push(PlanObservation {
                fingerprint: STATEMENT,
                database: postgres(),
                source,
                shape,
                observed_at: now - TimeDelta::hours(hours) - TimeDelta::milliseconds(at),
                duration_us: Some(us + u64::try_from(at).expect("is small") * us / 100),
            });
        }
    };
    for hours in [6, 5] {
        see(PlanSource::AutoExplain, a, hours, 2_700);
    }
    for hours in [4, 3] {
        see(PlanSource::AutoExplain, b, hours, 36_000);
    }
    for hours in [2, 1] {
        see(PlanSource::AutoExplain, a, hours, 2_600);
    }
    history
}

pub fn ladders() -> Vec<PlanLadder> {
    let step = |source, what: &str, level, reason: &str, remedy: Option<&str>| LadderStep {
        source,
        what: what.to_owned(),
        level,
        reason: reason.to_owned(),
        remedy: remedy.map(str::to_owned),
    };
    vec![PlanLadder {
        database: postgres(),
        steps: vec![
            step(
                PlanSource::AutoExplain,
                "plans of the real runs (auto_explain)",
                CaptureLevel::Off,
                "The role may not load auto_explain.",
                Some("ALTER ROLE app SET session_preload_libraries = 'auto_explain';"),
            ),
            step(
                PlanSource::Estimated,
                "estimated plans",
                CaptureLevel::Full,
                "Asked on a connection of the profiler's own.",
                None,
            ),
        ],
    }]
}

pub fn advice(request: &AdviceRequest) -> Result<IndexAdvice, ExplainError> {
    if request.query.values.is_none() {
        return Err(ExplainError::Refused {
            code: "values_not_captured",
            reason: "Its values were not captured <b>.".to_owned(),
        });
    }
    if !request.query.sql.contains("message") {
        return Ok(IndexAdvice {
            cost_before: Some(8.31),
            indexes: Vec::new(),
            notes: vec![
                "person has 1,000 rows on 24 pages: reading all of it is quicker than any index."
                    .to_owned(),
            ],
        });
    }
    let index = |statement: &str, choice, strength, verification, cost_after, size| AdvisedIndex {
        choice,
        statement: statement.to_owned(),
        relation: "message".to_owned(),
        reason: "The order comes from the index, and only rows that are wanted are in it."
            .to_owned(),
        strength,
        verification,
        cost_before: None,
        cost_after: Some(cost_after),
        plan_after: Some(ExplainOutput {
            format: PlanFormat::PostgresText,
            raw: index_scan(),
            analyzed: false,
        }),
        size_bytes: Some(size),
        write_cost: "one more entry for each row with deleted set; updates of updated lose HOT"
            .to_owned(),
        replaces: None,
        effects: request
            .workload
            .iter()
            .map(|query| WorkloadEffect {
                fingerprint: query.fingerprint,
                cost_before: 120.0,
                cost_after: 118.0,
                calls: query.calls,
                total_us: query.total_us,
            })
            .collect(),
        caveats: vec![
            "a cached statement whose condition is a parameter cannot use a partial index"
                .to_owned(),
        ],
    };
    Ok(IndexAdvice {
        cost_before: Some(3_970.0),
        indexes: vec![
            index(
                "CREATE INDEX CONCURRENTLY message_updated_deleted_idx ON message (updated DESC) WHERE deleted;",
                AdviceChoice::First,
                AdviceStrength::Strong,
                Verification::Hypothetical,
                211.0,
                152 * 1024,
            ),
            index(
                "CREATE INDEX CONCURRENTLY message_body_trgm_idx ON message USING gin (body gin_trgm_ops);",
                AdviceChoice::Instead,
                AdviceStrength::Moderate,
                Verification::NotVerified {
                    remedy: "hypopg knows no GIN: try it on a copy.".to_owned(),
                },
                2_385.0,
                2_168 * 1024,
            ),
        ],
        notes: Vec::new(),
    })
}

pub fn reports(text: &str) -> Vec<DatabaseReport> {
    let column = |name, is_number| CheckColumn { name, is_number };
    let check = |code, title, status, summary: &str| DatabaseCheck {
        code,
        title,
        status,
        summary: summary.to_owned(),
        columns: Vec::new(),
        rows: Vec::new(),
        action: None,
        caveat: None,
    };
    let mut unused = check(
        "unused_indexes",
        "Unused indexes",
        CheckStatus::Warning,
        "2 indexes of 3.1 MB were never used since statistics began, 12 days ago.",
    );
    unused.columns = vec![
        column("index", false),
        column("table", false),
        column("size", true),
        column("scans", true),
    ];
    unused.rows = vec![
        vec![
            format!("message_text_idx{text}"),
            "message".to_owned(),
            "2.2 MB".to_owned(),
            "0".to_owned(),
        ],
        vec![
            "person_email_idx".to_owned(),
            "person".to_owned(),
            "0.9 MB".to_owned(),
            "0".to_owned(),
        ],
    ];
    unused.action = Some("Drop what nobody uses:\nDROP INDEX CONCURRENTLY message_text_idx;\nDROP INDEX CONCURRENTLY person_email_idx;".to_owned());
    unused.caveat = Some("A replica may use them: look there too.".to_owned());
    vec![
        DatabaseReport {
            database: postgres(),
            server: format!("PostgreSQL 15.18{text}"),
            checked_at: Utc::now(),
            checks: vec![
                check(
                    "invalid_indexes",
                    "Invalid indexes",
                    CheckStatus::Problem,
                    &format!("One index is broken{text}."),
                ),
                unused,
                check(
                    "cache_hits",
                    "Cache hits",
                    CheckStatus::Good,
                    "99.7 % of pages were in the cache.",
                ),
                check(
                    "bloat",
                    "Bloat",
                    CheckStatus::Unavailable,
                    "pgstattuple is not installed.",
                ),
            ],
            error: None,
        },
        DatabaseReport {
            database: Database {
                kind: DatabaseKind::MySql,
                name: "reports".to_owned(),
            },
            server: String::new(),
            checked_at: Utc::now(),
            checks: Vec::new(),
            error: Some(format!("Access denied{text}")),
        },
    ]
}

pub fn hostile_advice() -> IndexAdvice {
    let evil = || EVIL.to_owned();
    IndexAdvice {
        cost_before: Some(f64::NAN),
        indexes: vec![AdvisedIndex {
            statement: evil(),
            relation: evil(),
            reason: evil(),
            choice: AdviceChoice::Together,
            strength: AdviceStrength::Moderate,
            verification: Verification::NotVerified { remedy: evil() },
            cost_before: Some(f64::NEG_INFINITY),
            cost_after: Some(f64::INFINITY),
            plan_after: None,
            size_bytes: Some(u64::MAX),
            write_cost: evil(),
            replaces: Some(evil()),
            effects: Vec::new(),
            caveats: vec![evil()],
        }],
        notes: vec![evil()],
    }
}
