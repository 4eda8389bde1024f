//! Where a comparison stands: whether a list in its place asks the same for each value.

use silk_core::sql::SqlTokenClass;

use super::Tokens;

/// What follows a comparison's value.
pub(super) struct Value {
    /// Index of the first token after it.
    pub(super) after: usize,
    /// The type it is cast to, of one word: `uuid` of `$1::uuid`.
    pub(super) cast: Option<usize>,
}

/// Whether the name that begins at `name`, compared with the value before `value.after`, is a
/// condition of its own that every row must meet: in WHERE, with nothing but AND beside it.
pub(super) fn is_condition(tokens: &Tokens<'_>, name: usize, value: &Value) -> bool {
    is_first_of_condition(tokens, name) && is_end_of_condition(tokens, value.after)
}

/// The value at `place` with its cast, if it has one.
pub(super) fn value_at(tokens: &Tokens<'_>, place: usize) -> Value {
    let operator = visible(tokens, place + 1);
    let cast = operator
        .filter(|at| tokens[*at].1 == "::")
        .and_then(|at| visible(tokens, at + 1))
        .filter(|at| {
            matches!(
                tokens[*at].0,
                SqlTokenClass::Identifier | SqlTokenClass::Keyword
            )
        });
    Value {
        after: cast.unwrap_or(place) + 1,
        cast,
    }
}

fn is_first_of_condition(tokens: &Tokens<'_>, name: usize) -> bool {
    let mut depth = 0_u32;
    // Of BETWEEN, the AND that belongs to it is still to come.
    let mut betweens = 0_u32;
    let mut is_in_where = false;
    let mut begins = false;
    for (class, text) in &tokens[..name] {
        if *class == SqlTokenClass::Space {
            continue;
        }
        begins = false;
        let word = text.to_ascii_uppercase();
        let is_keyword = *class == SqlTokenClass::Keyword;
        match &*word {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            // A condition within CASE is none of the rows'.
            "CASE" if is_keyword => depth += 1,
            "END" if is_keyword => depth = depth.saturating_sub(1),
            _ if depth > 0 || !is_keyword => {}
            "WHERE" => (is_in_where, betweens, begins) = (true, 0, true),
            "SELECT" | "FROM" | "JOIN" | "ON" | "USING" | "ORDER" | "GROUP" | "HAVING" => {
                is_in_where = false;
            }
            "BETWEEN" => betweens += 1,
            "AND" if betweens > 0 => betweens -= 1,
            "AND" => begins = true,
            _ => {}
        }
    }
    is_in_where && depth == 0 && begins
}

fn is_end_of_condition(tokens: &Tokens<'_>, after: usize) -> bool {
    let Some(at) = visible(tokens, after) else {
        return true;
    };
    let (class, text) = tokens[at];
    match class {
        SqlTokenClass::Keyword => {
            text.eq_ignore_ascii_case("AND") || text.eq_ignore_ascii_case("ORDER")
        }
        _ => text == ";" && visible(tokens, at + 1).is_none(),
    }
}

/// Index of the next token that is no space.
fn visible(tokens: &Tokens<'_>, from: usize) -> Option<usize> {
    (from..tokens.len()).find(|at| tokens[*at].0 != SqlTokenClass::Space)
}
