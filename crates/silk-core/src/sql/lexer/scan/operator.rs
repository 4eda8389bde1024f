//! Where an operator ends.

use super::{Scanner, is_start};

impl Scanner<'_> {
    pub(super) fn operator(&self, start: usize) -> usize {
        if self.rules.has_free_operators {
            return self.free_operator(start);
        }
        const KNOWN: &[&[u8]] = &[
            b"#>>", b"->>", b"<=>", b"!~*", b"!~~", b"~~*", b"->", b"#>", b"#-", b"@>", b"<@",
            b"@@", b"@?", b"||", b"&&", b"<<", b"<=", b"<>", b">>", b">=", b"!=", b"==", b"=>",
            b"::", b":=", b"!~", b"~*", b"~~", b"<^", b">^", b"|/", b"^@",
        ];
        let is_known = |operator: &&&[u8]| self.starts_with(start, operator);
        if let Some(operator) = KNOWN.iter().find(is_known) {
            // `<@name` compares with a placeholder.
            let ends_with_at = operator.ends_with(b"@") && self.rules.has_named_values;
            let is_name = ends_with_at && is_start(self.at(start + operator.len()));
            if !is_name {
                return start + operator.len();
            }
        }
        start
            + self
                .sql
                .get(start..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
    }

    /// An operator of PostgreSQL: as long as it goes, but ending before a comment, and before the
    /// sign of a number unless it has a character that only operators of its own have.
    fn free_operator(&self, start: usize) -> usize {
        const PLAIN: &[u8] = b"+-*/<>=";
        const OWN: &[u8] = b"~!@#^&|`?%";
        let first = self.at(start);
        if !PLAIN.contains(&first) && !OWN.contains(&first) {
            let is_pair = self.starts_with(start, b"::")
                || self.starts_with(start, b":=")
                || self.starts_with(start, b"..");
            return start + if is_pair { 2 } else { 1 };
        }
        let mut end = start;
        let mut is_own = false;
        while PLAIN.contains(&self.at(end)) || OWN.contains(&self.at(end)) {
            if end > start && (self.starts_with(end, b"--") || self.starts_with(end, b"/*")) {
                break;
            }
            is_own |= OWN.contains(&self.at(end));
            end += 1;
        }
        if !is_own {
            while end > start + 1 && matches!(self.at(end - 1), b'+' | b'-') {
                end -= 1;
            }
        }
        end
    }
}
