//! What pages, tables and editors make of a text: entities, quotes, tabs.

/// The text with HTML's entities written out; none if it has none of them.
pub(super) fn without_entities(text: &str) -> Option<String> {
    // An arrow or a quote written so is of a page; a single `&amp;` may be a literal of the query.
    let is_page = ["-&gt;", "&quot;", "&nbsp;"]
        .iter()
        .any(|mark| text.contains(mark));
    // A page that writes them as numbers leaves none of them as it is.
    let is_page = is_page || (text.contains("&#") && !text.contains(['\'', '"', '>']));
    if !is_page {
        return None;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let written = rest
            .split_once(';')
            .and_then(|(name, after)| Some((entity(name)?, after)));
        match written {
            Some((character, after)) => {
                plain.push(character);
                rest = after;
            }
            None => plain.push('&'),
        }
    }
    plain.push_str(rest);
    Some(plain)
}

/// What `gt`, `#62` or `#x3e` stands for.
fn entity(name: &str) -> Option<char> {
    let number = match name {
        "nbsp" => return Some(' '),
        "gt" => return Some('>'),
        "lt" => return Some('<'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        "amp" => return Some('&'),
        "rarr" => return Some('→'),
        _ => name.strip_prefix('#')?,
    };
    let number = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(number)
}

/// The text of the one cell of a table in CSV: in quotes, those within it doubled.
pub(super) fn cell(text: &str) -> Option<String> {
    let mut rest = text.trim();
    for header in ["QUERY PLAN", "\"QUERY PLAN\"", "EXPLAIN", "\"EXPLAIN\""] {
        if let Some(after) = rest.strip_prefix(header)
            && after.starts_with('\n')
        {
            rest = after.trim_start();
            break;
        }
    }
    let inner = rest
        .trim_end_matches([',', ';'])
        .strip_prefix('"')?
        .strip_suffix('"')?;
    // One cell has no quote that is not doubled, and a line end.
    let is_one = inner.contains('\n') && !inner.replace("\"\"", "").contains('"');
    is_one.then(|| inner.replace("\"\"", "\""))
}

/// What each line stands in, where clients quote lines; of CSV only those that need it are.
pub(super) fn quote_of_lines(text: &str) -> Option<char> {
    let is_json = text
        .lines()
        .any(|line| matches!(line.trim_start().chars().next(), Some('{' | '[')));
    if is_json {
        return None;
    }
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_quoted = |line: &str, quote| unquoted(line, quote).is_some();
    ['"', '\''].into_iter().find(|quote| {
        let count = lines().filter(|line| is_quoted(line, *quote)).count();
        count > 0 && (*quote == '"' || count * 2 > lines().count())
    })
}

/// What stands within the quotes of a line; none if it is not quoted as a whole.
pub(super) fn unquoted(line: &str, quote: char) -> Option<String> {
    let line = line.trim().trim_end_matches([',', ';', '+']).trim_end();
    let inner = line.strip_prefix(quote)?.strip_suffix(quote)?;
    let doubled = format!("{quote}{quote}");
    let single = quote.to_string();
    // pgAdmin quotes with ' and leaves those within as they are.
    if quote == '"' && inner.replace(&doubled, "").contains(quote) {
        return None;
    }
    Some(inner.replace(&doubled, &single))
}

/// The text with the tabs that lines begin with written out; none if there are none.
pub(super) fn without_tabs(text: &str) -> Option<String> {
    if !text.contains('\t') {
        return None;
    }
    // A server log sets all lines but its own off with one tab.
    let is_log = text.lines().skip(1).all(|line| !line.starts_with(' '));
    let mut known: Vec<(String, usize)> = Vec::new();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = if is_log {
            line.strip_prefix('\t').unwrap_or(line)
        } else {
            line
        };
        let bare = line.trim_start_matches([' ', '\t']);
        let blank = &line[..line.len() - bare.len()];
        let column = if blank.contains('\t') {
            column(blank, &mut known)
        } else {
            blank.len()
        };
        out.extend(std::iter::repeat_n(' ', column));
        out.push_str(bare);
        out.push('\n');
    }
    Some(out)
}

/// Stops that tabs go to.
const TAB: usize = 8;
/// How many different beginnings are kept apart.
const MAX_KNOWN: usize = 64;

/// How far blanks and tabs set a line off. Blanks before a tab count for nothing, but who has more
/// of them was set off further before they were taken for tabs.
fn column(blank: &str, known: &mut Vec<(String, usize)>) -> usize {
    if let Some((_, column)) = known.iter().find(|(text, _)| text == blank) {
        return *column;
    }
    let mut column = 0;
    for c in blank.chars() {
        column = if c == '\t' {
            (column / TAB + 1) * TAB
        } else {
            column + 1
        };
    }
    while known
        .iter()
        .any(|(text, at)| *at == column && text.len() < blank.len())
    {
        column += 1;
    }
    if known.len() < MAX_KNOWN {
        known.push((blank.to_owned(), column));
    }
    column
}
