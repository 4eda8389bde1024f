//! Which statements change how the app's connection is set up.

/// Whether a statement may change what names mean. That it only asks does no harm: then names are
/// looked at more closely.
pub(super) fn changes_session(sql: &str) -> bool {
    let names = |word: &[u8]| {
        sql.len() < 4_096
            && sql
                .as_bytes()
                .windows(word.len())
                .any(|part| part.eq_ignore_ascii_case(word))
    };
    let mut words = sql.split_ascii_whitespace();
    let is_set = words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("set") || word.eq_ignore_ascii_case("reset"));
    let sets_role = is_set
        && words.take(2).any(|word| {
            let word = word.trim_end_matches(';');
            word.eq_ignore_ascii_case("role") || word.eq_ignore_ascii_case("authorization")
        });
    sets_role || names(b"search_path") || (is_set && names(b"schema"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_change_what_names_mean_are_seen() {
        for sql in [
            "SET search_path = tenant_7",
            "set local Search_Path to a, b",
            "SELECT set_config('search_path', $1, false)",
            "SET ROLE reader",
            "set local role reader;",
            "RESET ROLE;",
            "SET SESSION AUTHORIZATION x",
            "SET SCHEMA 'a'",
        ] {
            assert!(changes_session(sql), "{sql}");
        }
        for sql in [
            "SELECT role FROM person",
            "SET work_mem = 1",
            "UPDATE person SET role = $1",
            "SET",
            "",
        ] {
            assert!(!changes_session(sql), "{sql}");
        }
    }
}
