//! What a repeated statement could be instead: one query for all of its values, and the Rust
//! around it.

mod clause;
mod list;
mod proof;
mod rust;

use silk_core::{
    DatabaseKind, Fingerprint, QueryRecord, RequestRecord, SqlText, Value,
    sql::{self, SqlTokenClass},
};

pub(crate) use self::proof::{NoProof, proof_request};
use self::{
    clause::{is_condition, value_at},
    list::{Asked, asked},
    rust::{Loop, rust},
};

/// Texts of one statement that are compared; more differ by more than a comment.
const MAX_TEXTS: usize = 200;

/// One query in place of many.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fix {
    /// The statement rewritten.
    pub(crate) sql: String,
    /// How to send it, and what to do with its rows.
    pub(crate) rust: String,
    /// The column that says which value a row belongs to.
    pub(crate) column: String,
}

/// One query in place of a repeated one, and the Rust that sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneQuery {
    /// The query rewritten, for all values at once.
    pub sql: String,
    /// How to send it, and how to give each caller its rows.
    pub rust: String,
}

/// The query to run in place of all executions of a statement in a request; none if a rewrite is
/// not certain to give the same rows.
#[must_use]
pub fn one_query(record: &RequestRecord, statement: Fingerprint) -> Option<OneQuery> {
    let Fix { sql, rust, .. } = fix(record, &executions(record, statement))?;
    Some(OneQuery { sql, rust })
}

/// Executions of a statement that were kept.
pub(crate) fn executions(record: &RequestRecord, statement: Fingerprint) -> Vec<&QueryRecord> {
    let is_of_it = |query: &&QueryRecord| {
        let text = usize::try_from(query.text).ok();
        let text = text.and_then(|text| record.detail.texts.get(text));
        text.is_some_and(|text| text.statement.fingerprint == statement)
    };
    record.detail.queries.iter().filter(is_of_it).collect()
}

type Tokens<'a> = [(SqlTokenClass, &'a str)];

/// Keywords of a statement whose answers for many values at once are not those for each, within
/// parentheses too.
const CHANGES_ANSWER: [&str; 13] = [
    "LIMIT",
    "FETCH",
    "OFFSET",
    "GROUP",
    "HAVING",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "FOR",
    // LOCK IN SHARE MODE.
    "LOCK",
    // SELECT … INTO a table or a variable.
    "INTO",
    // Rows alike for two values would become one.
    "DISTINCT",
    "OVER",
];

/// What joins conditions so that a row need not meet each of them.
const ALTERNATIVES: [&str; 3] = ["OR", "XOR", "||"];

/// The rewritten statement, if the rewrite is certain to be right: a SELECT that compares a column
/// with the one value that varies, by `=`, as a condition of its own in WHERE, without a limit or
/// groups. All executions must have one text, comments aside.
///
/// The column is selected too, so that each row says which value it belongs to; counts and sums are
/// grouped by it.
pub(crate) fn fix(record: &RequestRecord, queries: &[&QueryRecord]) -> Option<Fix> {
    let Rewrite {
        kind,
        tokens,
        compared,
    } = rewrite(record, queries)?;
    let (head, tail, asked) = around(&tokens, &compared, &written)?;
    let list = match kind {
        DatabaseKind::Postgres => array(&tokens, &compared),
        _ => "IN (?, ?, …)".to_owned(),
    };
    let rewritten = format!("{head}{list}{tail}");
    let first = queries.first()?;
    let key = first
        .values
        .as_ref()
        .and_then(|values| values.get(compared.varied));
    Some(Fix {
        rust: rust(&Loop {
            kind,
            sql: &rewritten,
            head: &head,
            tail: &tail,
            column: &compared.column,
            key_type: key.map_or("", |value| &value.type_name),
            has_others: compared.has_others,
            has_many_rows: queries.iter().any(|query| query.rows_returned > 1),
            is_summed: asked == Asked::Summed,
        }),
        sql: rewritten,
        column: compared.column,
    })
}

/// A statement that can be rewritten.
struct Rewrite<'r> {
    kind: DatabaseKind,
    tokens: Vec<(SqlTokenClass, &'r str)>,
    compared: Compared,
}

/// What [`fix`] rewrites.
fn rewrite<'r>(record: &'r RequestRecord, queries: &[&QueryRecord]) -> Option<Rewrite<'r>> {
    let first = queries.first()?;
    let text = record.detail.texts.get(usize::try_from(first.text).ok()?)?;
    let kind = text.database.kind;
    if text.statement.command != "SELECT" || text.is_redacted {
        return None;
    }
    let tokens = tokens_of(text);
    if CHANGES_ANSWER.iter().any(|word| has_word(&tokens, word))
        || has_alternatives(&tokens)
        || !is_one_text(record, queries, &tokens)
    {
        return None;
    }
    let compared = compared(&tokens, queries)?;
    (kind == DatabaseKind::Postgres || compared.cast.is_none()).then_some(Rewrite {
        kind,
        tokens,
        compared,
    })
}

/// The comparison with an array in place of one value.
fn array(tokens: &Tokens<'_>, compared: &Compared) -> String {
    let cast = compared.cast.map(|at| format!("::{}[]", tokens[at].1));
    let place = tokens[compared.place].1;
    format!("= ANY({place}{})", cast.unwrap_or_default())
}

/// Tokens as they were written.
fn written(tokens: &Tokens<'_>) -> String {
    tokens.iter().map(|(_, text)| *text).collect()
}

fn tokens_of(text: &SqlText) -> Vec<(SqlTokenClass, &str)> {
    sql::highlight(&text.text, text.database.kind)
        .into_iter()
        .filter(|(class, _)| *class != SqlTokenClass::Comment)
        .collect()
}

/// Whether all executions ran this text on this database: a statement's texts may differ in their
/// literals, and one query has but one of each.
fn is_one_text(record: &RequestRecord, queries: &[&QueryRecord], tokens: &Tokens<'_>) -> bool {
    let mut indices: Vec<u32> = queries.iter().map(|query| query.text).collect();
    indices.sort_unstable();
    indices.dedup();
    let mut texts = indices
        .iter()
        .map(|at| record.detail.texts.get(usize::try_from(*at).ok()?));
    let Some(Some(first)) = texts.next() else {
        return false;
    };
    indices.len() <= MAX_TEXTS
        && !first.is_redacted
        && is_same(&tokens_of(first), tokens)
        && texts.all(|text| {
            text.is_some_and(|text| {
                text.database == first.database
                    && !text.is_redacted
                    && is_same(&tokens_of(text), tokens)
            })
        })
}

/// Whether two texts say the same, spaces aside.
fn is_same(one: &Tokens<'_>, other: &Tokens<'_>) -> bool {
    let said = |tokens: &Tokens<'_>| -> Vec<String> {
        tokens
            .iter()
            .filter(|(class, _)| *class != SqlTokenClass::Space)
            .map(|(_, text)| (*text).to_owned())
            .collect()
    };
    said(one) == said(other)
}

fn has_word(tokens: &Tokens<'_>, word: &str) -> bool {
    tokens.iter().any(|(class, text)| {
        matches!(class, SqlTokenClass::Keyword | SqlTokenClass::Identifier)
            && text.eq_ignore_ascii_case(word)
    })
}

/// Whether conditions outside of parentheses are alternatives. `||` is one on MySQL; where it joins
/// texts, nothing is said either.
fn has_alternatives(tokens: &Tokens<'_>) -> bool {
    let mut depth = 0_u32;
    let from = tokens.iter().position(|(class, text)| {
        *class == SqlTokenClass::Keyword && text.eq_ignore_ascii_case("FROM")
    });
    tokens[from.unwrap_or(0)..].iter().any(|(_, text)| {
        match *text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
            && ALTERNATIVES
                .iter()
                .any(|word| text.eq_ignore_ascii_case(word))
    })
}

/// The comparison with the value that varies.
struct Compared {
    /// Index of the value that varies.
    varied: usize,
    /// Index of its placeholder among the tokens.
    place: usize,
    /// Index of the type that the value is cast to.
    cast: Option<usize>,
    /// Index of the first token after the value.
    after: usize,
    /// Index of the `=`.
    operator: usize,
    /// The column, with its table where it is written so.
    column: String,
    /// Whether other values are bound too.
    has_others: bool,
}

/// Finds the comparison: `column = placeholder`, a condition of its own in WHERE.
fn compared(tokens: &Tokens<'_>, queries: &[&QueryRecord]) -> Option<Compared> {
    let first = queries.first()?;
    let places: Vec<usize> = (0..tokens.len())
        .filter(|at| tokens[*at].0 == SqlTokenClass::Placeholder)
        .collect();
    let varied = match varied(queries) {
        Some(at) => at,
        None if places.len() == 1 => 0,
        None => return None,
    };
    // With a name or number used twice, places and values do not go together one by one.
    let values = first.values.as_ref();
    if values.is_some_and(|values| values.len() != places.len()) {
        return None;
    }
    // `$2` may stand before `$1`; a plain `?` counts by its place.
    let named = |at: &&usize| tokens[**at].1.get(1..) == Some(&*(varied + 1).to_string());
    let place = *places.iter().find(named).or_else(|| places.get(varied))?;
    let (operator, column_at) = before(tokens, place)?;
    let (column_class, column) = tokens[column_at];
    if tokens[operator].1 != "=" || column_class != SqlTokenClass::Identifier {
        return None;
    }
    let value = value_at(tokens, place);
    let qualified = qualified(tokens, column_at);
    let begins_at = if qualified.is_some() {
        column_at.checked_sub(2)?
    } else {
        column_at
    };
    if !is_condition(tokens, begins_at, &value) {
        return None;
    }
    Some(Compared {
        varied,
        place,
        cast: value.cast,
        after: value.after,
        operator,
        column: qualified.unwrap_or_else(|| column.to_owned()),
        has_others: places.len() > 1,
    })
}

/// The rewritten statement before and after the list of values, and what it asks for; `of` writes
/// what stays.
fn around(
    tokens: &Tokens<'_>,
    compared: &Compared,
    of: &dyn Fn(&Tokens<'_>) -> String,
) -> Option<(String, String, Asked)> {
    let column = &compared.column;
    let (from, asked) = asked(tokens, column)?;
    let mut head = of(&tokens[..from]);
    let is_with_column = matches!(asked, Asked::WithColumn { .. });
    if !is_with_column {
        head.push_str(column);
        head.push_str(", ");
    }
    head.push_str(&of(&tokens[from..compared.operator]));
    let mut tail = of(&tokens[compared.after..]);
    if !is_with_column && is_ordered_by_number(&tokens[compared.after..]) {
        return None;
    }
    if asked == Asked::Summed {
        if has_word(tokens, "ORDER") || tail.trim_end().ends_with(';') {
            return None;
        }
        tail = format!("{} GROUP BY {column}", tail.trim_end());
    }
    Some((head, tail, asked))
}

/// Whether rows are ordered by the number of a column: with one more in front, of another.
fn is_ordered_by_number(tail: &Tokens<'_>) -> bool {
    tail.iter()
        .skip_while(|(_, text)| !text.eq_ignore_ascii_case("ORDER"))
        .any(|(class, _)| *class == SqlTokenClass::Number)
}

/// The name with its table, where it stands with one.
fn qualified(tokens: &[(SqlTokenClass, &str)], column_at: usize) -> Option<String> {
    let table = column_at.checked_sub(2)?;
    let is_named = tokens[table + 1].1 == "." && tokens[table].0 == SqlTokenClass::Identifier;
    is_named.then(|| format!("{}.{}", tokens[table].1, tokens[column_at].1))
}

/// Index of the operator before a placeholder, and of the name before that.
fn before(tokens: &[(SqlTokenClass, &str)], place: usize) -> Option<(usize, usize)> {
    let mut visible = (0..place)
        .rev()
        .filter(|at| tokens[*at].0 != SqlTokenClass::Space);
    Some((visible.next()?, visible.next()?))
}

/// Which of the bound values varies, where it is exactly one.
fn varied(queries: &[&QueryRecord]) -> Option<usize> {
    let all: Vec<&[Value]> = queries
        .iter()
        .map(|query| query.values.as_deref())
        .collect::<Option<_>>()?;
    let first = *all.first()?;
    let mut varied = (0..first.len()).filter(|at| {
        all.iter()
            .any(|values| values.get(*at).map(|v| &v.state) != first.get(*at).map(|v| &v.state))
    });
    let only = varied.next()?;
    varied.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests;
