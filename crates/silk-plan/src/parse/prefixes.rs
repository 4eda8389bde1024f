//! What clients and log collectors put before every line of a plan.

/// The text without what stands before each line; `None` where nothing of the kind does.
pub(super) fn without(text: &str) -> Option<String> {
    expanded(text)
        .or_else(|| collected(text))
        .or_else(|| syslog(text))
}

fn joined<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.fold(String::new(), |mut text, line| {
        text.push_str(line);
        text.push('\n');
        text
    })
}

/// psql's expanded display: `QUERY PLAN | Seq Scan …` below `-[ RECORD 1 ]---`.
fn expanded(text: &str) -> Option<String> {
    let is_record = |line: &str| {
        let bare = line.trim_start_matches(['+', '-', '─', '┌', '├', '╶']);
        bare.len() < line.len() && bare.starts_with("[ RECORD ") || line.starts_with("* Record ")
    };
    let first = text.lines().position(is_record)?;
    // Without any border the name is as wide as it is.
    let is_bare = text.lines().nth(first)?.starts_with('*');
    let name = "QUERY PLAN ".len();
    let value = |line: &'_ str| -> Option<std::ops::Range<usize>> {
        if is_bare {
            return Some(name..line.trim_end().len().max(name));
        }
        let framed = line.strip_prefix(['|', '│']);
        let start = line.len() - framed.unwrap_or(line).len();
        let bar = start + line[start..].find(['|', '│'])?;
        let after = bar + line[bar..].chars().next()?.len_utf8();
        let after = after + usize::from(line[after..].starts_with(' '));
        let mut end = line.trim_end().len();
        if framed.is_some() {
            end = line[..end].trim_end_matches(['|', '│']).trim_end().len();
        }
        let end = line[..end].trim_end_matches(['+', '↵']).trim_end().len();
        Some(after..end.max(after))
    };
    let lines = text.lines().skip(first).filter(|line| !is_record(line));
    Some(joined(lines.filter_map(|line| line.get(value(line)?))))
}

/// A collector of several programs' logs: `db-1  | …` before every line.
fn collected(text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let (name, _) = first.split_once('|')?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let is_named = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_name);
    if !is_named || text.lines().count() < 2 {
        return None;
    }
    let mark = format!("{name}|");
    let all = text
        .lines()
        .all(|line| line.trim().is_empty() || line.starts_with(&mark));
    let bare = |line: &'_ str| {
        let rest = line.strip_prefix(&mark).map_or(0, |_| mark.len());
        rest + usize::from(line[rest..].starts_with(' '))
    };
    all.then(|| joined(text.lines().map(|line| &line[bare(line)..])))
}

/// The system's log: `… postgres[123]: [4-2] #011…`, tabs written as `#011`.
fn syslog(text: &str) -> Option<String> {
    let bare = |line: &'_ str| -> Option<usize> {
        let at = line.find("]: [")? + "]: [".len();
        let (number, _) = line[at..].split_once("] ")?;
        let (statement, part) = number.split_once('-')?;
        let is_number =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (is_number(statement) && is_number(part)).then_some(at + number.len() + "] ".len())
    };
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .peekable();
    lines.peek()?;
    let starts: Option<Vec<&str>> = lines.map(|line| line.get(bare(line)?..)).collect();
    Some(joined(starts?.into_iter()).replace("#011", "\t"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: &str = "Sort  (cost=1.00..2.00 rows=1 width=4)\n  Sort Key: a\n  ->  Seq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n        Filter: (a || '+' = 'x | y')\n";

    fn with(mark: impl Fn(usize) -> String, end: &str) -> String {
        let lines = PLAN.lines().enumerate();
        lines
            .map(|(at, line)| format!("{}{line}{end}\n", mark(at)))
            .collect()
    }

    #[test]
    fn takes_away_what_stands_before_every_line() {
        for text in [
            with(
                |at| format!("-[ RECORD {} ]----\nQUERY PLAN | ", at + 1),
                "",
            ),
            with(
                |at| format!("+-[ RECORD {} ]----+\n| QUERY PLAN | ", at + 1),
                "   |",
            ),
            with(
                |at| format!("─[ RECORD {} ]────\nQUERY PLAN │ ", at + 1),
                "",
            ),
            with(|at| format!("* Record {}\nQUERY PLAN ", at + 1), "   "),
            with(|_| "db-1  | ".to_owned(), ""),
            with(
                |at| format!("Jan  2 03:04:05 host postgres[123]: [4-{}] ", at + 1),
                "",
            ),
        ] {
            assert_eq!(without(&text).as_deref(), Some(PLAN), "{text}");
        }
        let json = "-[ RECORD 1 ]---\nQUERY PLAN | [        +\n           |   {      +\n           |   }      +\n           | ]\n";
        assert_eq!(without(json).as_deref(), Some("[\n  {\n  }\n]\n"));
    }

    #[test]
    fn leaves_alone_what_is_the_plan() {
        for text in [
            PLAN,
            "id|parent|notused|detail\n2|0|0|SCAN t\n",
            "|--SCAN t\n`--SEARCH u\n",
            "| QUERY PLAN |\n| Seq Scan on t |\n",
            "db-1  | one\nother | two\n",
            "",
        ] {
            assert_eq!(without(text), None, "{text}");
        }
    }
}
