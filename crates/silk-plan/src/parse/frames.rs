//! Tables, pages, fences and editors that a plan is copied from as a whole.

/// The text without what it was shown in; none if nothing of the kind is there.
pub(super) fn without(text: &str) -> Option<String> {
    let takes: [fn(&str) -> Option<String>; 8] = [
        without_colours,
        of_page,
        fenced,
        of_asciidoc,
        with_bar_at_end,
        numbered,
        of_quoted_rows,
        with_drawn_signs,
    ];
    let mut bare: Option<String> = None;
    for take in takes {
        if let Some(taken) = take(bare.as_deref().unwrap_or(text)) {
            bare = Some(taken);
        }
    }
    bare
}

/// Colours of a terminal: `ESC [ 32 m`.
fn without_colours(text: &str) -> Option<String> {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next()?.to_owned();
    let mut is_coloured = false;
    let plain = parts.fold(first, |mut plain, part| {
        is_coloured = true;
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, ';' | '?');
        let rest = part.trim_start_matches(is_part);
        plain.push_str(
            rest.strip_prefix(|c: char| c.is_ascii_alphabetic())
                .unwrap_or(rest),
        );
        plain
    });
    is_coloured.then_some(plain)
}

/// The rows of a table of HTML, a line each, or what stands between `<pre>` and `</pre>`.
fn of_page(text: &str) -> Option<String> {
    if !text.contains("</") {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (open, close) = [("<td", "</td>"), ("<pre", "</pre>")]
        .into_iter()
        .find(|(open, close)| lower.contains(open) && lower.contains(close))?;
    let mut out = String::new();
    let mut at = 0;
    while let Some(start) = lower[at..].find(open) {
        let inner = at + start + lower[at + start..].find('>')? + 1;
        let end = lower[inner..]
            .find(close)
            .map_or(lower.len(), |end| inner + end);
        // Indentation stands there as entities, which are written out later.
        if !out.is_empty() {
            out.push(if lower[at..at + start].contains("<tr") || open == "<pre" {
                '\n'
            } else {
                '|'
            });
        }
        let cell = without_breaks(&text[inner..end]);
        let lines: Vec<String> = cell.trim_end().lines().map(without_tags).collect();
        out.push_str(&lines.join("\n"));
        at = end;
    }
    out.push('\n');
    Some(out)
}

fn without_breaks(cell: &str) -> String {
    ["<br />\n", "<br>\n", "<br />", "<br/>", "<br>"]
        .iter()
        .fold(cell.to_owned(), |cell, tag| cell.replace(tag, "\n"))
}

/// Tags that a page draws text with; a bare `<` is an operator.
fn without_tags(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('<') {
        let tag = &rest[at + 1..];
        let is_tag = tag.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        out.push_str(&rest[..at]);
        match tag.find('>') {
            Some(end) if is_tag => rest = &tag[end + 1..],
            _ => {
                out.push('<');
                rest = tag;
            }
        }
    }
    out.push_str(rest);
    out
}

/// What stands between two fences of Markdown, Jira or a forum.
fn fenced(text: &str) -> Option<String> {
    if !["```", "~~~", "{noformat", "{code", "[code", "<code"]
        .iter()
        .any(|mark| text.contains(mark))
    {
        return None;
    }
    let is_fence = |line: &str| {
        let line = line.trim().to_ascii_lowercase();
        line.starts_with("```")
            || line.starts_with("~~~")
            || ["{noformat", "{code", "[code", "[/code", "<code", "</code"]
                .iter()
                .any(|mark| line.starts_with(mark))
    };
    let lines: Vec<&str> = text.lines().collect();
    let fences: Vec<usize> = (0..lines.len()).filter(|at| is_fence(lines[*at])).collect();
    let blocks = fences.chunks_exact(2).filter_map(|pair| match pair {
        [open, close] => lines.get(open + 1..*close),
        _ => None,
    });
    // The statement may stand in a fence of its own, before or behind.
    let block = blocks.max_by_key(|block| {
        let is_plan = |line: &&str| {
            line.contains("->") || line.contains("(cost=") || line.contains("(actual ")
        };
        let is_plan = block.iter().any(is_plan)
            || block
                .iter()
                .any(|line| line.trim_start().starts_with(['{', '[']));
        (is_plan, block.len())
    })?;
    Some(block.join("\n") + "\n")
}

/// psql's `format=asciidoc`: `|` before each line, between `|====`.
fn of_asciidoc(text: &str) -> Option<String> {
    let mut lines = text.lines().skip_while(|line| line.trim() != "|====");
    lines.next()?;
    let cells = lines
        .take_while(|line| line.trim() != "|====")
        .filter(|line| !line.contains("l|QUERY PLAN"));
    Some(cells.fold(String::new(), |mut out, line| {
        out.push_str(&line.strip_prefix('|').unwrap_or(line).replace("\\|", "|"));
        out.push('\n');
        out
    }))
}

/// DBeaver's text: each line is filled with blanks up to a bar, and a rule stands below the names.
fn with_bar_at_end(text: &str) -> Option<String> {
    let is_rule = |line: &str| {
        let line = line.trim_end();
        line.len() >= 3
            && line.starts_with('-')
            && line.ends_with('+')
            && line.bytes().all(|byte| matches!(byte, b'-' | b'+'))
    };
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let is_framed = text.lines().any(is_rule)
        && lines.all(|line| is_rule(line) || line.trim_end().ends_with('|'));
    is_framed.then(|| {
        text.lines()
            .filter(|line| !is_rule(line))
            .fold(String::new(), |mut out, line| {
                let line = line.trim_end();
                out.push_str(line.strip_suffix('|').unwrap_or(line).trim_end());
                out.push('\n');
                out
            })
    })
}

/// A grid or an editor that counts lines: `1`, `2`, … before them.
fn numbered(text: &str) -> Option<String> {
    if !["(cost=", "(actual ", "(rows="]
        .iter()
        .any(|mark| text.contains(mark))
    {
        return None;
    }
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    // The names of columns.
    lines.next_if(|line| line.trim().trim_matches('"') == "QUERY PLAN");
    let mut out = String::new();
    let mut wanted = 1;
    for line in lines {
        let (number, rest) = split_number(line.trim_start())?;
        if number != wanted {
            return None;
        }
        wanted += 1;
        let rest = rest
            .strip_prefix([':', '.', '|', '\t', ' '])
            .or(rest.is_empty().then_some(""))?;
        out.push_str(rest);
        out.push('\n');
    }
    (wanted > 2).then_some(out)
}

fn split_number(line: &str) -> Option<(usize, &str)> {
    let end = line
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(line.len());
    let (number, rest) = line.split_at(end);
    Some((number.parse().ok()?, rest))
}

/// Rows of CSV with all cells in quotes: `"2","0","0","SCAN t"`, as `2|0|0|SCAN t`.
fn of_quoted_rows(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut columns = 0;
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let inner = line.trim().strip_prefix('"')?.strip_suffix('"')?;
        let cells: Vec<&str> = ["\",\"", "\";\"", "\"\t\""]
            .iter()
            .find(|between| inner.contains(**between))
            .map(|between| inner.split(between).collect())?;
        if columns == 0 {
            columns = cells.len();
        } else if columns != cells.len() {
            return None;
        }
        out.push_str(&cells.join("|").replace("\"\"", "\""));
        out.push('\n');
    }
    (columns > 1).then_some(out)
}

/// Arrows and quotes as a word processor or a chat draws them.
fn with_drawn_signs(text: &str) -> Option<String> {
    const ARROWS: [&str; 7] = ["→", "➔", "➜", "⟶", "–>", "—>", "−>"];
    const QUOTES: [char; 4] = ['‘', '’', '“', '”'];
    let arrow = |line: &str| {
        ARROWS
            .iter()
            .find(|arrow| line.trim_start().starts_with(**arrow))
    };
    // Where others are there too, these are of a value.
    let are_quotes_drawn = !text.contains(['\'', '"']) && text.contains(QUOTES);
    if !are_quotes_drawn && !text.lines().any(|line| arrow(line).is_some()) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line =
            arrow(line).map_or_else(|| line.to_owned(), |arrow| line.replacen(arrow, "->", 1));
        if are_quotes_drawn {
            out.push_str(&line.replace(['‘', '’'], "'").replace(['“', '”'], "\""));
        } else {
            out.push_str(&line);
        }
        out.push('\n');
    }
    Some(out)
}

/// Rows as Python prints them, as JSON: `[('Limit …',), ('  ->  …',)]`.
pub(super) fn from_python(raw: &str) -> Option<String> {
    let text = raw.trim();
    if ![
        "[(",
        "[['",
        "[[\"",
        "((",
        "('",
        "[{'",
        "['",
        "{'",
        "[Row(",
        "[RealDictRow(",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || !text.ends_with([']', ')', '}'])
    {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if matches!(c, '\'' | '"') {
            let (string, after) = python_string(rest, c)?;
            out.push_str(&serde_json::Value::String(string).to_string());
            rest = after;
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = rest
                .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                .unwrap_or(rest.len());
            match rest.split_at(end) {
                ("True", _) => out.push_str("true"),
                ("False", _) => out.push_str("false"),
                ("None", _) => out.push_str("null"),
                // The class of a row.
                (_, after) if after.starts_with('(') => {}
                _ => return None,
            }
            rest = &rest[end..];
        } else {
            match c {
                '(' => out.push('['),
                ')' | ']' | '}' => {
                    if out.ends_with(',') {
                        out.pop();
                    }
                    out.push(if c == '}' { '}' } else { ']' });
                }
                c if c.is_whitespace() => {}
                c => out.push(c),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(out)
}

/// The string that starts here, and what stands behind it.
fn python_string(text: &str, quote: char) -> Option<(String, &str)> {
    let mut string = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                'n' => string.push('\n'),
                't' => string.push('\t'),
                other if matches!(other, '\\' | '\'' | '"') => string.push(other),
                other => string.extend(['\\', other]),
            },
            c if c == quote => return Some((string, text.get(at + c.len_utf8()..)?)),
            c => string.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "Sort  (cost=1.00..2.00 rows=1 width=4)\n  Sort Key: a\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n        Filter: (a < 5)\n";

    fn each(with: impl Fn(usize, &str) -> String) -> String {
        PLAN.lines()
            .enumerate()
            .map(|(at, line)| with(at, line) + "\n")
            .collect()
    }

    #[test]
    fn takes_away_what_a_plan_was_shown_in() {
        for text in [
            each(|_, line| format!("\u{1b}[1;32m{line}\u{1b}[0m")),
            format!("<p>so</p><pre class=\"x\">{PLAN}</pre>"),
            format!(
                "<table>{}</table>",
                each(|_, line| format!("<tr><td align=\"left\">{line}</td></tr>"))
            ),
            format!("See:\n```sql\nSELECT 1\n```\nand\n```text\n{PLAN}```\nthanks"),
            format!("{{noformat}}\n{PLAN}{{noformat}}\n"),
            format!(
                "|====\n^l|QUERY PLAN\n{}|====\n\n....\n(4 rows)\n",
                each(|_, line| format!("|{line}"))
            ),
            format!(
                "----------------+\n{}",
                each(|_, line| format!("{line:<60}|"))
            ),
            each(|at, line| format!("{}\t{line}", at + 1)),
            format!(
                "QUERY PLAN\n{}",
                each(|at, line| format!("{:>3} {line}", at + 1))
            ),
            PLAN.replace("->", "→"),
        ] {
            assert_eq!(without(&text).as_deref(), Some(PLAN), "{text}");
        }
    }

    #[test]
    fn leaves_alone_what_is_the_plan() {
        for text in [
            PLAN,
            "2|0|0|SCAN t\n3|0|0|SEARCH u\n",
            "1|0|0|SCAN t\n2|0|0|SEARCH u\n",
            "```\nonly one fence\n",
            "  Filter: (a = '<td>')\n",
            "",
        ] {
            assert_eq!(without(text), None, "{text}");
        }
    }

    #[test]
    fn python_becomes_json() {
        assert_eq!(
            from_python("[('a\\'b',), (\"c'd\",)]").as_deref(),
            Some("[[\"a'b\"],[\"c'd\"]]")
        );
        assert_eq!(
            from_python(
                "[([{'Plan': {'Node Type': 'Limit', 'Async Capable': False, 'Rows': 1.5}}],)]"
            )
            .as_deref(),
            Some("[[[{\"Plan\":{\"Node Type\":\"Limit\",\"Async Capable\":false,\"Rows\":1.5}}]]]")
        );
        for text in [PLAN, "[{\"Plan\": {}}]", "['open", "(SELECT 1)"] {
            assert_eq!(from_python(text), None, "{text}");
        }
    }
}
