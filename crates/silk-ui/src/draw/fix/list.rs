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

/// Functions that make one value of each row, on any of the databases, sorted. Another one may make
/// one row of all (an aggregate of the app's own), or several of each.
const OF_A_ROW: [&str; 74] = [
    "abs",
    "age",
    "array_length",
    "array_position",
    "ascii",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "coalesce",
    "concat",
    "concat_ws",
    "date",
    "date_format",
    "date_part",
    "date_trunc",
    "datetime",
    "day",
    "encode",
    "extract",
    "floor",
    "format",
    "from_unixtime",
    "greatest",
    "hex",
    "hour",
    "ifnull",
    "iif",
    "initcap",
    "instr",
    "json_array_length",
    "json_build_object",
    "json_extract",
    "json_object",
    "json_unquote",
    "json_valid",
    "jsonb_array_length",
    "jsonb_build_object",
    "julianday",
    "least",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "mod",
    "month",
    "nullif",
    "octet_length",
    "position",
    "printf",
    "replace",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "rtrim",
    "sign",
    "split_part",
    "strftime",
    "substr",
    "substring",
    "to_char",
    "to_json",
    "to_jsonb",
    "trim",
    "typeof",
    "unix_timestamp",
    "upper",
    "year",
];

/// Words after SELECT that are no part of the list.
const BEFORE_LIST: [&str; 4] = ["ALL", "HIGH_PRIORITY", "STRAIGHT_JOIN", "TOP"];

/// How the list of a SELECT contains the column that identifies its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// The column itself: at this place, where no star stands before it.
    WithColumn { at: Option<usize> },
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
                let list = (at + 1..tokens.len())
                    .find(|at| tokens[*at].0 != SqlTokenClass::Space)
                    .filter(|at| !is_before_list(tokens[*at].1))?;
                from = Some(list);
            }
            continue;
        }
        if Some(at) < from {
            continue;
        }
        if depth == 0 && is("FROM") {
            if is_summed && has_subquery {
                return None;
            }
            let several = has_several_tables(&tokens[at..]);
            let place = items
                .iter()
                .position(|item| is_column(item.trim(), column, several));
            let asked = match place {
                _ if is_summed => Asked::Summed,
                Some(place) => Asked::WithColumn {
                    at: (!items[..=place]
                        .iter()
                        .any(|item| item.trim().ends_with('*')))
                    .then_some(place),
                },
                None => Asked::WithoutColumn,
            };
            return Some((from?, asked));
        }
        has_subquery |= is("SELECT");
        let is_called = tokens[at + 1..]
            .iter()
            .find(|(class, _)| *class != SqlTokenClass::Space)
            .is_some_and(|(_, next)| *next == "(");
        let is_one_of = |names: &[&str]| names.iter().any(|name| text.eq_ignore_ascii_case(name));
        if is_called && is_one_of(&SUMS) {
            is_summed = true;
        } else if is_called && *class == SqlTokenClass::Identifier && !is_one_of(&OF_A_ROW) {
            return None;
        }
        match (*text, items.last_mut()) {
            (",", _) if depth == 0 => items.push(String::new()),
            (text, Some(item)) => item.push_str(text),
            (_, None) => {}
        }
    }
    None
}

fn is_before_list(word: &str) -> bool {
    BEFORE_LIST
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
        || word
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("SQL_"))
}

/// Whether several tables stand after FROM.
fn has_several_tables(tokens: &[(SqlTokenClass, &str)]) -> bool {
    let is = |token: &(SqlTokenClass, &str), word: &str| token.1.eq_ignore_ascii_case(word);
    tokens
        .iter()
        .take_while(|token| !is(token, "WHERE"))
        .any(|token| token.1 == "," || is(token, "JOIN"))
}

/// Whether an item of the list is the column, or a star that holds it. With several tables, the
/// star of one is not known to hold a column that is written without its table.
fn is_column(item: &str, column: &str, has_several_tables: bool) -> bool {
    let bare = |name: &str| name.replace(['"', '`', '[', ']'], "").to_ascii_lowercase();
    let (item, column) = (bare(item), bare(column));
    let (item_of, item) = item.rsplit_once('.').unwrap_or(("", &item));
    let (column_of, column) = column.rsplit_once('.').unwrap_or(("", &column));
    if item == "*" {
        return item_of.is_empty()
            || item_of == column_of
            || (column_of.is_empty() && !has_several_tables);
    }
    let is_same_table = item_of.is_empty() || column_of.is_empty() || item_of == column_of;
    is_same_table && item == column
}
