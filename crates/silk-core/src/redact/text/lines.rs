//! Files of settings, in which lines belong together: YAML, `.pgpass`.

use super::{Scan, run_end};
use crate::redact::shape::{is_file, is_odd};

/// Keys of YAML whose value names what stands in the next line: `- name: DB_PASSWORD`.
const NAMING: &[&str] = &["name", "key", "field", "variable"];

/// The beginning of that line.
const VALUE: &str = "value:";

/// Longer names are not names.
const MAX_NAME: usize = 64;

/// Longer lines are not of `.pgpass`.
const MAX_LINE: usize = 256;

impl Scan<'_, '_> {
    /// Masks what the lines below the one of `word` and its `value` hold: the value of a variable
    /// that is named here, or the block of data of a Secret of Kubernetes.
    pub(super) fn next_line(&mut self, word: &str, value: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if word == "data" && bytes.get(value) == Some(&b'\n') {
            let is_secret = self.text.contains("kind: Secret");
            return is_secret.then(|| self.block(value));
        }
        if !NAMING.contains(&word) {
            return None;
        }
        let limit = bytes.len().min(value + MAX_NAME);
        let line_end = run_end(bytes.get(..limit)?, value, |byte| byte != b'\n');
        let name = self.text.get(value..line_end)?.trim();
        if bytes.get(line_end) != Some(&b'\n')
            || !self.redactor.is_sensitive(name.trim_matches(['"', '\'']))
        {
            return None;
        }
        let first = run_end(bytes, line_end + 1, |byte| byte == b' ');
        let rest = self.text.get(first..)?.strip_prefix(VALUE)?;
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        let from = first + VALUE.len() + blanks;
        (blanks > 0).then(|| self.value(from))
    }

    /// Masks the values of the indented lines behind the name of a block of secrets whose line ends
    /// at `line_end`; returns where the block ends. Their names stay.
    pub(super) fn block(&mut self, line_end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut line = line_end + 1;
        while bytes.get(line) == Some(&b' ') {
            let end = run_end(bytes, line, |byte| byte != b'\n');
            let text = self.text.get(line..end).unwrap_or_default();
            if let Some(colon) = text.find(": ") {
                let blanks = text
                    .get(colon + 1..)
                    .map_or(0, |rest| rest.len() - rest.trim_start().len());
                self.value(line + colon + 1 + blanks);
            } else if !text.trim_end().ends_with(':') {
                // The lines of a value that has several.
                let first = line + text.len() - text.trim_start().len();
                self.mask(first.max(self.masked_to()), end);
            }
            line = end + 1;
        }
        line.min(bytes.len())
    }

    /// Masks the items of a list behind the name of secrets, whose line ends at `line_end`, that are
    /// no words: elsewhere names of secrets stand in such lists.
    pub(super) fn list(&mut self, line_end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut line = line_end + 1;
        loop {
            let first = run_end(bytes, line, |byte| byte == b' ');
            if !bytes
                .get(first..)
                .is_some_and(|rest| rest.starts_with(b"- "))
            {
                return line.min(bytes.len());
            }
            let end = run_end(bytes, first, |byte| byte != b'\n');
            let item = self.text.get(first + 2..end).unwrap_or_default();
            if is_odd(item.trim_matches(['"', '\'', ' ', '\r'])) {
                self.mask(first + 2, end);
            }
            line = end + 1;
        }
    }

    /// Masks what the word from `start` to `end`, which a colon follows, is the beginning of: the id
    /// of a bot, a line of `.pgpass`, an address of Oracle.
    pub(super) fn before_colon(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if bytes.get(end.checked_sub(1)?)?.is_ascii_digit()
            && let Some(last) = self.bot(start, end)
        {
            return Some(last);
        }
        if start.checked_sub(1).and_then(|sign| bytes.get(sign)) == Some(&b'$') {
            return self.default_of_variable(start, end);
        }
        match self.text.get(start..end)? {
            // `jdbc:oracle:thin:scott/…@host`
            "thin" => {
                let last = run_end(bytes, end + 1, |byte| {
                    !byte.is_ascii_whitespace() && !matches!(byte, b'@' | b'"' | b'\'')
                });
                let user = self.text.get(end + 1..last)?.find('/')?;
                (bytes.get(last) == Some(&b'@')).then(|| self.mask(end + 2 + user, last))
            }
            _ => self.pgpass(start, end),
        }
    }

    /// Masks what a variable of GraphQL is where none is given, if its query gives it to an argument
    /// of a sensitive name: `($p: String = "…") { login(password: $p) }`.
    fn default_of_variable(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let limit = bytes.len().min(end + MAX_NAME);
        let sign = run_end(bytes.get(..limit)?, end, |byte| {
            !matches!(byte, b'=' | b',' | b')' | b'\n')
        });
        let name = self.text.get(start..end)?;
        if bytes.get(sign) != Some(&b'=') || !self.redactor.variables(self.text).contains(&name) {
            return None;
        }
        let value = run_end(bytes, sign + 1, |byte| byte == b' ');
        Some(self.value(value))
    }

    /// `host:port:database:user:password`, a line by itself.
    fn pgpass(&mut self, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        // Most are times of the day: `10:00:00`.
        let port_end = run_end(bytes, end + 1, |byte| byte.is_ascii_digit());
        let is_port = (2..=5).contains(&(port_end - end - 1))
            && bytes.get(port_end) == Some(&b':')
            && bytes
                .get(port_end + 1)
                .is_some_and(|byte| !byte.is_ascii_digit());
        let is_first = start
            .checked_sub(1)
            .is_none_or(|before| bytes.get(before) == Some(&b'\n'));
        if !is_port || !is_first {
            return None;
        }
        let limit = bytes.len().min(start + MAX_LINE);
        let last = run_end(bytes.get(..limit)?, start, |byte| {
            !byte.is_ascii_whitespace()
        });
        let mut fields = self.text.get(start..last)?.splitn(5, ':');
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (host, _port, database, user, password) = (next()?, next()?, next()?, next()?, next()?);
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_line = matches!(bytes.get(last), None | Some(b'\n' | b'\r'));
        let is_it = is_line
            && !is_number(database)
            && !is_number(user)
            && !is_file(host)
            && host.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_it.then(|| self.mask(last - password.len(), last))
    }
}
