//! Free text: log messages, panics, errors.

use super::{REDACTED, Redactor, Secrets};

/// Scheme words behind which a credential stands.
const SCHEMES: &[&str] = &["bearer", "basic", "digest", "negotiate", "token"];

/// Beginnings of keys that their issuers marked.
const MARKED: &[&str] = &[
    "AKIA",
    "ASIA",
    "AIza",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "npm_",
    "whsec_",
    "eyJ",
];

/// How far the password of an address is looked for.
const MAX_USER_INFO: usize = 256;

impl Redactor {
    /// Free text made safe: `password=…`, `token: …`, `Bearer …`, passwords in URLs, JWTs, marked
    /// keys, private keys, and the `Key (email)=(…)` of PostgreSQL.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        self.scan(text, None).unwrap_or_else(|| text.to_owned())
    }

    /// The same, remembering what it took out.
    #[must_use]
    pub fn text_with(&self, text: &str, secrets: &mut Secrets) -> String {
        self.scan(text, Some(secrets))
            .unwrap_or_else(|| text.to_owned())
    }

    /// The text made safe; none where nothing in it had to go.
    pub(super) fn scan(&self, text: &str, secrets: Option<&mut Secrets>) -> Option<String> {
        let mut scan = Scan {
            redactor: self,
            secrets,
            text,
            out: String::new(),
            kept: 0,
            is_markup: text
                .trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with('<'),
        };
        scan.run();
        if scan.kept == 0 && scan.out.is_empty() {
            return None;
        }
        scan.out.push_str(text.get(scan.kept..).unwrap_or_default());
        Some(scan.out)
    }
}

pub(super) struct Scan<'r, 't> {
    pub(super) redactor: &'r Redactor,
    secrets: Option<&'r mut Secrets>,
    pub(super) text: &'t str,
    out: String,
    kept: usize,
    /// Whether `<` begins a tag: where the whole text is markup, not where a type is named.
    is_markup: bool,
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.') || byte >= 0x80
}

const fn is_credential(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
}

impl Scan<'_, '_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut index = 0;
        while let Some(byte) = bytes.get(index) {
            if is_name(*byte) {
                let end = run_end(bytes, index, is_name);
                index = self.word(index, end).max(end);
            } else if *byte == b'<' && self.is_markup {
                index = self.tag(index).max(index + 1);
            } else if bytes[index..].starts_with(b"://") {
                index = self.user_info(index + 3);
            } else if bytes[index..].starts_with(b")=(") {
                let start = index + 3;
                let length = self
                    .text
                    .get(start..)
                    .and_then(|rest| rest.find(") ").or_else(|| rest.rfind(')')));
                let end = length.map_or(bytes.len(), |length| start + length);
                index = self.mask(start, end);
            } else {
                index += 1;
            }
        }
    }

    /// Masks a range; returns its end.
    pub(super) fn mask(&mut self, start: usize, end: usize) -> usize {
        if start >= end || self.text.get(start..end) == Some(REDACTED) {
            return end.max(start);
        }
        let (Some(kept), Some(secret)) =
            (self.text.get(self.kept..start), self.text.get(start..end))
        else {
            return end;
        };
        if let Some(secrets) = &mut self.secrets {
            secrets.add(secret);
        }
        self.out.push_str(kept);
        self.out.push_str(REDACTED);
        self.kept = end;
        end
    }

    /// Up to where the text is done with.
    pub(super) const fn masked_to(&self) -> usize {
        self.kept
    }

    fn word(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let Some(word) = self.text.get(start..end) else {
            return end;
        };
        if word.ends_with("-----BEGIN") {
            return self.private_key(end - 10);
        }
        // Most words are none of the following, which their first letter tells.
        let first = bytes.get(start).copied().unwrap_or_default();
        let may_be_marked = matches!(first, b'A' | b'e' | b'g' | b'n' | b'r' | b's' | b'w' | b'x');
        if may_be_marked
            && let Some(marked) = MARKED.iter().find(|marked| word.starts_with(**marked))
        {
            let is_jwt = *marked != "eyJ" || word.contains('.');
            let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
            if is_jwt && has_digit {
                let last = run_end(bytes, start, is_credential);
                if last - start >= 16 {
                    return self.mask(start, last);
                }
            }
        }
        if let Some(value) = self.assigned(end)
            && (self.redactor.is_sensitive(word) || self.is_second_word(start, word))
        {
            let is_cookies = ["cookie", "set-cookie"]
                .iter()
                .any(|name| word.eq_ignore_ascii_case(name));
            let is_quoted = matches!(bytes.get(value), Some(b'"' | b'\'' | b'\\' | b'['));
            if is_cookies && !is_quoted {
                // All of them, up to the end of the line or of what quotes it.
                let last = run_end(bytes, value, |byte| {
                    !matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'}' | b']')
                });
                return self.mask(value, last);
            }
            return self.value(value);
        }
        // `--password x`, as on a command line.
        if word.starts_with("--")
            && bytes.get(end) == Some(&b' ')
            && bytes.get(end + 1).is_some_and(|byte| *byte != b'-')
            && self.redactor.is_sensitive(word)
        {
            return self.value(end + 1);
        }
        if let Some(value) = self.paired(start, end)
            && self.redactor.is_sensitive(word)
        {
            return self.value(value);
        }
        // PostgreSQL shows the whole row that violates a constraint.
        if word == "contains"
            && self
                .text
                .get(..start)
                .is_some_and(|head| head.ends_with("row "))
            && bytes[end..].starts_with(b" (")
        {
            let line = run_end(bytes, end, |byte| byte != b'\n');
            let length = self
                .text
                .get(end + 2..line)
                .map(|rest| rest.rfind(')').unwrap_or(rest.len()));
            return self.mask(end + 2, end + 2 + length.unwrap_or_default());
        }
        let is_scheme = first.eq_ignore_ascii_case(&b'b')
            && SCHEMES
                .iter()
                .take(2)
                .any(|scheme| word.eq_ignore_ascii_case(scheme));
        if is_scheme && bytes.get(end) == Some(&b' ') {
            let first = run_end_while(bytes, end, b' ');
            let last = run_end(bytes, first, is_credential);
            let credential = bytes.get(first..last).unwrap_or_default();
            let is_long = credential.len() >= 16;
            let is_coded = credential.len() >= 6
                && credential
                    .iter()
                    .any(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'=' | b'.'));
            if is_long || is_coded {
                return self.mask(first, last);
            }
        }
        end
    }

    /// Where the value starts that is assigned to the name which ends at `end`.
    fn assigned(&self, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut index = end;
        // `\"password\": …`, `'password' => …`, `user[password]=…`
        while matches!(bytes.get(index), Some(b'"' | b'\'' | b'\\' | b']' | b'`')) {
            index += 1;
        }
        let mut blanks = 0;
        while bytes.get(index) == Some(&b' ') && blanks < 4 {
            index += 1;
            blanks += 1;
        }
        let rest = bytes.get(index..)?;
        let mut index = if rest.starts_with(b"::") {
            return None;
        } else if rest.starts_with(b"=>") || rest.starts_with(b":=") || rest.starts_with(b"==") {
            index + 2
        } else if rest.starts_with(b"=") || rest.starts_with(b":") {
            index + 1
        } else if rest.starts_with(b"%3D") || rest.starts_with(b"%3d") {
            index + 3
        } else {
            return None;
        };
        while bytes.get(index) == Some(&b' ') {
            index += 1;
        }
        Some(self.within_calls(index))
    }

    /// `Some("…")`, `Secret("…")`, `Some(Password("…"))` of Rust's Debug: where the text within
    /// starts.
    fn within_calls(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut index = start;
        let mut after_some = start;
        for _ in 0..4 {
            let end = run_end(bytes, index, |byte| is_name(byte) || byte == b':');
            if end == index || bytes.get(end) != Some(&b'(') {
                break;
            }
            let is_some = bytes.get(index..end) == Some(b"Some");
            index = end + 1;
            if is_some {
                after_some = index;
            }
        }
        match bytes.get(index) {
            Some(b'"' | b'\'' | b'\\') => index,
            _ => after_some,
        }
    }

    /// Whether the word before makes a sensitive name of this one (`api key: …`), where it is none
    /// by itself.
    fn is_second_word(&self, start: usize, word: &str) -> bool {
        let head = self.text.as_bytes().get(..start).unwrap_or_default();
        if head.last() != Some(&b' ') {
            return false;
        }
        let end = start - 1;
        let first = head
            .get(..end)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(32)
            .take_while(|byte| byte.is_ascii_alphanumeric())
            .count();
        let Some(before) = self.text.get(end - first..end).filter(|_| first > 0) else {
            return false;
        };
        !self.redactor.is_sensitive(before)
            && self.redactor.is_sensitive(&format!("{before} {word}"))
    }

    /// Where the value starts in a pair of Rust's Debug: `("password", "…")`.
    fn paired(&self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let quote = start.checked_sub(1)?;
        let is_pair = bytes.get(quote) == Some(&b'"')
            && bytes.get(quote.checked_sub(1)?) == Some(&b'(')
            && bytes.get(end..)?.starts_with(b"\", ");
        is_pair.then(|| self.within_calls(end + 3))
    }

    fn value(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut first = start;
        while bytes.get(first) == Some(&b'\\') {
            first += 1;
        }
        if bytes
            .get(first..)
            .is_some_and(|rest| rest.starts_with(REDACTED.as_bytes()))
        {
            return first + REDACTED.len();
        }
        let escapes = first - start;
        match bytes.get(first) {
            None => start,
            Some(b'"') if bytes[first..].starts_with(b"\"\"\"") => {
                let length = self
                    .text
                    .get(first + 3..)
                    .and_then(|rest| rest.find("\"\"\""));
                let last = length.map_or(bytes.len(), |length| first + 3 + length);
                self.mask(first + 3, last)
            }
            Some(quote @ (b'"' | b'\'' | b'`')) => {
                let mut last = first + 1;
                while let Some(byte) = bytes.get(last) {
                    if byte == quote {
                        break;
                    }
                    if *byte == b'\\' {
                        // Within escaped quotes, a backslash before a quote ends the value.
                        if escapes > 0 && bytes.get(last + escapes) == Some(quote) {
                            break;
                        }
                        if escapes == 0 {
                            last += 1;
                        }
                    }
                    last += 1;
                }
                let last = last.min(bytes.len());
                self.mask(first + 1, last).max(last)
            }
            // A block of YAML: the lines that are indented.
            Some(b'|' | b'>') if self.line_ends(first + 1).is_some() => {
                let mut last = self.line_ends(first + 1).unwrap_or(first);
                let start = last;
                while bytes.get(last) == Some(&b' ') {
                    last = (run_end(bytes, last, |byte| byte != b'\n') + 1).min(bytes.len());
                }
                self.mask(start, last)
            }
            // A list or object keeps its shape; what is in it has names of its own.
            Some(b'{') => first,
            Some(b'[') => {
                let length = self.text.get(first..).and_then(|rest| rest.find(']'));
                let last = length.map_or(bytes.len(), |length| first + length);
                self.mask(first + 1, last)
            }
            Some(_) => {
                let mut last = first;
                loop {
                    let word_end = run_end(bytes, last, |byte| {
                        !byte.is_ascii_whitespace()
                            && !matches!(
                                byte,
                                b',' | b';'
                                    | b'&'
                                    | b')'
                                    | b']'
                                    | b'}'
                                    | b'"'
                                    | b'\''
                                    | b'`'
                                    | b'<'
                                    | b'>'
                            )
                    });
                    let word = self.text.get(last..word_end).unwrap_or_default();
                    let is_scheme = SCHEMES
                        .iter()
                        .any(|scheme| word.eq_ignore_ascii_case(scheme));
                    if is_scheme && bytes.get(word_end) == Some(&b' ') {
                        last = word_end + 1;
                        first = last;
                        continue;
                    }
                    if last == word_end {
                        return word_end.max(start);
                    }
                    return self.mask(first, word_end);
                }
            }
        }
    }

    /// Where the next line starts, if nothing but a sign of YAML stands before it.
    fn line_ends(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let end = run_end(bytes, start, |byte| matches!(byte, b'-' | b'+' | b'\r'));
        (bytes.get(end) == Some(&b'\n')).then_some(end + 1)
    }

    /// `user:password@host` behind `://`.
    fn user_info(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let authority = run_end(bytes, start, |byte| {
            !byte.is_ascii_whitespace()
                && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`')
        });
        // A password may hold a slash that nobody encoded: then the `@` comes later, but not by far
        // (a text of nothing but `://` must not be read again and again).
        let bytes = bytes
            .get(..bytes.len().min(authority + MAX_USER_INFO))
            .unwrap_or_default();
        let line = run_end(bytes, start, |byte| {
            !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'?')
        });
        let in_authority = bytes
            .get(start..authority)
            .and_then(|part| part.iter().rposition(|byte| *byte == b'@'));
        let colon = bytes
            .get(start..authority)
            .and_then(|part| part.iter().position(|byte| *byte == b':'));
        let at = in_authority.or_else(|| {
            let at = bytes
                .get(start..line)?
                .iter()
                .position(|byte| *byte == b'@')?;
            let port = colon.and_then(|colon| bytes.get(start + colon + 1));
            port.is_some_and(|byte| !byte.is_ascii_digit())
                .then_some(at)
        });
        let Some(at) = at else {
            // Cut before the `@`; a port is all digits, and an address in brackets has no user.
            let rest = colon.and_then(|colon| bytes.get(start + colon + 1..authority));
            let is_cut = authority == self.text.len()
                && bytes.get(start) != Some(&b'[')
                && rest.is_some_and(|rest| rest.iter().any(|byte| !byte.is_ascii_digit()));
            return match colon.filter(|_| is_cut) {
                Some(colon) => self.mask(start + colon + 1, authority),
                None => start,
            };
        };
        match colon.filter(|colon| *colon < at) {
            Some(colon) => self.mask(start + colon + 1, start + at),
            None if at >= 16 => self.mask(start, start + at),
            None => start,
        }
    }

    fn private_key(&mut self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let header = rest
            .get(11..)
            .and_then(|rest| rest.find("-----"))
            .map(|end| end + 16);
        let Some(header) = header.filter(|end| {
            rest.get(..*end)
                .is_some_and(|head| head.contains("PRIVATE KEY"))
        }) else {
            return start + 11;
        };
        let end = rest
            .get(header..)
            .and_then(|rest| rest.find("-----END"))
            .map_or(rest.len(), |end| header + end);
        self.mask(start + header, start + end)
    }
}

pub(super) fn run_end(bytes: &[u8], start: usize, is_part: impl Fn(u8) -> bool) -> usize {
    bytes.get(start..).map_or(start, |rest| {
        rest.iter()
            .position(|byte| !is_part(*byte))
            .map_or(bytes.len(), |length| start + length)
    })
}

fn run_end_while(bytes: &[u8], start: usize, what: u8) -> usize {
    run_end(bytes, start, |byte| byte == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_letters_are_those_of_the_lists() {
        for marked in MARKED {
            let first = marked.as_bytes()[0];
            assert!(b"Aegnrswx".contains(&first), "{marked}");
        }
        for scheme in SCHEMES.iter().take(2) {
            assert!(scheme.starts_with('b'), "{scheme}");
        }
    }
}
