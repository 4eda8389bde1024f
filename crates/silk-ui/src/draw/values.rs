//! Bound values beside their placeholders, and put back into the SQL.

use silk_core::{
    CapturedBy, DatabaseKind, QueryRecord, Value, ValueState,
    sql::{self, SqlTokenClass},
    value::{render, to_sql_literal},
};

use super::format::{bytes, cut, one_line};

/// Values on a page.
const MAX_VALUES: usize = 200;
/// More SQL than this is nobody's to paste.
const MAX_RUNNABLE: usize = 64_000;

/// A value as a row of a table.
pub(crate) struct ValueRow {
    pub(crate) placeholder: String,
    pub(crate) type_name: String,
    pub(crate) text: String,
    pub(crate) note: String,
    pub(crate) is_quiet: bool,
}

/// The values of a query, and how many there are beyond those shown.
pub(crate) fn rows(query: &QueryRecord, text: &str, kind: DatabaseKind) -> (Vec<ValueRow>, usize) {
    let values = query.values.as_deref().unwrap_or_default();
    let numbered = sql::highlight(text, kind)
        .into_iter()
        .find(|(class, _)| *class == SqlTokenClass::Placeholder)
        .and_then(|(_, name)| {
            let sign = name.chars().next()?;
            name[sign.len_utf8()..].parse::<u32>().ok().map(|_| sign)
        });
    let rows = values
        .iter()
        .take(MAX_VALUES)
        .enumerate()
        .map(|(at, value)| {
            let number = at + 1;
            let placeholder = match numbered {
                Some(sign) => format!("{sign}{number}"),
                // Plain question marks are identified by position.
                None => format!("? {number}"),
            };
            row(placeholder, value, kind)
        })
        .collect();
    (rows, values.len().saturating_sub(MAX_VALUES))
}

fn row(placeholder: String, value: &Value, kind: DatabaseKind) -> ValueRow {
    let (text, note) = match &value.state {
        ValueState::Null => ("NULL".to_owned(), String::new()),
        ValueState::Bytes(_) => (cut(&render(value, kind), 2_000), String::new()),
        ValueState::Truncated { total_bytes, .. } => (
            cut(&render(value, kind), 2_000),
            format!("only the beginning of {} was kept", bytes(*total_bytes)),
        ),
        ValueState::Redacted => (
            "redacted".to_owned(),
            "it is bound to a column of a sensitive name; nothing of it is kept. Where that is a \
             mistake: .not_sensitive(\"name\") on the builder"
                .to_owned(),
        ),
        ValueState::Unavailable => (
            "not readable".to_owned(),
            "the driver did not give it away".to_owned(),
        ),
    };
    let is_quiet = !matches!(
        value.state,
        ValueState::Bytes(_) | ValueState::Truncated { .. }
    );
    ValueRow {
        placeholder,
        type_name: one_line(&value.type_name, 60),
        text,
        note,
        is_quiet,
    }
}

/// Why there are no values where there might have been; a query without any needs no reason.
pub(crate) const fn why_none(query: &QueryRecord) -> Option<&'static str> {
    match (&query.values, query.captured_by) {
        (Some(_), _) => None,
        (None, CapturedBy::Layer) => Some(
            "The tracing layer sees no values. Wrap the pool to have them: let pool = silk.pool(pool);",
        ),
        (None, CapturedBy::Pool) => Some("Values are switched off on the builder."),
    }
}

/// The SQL with its values in place of the placeholders, to be pasted into the database's shell;
/// `None` if a value is not known, or the placeholders are not plainly numbered or counted.
pub(crate) fn runnable(query: &QueryRecord, text: &str, kind: DatabaseKind) -> Option<String> {
    let values = query
        .values
        .as_deref()
        .filter(|values| !values.is_empty())?;
    if text.len() > MAX_RUNNABLE {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut counted = 0;
    for (class, token) in sql::highlight(text, kind) {
        if class != SqlTokenClass::Placeholder {
            out.push_str(token);
            continue;
        }
        let at = if token == "?" {
            counted += 1;
            counted
        } else {
            token.get(1..)?.parse::<usize>().ok()?
        };
        out.push_str(&to_sql_literal(values.get(at.checked_sub(1)?)?, kind)?);
        if out.len() > MAX_RUNNABLE {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(states: Vec<(&'static str, ValueState)>) -> QueryRecord {
        crate::fixtures::query(1, states)
    }

    fn text(text: &str) -> (&'static str, ValueState) {
        ("TEXT", ValueState::Bytes(text.as_bytes().to_vec()))
    }

    #[test]
    fn values_stand_where_their_placeholders_stood() {
        let two = query(vec![text("it's"), ("INTEGER", ValueState::Null)]);
        for (sql, runnable_sql, first) in [
            (
                "a = ? AND b = ? -- ?",
                "a = 'it''s' AND b = NULL -- ?",
                "? 1",
            ),
            (
                "a = $2 AND b = $1 AND c = '$1'",
                "a = NULL AND b = 'it''s' AND c = '$1'",
                "$1",
            ),
            ("a = ?2", "a = NULL", "?1"),
        ] {
            assert_eq!(
                runnable(&two, sql, DatabaseKind::Sqlite).as_deref(),
                Some(runnable_sql)
            );
            let (rows, more) = rows(&two, sql, DatabaseKind::Sqlite);
            assert_eq!((&*rows[0].placeholder, more), (first, 0), "{sql}");
        }
    }

    #[test]
    fn nothing_is_made_up() {
        let hidden = query(vec![("TEXT", ValueState::Redacted)]);
        assert_eq!(runnable(&hidden, "a = ?", DatabaseKind::Sqlite), None);
        let one = query(vec![text("x")]);
        for sql in ["a = ? AND b = ?", "a = $0", "a = :name"] {
            assert_eq!(runnable(&one, sql, DatabaseKind::Sqlite), None, "{sql}");
        }
    }
}
