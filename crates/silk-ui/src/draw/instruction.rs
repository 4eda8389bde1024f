//! What to do: words, with the SQL in them set apart, so that it can be copied.

use super::format::cut;

/// How statements begin that are worth a button.
const COMMANDS: [&str; 13] = [
    "CREATE ",
    "DROP ",
    "ALTER ",
    "VACUUM",
    "ANALYZE",
    "REINDEX",
    "SELECT ",
    "SET ",
    "GRANT ",
    "PRAGMA ",
    "OPTIMIZE ",
    "CLUSTER ",
    "KILL ",
];

/// Characters of SQL that are shown.
const MAX_SQL: usize = 4_000;

/// Words, the SQL to copy, and the words after it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) words: String,
    pub(crate) sql: Option<String>,
    pub(crate) then: String,
}

/// Sets the SQL in a text apart: lines of it, or one statement after a colon.
pub(crate) fn instruction(text: &str, max_chars: usize) -> Instruction {
    let (mut words, mut sql) = (String::new(), String::new());
    for line in text.lines().take(60) {
        let into = if is_sql(line) { &mut sql } else { &mut words };
        if !into.is_empty() {
            into.push('\n');
        }
        into.push_str(line);
    }
    if sql.is_empty()
        && let Some((before, statement, after)) = statement_in(text)
    {
        return Instruction {
            words: cut(before, max_chars),
            sql: Some(cut(statement, MAX_SQL)),
            then: cut(after, max_chars),
        };
    }
    Instruction {
        words: cut(&words, max_chars),
        sql: (!sql.is_empty()).then(|| cut(&sql, MAX_SQL)),
        then: String::new(),
    }
}

/// Whether a line is SQL that runs as it is: prose may begin with a command too, and `…` stands for
/// a name.
fn is_sql(line: &str) -> bool {
    let line = line.trim();
    let code = line.split(" --").next().unwrap_or(line).trim_end();
    (begins_statement(line) && code.ends_with(';') || line.starts_with("--")) && !line.contains('…')
}

fn begins_statement(text: &str) -> bool {
    COMMANDS.iter().any(|command| text.starts_with(command))
}

/// The one statement that stands in a sentence, after a colon and up to its semicolon, with the words
/// before and after it.
fn statement_in(text: &str) -> Option<(&str, &str, &str)> {
    let (at, _) = text
        .match_indices(": ")
        .find(|(at, _)| begins_statement(&text[at + 2..]))?;
    let (before, rest) = (&text[..=at], &text[at + 2..]);
    let (end, _) = rest.match_indices(';').find(|(end, _)| {
        // Not one within quotes.
        let quotes = |quote| rest[..*end].matches(quote).count() % 2;
        quotes('\'') == 0 && quotes('"') == 0
    })?;
    let (statement, after) = (&rest[..=end], rest[end + 1..].trim());
    (!statement.contains('…')).then_some((before, statement, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_is_sql_that_runs_as_it_is() {
        for (text, words, sql) in [
            (
                "ANALYZE once, and PRAGMA optimize now and then (with optimize_on_close):\nANALYZE;\nPRAGMA optimize;",
                "ANALYZE once, and PRAGMA optimize now and then (with optimize_on_close):",
                Some("ANALYZE;\nPRAGMA optimize;"),
            ),
            (
                "VACUUM; rewrites the file.",
                "VACUUM; rewrites the file.",
                None,
            ),
            (
                "OPTIMIZE TABLE gives it back.",
                "OPTIMIZE TABLE gives it back.",
                None,
            ),
            ("DROP INDEX a;", "", Some("DROP INDEX a;")),
            ("DROP INDEX a; -- 16 kB", "", Some("DROP INDEX a; -- 16 kB")),
            (
                "ALTER TABLE … DROP INDEX …;",
                "ALTER TABLE … DROP INDEX …;",
                None,
            ),
            ("Look at it;", "Look at it;", None),
        ] {
            let action = instruction(text, 1_000);
            assert_eq!(action.words, words);
            assert_eq!(action.sql.as_deref(), sql, "{text}");
        }
    }

    #[test]
    fn a_statement_within_a_sentence_is_set_apart() {
        for (text, words, sql, then) in [
            (
                "in the database app, as a superuser: CREATE EXTENSION hypopg; then indexes are tried",
                "in the database app, as a superuser:",
                Some("CREATE EXTENSION hypopg;"),
                "then indexes are tried",
            ),
            (
                "As its owner: GRANT USAGE ON SCHEMA \"a;b\" TO app;",
                "As its owner:",
                Some("GRANT USAGE ON SCHEMA \"a;b\" TO app;"),
                "",
            ),
            (
                "nothing could be tried: install it: CREATE EXTENSION hypopg;",
                "nothing could be tried: install it:",
                Some("CREATE EXTENSION hypopg;"),
                "",
            ),
            (
                "try it: ALTER TABLE … ADD x;",
                "try it: ALTER TABLE … ADD x;",
                None,
                "",
            ),
            ("two words: SELECT none", "two words: SELECT none", None, ""),
            (
                "hypopg knows no GIN: try it on a copy.",
                "hypopg knows no GIN: try it on a copy.",
                None,
                "",
            ),
        ] {
            let found = instruction(text, 1_000);
            assert_eq!(found.words, words, "{text}");
            assert_eq!(found.sql.as_deref(), sql, "{text}");
            assert_eq!(found.then, then, "{text}");
        }
    }
}
