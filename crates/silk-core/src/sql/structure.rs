//! What a statement does, which CTEs it defines, and where its values go.

use super::{
    lexer::{Kind, Lexeme},
    quoted::unquoted,
};
/// Words that a statement proper starts with.
pub(super) const MAIN: &[&str] = &[
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "REPLACE", "TABLE",
];

/// The command: that behind the CTEs where there are some; `OTHER` where no word starts the text.
pub(super) fn command(words: &[Lexeme<'_>]) -> String {
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
    if first.is_word("WITH") {
        let mut depth = 0_usize;
        for word in words.iter().skip(position + 1) {
            match word.text {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && word.is_any_word(MAIN) => return word.text.to_ascii_uppercase(),
                _ => {}
            }
        }
    }
    first.text.to_ascii_uppercase()
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

/// For each placeholder by position whether it is flagged.
pub(super) fn placeholders(words: &[Lexeme<'_>], flags: &[bool]) -> Vec<bool> {
    /// No driver binds more.
    const MOST: usize = 1 << 17;
    let mut sensitive: Vec<bool> = Vec::new();
    let mut named: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut last = 0;
    for (word, flag) in words.iter().zip(flags) {
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
        if position == 0 || position > MOST {
            continue;
        }
        last = last.max(position);
        if sensitive.len() < position {
            sensitive.resize(position, false);
        }
        sensitive[position - 1] |= *flag;
    }
    sensitive
}
