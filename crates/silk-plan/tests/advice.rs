//! Which indexes are thought of, for which plan or text, with which catalogue.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use silk_core::DatabaseKind;
use silk_plan::{
    Plan, PlanFormat,
    advice::{
        self, ColumnFacts, IndexFacts, IndexKey, MAX_CANDIDATES, Reference, TableFacts, TableWants,
        candidates, changed_by, keep_constants, quote_name, searches_tables, unions, wants_of_any,
        wants_of_plan, wants_of_sql,
    },
};

fn column(name: &str, type_name: &str, distinct: f64) -> ColumnFacts {
    ColumnFacts {
        name: name.to_owned(),
        type_name: type_name.to_owned(),
        is_indexable: type_name != "json",
        is_boolean: type_name == "boolean",
        distinct: Some(distinct),
        bytes: Some(8.0),
        correlation: Some(0.0),
        null_fraction: Some(0.0),
        pattern_class: (type_name == "text").then_some("text_pattern_ops"),
    }
}

fn message(kind: DatabaseKind, indexes: Vec<IndexFacts>) -> TableFacts {
    TableFacts {
        kind,
        schema: (kind == DatabaseKind::Postgres).then(|| "public".to_owned()),
        name: "message".to_owned(),
        rows: Some(100_000.0),
        pages: Some(2_250.0),
        all_visible: Some(1.0),
        changed_since_analyze: None,
        is_analyzed: true,
        is_partitioned: false,
        is_partition: false,
        activity: None,
        columns: vec![
            column("id", "bigint", 100_000.0),
            column("author_id", "bigint", 1_000.0),
            column("status", "character varying(20)", 3.0),
            column("deleted", "boolean", 2.0),
            column("created", "timestamp with time zone", 100_000.0),
            column("updated", "timestamp with time zone", 100_000.0),
            column("body", "text", 90_000.0),
            column("data", "json", 10.0),
        ],
        indexes,
        row_key: Vec::new(),
    }
}

fn index(keys: &[&str], predicate: Option<&str>) -> IndexFacts {
    IndexFacts {
        name: format!("old_{}", keys.join("_")),
        keys: keys
            .iter()
            .map(|key| IndexKey {
                text: key.trim_end_matches(" DESC").to_owned(),
                descending: key.ends_with(" DESC"),
                nulls_first: key.ends_with(" DESC"),
                ..IndexKey::default()
            })
            .collect(),
        predicate: predicate.map(ToOwned::to_owned),
        is_plain: true,
        ..IndexFacts::default()
    }
}

/// A scan that takes nearly all of a plan, with what stands above it.
fn plan(above: &str, filter: &str) -> Plan {
    let indent = "  ".repeat(above.lines().count());
    let text = format!(
        "{above}{indent}->  Seq Scan on public.message  (cost=0.00..3250.00 rows=4883 width=148)\n\
         {indent}      Output: id, author_id, status, deleted, created, updated, body\n\
         {indent}      Filter: {filter}\n"
    );
    Plan::parse(PlanFormat::PostgresText, &text).unwrap()
}

const NOTHING: &str = "Result  (cost=0.00..3260.00 rows=100 width=148)\n  Output: message.id, message.body, message.author_id, message.status, message.created, message.updated\n";
const SORTED: &str = "Sort  (cost=3436.62..3448.83 rows=4883 width=148)\n  Output: id, author_id, status, deleted, created, updated, body\n  Sort Key: message.updated DESC\n";

/// What stands behind `ON public.message`, for each candidate.
fn found(plan: &Plan, indexes: Vec<IndexFacts>) -> Vec<String> {
    let facts = message(DatabaseKind::Postgres, indexes);
    let wants = wants_of_plan(plan);
    let Some(wants) = wants.first() else {
        return Vec::new();
    };
    let candidates = candidates(wants, &facts);
    assert!(candidates.len() <= MAX_CANDIDATES);
    candidates
        .iter()
        .map(|candidate| {
            let statement = candidate.statement(None);
            statement
                .strip_prefix("CREATE INDEX ON public.message ")
                .unwrap()
                .to_owned()
        })
        .collect()
}

#[test]
fn the_list() {
    let found = found(&plan(SORTED, "message.deleted"), vec![]);
    assert_eq!(found[0], "(updated) WHERE deleted");
    assert!(
        found.contains(&"(deleted, updated)".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"(updated)".to_owned()), "{found:?}");
    assert!(found.contains(&"(deleted)".to_owned()), "{found:?}");
}

#[test]
fn the_count_needs_no_more_than_its_condition() {
    let plan = Plan::parse(
        PlanFormat::PostgresText,
        "Aggregate  (cost=3487.79..3487.80 rows=1 width=8)\n  Output: count(*)\n  ->  Seq Scan on public.message  (cost=0.00..3250.00 rows=95117 width=0)\n        Output: id, author_id, status, deleted, created, updated, body\n        Filter: (NOT message.deleted)\n",
    )
    .unwrap();
    let found = found(&plan, vec![]);
    assert_eq!(found, ["(deleted) WHERE NOT deleted", "(deleted)"]);
}

#[test]
fn equality_first_then_one_range() {
    let found = found(
        &plan(
            NOTHING,
            "((message.created > now()) AND ((message.status)::text = 'read'::text) AND (message.author_id = '7'::bigint))",
        ),
        vec![],
    );
    assert!(
        found.contains(&"(author_id, created) WHERE status = 'read'".to_owned()),
        "{found:?}"
    );
    assert!(
        found.contains(&"(author_id, status, created)".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"(author_id)".to_owned()), "{found:?}");
    assert!(
        !found.iter().any(|text| text.starts_with("(created, ")),
        "{found:?}"
    );
}

#[test]
fn what_is_there_is_not_made_again() {
    let plan = plan(SORTED, "message.deleted");
    for (existing, gone) in [
        (
            index(&["updated"], Some("deleted")),
            "(updated) WHERE deleted",
        ),
        (index(&["deleted", "updated"], None), "(deleted, updated)"),
        (index(&["deleted", "updated"], None), "(deleted)"),
        (index(&["updated DESC", "id"], None), "(updated)"),
    ] {
        let found = found(&plan, vec![existing.clone()]);
        assert!(!found.contains(&gone.to_owned()), "{existing:?}: {found:?}");
    }
    // One that is broken, or of another kind, is none.
    let broken = IndexFacts {
        is_plain: false,
        ..index(&["deleted", "updated"], None)
    };
    assert!(found(&plan, vec![broken]).contains(&"(deleted, updated)".to_owned()));
}

#[test]
fn an_index_is_made_longer_unless_a_constraint_rests_on_it() {
    let plan = plan(
        NOTHING,
        "((message.status = 'read'::text) AND (message.author_id = '7'::bigint) AND (message.created = now()))",
    );
    let facts = message(DatabaseKind::Postgres, vec![index(&["author_id"], None)]);
    let mut wants = wants_of_plan(&plan);
    advice::forget_constants(&mut wants);
    let extended = candidates(&wants[0], &facts);
    assert_eq!(extended[0].replaces.as_deref(), Some("old_author_id"));
    assert!(
        extended[0]
            .statement(None)
            .contains("(author_id, created, status)"),
        "{}",
        extended[0].statement(None)
    );
    let unique = IndexFacts {
        is_unique: true,
        ..index(&["author_id"], None)
    };
    let facts = message(DatabaseKind::Postgres, vec![unique]);
    assert!(
        candidates(&wants[0], &facts)
            .iter()
            .all(|candidate| candidate.replaces.is_none())
    );
}

#[test]
fn bound_values_are_no_constants() {
    let custom = plan(
        SORTED,
        "(message.deleted AND (date_trunc('day'::text, message.created) = now()))",
    );
    let generic = plan(
        SORTED,
        "((message.deleted = $1) AND (date_trunc($2, message.created) = now()))",
    );
    let mut wants = wants_of_plan(&custom);
    keep_constants(&mut wants, &wants_of_any(&generic), DatabaseKind::Postgres);
    let facts = message(DatabaseKind::Postgres, vec![]);
    for candidate in candidates(&wants[0], &facts) {
        let statement = candidate.statement(None);
        assert!(
            !statement.contains("WHERE") && !statement.contains("day"),
            "{statement}"
        );
    }
    // Where the plan without values says the same, they are.
    let mut wants = wants_of_plan(&custom);
    keep_constants(&mut wants, &wants_of_any(&custom), DatabaseKind::Postgres);
    let statements: Vec<_> = candidates(&wants[0], &facts)
        .iter()
        .map(|c| c.statement(None))
        .collect();
    assert!(
        statements.iter().any(|text| text.contains("WHERE deleted")),
        "{statements:?}"
    );
    assert!(
        statements
            .iter()
            .any(|text| text.contains("date_trunc('day'::text, created)")),
        "{statements:?}"
    );
}

#[test]
fn nothing_to_index() {
    for filter in [
        "(message.data = 'x'::json)",
        "(message.author_id = message.id)",
        "(random() < '0.1'::double precision)",
        "(hashed SubPlan 1)",
        "(message.body ~~ '%x'::text)",
        "(length(message.body) <> 3)",
        "(now() = now())",
    ] {
        let found = found(&plan(NOTHING, filter), vec![]);
        assert_eq!(found, Vec::<String>::new(), "{filter}");
    }
}

#[test]
fn patterns_need_their_operator_class() {
    let found = found(&plan(NOTHING, "(message.body ~~ 'abc%'::text)"), vec![]);
    assert_eq!(found[0], "(body text_pattern_ops)");
}

#[test]
fn joins_in_either_direction() {
    let plan = Plan::parse(
        PlanFormat::PostgresText,
        "Hash Join  (cost=100.00..5000.00 rows=10 width=8)\n  Output: m.id, a.name\n  Hash Cond: (m.author_id = a.id)\n  ->  Seq Scan on public.message m  (cost=0.00..3250.00 rows=4883 width=16)\n        Output: m.id, m.author_id\n        Filter: m.deleted\n  ->  Hash  (cost=22.50..22.50 rows=1 width=8)\n        Output: a.name, a.id\n        ->  Seq Scan on public.author a  (cost=0.00..22.50 rows=1 width=8)\n              Output: a.name, a.id\n",
    )
    .unwrap();
    let found = found(&plan, vec![]);
    assert!(
        found.contains(&"(author_id) WHERE deleted".to_owned()),
        "{found:?}"
    );
    assert!(found.contains(&"(author_id)".to_owned()), "{found:?}");
    assert!(
        found.contains(&"(author_id, deleted)".to_owned()),
        "{found:?}"
    );
}

#[test]
fn what_sqlite_is_asked_tells_what_it_wants() {
    let facts = message(DatabaseKind::Sqlite, vec![]);
    for (sql, first) in [
        (
            "SELECT * FROM message WHERE deleted ORDER BY updated DESC LIMIT 9",
            "(updated) WHERE deleted",
        ),
        (
            "SELECT * FROM main.Message m WHERE m.AUTHOR_ID = ?1 ORDER BY 1+1, m.updated",
            "(author_id)",
        ),
        (
            "UPDATE message SET body = '' WHERE author_id = ? AND status = 'x'",
            "(author_id) WHERE status = 'x'",
        ),
        (
            "SELECT (SELECT 1), * FROM (SELECT id FROM message WHERE author_id IN (1, 2))",
            "(author_id)",
        ),
        (
            "WITH x AS (SELECT 1) SELECT 1 FROM x UNION SELECT 1 FROM message WHERE created > 3",
            "(created)",
        ),
        ("SELECT max(updated) FROM message", "(updated)"),
        (
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM message WHERE author_id = :a)",
            "(author_id)",
        ),
    ] {
        let wants = wants_of_sql(sql, DatabaseKind::Sqlite);
        let found: Vec<String> = wants
            .iter()
            .flat_map(|wants| candidates(wants, &facts))
            .map(|candidate| candidate.statement(Some("x")))
            .collect();
        let wanted = format!("CREATE INDEX x ON message {first}");
        assert_eq!(found.first(), Some(&wanted), "{sql}: {found:?}");
    }
    for sql in [
        "",
        "SELECT",
        "SELECT 1; SELECT 2",
        "DROP TABLE message",
        "SELECT * FROM message",
    ] {
        assert_eq!(wants_of_sql(sql, DatabaseKind::Sqlite), [], "{sql}");
    }
}

#[test]
fn statements_of_each_database() {
    let sql = "SELECT * FROM message WHERE author_id = ?";
    let statement = |kind| {
        let facts = message(kind, vec![]);
        let wants = wants_of_sql(sql, kind);
        let candidates = candidates(&wants[0], &facts);
        let name = candidates[0].name(&facts, &[]);
        candidates[0].statement(Some(&name))
    };
    assert_eq!(
        statement(DatabaseKind::Sqlite),
        "CREATE INDEX message_author_id_idx ON message (author_id)"
    );
    assert_eq!(
        statement(DatabaseKind::MySql),
        "ALTER TABLE message ADD INDEX message_author_id_idx (author_id)"
    );
}

#[test]
fn names_are_short_free_and_always_the_same() {
    let mut facts = message(DatabaseKind::Postgres, vec![]);
    let mut wants = wants_of_plan(&plan(NOTHING, "(message.author_id = '7'::bigint)"));
    let candidate = candidates(&wants[0], &facts).remove(0);
    assert_eq!(candidate.name(&facts, &[]), "message_author_id_idx");
    let other = candidate.name(&facts, &["MESSAGE_AUTHOR_ID_IDX".to_owned()]);
    assert!(
        other.starts_with("message_author_id_") && other.ends_with("_idx"),
        "{other}"
    );
    assert_eq!(
        other,
        candidate.name(&facts, &["message_author_id_idx".to_owned()])
    );
    facts.name = "é\"; DROP TABLE x; --".repeat(9);
    wants[0].table.clone_from(&facts.name);
    let candidate = candidates(&wants[0], &facts).remove(0);
    let name = candidate.name(&facts, &[]);
    assert!(name.len() <= 63 && name.is_ascii(), "{name}");
    assert_eq!(name, candidate.name(&facts, &[]));
}

/// The newest hundred, joined, by two processes: 58,824 rows are those of one of them, of which
/// PostgreSQL up to 16 makes no more above the gathering.
fn joined_list(scan: &str, filter: &str) -> Plan {
    let text = format!(
        "Limit  (cost=5000.00..5011.66 rows=100 width=80)\n  Output: message.body, person.name, message.updated\n  ->  Gather Merge  (cost=5000.00..14000.00 rows=58824 width=80)\n        Output: message.body, person.name, message.updated\n        Workers Planned: 1\n        ->  Sort  (cost=5000.00..5147.06 rows=58824 width=80)\n              Output: message.body, person.name, message.updated\n              Sort Key: message.updated DESC\n              ->  Hash Join  (cost=30.00..3000.00 rows=58824 width=80)\n                    Output: message.body, person.name, message.updated\n                    Hash Cond: (message.author_id = person.id)\n                    ->  Parallel Seq Scan on public.message  (cost=0.00..2800.00 rows={scan} width=72)\n                          Output: message.body, message.author_id, message.updated\n{filter}                    ->  Hash  (cost=20.00..20.00 rows=1000 width=16)\n                          Output: person.name, person.id\n                          ->  Seq Scan on public.person  (cost=0.00..20.00 rows=1000 width=16)\n                                Output: person.name, person.id\n"
    );
    Plan::parse(PlanFormat::PostgresText, &text).unwrap()
}

fn wants_of_message(plan: &Plan) -> TableWants {
    let mut wants = wants_of_plan(plan);
    wants.retain(|wants| wants.table == "message");
    wants.remove(0)
}

#[test]
fn a_join_is_no_condition_that_keeps_rows() {
    let facts = message(DatabaseKind::Postgres, vec![]);
    let wants = wants_of_message(&joined_list("58824", ""));
    let rows = wants.estimated_rows.unwrap();
    assert!((rows - 100_000.0).abs() < 10.0, "{rows}");
    let notes = advice::notes_without_advice(&wants, &facts, 3);
    assert!(notes.iter().all(|note| !note.contains("keep")), "{notes:?}");
    // A condition of its own is one, and is reckoned over all processes.
    let filter = "                          Filter: (message.author_id > 7)\n";
    let text = format!(
        "Gather  (cost=0.00..9000.00 rows=50000 width=80)\n  Workers Planned: 1\n  ->  Parallel Seq Scan on public.message  (cost=0.00..2800.00 rows=29412 width=72)\n{filter}"
    );
    let plan = Plan::parse(PlanFormat::PostgresText, &text).unwrap();
    let notes = advice::notes_without_advice(&wants_of_message(&plan), &facts, 3);
    assert!(
        notes[0].starts_with("the conditions keep 50 % of message"),
        "{notes:?}"
    );
}

/// Pages read before and after, by the model, with the index whose keys these are.
fn modelled(plan: &Plan, keys: &str) -> Option<(f64, f64)> {
    let facts = message(DatabaseKind::Postgres, vec![]);
    let wants = wants_of_message(plan);
    let candidate = candidates(&wants, &facts)
        .into_iter()
        .find(|candidate| candidate.statement(None).ends_with(keys))?;
    advice::estimated_pages(&candidate, &wants, &facts)
}

#[test]
fn an_order_with_a_limit_is_read_as_far_as_the_limit() {
    let limit = |limit: &str, sort: &str, below: &str| {
        let text = format!(
            "Limit  (cost=7000.00..7000.25 rows={limit} width=148)\n  ->  Sort  (cost=7000.00..7250.00 rows={sort} width=148)\n        Sort Key: message.updated DESC\n{below}"
        );
        Plan::parse(PlanFormat::PostgresText, &text).unwrap()
    };
    let all =
        "        ->  Seq Scan on public.message  (cost=0.00..3250.00 rows=100000 width=148)\n";
    for plan in [limit("100", "100000", all), joined_list("58824", "")] {
        let (before, after) = modelled(&plan, "(updated)").unwrap();
        assert!((before - 2_250.0).abs() < 1.0, "{before}");
        assert!((100.0..200.0).contains(&after), "{after}");
    }
    // A larger limit reads more; without one all of it is read.
    let (_, after) = modelled(&limit("5000", "100000", all), "(updated)").unwrap();
    assert!(after > 5_000.0, "{after}");
    let text = format!(
        "Sort  (cost=7000.00..7250.00 rows=100000 width=148)\n  Sort Key: message.updated DESC\n{}",
        all.trim_start_matches("      ")
    );
    let unlimited = Plan::parse(PlanFormat::PostgresText, &text).unwrap();
    assert_eq!(modelled(&unlimited, "(updated)"), None);
    // A condition beside may throw away nearly all that is read in that order.
    let filtered = "        ->  Seq Scan on public.message  (cost=0.00..3250.00 rows=100 width=148)\n              Filter: (message.author_id = 7)\n";
    let filtered = limit("100", "100", filtered);
    assert_eq!(modelled(&filtered, "(updated)"), None);
    assert!(modelled(&filtered, "(author_id, updated)").is_some());
    // What is gathered below the sort needs every row.
    let grouped = "        ->  HashAggregate  (cost=5000.00..6000.00 rows=90000 width=8)\n              Group Key: message.updated\n              ->  Seq Scan on public.message  (cost=0.00..3250.00 rows=100000 width=148)\n";
    assert_eq!(modelled(&limit("100", "90000", grouped), "(updated)"), None);
}

#[test]
fn a_join_before_an_order_sorts_nothing_by_itself() {
    let sql = "SELECT m.body, p.name FROM message m JOIN person p ON p.id = m.author_id ORDER BY m.updated DESC LIMIT 100";
    let found = |kind| {
        let facts = message(kind, vec![index(&["author_id"], None)]);
        let wants = wants_of_sql(sql, kind);
        assert!(!wants[0].is_narrowed());
        candidates(&wants[0], &facts)
    };
    // Nobody tries it there, and nothing but the order is worth it.
    let keys: Vec<String> = found(DatabaseKind::MySql)
        .iter()
        .map(|candidate| candidate.statement(None))
        .collect();
    assert_eq!(keys, ["ALTER TABLE message ADD INDEX (updated)"]);
    // Where it is tried, it is not said to do what it does not.
    let wants = wants_of_sql(sql, DatabaseKind::Sqlite).remove(0);
    for candidate in found(DatabaseKind::Sqlite) {
        let reason = advice::reason(&candidate, &wants);
        let is_alone = candidate.keys.len() == 1;
        assert_eq!(
            reason.contains("nothing has to be sorted"),
            is_alone,
            "{reason}"
        );
    }
    for sql in [
        "SELECT * FROM message m JOIN person p ON p.id = m.author_id WHERE m.status = 'x'",
        "SELECT * FROM message WHERE status = 'x'",
    ] {
        assert!(
            wants_of_sql(sql, DatabaseKind::MySql)[0].is_narrowed(),
            "{sql}"
        );
    }
}

#[test]
fn an_index_is_dropped_in_the_words_of_its_database() {
    let sql = "SELECT * FROM message WHERE author_id = ? ORDER BY updated";
    for (kind, statement) in [
        (
            DatabaseKind::MySql,
            "ALTER TABLE message DROP INDEX old_author_id",
        ),
        (DatabaseKind::Sqlite, "DROP INDEX old_author_id"),
    ] {
        let facts = message(kind, vec![index(&["author_id"], None)]);
        let wants = wants_of_sql(sql, kind);
        let candidate = candidates(&wants[0], &facts).remove(0);
        let caveats = advice::caveats(&candidate, &wants[0], &facts);
        assert!(
            caveats
                .iter()
                .any(|caveat| caveat.ends_with(&format!(": {statement}"))),
            "{caveats:?}"
        );
    }
}

#[test]
fn each_side_of_an_or_has_its_index() {
    let sets = |filter: &str, indexes: Vec<IndexFacts>| -> Vec<Vec<String>> {
        let facts = message(DatabaseKind::Postgres, indexes);
        let wants = wants_of_plan(&plan(NOTHING, filter));
        let sets = unions(&wants[0], &facts);
        sets.iter()
            .map(|set| {
                let keys = set.iter().map(|one| one.statement(None));
                keys.map(|text| text.split_once("message ").unwrap().1.to_owned())
                    .collect()
            })
            .collect()
    };
    let or = "((message.author_id = '7'::bigint) OR (message.updated > now()))";
    assert_eq!(sets(or, vec![]), [["(author_id)", "(updated)"]]);
    // What holds on either side may stand first, or not at all.
    let both = format!("((message.created = now()) AND {or})");
    assert_eq!(
        sets(&both, vec![]),
        [
            ["(author_id)", "(updated)"],
            ["(created, author_id)", "(created, updated)"]
        ]
    );
    // Where one side has an index, the other's is no set, but an index like any other.
    let half = vec![index(&["author_id", "body"], None)];
    assert!(sets(or, half.clone()).is_empty());
    assert_eq!(found(&plan(NOTHING, or), half), ["(updated)"]);
    // The same column on both sides, a side that no index serves, or too many of them.
    for filter in [
        "((message.author_id = '7'::bigint) OR (message.author_id = '8'::bigint))",
        "((message.author_id = '7'::bigint) OR (message.body ~~ '%x'::text))",
        "((message.author_id = '7'::bigint) OR (random() < '0.1'::double precision))",
        "((message.author_id = 1) OR (message.id = 2) OR (message.created = now()) OR (message.updated = now()))",
    ] {
        assert!(sets(filter, vec![]).is_empty(), "{filter}");
    }
}

#[test]
fn what_every_index_ends_with_is_not_named() {
    let statements = |sql: &str, indexes: Vec<IndexFacts>| -> Vec<String> {
        let facts = TableFacts {
            row_key: vec!["id".to_owned()],
            ..message(DatabaseKind::Sqlite, indexes)
        };
        let wants = wants_of_sql(sql, DatabaseKind::Sqlite);
        let found = candidates(&wants[0], &facts);
        found.iter().map(|one| one.statement(None)).collect()
    };
    let newest = "SELECT * FROM message WHERE author_id = ? ORDER BY updated DESC, id DESC";
    assert_eq!(
        statements(newest, vec![])[0],
        "CREATE INDEX ON message (author_id, updated)"
    );
    let there = index(&["author_id", "updated"], None);
    assert!(
        statements(newest, vec![there])
            .iter()
            .all(|text| !text.contains("(author_id, updated")),
    );
    // Turned the other way it is no order that the end gives.
    let turned = "SELECT * FROM message WHERE author_id = ? ORDER BY updated DESC, id";
    assert!(statements(turned, vec![])[0].contains("(author_id, updated, id DESC)"));
    // By itself it is not taken away.
    let by_id = "SELECT * FROM message WHERE id = ?";
    assert_eq!(statements(by_id, vec![]), ["CREATE INDEX ON message (id)"]);
}

#[test]
fn a_foreign_key_is_searched_from_the_other_side() {
    let reference = |columns: &[&str]| Reference {
        constraint: Some("message_author_fkey".to_owned()),
        parent: "author".to_owned(),
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
    };
    let found = |columns: &[&str], indexes| -> Vec<String> {
        let facts = message(DatabaseKind::Postgres, indexes);
        let wants = TableWants::of_reference(Some("public"), "message", reference(columns));
        let found = candidates(&wants, &facts);
        let reasons: Vec<String> = found
            .iter()
            .map(|one| advice::reason(one, &wants))
            .collect();
        assert!(
            reasons
                .iter()
                .all(|text| text.contains("(message_author_fkey)")),
            "{reasons:?}"
        );
        found.iter().map(|one| one.statement(None)).collect()
    };
    assert_eq!(
        found(&["author_id"], vec![]),
        ["CREATE INDEX ON public.message (author_id)"]
    );
    // An index serves it with its first columns, in whichever order.
    let wider = index(&["author_id", "created"], None);
    assert!(found(&["author_id"], vec![wider]).is_empty());
    let turned = index(&["status", "author_id"], None);
    assert!(
        found(&["author_id", "status"], vec![turned])
            .iter()
            .all(|text| !text.contains(", "))
    );
    // Where most rows refer to nothing, those need not be in it.
    let mut facts = message(DatabaseKind::Postgres, vec![]);
    facts.columns[1].null_fraction = Some(0.9);
    let wants = TableWants::of_reference(None, "message", reference(&["author_id"]));
    let partial = candidates(&wants, &facts).remove(0);
    assert!(
        partial
            .statement(None)
            .ends_with("(author_id) WHERE author_id IS NOT NULL"),
        "{}",
        partial.statement(None)
    );
    let caveats = advice::caveats(&partial, &wants, &facts);
    assert!(
        caveats.iter().all(|text| !text.contains("serves only")),
        "{caveats:?}"
    );
    // Not one of some rows only, nor one that begins with something else.
    for other in [
        index(&["author_id"], Some("deleted")),
        index(&["created", "author_id"], None),
    ] {
        assert_eq!(found(&["author_id"], vec![other]).len(), 1);
    }
}

#[test]
fn what_is_written_and_what_is_searched() {
    let changed = |sql, kind| {
        changed_by(sql, kind).map(|changed| (changed.schema, changed.table, changed.columns))
    };
    let postgres = DatabaseKind::Postgres;
    let name = |text: &str| text.to_owned();
    assert_eq!(
        changed("DELETE FROM App.\"Author\" WHERE id = $1", postgres),
        Some((Some(name("app")), name("Author"), None))
    );
    assert_eq!(
        changed("UPDATE author SET \"Id\" = $1, (a, b) = (1, 2)", postgres),
        Some((
            None,
            name("author"),
            Some(vec![name("Id"), name("a"), name("b")])
        ))
    );
    assert_eq!(
        changed("DELETE FROM `author` WHERE id = ?", DatabaseKind::MySql),
        Some((None, name("author"), None))
    );
    for sql in [
        "SELECT 1",
        "",
        "DELETE FROM a; DELETE FROM b",
        "INSERT INTO a VALUES (1)",
    ] {
        assert_eq!(changed(sql, DatabaseKind::Sqlite), None, "{sql}");
    }
    for (sql, searches) in [
        ("INSERT INTO a (b) VALUES ($1)", false),
        (
            "INSERT INTO a (b) VALUES ($1) ON CONFLICT (b) DO UPDATE SET c = excluded.c",
            false,
        ),
        ("INSERT INTO a DEFAULT VALUES", false),
        ("INSERT INTO a SELECT $1, $2", false),
        ("VALUES (1), (2)", false),
        ("SELECT 1", false),
        ("INSERT INTO a SELECT b FROM c WHERE d = $1", true),
        ("INSERT INTO a VALUES ((SELECT max(b) FROM c))", true),
        (
            "WITH x AS (SELECT b FROM c) INSERT INTO a SELECT * FROM x",
            true,
        ),
        ("SELECT (SELECT count(*) FROM c)", true),
        ("DELETE FROM a WHERE b = $1", true),
        ("not to be read", true),
    ] {
        assert_eq!(searches_tables(sql, postgres), searches, "{sql}");
    }
    let facts = message(DatabaseKind::Sqlite, vec![]);
    let copied = wants_of_sql(
        "INSERT INTO archive SELECT * FROM message WHERE author_id = ?",
        DatabaseKind::Sqlite,
    );
    assert_eq!(
        candidates(&copied[0], &facts)[0].statement(None),
        "CREATE INDEX ON message (author_id)"
    );
}

#[test]
fn large_numbers_have_their_thousands_apart() {
    assert_eq!(advice::count(800_441.4), "800,441");
    assert_eq!(advice::count(1_000_000.0), "1,000,000");
    assert_eq!(advice::count(999.0), "999");
    assert_eq!(advice::count(-1.0), "0");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_condition(filter in "\\PC{0,120}", sort in "\\PC{0,60}") {
        let above = SORTED.replace("message.updated DESC", &sort);
        if let Ok(plan) = Plan::parse(PlanFormat::PostgresText, &format!("{above}  ->  Seq Scan on message  (cost=0.00..3250.00 rows=4883 width=148)\n        Filter: {filter}\n")) {
            for wants in wants_of_plan(&plan) {
                for kind in [DatabaseKind::Postgres, DatabaseKind::Sqlite, DatabaseKind::MySql] {
                    let facts = message(kind, vec![index(&["author_id"], Some(&filter))]);
                    let found = candidates(&wants, &facts);
                    prop_assert!(found.len() <= MAX_CANDIDATES);
                    let _ = advice::notes_without_advice(&wants, &facts, found.len());
                }
            }
        }
    }

    #[test]
    fn words_of_conditions(words in prop::collection::vec(prop::sample::select(vec![
        "message.deleted", "message.", "(", ")", "((", "))", " AND ", " OR ", "NOT ", " = ", "$1", "'x'::text", "::", "ANY (", "'",
        "\"", "E'\\'", "lower(", "message.body", " ~~ ", " IS NULL", " IN (1, 2)", " BETWEEN 1 AND 2", "CASE ", " END", "[", "]", ",",
        "1.5e-3", "-", "hashed SubPlan 1", "é", ".", "*", " COLLATE ", "\"C\"", "CAST(a AS ", "interval '1 day'", "ARRAY[", "?", ":a",
    ]), 0..40)) {
        let filter = words.concat();
        for sql in [filter.clone(), format!("SELECT * FROM message WHERE {filter} ORDER BY {filter}")] {
            for kind in [DatabaseKind::Sqlite, DatabaseKind::MySql] {
                let facts = message(kind, vec![]);
                for wants in wants_of_sql(&sql, kind) {
                    let _ = candidates(&wants, &facts);
                }
            }
        }
        let text = format!("Seq Scan on message  (cost=0.00..3250.00 rows=4883 width=148)\n  Filter: {filter}\n");
        if let Ok(plan) = Plan::parse(PlanFormat::PostgresText, &text) {
            let facts = message(DatabaseKind::Postgres, vec![index(&["author_id"], Some(&filter))]);
            for wants in wants_of_plan(&plan) {
                for candidate in candidates(&wants, &facts) {
                    let name = candidate.name(&facts, &[]);
                    prop_assert!(name.len() <= 63);
                    prop_assert!(candidate.statement(Some(&name)).starts_with("CREATE INDEX CONCURRENTLY "));
                }
            }
        }
    }

    #[test]
    fn quoted_names_stay_within_their_quotes(name in "\\PC{0,40}") {
        for (kind, quote) in [(DatabaseKind::Postgres, '"'), (DatabaseKind::Sqlite, '"'), (DatabaseKind::MySql, '`')] {
            let quoted = quote_name(&name, kind);
            if let Some(inside) = quoted.strip_prefix(quote) {
                let inside = inside.strip_suffix(quote).unwrap();
                let double: String = [quote, quote].iter().collect();
                // Every quote inside is doubled, and nothing else changed.
                prop_assert_eq!(inside.matches(quote).count(), 2 * inside.matches(&double).count());
                prop_assert_eq!(inside.replace(&double, &quote.to_string()), name.clone());
            } else {
                prop_assert_eq!(&quoted, &name);
                prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
            }
        }
    }
}
