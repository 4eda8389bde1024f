//! Pages by OFFSET, written as pages by key.

use super::{depths, name_end, span, words};
use crate::{
    DatabaseKind,
    sql::lexer::{Kind, Lexeme},
};

/// A column that a text is sorted by.
struct Key<'a> {
    column: &'a str,
    is_descending: bool,
}

/// The same query with a condition on the last row of the page before in place of OFFSET:
/// `… WHERE (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $1`.
///
/// None where the text does not tell how: it is not sorted by columns, or it is grouped, joined by
/// UNION, or made of DISTINCT rows. The last column has to be unique, which a text does not tell.
#[must_use]
pub fn by_key(sql: &str, database: DatabaseKind) -> Option<String> {
    let words = words(sql, database)?;
    let depths = depths(&words);
    let find = |names: &[&str]| {
        (0..words.len()).find(|at| depths.get(*at) == Some(&0) && words[*at].is_any_word(names))
    };
    const OTHER: &[&str] = &[
        "GROUP",
        "HAVING",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "DISTINCT",
        "FOR",
        "WINDOW",
        "FETCH",
        "WITH",
    ];
    if !words.first()?.is_word("SELECT") || find(OTHER).is_some() {
        return None;
    }
    let order = find(&["ORDER"])?;
    let paging = find(&["LIMIT", "OFFSET"]).filter(|at| *at > order)?;
    let keys = keys(sql, words.get(order + 2..paging)?)?;
    if renames(&words[..order], &keys) {
        return None;
    }
    let limit = limit(&words, paging)?;
    let mut free = Free::of(&words, paging, database);
    let mut place = || free.next();
    // Numbers of PostgreSQL's placeholders tell them apart; elsewhere each stands for the next
    // value.
    let condition = beyond(&keys, database, &mut place);
    let before = words.get(order.checked_sub(1)?)?;
    let head = match find(&["WHERE"]) {
        Some(at) => {
            let condition_before = span(sql, words.get(at + 1)?, before)?;
            let has_or =
                (at..order).any(|at| depths.get(at) == Some(&0) && words[at].is_word("OR"));
            let head = span(sql, words.first()?, words.get(at)?)?;
            if has_or {
                format!("{head} ({condition_before}) AND {condition}")
            } else {
                format!("{head} {condition_before} AND {condition}")
            }
        }
        None => format!("{} WHERE {condition}", span(sql, words.first()?, before)?),
    };
    let sorted = span(sql, words.get(order)?, words.get(paging - 1)?)?;
    Some(format!("{head} {sorted}{limit}"))
}

/// The columns behind ORDER BY; none if something else stands there.
fn keys<'a>(sql: &'a str, words: &[Lexeme<'a>]) -> Option<Vec<Key<'a>>> {
    let mut keys = Vec::new();
    for part in words.split(|word| word.is_sign(",")) {
        let end = name_end(part, 0)?;
        let is_descending = match part.get(end + 1..)? {
            [] => false,
            [word] if word.is_word("ASC") => false,
            [word] if word.is_word("DESC") => true,
            _ => return None,
        };
        keys.push(Key {
            column: span(sql, part.first()?, part.get(end)?)?,
            is_descending,
        });
    }
    (!keys.is_empty()).then_some(keys)
}

/// Whether the select list gives one of the names to something else: `lower(name) AS name`.
fn renames(words: &[Lexeme<'_>], keys: &[Key<'_>]) -> bool {
    words.windows(2).any(|pair| {
        let [before, name] = pair else { return false };
        let is_alias = before.is_word("AS") || before.is_sign(")");
        is_alias
            && keys
                .iter()
                .any(|key| key.column.eq_ignore_ascii_case(name.text))
    })
}

/// ` LIMIT n` as it stands in the text; none of a form that has the offset in it.
fn limit(words: &[Lexeme<'_>], paging: usize) -> Option<String> {
    let tail = words.get(paging..)?;
    if let [limit, offset, comma, rows] = tail
        && limit.is_word("LIMIT")
        && comma.is_sign(",")
        && is_amount(offset)
        && is_amount(rows)
    {
        return Some(format!(" LIMIT {}", rows.text));
    }
    let at = tail.iter().position(|word| word.is_word("LIMIT"))?;
    let rows = tail.get(at + 1).filter(|rows| is_amount(rows))?;
    let is_whole = tail
        .iter()
        .all(|word| word.is_any_word(&["LIMIT", "OFFSET", "ROWS", "ROW"]) || is_amount(word));
    is_whole.then(|| format!(" LIMIT {}", rows.text))
}

const fn is_amount(word: &Lexeme<'_>) -> bool {
    matches!(word.kind, Kind::Number | Kind::Placeholder)
}

/// Placeholders that are not used: numbers on PostgreSQL, of which none may be left out; `?`
/// elsewhere.
struct Free {
    /// Numbers of the paging that fall away.
    gone: Vec<usize>,
    /// The largest that is used; none if they have no numbers.
    last: Option<usize>,
}

impl Free {
    fn of(words: &[Lexeme<'_>], paging: usize, database: DatabaseKind) -> Self {
        let number = |word: &Lexeme<'_>| -> Option<usize> {
            if word.kind != Kind::Placeholder {
                return None;
            }
            word.text.strip_prefix('$')?.parse().ok()
        };
        let (before, tail) = words.split_at(paging);
        // The placeholder of LIMIT stays.
        let stays = |at: usize| {
            at.checked_sub(1)
                .and_then(|at| tail.get(at))
                .is_some_and(|word| word.is_word("LIMIT"))
        };
        let kept: Vec<usize> = before
            .iter()
            .filter_map(number)
            .chain(
                (0..tail.len())
                    .filter(|at| stays(*at))
                    .filter_map(|at| number(tail.get(at)?)),
            )
            .collect();
        let all = words.iter().filter_map(number);
        let gone = all.filter(|number| !kept.contains(number)).collect();
        let is_numbered = words.iter().any(|word| number(word).is_some())
            || (database == DatabaseKind::Postgres
                && words.iter().all(|word| word.kind != Kind::Placeholder));
        Self {
            gone,
            last: is_numbered.then(|| words.iter().filter_map(number).max().unwrap_or(0)),
        }
    }

    fn next(&mut self) -> String {
        let Some(last) = &mut self.last else {
            return "?".to_owned();
        };
        if self.gone.is_empty() {
            *last += 1;
            return format!("${last}");
        }
        format!("${}", self.gone.remove(0))
    }
}

/// That a row comes behind the one whose keys are bound.
fn beyond(keys: &[Key<'_>], database: DatabaseKind, place: &mut impl FnMut() -> String) -> String {
    let sign = |key: &Key<'_>| if key.is_descending { '<' } else { '>' };
    if let [key] = keys {
        return format!("{} {} {}", key.column, sign(key), place());
    }
    let is_one_way = keys.iter().all(|key| sign(key) == sign(&keys[0]));
    // MySQL finds no range of an index by a row of columns.
    if is_one_way && database != DatabaseKind::MySql {
        let columns: Vec<&str> = keys.iter().map(|key| key.column).collect();
        let places: Vec<String> = keys.iter().map(|_| place()).collect();
        return format!(
            "({}) {} ({})",
            columns.join(", "),
            sign(&keys[0]),
            places.join(", ")
        );
    }
    let mut known = Vec::new();
    let first = place();
    let is_numbered = first.starts_with('$');
    let mut alternatives = Vec::new();
    let mut of = first;
    for (at, key) in keys.iter().enumerate() {
        if at > 0 {
            of = place();
        }
        let mut parts: Vec<String> = keys[..at]
            .iter()
            .zip(&known)
            .map(|(key, place): (&Key<'_>, &String)| format!("{} = {place}", key.column))
            .collect();
        parts.push(format!("{} {} {of}", key.column, sign(key)));
        known.push(if is_numbered {
            of.clone()
        } else {
            "?".to_owned()
        });
        alternatives.push(if parts.len() == 1 {
            parts.remove(0)
        } else {
            format!("({})", parts.join(" AND "))
        });
    }
    format!("({})", alternatives.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_by_offset_become_pages_by_key() {
        use DatabaseKind::{MySql, Postgres, Sqlite};
        for (database, sql, expected) in [
            (
                Postgres,
                "SELECT id, title FROM article ORDER BY created DESC, id DESC LIMIT $1 OFFSET $2",
                "SELECT id, title FROM article WHERE (created, id) < ($2, $3) ORDER BY created DESC, id DESC LIMIT $1",
            ),
            (
                Postgres,
                "SELECT a.id FROM article a JOIN account c ON c.id = a.account_id WHERE c.x = $1 OR a.y ORDER BY a.id OFFSET $2 LIMIT 20;",
                "SELECT a.id FROM article a JOIN account c ON c.id = a.account_id WHERE (c.x = $1 OR a.y) AND a.id > $2 ORDER BY a.id LIMIT 20",
            ),
            (
                Postgres,
                "SELECT id FROM t ORDER BY a, id DESC LIMIT 20 OFFSET 5000",
                "SELECT id FROM t WHERE (a > $1 OR (a = $1 AND id < $2)) ORDER BY a, id DESC LIMIT 20",
            ),
            (
                Sqlite,
                "SELECT id FROM t WHERE b = ? ORDER BY a, id LIMIT ? OFFSET ?",
                "SELECT id FROM t WHERE b = ? AND (a, id) > (?, ?) ORDER BY a, id LIMIT ?",
            ),
            (
                MySql,
                "SELECT id FROM t ORDER BY a DESC, id DESC LIMIT ?, 50",
                "SELECT id FROM t WHERE (a < ? OR (a = ? AND id < ?)) ORDER BY a DESC, id DESC LIMIT 50",
            ),
        ] {
            assert_eq!(by_key(sql, database).as_deref(), Some(expected), "{sql}");
        }
    }

    #[test]
    fn what_the_text_does_not_tell_is_not_written() {
        for sql in [
            "SELECT id FROM t LIMIT 20 OFFSET 5000",
            "SELECT id FROM t ORDER BY lower(a) LIMIT 20 OFFSET 5000",
            "SELECT id FROM t ORDER BY 1 LIMIT 20 OFFSET 5000",
            "SELECT a, count(*) FROM t GROUP BY a ORDER BY a LIMIT 20 OFFSET 5000",
            "SELECT DISTINCT a FROM t ORDER BY a LIMIT 20 OFFSET 5000",
            "SELECT lower(a) AS a FROM t ORDER BY a LIMIT 20 OFFSET 5000",
            "SELECT a FROM t ORDER BY a NULLS LAST LIMIT 20 OFFSET 5000",
            "SELECT a FROM t UNION SELECT a FROM u ORDER BY a LIMIT 20 OFFSET 5000",
            "SELECT a FROM t ORDER BY a OFFSET 5000",
            "SELECT a FROM t ORDER BY a LIMIT 20 OFFSET ($1 - 1) * 20",
        ] {
            assert_eq!(by_key(sql, DatabaseKind::Postgres), None, "{sql}");
        }
    }
}
