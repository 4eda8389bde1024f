//! Conditions as findings show them: lists of values cut short.

/// Values of a list that are shown.
const MAX_VALUES: usize = 3;

/// The condition with each list of values cut after the third: `'{1,2,3, … (40 values)}'`.
pub(in crate::findings) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(1_024));
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '(', '[']) {
        out.push_str(&rest[..at]);
        let part = &rest[at..];
        let is_quote = part.starts_with('\'');
        if !is_quote && !is_list(&out) {
            out.push_str(&part[..1]);
            rest = &part[1..];
            continue;
        }
        let open = if part.starts_with("'{") { 2 } else { 1 };
        let close = if is_quote {
            literal(part)
        } else {
            bracket(part)
        };
        // What has no end is shown as it is: looking on from each bracket would take forever.
        let Some(close) = close else {
            rest = part;
            break;
        };
        let is_text = is_quote && open == 1;
        let end = if open == 2 && part[..close].ends_with('}') {
            close - 1
        } else {
            close
        };
        if is_text || end < open {
            out.push_str(&part[..=close]);
        } else {
            out.push_str(&part[..open]);
            push_list(&mut out, &part[open..end]);
            out.push_str(&part[end..=close]);
        }
        rest = &part[close + 1..];
    }
    out.push_str(rest);
    out
}

/// Whether a bracket behind this opens a list of values.
fn is_list(before: &str) -> bool {
    let before = before.trim_end();
    [" IN", " in", "ARRAY", "<in>"]
        .iter()
        .any(|word| before.ends_with(word))
}

/// Where the literal that the text starts with ends: at its last quote.
fn literal(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        if bytes[at] == b'\'' {
            if bytes.get(at + 1) != Some(&b'\'') {
                return Some(at);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

/// Where the bracket that the text starts with is closed.
fn bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut within = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'\'' => within = !within,
            b'(' | b'[' if !within => depth += 1,
            b')' | b']' if !within => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The first values of a list, and how many there are.
fn push_list(out: &mut String, list: &str) {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut commas = 0_usize;
    let mut end = list.len();
    for (at, byte) in list.bytes().enumerate() {
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, b',') if depth == 0 => {
                commas += 1;
                if commas == MAX_VALUES {
                    end = at;
                }
            }
            _ => {}
        }
    }
    if commas < MAX_VALUES {
        out.push_str(list);
    } else {
        out.push_str(&list[..end]);
        out.push_str(&format!(", … ({} values)", commas + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_after_three_values() {
        for (text, cut) in [
            (
                "(user_id = ANY ('{1,2,3,4,5}'::bigint[]))",
                "(user_id = ANY ('{1,2,3, … (5 values)}'::bigint[]))",
            ),
            (
                "(a = ANY ('{\"x, y\",b,c,d}'::text[]))",
                "(a = ANY ('{\"x, y\",b,c, … (4 values)}'::text[]))",
            ),
            (
                "(a = ANY (ARRAY[$1, $2, $3, f(1, 2)]))",
                "(a = ANY (ARRAY[$1, $2, $3, … (4 values)]))",
            ),
            ("(m.a in (1,2,3,4))", "(m.a in (1,2,3, … (4 values)))"),
            ("(m.a in ('a)',',',3))", "(m.a in ('a)',',',3))"),
            (
                "(a = ANY ('{1,2,3}'::int[]))",
                "(a = ANY ('{1,2,3}'::int[]))",
            ),
            ("(a = 'it''s, 1, 2, 3, 4')", "(a = 'it''s, 1, 2, 3, 4')"),
            ("(f(a, b, c, d, e) = 1)", "(f(a, b, c, d, e) = 1)"),
            ("(a = '{'::text)", "(a = '{'::text)"),
            ("(a = '{}'::text)", "(a = '{}'::text)"),
            ("(é = 'ö and", "(é = 'ö and"),
            ("x IN (1, 2", "x IN (1, 2"),
        ] {
            assert_eq!(shown(text), cut);
        }
    }

    #[test]
    fn brackets_without_an_end_stay_cheap() {
        for part in ["a IN (", "ARRAY[", "'{", "((", "a IN (1) "] {
            let long = part.repeat(100_000);
            assert!(shown(&long).len() <= long.len());
        }
    }
}
