//! What a condition says, as far as its text tells.

/// Literals of a condition are never read as its words.
pub(super) fn without_literals(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for c in text.chars() {
        match (within, c) {
            (_, '\'') => {
                within = !within;
                out.push(c);
            }
            (false, _) => out.push(c),
            (true, _) => {}
        }
    }
    out
}

/// `~~ '%…'`: a pattern that starts with anything; `~~*`, which ignores case, wherever it starts.
pub(super) fn has_leading_wildcard(text: &str) -> bool {
    // Outside of literals, so that what a pattern looks for is not taken for one.
    let mut within = false;
    text.char_indices().any(|(at, c)| {
        within ^= c == '\'';
        let rest = &text[at..];
        !within
            && (rest.starts_with(" ~~* ")
                || [" ~~ '", " like '", " LIKE '"].iter().any(|operator| {
                    let negated = text[..at].ends_with(" not") || text[..at].ends_with(" NOT");
                    !negated
                        && rest
                            .strip_prefix(operator)
                            .is_some_and(|pattern| pattern.starts_with(['%', '_']))
                }))
    })
}

/// Whether it calls what gives another answer every time: no index and no fence can change that.
pub(super) fn is_volatile(text: &str) -> bool {
    let words = without_literals(text);
    [
        "random(",
        "gen_random_uuid(",
        "uuid_generate_v4(",
        "clock_timestamp(",
        "timeofday(",
        "nextval(",
        "setval(",
        "pg_sleep(",
        "rand(",
    ]
    .iter()
    .any(|function| {
        words.match_indices(function).any(|(at, _)| {
            let before = words[..at].chars().next_back();
            before.is_none_or(|c| !(c.is_alphanumeric() || c == '_'))
        })
    })
}

/// Whether an ordinary index could serve any of it: `<>` and volatile functions have none.
pub(super) fn is_indexable(text: &str) -> bool {
    let differs = |conjunct: &str| {
        [" <> ", " != ", " !~~ ", " !~ ", " !~* ", " !~~* "]
            .iter()
            .any(|operator| conjunct.contains(operator))
    };
    without_literals(text)
        .split(" AND ")
        .any(|conjunct| !differs(conjunct) && !is_volatile(conjunct))
}

/// Columns named in a condition, without what they are qualified by.
pub(super) fn columns(text: &str) -> Vec<String> {
    const WORDS: [&str; 24] = [
        "AND", "OR", "NOT", "IS", "NULL", "TRUE", "FALSE", "ANY", "ALL", "ARRAY", "ROW", "COLLATE",
        "CASE", "WHEN", "THEN", "ELSE", "END", "DISTINCT", "FROM", "hashed", "SubPlan", "InitPlan",
        "and", "or",
    ];
    let words = without_literals(text);
    let mut found = Vec::new();
    let mut rest = words.as_str();
    while let Some(at) = rest.find(|c: char| c.is_alphabetic() || c == '_' || c == '"') {
        let after_cast = rest[..at].ends_with("::");
        let word = &rest[at..];
        let end = word
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$')))
            .unwrap_or(word.len())
            .max(1);
        let (name, tail) = word.split_at(end);
        if after_cast {
            // A type may be of more words: it ends with anything that is none.
            let end = tail
                .find(|c: char| !(c.is_alphabetic() || c == ' '))
                .unwrap_or(tail.len());
            rest = &tail[end..];
            continue;
        }
        let column = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
        let is_column = !tail.starts_with('(')
            && !WORDS.contains(&name)
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if is_column && !found.iter().any(|known| known == column) {
            found.push(column.to_owned());
        }
        rest = tail;
    }
    found
}

/// The function or operator that hides a column from its index, compared with something.
pub(super) fn hidden_column(text: &str) -> Option<&'static str> {
    let words = without_literals(text);
    if ![" = ", " >= ", " <= ", " < ", " > ", " ~~ "]
        .iter()
        .any(|operator| words.contains(operator))
    {
        return None;
    }
    let called = [
        "lower(",
        "upper(",
        "date_trunc(",
        "date(",
        "btrim(",
        "substr(",
        "\"substring\"(",
        "substring(",
        "coalesce(",
        "COALESCE(",
        "EXTRACT(",
        "abs(",
        "length(",
        "concat(",
    ]
    .into_iter()
    .find(|function| {
        words.match_indices(function).any(|(at, found)| {
            let before = words[..at].chars().next_back();
            let free = before.is_none_or(|c| !(c.is_alphanumeric() || c == '_' || c == '.'));
            // Around a literal or value it hides nothing: the column may stand bare on the other side.
            free && names_column(&words[at + found.len()..])
        })
    });
    called
        .map(|function| function.trim_end_matches('('))
        .or_else(|| words.contains(" ->> ").then_some("->>"))
}

/// Whether the arguments up to the closing bracket name a column.
fn names_column(arguments: &str) -> bool {
    let mut depth = 0_usize;
    let end = arguments
        .find(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth == 0 => true,
            ')' => {
                depth -= 1;
                false
            }
            _ => false,
        })
        .unwrap_or(arguments.len());
    arguments[..end].split([' ', ',', '(', ')']).any(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase() || c == '_' || c == '"')
            && !word.starts_with("''")
            && !matches!(
                word,
                "time" | "zone" | "without" | "with" | "varying" | "precision" | "now"
            )
    })
}

/// The column and the type it is cast to, where an index on the bare column cannot serve.
pub(super) fn cast_columns(text: &str) -> Vec<(String, String)> {
    let words = without_literals(text);
    let mut found = Vec::new();
    for (at, _) in words.match_indices(")::") {
        let Some(open) = words[..at].rfind('(') else {
            continue;
        };
        let column = &words[open + 1..at];
        let is_column = column.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"')
            && column
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'));
        // `lower(name)::text` casts what the function gives.
        let called = words[..open]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        if !is_column || called {
            continue;
        }
        let after = &words[at + 3..];
        let end = after
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ' ')))
            .unwrap_or(after.len());
        let kind = after[..end].split(" = ").next().unwrap_or_default().trim();
        let compared = [" = ", " > ", " < ", " >= ", " <= "]
            .iter()
            .any(|operator| after[end.min(kind.len())..].starts_with(operator));
        if compared {
            found.push((column.to_owned(), kind.to_owned()));
        }
    }
    found
}

/// The relation prefixes in a condition: `a.id = b.id` → `a`, `b`.
pub(super) fn prefixes(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"')))
        .filter_map(|word| word.split_once('.'))
        .map(|(prefix, _)| prefix)
        .filter(|prefix| prefix.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '"'))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether the condition is no more than a constant on one column: what a partial index may hold.
pub(super) fn is_constant_flag(text: &str) -> bool {
    let bare = text.trim_matches(['(', ')']);
    let bare = bare.strip_prefix("NOT ").unwrap_or(bare);
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'))
    };
    is_name(bare)
        || bare.split_once(" = ").is_some_and(|(column, value)| {
            is_name(
                column
                    .trim_matches(['(', ')'])
                    .split(")::")
                    .next()
                    .unwrap_or_default(),
            ) && value.starts_with('\'')
        })
        || bare.strip_suffix(" IS NULL").is_some_and(is_name)
        || bare.strip_suffix(" IS NOT TRUE").is_some_and(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_what_hides_a_column() {
        assert_eq!(hidden_column("(lower(name) = 'x'::text)"), Some("lower"));
        assert_eq!(
            hidden_column("(date_trunc('day'::text, m.created) = '2020-01-01')"),
            Some("date_trunc")
        );
        assert_eq!(
            hidden_column("((j ->> 'k'::text) = 'v'::text)"),
            Some("->>")
        );
        assert_eq!(hidden_column("(name = lower('X'::text))"), None);
        assert_eq!(hidden_column("(name = 'lower(name) = 1'::text)"), None);
        assert_eq!(
            hidden_column("(created > date_trunc('day'::text, now()))"),
            None
        );
    }

    #[test]
    fn sees_casts() {
        assert_eq!(
            cast_columns("((id)::numeric = '5'::numeric)"),
            [("id".to_owned(), "numeric".to_owned())]
        );
        assert_eq!(
            cast_columns("((comment)::text = '123'::text)"),
            [("comment".to_owned(), "text".to_owned())]
        );
        assert!(cast_columns("(id = '5'::bigint)").is_empty());
        assert!(cast_columns("(note = '(id)::numeric = 1')").is_empty());
        assert!(cast_columns("(lower(name)::text = 'x')").is_empty());
    }

    #[test]
    fn sees_patterns_and_flags() {
        assert!(has_leading_wildcard("(body ~~ '%zzz%'::text)"));
        assert!(has_leading_wildcard("(body ~~* 'zzz%'::text)"));
        assert!(!has_leading_wildcard("(body ~~ 'zzz%'::text)"));
        assert!(!has_leading_wildcard("(body !~~ '%zzz%'::text)"));
        assert!(!has_leading_wildcard("(note = ' ~~ ''%x'::text)"));
        assert!(has_leading_wildcard("m.body like '%zzz%'"));
        assert!(!has_leading_wildcard("m.body not like '%zzz%'"));
        assert!(is_constant_flag("deleted"));
        assert!(is_constant_flag("(NOT weave_message.deleted)"));
        assert!(is_constant_flag("(status = 'flagged'::text)"));
        assert!(!is_constant_flag("(author_id = $1)"));
        assert_eq!(
            columns("((m.a = 1) OR (lower((b)::text) = 'c'::character varying) OR (\"D\" > $1))"),
            ["a", "b", "D"]
        );
        assert_eq!(
            columns("((at >= '2020-01-01'::timestamp without time zone) AND (at < now()))"),
            ["at"]
        );
        assert!(!is_indexable("(status <> 'read'::text)"));
        assert!(!is_indexable("(random() < '0.01'::double precision)"));
        assert!(is_indexable("((status <> 'read'::text) AND deleted)"));
        assert!(is_indexable("(brand = 'random('::text)"));
        assert_eq!(prefixes("((a.id = b.id) OR (a.name = b.name))"), ["a", "b"]);
    }
}
