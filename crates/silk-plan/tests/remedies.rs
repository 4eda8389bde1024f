//! What findings advise about a condition: by the statement's own constants, in plain words.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use silk_plan::{JudgeContext, Plan, PlanFinding, findings};

/// A table read whole for the rows that a filter keeps; run, or only estimated.
fn found(filter: &str, is_run: bool, sql: Option<&str>) -> PlanFinding {
    let (actual, removed) = if is_run {
        (
            " (actual time=0.020..21.000 rows=521 loops=1)",
            "\n  Rows Removed by Filter: 199479",
        )
    } else {
        ("", "")
    };
    let plan = Plan::detect_and_parse(&format!(
        "Seq Scan on orders  (cost=0.00..4000.00 rows=521 width=8){actual}\n  Filter: {filter}{removed}\n"
    ))
    .unwrap();
    let mut context = JudgeContext::default();
    context.sql = sql.map(ToOwned::to_owned);
    context.is_top_statement = true;
    context.table_rows.insert("orders".to_owned(), 200_000.0);
    let found = findings::judge(&plan, &context);
    let one = found.iter().find(|one| one.rule == "seq_scan_filters_most");
    one.unwrap_or_else(|| unreachable!("{found:#?}")).clone()
}

const PLAIN: &str = "CREATE INDEX CONCURRENTLY orders_user_id_idx ON orders (user_id)";

#[test]
fn a_bound_value_is_no_constant_of_the_statement() {
    let filter = "(user_id = '7'::bigint)";
    for sql in [
        Some("SELECT id FROM orders WHERE user_id = $1 ORDER BY total DESC"),
        Some("SELECT id FROM orders o WHERE o.user_id = $1"),
        // As statements are kept: a literal and a bound value alike.
        Some("SELECT id FROM orders WHERE user_id = ? ORDER BY total DESC"),
        Some("SELECT id FROM orders WHERE status = 'open' AND user_id = $1"),
        // A view, and what cannot be read.
        Some("SELECT id FROM orders_of_today WHERE user_id = '7'"),
        Some("SELECT id FRM orders WHERE user_id = '7'"),
        None,
    ] {
        for is_run in [true, false] {
            let found = found(filter, is_run, sql);
            assert_eq!(found.action, PLAIN, "{sql:?}");
        }
    }
    // The same column compared with a constant and with a bound value.
    let sql = "SELECT 1 FROM orders WHERE user_id = '7' OR EXISTS (SELECT 1 FROM orders WHERE user_id = $1)";
    assert_eq!(found(filter, true, Some(sql)).action, PLAIN);
    // A truth value that was bound stands in the plan as if it were written.
    let flag = |sql| found("(NOT shipped)", true, sql).action;
    let plain =
        "an index that begins with shipped and goes on with what it is ordered or looked up by";
    assert_eq!(
        flag(Some("SELECT id FROM orders WHERE shipped = $1")),
        plain
    );
    assert_eq!(flag(None), plain);
}

#[test]
fn a_constant_of_the_statement_may_restrict_an_index() {
    let status = |sql| found("(status = 'open'::text)", true, Some(sql)).action;
    for sql in [
        "SELECT id FROM orders WHERE status = 'open' ORDER BY total DESC LIMIT $1",
        "SELECT id FROM orders WHERE 'open' = status",
        "SELECT id FROM orders WHERE orders.status = 'open' AND user_id = $1",
    ] {
        let action = status(sql);
        assert!(action.starts_with("a partial index on"), "{action}");
        assert!(action.contains("WHERE status = 'open'::text;"), "{action}");
    }
    let flag = found(
        "(NOT shipped)",
        true,
        Some("SELECT id FROM orders WHERE NOT shipped"),
    );
    assert!(flag.action.starts_with("a partial index on"), "{flag:?}");
}

#[test]
fn an_index_that_finds_too_much_is_made_partial_only_by_a_constant_of_the_statement() {
    let plan = Plan::detect_and_parse(
        "Index Scan using orders_total_idx on orders  (cost=0.29..4000.00 rows=521 width=8) (actual time=0.020..21.000 rows=521 loops=1)\n  Index Cond: (total > 5)\n  Filter: (status = 'open'::text)\n  Rows Removed by Filter: 199479\n",
    )
    .unwrap();
    let action = |sql: &str| {
        let mut context = JudgeContext::default();
        context.sql = Some(sql.to_owned());
        let found = findings::judge(&plan, &context);
        found[0].action.clone()
    };
    assert_eq!(
        action("SELECT id FROM orders WHERE total > 5 AND status = $1"),
        "extend orders_total_idx by status (= before ranges)"
    );
    assert_eq!(
        action("SELECT id FROM orders WHERE total > 5 AND status = 'open'"),
        "extend orders_total_idx by status (= before ranges), or make it partial, as that is a constant"
    );
}

#[test]
fn estimates_are_said_to_be_estimates() {
    let filter = "(user_id = '7'::bigint)";
    let estimated = found(filter, false, None);
    assert!(estimated.estimated);
    assert_eq!(
        estimated.evidence,
        "about 199,479 rows thrown away by (user_id = '7'::bigint), about 521 kept (estimated)"
    );
    assert_eq!(
        estimated.title,
        "Reads all of orders to keep about 0.27 % of it (estimated)"
    );
    let run = found(filter, true, None);
    assert_eq!(
        run.evidence,
        "199,479 rows thrown away by (user_id = '7'::bigint), 521 kept"
    );
    assert_eq!(run.title, "Reads all of orders to keep 0.27 % of it");
}

#[test]
fn the_remedy_names_the_columns_and_no_values() {
    let many: Vec<String> = (1..=40).map(|value| value.to_string()).collect();
    let many = many.join(",");
    let any = found(
        &format!("(user_id = ANY ('{{{many}}}'::bigint[]))"),
        true,
        Some("SELECT id FROM orders WHERE user_id = ANY($1)"),
    );
    assert_eq!(any.action, PLAIN);
    assert_eq!(
        any.evidence,
        "199,479 rows thrown away by (user_id = ANY ('{1,2,3, … (40 values)}'::bigint[])), 521 kept"
    );
    let action = |filter: &str| found(filter, true, None).action;
    assert_eq!(action("(user_id = ANY ($1))"), PLAIN);
    assert_eq!(action("(orders.user_id = $1)"), PLAIN);
    assert_eq!(action("(user_id = ($1)::bigint)"), PLAIN);
    assert_eq!(
        action("((status)::text = ($1)::text)"),
        "an index on status"
    );
    assert_eq!(
        action("((total > 5) AND (user_id = 7) AND (note = $1) AND (id > 3))"),
        "CREATE INDEX CONCURRENTLY orders_user_id_note_total_idx ON orders (user_id, note, total)"
    );
    assert_eq!(
        action("((status)::text = ($1)::text) AND ((kind)::text = ($2)::text)"),
        "an index on status, kind: those compared with = first, then one range"
    );
}
