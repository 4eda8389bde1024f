//! What a condition compares, and how.

/// Literals of a condition are never read as its words.
pub(in crate::findings) fn without_literals(text: &str) -> String {
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
pub(in crate::findings) fn has_leading_wildcard(text: &str) -> bool {
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
pub(in crate::findings) fn is_volatile(text: &str) -> bool {
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
pub(in crate::findings) fn is_indexable(text: &str) -> bool {
    let differs = |conjunct: &str| {
        [" <> ", " != ", " !~~ ", " !~ ", " !~* ", " !~~* "]
            .iter()
            .any(|operator| conjunct.contains(operator))
    };
    without_literals(text)
        .split(" AND ")
        .any(|conjunct| !differs(conjunct) && !is_volatile(conjunct))
}

/// Whether the condition is no more than a constant on one column: what a partial index may hold.
pub(in crate::findings) fn is_constant_flag(text: &str) -> bool {
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

/// The values not known when the plan was made: `$1`, `$0`.
pub(in crate::findings) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(move |(at, _)| {
        let digits = text[at + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        (digits > 0).then(|| &text[at..at + 1 + digits])
    })
}
