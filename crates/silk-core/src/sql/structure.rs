//! What a statement does, which CTEs it defines, and where its values go.

use super::{
    lexer::{Kind, Lexeme},
    quoted::unquoted,
};
/// Words that a statement proper starts with.
pub(super) const MAIN: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "REPLACE", "TABLE",
];

/// How far into a text it is looked for the word that begins it.
const MAX_LOOK: usize = 64;

/// Commands that change rows.
pub(super) const WRITING: &[&str] = &["INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"];

/// The command: of the first statement that changes rows where there is one, that behind the CTEs
/// where there are some, that of a CTE where only that one writes; `OTHER` where no word starts
/// the text.
pub(super) fn command(words: &[Lexeme<'_>]) -> String {
    let mut first = None;
    for statement in statements(words) {
        let command = command_of(statement);
        if WRITING.contains(&command.as_str()) {
            return command;
        }
        first = first.or(Some(command));
    }
    first.unwrap_or_else(|| "OTHER".to_owned())
}

/// The statements of a text: what stands between its semicolons.
pub(super) fn statements<'l, 'a>(
    words: &'l [Lexeme<'a>],
) -> impl Iterator<Item = &'l [Lexeme<'a>]> {
    words
        .split(|word| word.is_sign(";"))
        .filter(|statement| !statement.is_empty())
}

/// The command of one statement.
pub(super) fn command_of(words: &[Lexeme<'_>]) -> String {
    let Some((position, first)) = words
        .iter()
        .enumerate()
        .find(|(_, word)| !word.is_sign("("))
    else {
        return "OTHER".to_owned();
    };
    if first.kind != Kind::Word
        || !first
            .text
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
    {
        return "OTHER".to_owned();
    }
    if !first.is_word("WITH") {
        return first.text.to_ascii_uppercase();
    }
    let mut depth = 0_usize;
    let main = words.iter().skip(position + 1).find(|word| {
        match word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => return depth == 0 && word.is_any_word(MAIN),
        }
        false
    });
    let main = main.unwrap_or(first);
    if main.is_any_word(WRITING) {
        return main.text.to_ascii_uppercase();
    }
    writing_cte(words).unwrap_or(main).text.to_ascii_uppercase()
}

/// The word that begins the first CTE that changes rows.
fn writing_cte<'l, 'a>(words: &'l [Lexeme<'a>]) -> Option<&'l Lexeme<'a>> {
    words.windows(3).find_map(|window| {
        let [before, open, word] = window else {
            return None;
        };
        let is_body = before.is_any_word(&["AS", "MATERIALIZED"]) && open.is_sign("(");
        (is_body && word.is_any_word(WRITING)).then_some(word)
    })
}

/// Whether a statement reads or changes rows, so that NULL and TRUE in it are values.
pub(super) fn names_command(words: &[Lexeme<'_>]) -> bool {
    words
        .iter()
        .find(|word| !word.is_sign("("))
        .is_some_and(|first| {
            first.is_any_word(MAIN) || first.is_any_word(&["WITH", "CALL", "EXECUTE"])
        })
}

/// Whether the word at `index` begins rows: VALUES, or what MySQL takes for it in an INSERT.
pub(super) fn is_values(words: &[Lexeme<'_>], index: usize) -> bool {
    let Some(word) = words.get(index) else {
        return false;
    };
    let next = words.get(index + 1);
    let before = index.checked_sub(1).and_then(|before| words.get(before));
    if before.is_some_and(|before| before.is_sign(".")) {
        return false;
    }
    if word.is_word("VALUES") {
        // `a = VALUES(a)` and `coalesce(VALUES(a), 1)` ask for what was to be inserted.
        let is_asked = before.is_some_and(|before| {
            let is_call = before.is_sign("(")
                && index
                    .checked_sub(2)
                    .and_then(|index| words.get(index))
                    .is_some_and(|before| before.is_name() || before.is_word("IF"));
            is_call || (before.kind == Kind::Punctuation && !matches!(before.text, "(" | ")" | ";"))
        });
        // `VALUES ROW(1, 2)` is MySQL's own.
        return !is_asked && next.is_some_and(|next| next.is_sign("(") || next.is_word("ROW"));
    }
    word.is_word("VALUE")
        && next.is_some_and(|next| next.is_sign("("))
        && before.is_some_and(|before| before.is_sign(")") || before.is_name())
        && words
            .iter()
            .take(MAX_LOOK)
            .any(|word| word.is_any_word(&["INSERT", "REPLACE"]))
}

/// Names that the CTEs of a statement define, in lower case.
pub(super) fn cte_names<'a>(words: &[Lexeme<'a>]) -> Vec<&'a str> {
    if !words.iter().any(|word| word.is_word("WITH")) {
        return Vec::new();
    }
    let mut names = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if !word.is_word("AS") || index == 0 {
            continue;
        }
        let mut next = index + 1;
        while words
            .get(next)
            .is_some_and(|word| word.is_any_word(&["NOT", "MATERIALIZED"]))
        {
            next += 1;
        }
        if !words.get(next).is_some_and(|word| word.is_sign("(")) {
            continue;
        }
        // Back over a column list.
        let mut name = index - 1;
        if words.get(name).is_some_and(|word| word.is_sign(")")) {
            while name > 0 && index - name < 4_000 && !words[name].is_sign("(") {
                name -= 1;
            }
            name = name.saturating_sub(1);
        }
        let follows = name.checked_sub(1).and_then(|before| words.get(before));
        let is_cte = follows.is_some_and(|before| {
            before.is_any_word(&["WITH", "RECURSIVE"]) || before.is_sign(",")
        });
        if is_cte
            && let Some(name) = words
                .get(name)
                .filter(|name| matches!(name.kind, Kind::Word | Kind::Quoted))
        {
            names.push(unquoted(name));
        }
    }
    names
}

/// No driver binds more.
const MOST_VALUES: usize = 1 << 17;

/// Of each placeholder in order, its lexeme and the place of its value, from 0 in the order of
/// binding.
pub(super) fn positions(words: &[Lexeme<'_>]) -> Vec<(usize, usize)> {
    let mut named: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut last = 0;
    let mut positions = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if word.kind != Kind::Placeholder {
            continue;
        }
        let name = word.text.get(1..).unwrap_or_default();
        let position = if name.is_empty() {
            last + 1
        } else if let Ok(number) = name.parse::<usize>() {
            number
        } else {
            *named.entry(word.text).or_insert(last + 1)
        };
        let is_one = (1..=MOST_VALUES).contains(&position);
        if is_one {
            last = last.max(position);
        }
        // What no driver can bind has a place that no value has.
        positions.push((index, if is_one { position - 1 } else { MOST_VALUES }));
    }
    positions
}

/// For each placeholder by position whether it is flagged.
pub(super) fn placeholders(words: &[Lexeme<'_>], flags: &[bool]) -> Vec<bool> {
    let mut sensitive: Vec<bool> = Vec::new();
    for (index, place) in positions(words) {
        if place >= MOST_VALUES {
            continue;
        }
        if sensitive.len() <= place {
            sensitive.resize(place + 1, false);
        }
        sensitive[place] |= flags.get(index).copied().unwrap_or(false);
    }
    sensitive
}
