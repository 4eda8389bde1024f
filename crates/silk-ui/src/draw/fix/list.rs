//! What a SELECT asks for: enough to ask for several values at once.

use silk_core::sql::SqlTokenClass;

/// Functions that make one row of all, on any of the databases.
const SUMS: [&str; 22] = [
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bool_and",
    "bool_or",
    "count",
    "every",
    "group_concat",
    "json_agg",
    "json_arrayagg",
    "json_group_array",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_object_agg",
    "max",
    "min",
    "stddev",
    "string_agg",
    "sum",
    "total",
    "variance",
];

/// How the list of a SELECT contains the column that identifies its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The column itself.
    WithColumn,
    /// Other columns.
    WithoutColumn,
    /// One row of all: counts, sums.
    Summed,
}

/// Index of the first token of the list, and what it has of `column`; `None` if that is uncertain.
pub(super) fn asked(tokens: &[(SqlTokenClass, &str)], column: &str) -> Option<(usize, Asked)> {
    let mut depth = 0_i32;
    let mut from = None;
    let mut items = vec![String::new()];
    let mut is_summed = false;
    let mut has_subquery = false;
    for (at, (class, text)) in tokens.iter().enumerate() {
        let is = |word: &str| *class == SqlTokenClass::Keyword && text.eq_ignore_ascii_case(word);
        match *text {
            "(" => depth += 1,
            ")" => depth -= 1,
            _ => {}
        }
        if from.is_none() {
            if depth == 0 && is("SELECT") {
                // The space after it is not the list's.
                from = Some(at + 2);
            }
            continue;
        }
        if depth == 0 && is("FROM") {
            if is_summed && has_subquery {
                return None;
            }
            let asked = if is_summed {
                Asked::Summed
            } else if items.iter().any(|item| is_column(item.trim(), column)) {
                Asked::WithColumn
            } else {
                Asked::WithoutColumn
            };
            return Some((from?, asked));
        }
        has_subquery |= is("SELECT");
        let is_called = tokens[at + 1..]
            .iter()
            .find(|(class, _)| *class != SqlTokenClass::Space)
            .is_some_and(|(_, next)| *next == "(");
        is_summed |= is_called && SUMS.iter().any(|sum| text.eq_ignore_ascii_case(sum));
        match (*text, items.last_mut()) {
            (",", _) if depth == 0 => items.push(String::new()),
            (text, Some(item)) => item.push_str(text),
            (_, None) => {}
        }
    }
    None
}

/// Whether an item of the list is the column, or a star that holds it.
fn is_column(item: &str, column: &str) -> bool {
    let bare = |name: &str| name.replace(['"', '`', '[', ']'], "").to_ascii_lowercase();
    let (item, column) = (bare(item), bare(column));
    let (item_of, item) = item.rsplit_once('.').unwrap_or(("", &item));
    let (column_of, column) = column.rsplit_once('.').unwrap_or(("", &column));
    let is_same_table = item_of.is_empty() || column_of.is_empty() || item_of == column_of;
    is_same_table && (item == "*" || item == column)
}
