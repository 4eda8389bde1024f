//! A sort with the one table it sorts the rows of, and who asks for how many.

use super::facts::{Facts, kind};
use crate::advice::{self, FirstRows, Listed, SortKey, Style, TableWants, all_sort_keys};
use crate::{PlanFormat, PlanNode, Role};

/// A sort of one table's rows, when only the first are asked for.
pub(super) struct Sorted<'a> {
    pub(super) scan: &'a PlanNode,
    pub(super) keys: Vec<SortKey>,
    /// The keys in words.
    pub(super) order: String,
    pub(super) wants: Option<Wants>,
    /// The node that stops after the first rows, where the plan has one.
    pub(super) limit: Option<&'a PlanNode>,
    /// What the statement asks for, where the plan does not tell.
    pub(super) first: Option<FirstRows>,
    /// Whether all of the table is read, and not what an index finds.
    pub(super) is_whole: bool,
}

/// What is wanted of the table.
pub(super) struct Wants {
    pub(super) table: TableWants,
    /// Whether the table's own name is known, and not only what the query calls it.
    pub(super) is_named: bool,
}

impl<'a> Sorted<'a> {
    pub(super) fn of(facts: &Facts<'a>, sort: &'a PlanNode) -> Option<Self> {
        match facts.plan.format {
            PlanFormat::SqliteRows => Self::of_sqlite(facts, sort),
            _ => Self::of_tree(facts, sort),
        }
    }

    /// SQLite prints a sort beside the tables of its query, the outermost first.
    fn of_sqlite(facts: &Facts<'a>, sort: &'a PlanNode) -> Option<Self> {
        let sorts = |node: &PlanNode| {
            let mut conditions = node.conditions.iter();
            node.node_type == "USE TEMP B-TREE"
                && conditions
                    .any(|condition| condition.kind == "For" && condition.text == "ORDER BY")
        };
        if !sorts(sort) {
            return None;
        }
        let beside = &facts.parent(sort)?.children;
        // Rows that were grouped or made distinct first are no table's rows any more.
        if beside
            .iter()
            .any(|node| node.node_type == "USE TEMP B-TREE" && node.id != sort.id)
        {
            return None;
        }
        let scan = beside.iter().find(|node| {
            matches!(
                node.node_type.as_str(),
                "SCAN" | "SEARCH" | "MULTI-INDEX OR"
            )
        })?;
        let compared = scan.condition("Index Cond");
        let is_whole = scan.node_type == "SCAN" && compared.is_none();
        let is_found = compared.is_some_and(|text| !text.contains(['<', '>']));
        if !is_whole && !is_found {
            return None;
        }
        let (tables, lists) = facts.statement();
        let list = list_of(lists, scan)?;
        let wants = of_table(tables, scan)?;
        let is_alone = list.aliases.len() == 1;
        let is_of_it = list
            .order
            .iter()
            .all(|key| is_of(key, called(scan), is_alone));
        (is_of_it && !list.order.is_empty()).then(|| Self {
            scan,
            order: advice::written(&list.order, Style::of(kind(facts.plan))),
            keys: list.order.clone(),
            wants: Some(Wants {
                table: wants.clone(),
                is_named: true,
            }),
            limit: None,
            first: Some(list.first),
            is_whole,
        })
    }

    /// The others print a sort above what it sorts.
    fn of_tree(facts: &Facts<'a>, sort: &'a PlanNode) -> Option<Self> {
        if !matches!(sort.node_type.as_str(), "Sort" | "Filesort") {
            return None;
        }
        let order = sort.condition("Sort Key")?;
        let order = order.split(", limit input to ").next().unwrap_or(order);
        let style = Style::of(kind(facts.plan));
        let keys = all_sort_keys(order, style)?;
        let scans: Vec<&PlanNode> = sort
            .preorder()
            .filter(|node| reads_table(node) && hands_up(facts, node, sort))
            .collect();
        let is_alone = scans.len() == 1;
        let scan = *scans
            .iter()
            .find(|scan| keys.iter().all(|key| is_of(key, called(scan), is_alone)))?;
        let is_whole = is_whole(scan);
        let (tables, lists) = facts.statement();
        let limit = limit_above(facts, sort);
        let first = list_of(lists, scan).map(|list| list.first);
        if limit.is_none() && sort.detail("r_limit").is_none() && first.is_none() {
            return None;
        }
        let is_postgres = kind(facts.plan) == silk_core::DatabaseKind::Postgres;
        let wants = if is_postgres {
            facts.wants_of(scan).map(|table| (table, true))
        } else {
            match of_table(tables, scan) {
                Some(table) => Some((table.clone(), true)),
                None => Some((TableWants::of(None, called(scan), called(scan)), false)),
            }
        };
        Some(Self {
            scan,
            keys,
            order: order.to_owned(),
            wants: wants.map(|(table, is_named)| Wants { table, is_named }),
            limit,
            first: first.filter(|_| limit.is_none()),
            is_whole,
        })
    }
}

/// What the query calls the table.
fn called(scan: &PlanNode) -> &str {
    scan.alias
        .as_deref()
        .or(scan.relation.as_deref())
        .unwrap_or_default()
}

/// Whether a key is made of the columns of this table only.
fn is_of(key: &SortKey, called: &str, is_alone: bool) -> bool {
    let mut columns = key.expr.columns().peekable();
    columns.peek().is_some()
        && columns.all(|column| match &column.table {
            Some(table) => table.eq_ignore_ascii_case(called),
            None => is_alone,
        })
}

/// The query that orders this table's rows and asks for the first.
fn list_of<'s>(lists: &'s [Listed], scan: &PlanNode) -> Option<&'s Listed> {
    let is_it = |alias: &String| alias.eq_ignore_ascii_case(called(scan));
    let mut found = lists.iter().filter(|list| list.aliases.iter().any(is_it));
    // Of two queries that call a table the same, which one it is is not known.
    found.next().filter(|_| found.next().is_none())
}

fn of_table<'s>(tables: &'s [TableWants], scan: &PlanNode) -> Option<&'s TableWants> {
    let mut found = tables
        .iter()
        .filter(|wants| wants.alias.eq_ignore_ascii_case(called(scan)));
    found.next().filter(|_| found.next().is_none())
}

fn reads_table(node: &PlanNode) -> bool {
    node.relation.is_some()
        && node
            .children
            .iter()
            .all(|child| child.node_type.starts_with("Bitmap"))
        && !matches!(
            node.node_type.as_str(),
            "CTE Scan" | "Function Scan" | "WorkTable Scan" | "Foreign Scan"
        )
}

/// Whether all of the table is read, be it along an index.
fn is_whole(scan: &PlanNode) -> bool {
    let is_full = matches!(
        scan.node_type.as_str(),
        "Seq Scan" | "Table scan" | "Index scan" | "Covering index scan"
    );
    is_full && scan.condition("Index Cond").is_none()
}

/// Whether rows go from here to the sort one by one, so that they keep the order they come in.
fn hands_up(facts: &Facts<'_>, node: &PlanNode, sort: &PlanNode) -> bool {
    const OTHERS: [&str; 14] = [
        "Aggregate",
        "aggregate",
        "Group",
        "Unique",
        "Append",
        "SetOp",
        "Window",
        "window",
        "Limit",
        "emporary",
        "uplicates",
        "Union",
        "Recursive",
        "ProjectSet",
    ];
    let mut path =
        std::iter::once(node.id).chain(facts.ancestors(node.id).take_while(|at| *at != sort.id));
    path.all(|at| {
        let node = facts.nodes[at];
        let kind = node.node_type.as_str();
        !OTHERS.iter().any(|other| kind.contains(other))
            && !matches!(
                node.role,
                Role::SubPlan | Role::InitPlan | Role::Cte | Role::Subquery
            )
            && (kind == "Materialize" || !kind.contains("aterialize"))
            && !kind.contains("dedup")
    })
}

/// The node above a sort that stops after its first rows.
fn limit_above<'a>(facts: &Facts<'a>, sort: &PlanNode) -> Option<&'a PlanNode> {
    let mut role = sort.role;
    for at in facts.ancestors(sort.id) {
        let node = facts.nodes[at];
        let kind = node.node_type.as_str();
        let joins = kind.starts_with("Nested ") && matches!(role, Role::Outer | Role::Member);
        match kind {
            "Limit" | "Limit/Offset" => return Some(node),
            "Gather Merge" | "Result" | "LockRows" | "Subquery Scan" | "Stream results" => {}
            _ if joins => {}
            _ => return None,
        }
        role = node.role;
    }
    None
}
