//! No plan is too deep for a stack: what is read is refused in time, what is built is walked.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use silk_plan::{Children, JudgeContext, MAX_DEPTH, Plan, PlanError, PlanNode, advice, findings};

const DEEP: usize = 50_000;
/// A sixteenth of what threads have by default.
const SMALL_STACK: usize = 128 * 1024;

/// Runs on a thread with little stack; an overflow ends the whole test run.
fn on_small_stack(stack: usize, run: impl FnOnce() + Send + 'static) {
    thread::Builder::new()
        .stack_size(stack)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

fn repeated(depth: usize, open: &str, inner: &str, close: &str) -> String {
    format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
}

/// Lines that are each set off one step more than the one above.
fn stairs(depth: usize, first: &str, line: &str) -> String {
    (1..depth).fold(format!("{first}\n"), |mut text, level| {
        text.push_str(&" ".repeat(level));
        text.push_str(line);
        text.push('\n');
        text
    })
}

const NUMBERS: &str =
    "(cost=0.00..1000.00 rows=9 width=4) (actual time=0.100..50.000 rows=9 loops=1)";

fn inputs(depth: usize) -> Vec<(&'static str, String)> {
    // Each level of a drawing is set off by its depth: a deep one would not fit into memory.
    let drawn = depth.min(2_000);
    vec![
        (
            "PostgreSQL's JSON",
            format!(
                "[{{\"Plan\": {}}}]",
                repeated(
                    depth - 1,
                    "{\"Node Type\": \"Sort\", \"Total Cost\": 1000, \"Plan Rows\": 9, \"Actual Total Time\": 50, \"Actual Rows\": 9, \"Actual Loops\": 1, \"Plans\": [",
                    "{\"Node Type\": \"Result\"}",
                    "]}"
                )
            ),
        ),
        (
            "PostgreSQL's text",
            stairs(
                drawn,
                &format!("Sort  {NUMBERS}"),
                &format!("->  Sort  {NUMBERS}"),
            ),
        ),
        (
            "MySQL's JSON",
            format!(
                "{{\"query_block\": {}}}",
                repeated(
                    depth - 1,
                    "{\"ordering_operation\": ",
                    "{\"select_id\": 1}",
                    "}"
                )
            ),
        ),
        (
            "MySQL's JSON of the iterators",
            repeated(
                depth - 1,
                "{\"operation\": \"Sort: a\", \"access_type\": \"sort\", \"inputs\": [",
                "{\"operation\": \"Table scan on t\", \"access_type\": \"table\"}",
                "]}",
            ),
        ),
        (
            "MySQL's tree",
            stairs(
                drawn,
                "-> Sort: a  (cost=1 rows=1)",
                "-> Sort: a  (cost=1 rows=1)",
            ),
        ),
        (
            "SQLite's rows",
            (1..depth).fold("1|0|SCAN t\n".to_owned(), |text, at| {
                text + &format!("{}|{at}|SCAN t\n", at + 1)
            }),
        ),
        ("SQLite's drawing", stairs(drawn, "`--SCAN t", "`--SCAN t")),
    ]
}

#[test]
fn what_is_read_too_deep_is_refused() {
    for (name, text) in inputs(DEEP) {
        on_small_stack(SMALL_STACK, move || {
            assert_eq!(
                Plan::detect_and_parse(&text),
                Err(PlanError::TooDeep),
                "{name}"
            );
        });
    }
    // Brackets that are no plan at all.
    for mark in ["[", "{\"a\":", "(", "->", "[{\"Plan\":"] {
        on_small_stack(SMALL_STACK, move || {
            assert!(
                Plan::detect_and_parse(&mark.repeat(DEEP)).is_err(),
                "{mark}"
            );
        });
    }
}

/// All that is done with a plan, on the depth that is still read.
#[test]
fn what_is_read_can_be_used() {
    // SQLite's lie below a node of ours.
    for (name, text) in inputs(MAX_DEPTH - 1) {
        on_small_stack(SMALL_STACK, move || {
            let plan = Plan::detect_and_parse(&text).unwrap();
            assert!(plan.nodes().count() >= MAX_DEPTH - 1, "{name}");
            use_without_recursion(&plan);
        });
    }
}

/// Serde's own recursion, of a depth that is bounded, on a stack as threads have it.
#[test]
fn what_is_read_can_be_serialised() {
    for (name, text) in inputs(MAX_DEPTH - 1) {
        on_small_stack(2 * 1024 * 1024, move || {
            let plan = Plan::detect_and_parse(&text).unwrap();
            let json = serde_json::to_string(&plan).unwrap();
            assert!(json.len() > MAX_DEPTH * 100, "{name}");
        });
    }
}

fn use_without_recursion(plan: &Plan) {
    let copy = plan.clone();
    assert!(*plan == copy);
    let mut other = plan.clone();
    other.root.relation = Some("elsewhere".to_owned());
    assert!(*plan != other);
    let mut context = JudgeContext::default();
    context.is_top_statement = true;
    let _ = findings::judge(plan, &context);
    let _ = advice::wants_of_any(plan);
    assert!(plan.node(plan.nodes().count() - 1).is_some());
}

#[test]
fn what_is_built_deeper_is_walked() {
    for analyzed in [true, false] {
        on_small_stack(SMALL_STACK, move || {
            let mut plan = Plan::detect_and_parse(&format!("Result  {NUMBERS}\n")).unwrap();
            plan.analyzed = analyzed;
            let mut root = PlanNode::default();
            for at in (0..DEEP).rev() {
                root = PlanNode {
                    id: at,
                    node_type: "Nested Loop".to_owned(),
                    estimate: plan.root.estimate,
                    actual: plan.root.actual,
                    derived: plan.root.derived.clone(),
                    children: if at + 1 < DEEP {
                        Children::from(vec![root])
                    } else {
                        Children::default()
                    },
                    ..PlanNode::default()
                };
            }
            plan.root = root;
            use_without_recursion(&plan);
        });
    }
}

#[test]
fn children_are_equal_in_order_only() {
    let tree = |names: &[&str]| -> PlanNode {
        PlanNode {
            children: names
                .iter()
                .map(|name| PlanNode {
                    node_type: (*name).to_owned(),
                    children: Children::from(vec![PlanNode::default(); 2]),
                    ..PlanNode::default()
                })
                .collect(),
            ..PlanNode::default()
        }
    };
    let one = tree(&["a", "b"]);
    assert_eq!(one, one.clone());
    assert_ne!(one, tree(&["b", "a"]));
    assert_ne!(one, tree(&["a"]));
    let names: Vec<String> = one
        .clone()
        .children
        .into_iter()
        .map(|child| child.node_type)
        .collect();
    assert_eq!(names, ["a", "b"]);
}
