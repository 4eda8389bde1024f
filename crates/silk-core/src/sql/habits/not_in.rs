//! NOT IN with a subquery, and the same by NOT EXISTS.

use super::{depths, in_condition, name_end, name_start, span, words};
use crate::{DatabaseKind, sql::lexer::Lexeme};

/// A condition that asks whether a value is in no row of a subquery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotIn<'a> {
    /// The condition as it stands in the text.
    pub text: &'a str,
    /// The same as an anti-join; none if the text does not say which tables its names are of.
    pub not_exists: Option<String>,
}

/// The first `NOT IN (SELECT …)` or `<> ALL (SELECT …)` of a condition.
#[must_use]
pub fn not_in(sql: &str, database: DatabaseKind) -> Option<NotIn<'_>> {
    let words = words(sql, database)?;
    let conditions = in_condition(&words);
    let depths = depths(&words);
    let operator = words.windows(4).position(|four| {
        let [first, second, open, query] = four else {
            return false;
        };
        let is_operator = (first.is_word("NOT") && second.is_word("IN"))
            || ((first.is_sign("<>") || first.is_sign("!=")) && second.is_word("ALL"));
        is_operator && open.is_sign("(") && query.is_word("SELECT")
    })?;
    if !conditions.get(operator).copied().unwrap_or(false) {
        return None;
    }
    let open = operator + 2;
    let depth = depths.get(open)?;
    let close = (open + 1..words.len())
        .find(|at| words[*at].is_sign(")") && depths.get(*at) == Some(depth))?;
    let column = operator
        .checked_sub(1)
        .and_then(|end| name_start(&words, end));
    let start = column.unwrap_or(operator);
    let inner = words.get(open + 1..close)?;
    let not_exists = column.and_then(|column| {
        let outer = qualified(sql, &words, &depths, column, operator - 1)?;
        anti_join(sql, inner, &outer)
    });
    Some(NotIn {
        text: span(sql, words.get(start)?, words.get(close)?)?,
        not_exists,
    })
}

/// The column before the operator, with its table: that of the query, where it reads but one.
fn qualified(
    sql: &str,
    words: &[Lexeme<'_>],
    depths: &[usize],
    start: usize,
    end: usize,
) -> Option<String> {
    let text = span(sql, words.get(start)?, words.get(end)?)?;
    if start < end {
        return Some(text.to_owned());
    }
    // Only of the outermost query: the first FROM outside of parentheses.
    if depths.get(start) != Some(&0) {
        return None;
    }
    let from = (0..start).find(|at| depths.get(*at) == Some(&0) && words[*at].is_word("FROM"))?;
    let table = source(sql, words.get(from + 1..start)?)?;
    Some(format!("{table}.{text}"))
}

/// What columns of the only table of a FROM are qualified by: its alias, else its name.
fn source(sql: &str, words: &[Lexeme<'_>]) -> Option<String> {
    let end = name_end(words, 0)?;
    let table = span(sql, words.first()?, words.get(end)?)?;
    let mut at = end + 1;
    if words.get(at).is_some_and(|word| word.is_word("AS")) {
        at += 1;
    }
    match words.get(at) {
        Some(alias) if alias.is_name() => {
            let next = words.get(at + 1);
            next.is_none_or(|next| next.is_word("WHERE"))
                .then(|| alias.text.to_owned())
        }
        Some(next) if next.is_word("WHERE") => Some(table.to_owned()),
        None => Some(table.to_owned()),
        Some(_) => None,
    }
}

/// `NOT EXISTS (SELECT 1 FROM u WHERE u.b = t.a AND …)` of `SELECT b FROM u WHERE …`.
fn anti_join(sql: &str, inner: &[Lexeme<'_>], outer: &str) -> Option<String> {
    let end = name_end(inner, 1)?;
    let from = inner.get(end + 1).filter(|word| word.is_word("FROM"))?;
    let depths = depths(inner);
    let is_other = inner.iter().zip(&depths).any(|(word, depth)| {
        *depth == 0
            && word.is_any_word(&[
                "GROUP",
                "HAVING",
                "UNION",
                "INTERSECT",
                "EXCEPT",
                "LIMIT",
                "ORDER",
                "FETCH",
                "OFFSET",
                "FOR",
                "WINDOW",
            ])
    });
    if is_other {
        return None;
    }
    let rest = inner.get(end + 2..)?;
    let table = source(sql, rest)?;
    if outer.split('.').next() == Some(&*table) {
        return None;
    }
    let column = span(sql, inner.get(1)?, inner.get(end)?)?;
    let column = if end > 1 {
        column.to_owned()
    } else {
        format!("{table}.{column}")
    };
    let filter = inner
        .iter()
        .zip(&depths)
        .position(|(word, depth)| *depth == 0 && word.is_word("WHERE"));
    let (sources, condition) = match filter {
        Some(at) => (
            span(sql, from, inner.get(at - 1)?)?,
            Some(span(sql, inner.get(at + 1)?, inner.last()?)?),
        ),
        None => (span(sql, from, inner.last()?)?, None),
    };
    let condition = condition.map_or_else(String::new, |text| {
        let has_or = inner
            .iter()
            .zip(&depths)
            .any(|(word, depth)| *depth == 0 && word.is_word("OR"));
        if has_or {
            format!(" AND ({text})")
        } else {
            format!(" AND {text}")
        }
    });
    Some(format!(
        "NOT EXISTS (SELECT 1 {sources} WHERE {column} = {outer}{condition})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exists(sql: &str) -> Option<String> {
        not_in(sql, DatabaseKind::Postgres)?.not_exists
    }

    #[test]
    fn not_in_becomes_not_exists_where_names_are_known() {
        for (sql, expected) in [
            (
                "SELECT id FROM account WHERE id NOT IN (SELECT account_id FROM blocked)",
                "NOT EXISTS (SELECT 1 FROM blocked WHERE blocked.account_id = account.id)",
            ),
            (
                "SELECT a.id FROM account AS a WHERE x = $1 AND a.id NOT IN (SELECT b.account_id FROM blocked b WHERE b.at > $2) ORDER BY 1",
                "NOT EXISTS (SELECT 1 FROM blocked b WHERE b.account_id = a.id AND b.at > $2)",
            ),
            (
                "DELETE FROM tag WHERE id <> ALL (SELECT tag_id FROM used WHERE a OR b)",
                "NOT EXISTS (SELECT 1 FROM used WHERE used.tag_id = tag.id AND (a OR b))",
            ),
        ] {
            assert_eq!(exists(sql).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_written() {
        for sql in [
            "SELECT id FROM account, other WHERE id NOT IN (SELECT account_id FROM blocked)",
            "SELECT id FROM account WHERE lower(id) NOT IN (SELECT account_id FROM blocked)",
            "SELECT id FROM account WHERE id NOT IN (SELECT max(id) FROM blocked GROUP BY a)",
            "SELECT id FROM account WHERE id NOT IN (SELECT parent FROM account)",
        ] {
            let found = not_in(sql, DatabaseKind::Postgres).unwrap();
            assert_eq!(found.not_exists, None, "{sql}");
        }
        for sql in [
            "SELECT id FROM account WHERE id NOT IN ($1, $2)",
            "SELECT id FROM account WHERE id IN (SELECT account_id FROM blocked)",
            "SELECT id NOT IN (SELECT account_id FROM blocked) FROM account",
            "SELECT id FROM account WHERE NOT EXISTS (SELECT 1 FROM blocked)",
        ] {
            assert_eq!(not_in(sql, DatabaseKind::Postgres), None, "{sql}");
        }
    }
}
