//! Counts of rows, and the same up to a cap.

use super::{depths, span, words};
use crate::DatabaseKind;

/// A text that only counts rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Whether it counts only some rows of what it reads: WHERE, JOIN, a subquery.
    pub is_of_some: bool,
    /// The same, up to a cap of rows; none if that would count something else (`count(a)` leaves
    /// out where `a` is NULL).
    pub capped: Option<String>,
}

/// Rows up to which a capped count counts.
const CAP: u32 = 1_001;

/// Reads a text that gives one number: how many rows there are. None of counts by group, of
/// different values, of some rows among all (FILTER), and of those that are capped.
#[must_use]
pub fn count(sql: &str, database: DatabaseKind) -> Option<Count> {
    let words = words(sql, database)?;
    let depths = depths(&words);
    let at_top = |at: usize| depths.get(at) == Some(&0);
    if !words.first()?.is_word("SELECT")
        || !words.get(1)?.is_word("count")
        || !words.get(2)?.is_sign("(")
    {
        return None;
    }
    let close = (3..words.len()).find(|at| at_top(*at) && words[*at].is_sign(")"))?;
    let argument = words.get(3..close)?;
    let is_of_rows = match argument {
        [one] => one.is_sign("*") || one.text == "1",
        _ => false,
    };
    if argument.is_empty() || argument.first()?.is_any_word(&["DISTINCT", "CASE"]) {
        return None;
    }
    let from = (close..words.len()).find(|at| at_top(*at) && words[*at].is_word("FROM"))?;
    // `AS n`, `"count!"`, `::int8`, and nothing that is counted or read besides.
    let is_alone = words.get(close + 1..from)?.iter().all(|word| {
        word.is_word("AS")
            || word.is_sign("::")
            || word.is_sign(":")
            || word.is_name()
            || word.is_any_word(&["INT", "INTEGER", "BIGINT"])
    });
    let rest = words.get(from..)?;
    let is_other = (from..words.len()).any(|at| {
        at_top(at)
            && words[at].is_any_word(&[
                "GROUP",
                "HAVING",
                "UNION",
                "INTERSECT",
                "EXCEPT",
                "LIMIT",
                "FETCH",
                "FOR",
                "TABLESAMPLE",
                "WINDOW",
            ])
    });
    let is_call = rest.get(1)?.is_name() && rest.get(2).is_some_and(|word| word.is_sign("("));
    let is_capped = rest.get(1)?.is_sign("(")
        && rest
            .iter()
            .any(|word| word.is_any_word(&["LIMIT", "FETCH"]));
    if !is_alone || is_other || is_call || is_capped {
        return None;
    }
    let is_of_some = rest
        .iter()
        .skip(1)
        .any(|word| word.is_any_word(&["WHERE", "JOIN", "SELECT"]) || word.is_sign(","));
    let text = span(sql, words.get(from)?, words.last()?)?;
    Some(Count {
        is_of_some,
        capped: is_of_rows
            .then(|| format!("SELECT count(*) FROM (SELECT 1 {text} LIMIT {CAP}) AS capped")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Option<Count> {
        count(sql, DatabaseKind::Postgres)
    }

    #[test]
    fn a_count_is_given_a_cap() {
        let all = of("SELECT count(*) FROM event").unwrap();
        assert!(!all.is_of_some);
        assert_eq!(
            all.capped.as_deref(),
            Some("SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1001) AS capped")
        );
        let some = of("SELECT COUNT(1) AS \"n!\" FROM event e WHERE e.kind = $1;").unwrap();
        assert!(some.is_of_some);
        assert_eq!(
            some.capped.as_deref(),
            Some(
                "SELECT count(*) FROM (SELECT 1 FROM event e WHERE e.kind = $1 LIMIT 1001) AS capped"
            )
        );
        assert_eq!(
            of("select count(id)::int8 from event").unwrap().capped,
            None
        );
        let paged = of("SELECT COUNT(*) AS num FROM (SELECT id FROM event) AS sub_query").unwrap();
        assert!(paged.is_of_some && paged.capped.is_some());
    }

    #[test]
    fn other_numbers_are_no_counts() {
        for sql in [
            "SELECT count(*), kind FROM event GROUP BY kind",
            "SELECT count(*) FROM event GROUP BY kind",
            "SELECT count(DISTINCT kind) FROM event",
            "SELECT count(*) FILTER (WHERE a) FROM event",
            "SELECT count(*), pg_sleep(1) FROM event",
            "SELECT count(*) > 0 FROM event",
            "SELECT count(*) FROM (SELECT 1 FROM event LIMIT 1001) AS capped",
            "SELECT count(*) FROM generate_series(1, 10)",
            "SELECT count(*)",
            "SELECT name, (SELECT count(*) FROM event) FROM person",
            "SELECT sum(n) FROM event",
            "SELECT count(*) FROM event; SELECT 1",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
