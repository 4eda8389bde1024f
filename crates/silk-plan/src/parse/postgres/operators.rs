//! Names of operators: they show that a line without numbers is a node's.

/// Words a node's line starts with, for plans without any numbers (COSTS OFF).
const OPERATORS: [&str; 42] = [
    "Aggregate",
    "Append",
    "Async ",
    "Bitmap ",
    "BitmapAnd",
    "BitmapOr",
    "CTE Scan",
    "Custom Scan",
    "Delete",
    "Finalize ",
    "Foreign ",
    "Function Scan",
    "Gather",
    "Group",
    "GroupAggregate",
    "Hash",
    "HashAggregate",
    "HashSetOp",
    "Incremental Sort",
    "Index ",
    "Insert",
    "Limit",
    "LockRows",
    "Materialize",
    "Memoize",
    "Merge",
    "MixedAggregate",
    "Named Tuplestore Scan",
    "Nested Loop",
    "Parallel ",
    "Partial ",
    "ProjectSet",
    "Recursive Union",
    "Result",
    "Sample Scan",
    "Seq Scan",
    "SetOp",
    "Sort",
    "Subquery Scan",
    "Table Function Scan",
    "Tid ",
    "Unique",
];
/// The rest of [`OPERATORS`].
const MORE_OPERATORS: [&str; 5] = [
    "Update",
    "Values Scan",
    "WindowAgg",
    "WorkTable Scan",
    "ModifyTable",
];

/// Whether the words are an operator.
pub(super) fn is_operator(words: &str) -> bool {
    OPERATORS.iter().chain(&MORE_OPERATORS).any(|operator| {
        words.strip_prefix(operator).is_some_and(|rest| {
            operator.ends_with(' ') || rest.is_empty() || rest.starts_with([' ', '('])
        })
    })
}
