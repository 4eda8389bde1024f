//! A JSON reader for plans: iterative, keeps repeated keys, stops where the value ends.
//!
//! Plans nest twice per level, far beyond what a recursive reader allows; MariaDB before 10.10
//! repeats the key `table` within one object; logs go on after the closing brace.

use super::value::Json;
use crate::{MAX_DEPTH, PlanError};

/// The reason given where the text ends within a string.
pub(crate) const UNENDED_STRING: &str = "a string does not end";

/// Arrays and objects that may be open at once: a plan level opens two.
const MAX_JSON_DEPTH: usize = 2 * MAX_DEPTH + 16;

/// Reads one value from the start of `text`; gives it and where it ended.
pub(crate) fn read(text: &str) -> Result<(Json, usize), PlanError> {
    Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
    }
    .value()
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

/// What is open while reading.
enum Open {
    Array(Vec<Json>),
    Object(Vec<(String, Json)>, String),
}

fn push(open: &mut Vec<Open>, new: Open) -> Result<(), PlanError> {
    if open.len() >= MAX_JSON_DEPTH {
        return Err(PlanError::TooDeep);
    }
    open.push(new);
    Ok(())
}

impl Reader<'_> {
    fn error(&self, reason: &'static str) -> PlanError {
        PlanError::Json {
            offset: self.at,
            reason,
        }
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(mut self) -> Result<(Json, usize), PlanError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.space();
            // Either opens something, and the loop goes on inside, or gives a whole value.
            let mut value = match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.space();
                    if self.take(b'}') {
                        Json::Object(Vec::new())
                    } else {
                        let key = self.key()?;
                        push(&mut open, Open::Object(Vec::new(), key))?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.space();
                    if self.take(b']') {
                        Json::Array(Vec::new())
                    } else {
                        push(&mut open, Open::Array(Vec::new()))?;
                        continue;
                    }
                }
                Some(b'"') => Json::Text(self.string()?),
                Some(_) => self.scalar()?,
                None => return Err(self.error("the text ends within it")),
            };
            // Puts the value where it belongs, closing what ends with it.
            loop {
                let Some(inner) = open.pop() else {
                    return Ok((value, self.at));
                };
                self.space();
                match inner {
                    Open::Array(mut items) => {
                        items.push(value);
                        if self.take(b',') {
                            open.push(Open::Array(items));
                            break;
                        }
                        if !self.take(b']') {
                            return Err(self.error("expected , or ]"));
                        }
                        value = Json::Array(items);
                    }
                    Open::Object(mut entries, key) => {
                        entries.push((key, value));
                        if self.take(b',') {
                            self.space();
                            let key = self.key()?;
                            open.push(Open::Object(entries, key));
                            break;
                        }
                        if !self.take(b'}') {
                            return Err(self.error("expected , or }"));
                        }
                        value = Json::Object(entries);
                    }
                }
            }
        }
    }

    fn key(&mut self) -> Result<String, PlanError> {
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key"));
        }
        let key = self.string()?;
        self.space();
        if self.take(b':') {
            Ok(key)
        } else {
            Err(self.error("expected :"))
        }
    }

    fn scalar(&mut self) -> Result<Json, PlanError> {
        let rest = &self.bytes[self.at..];
        let length = rest
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')))
            .unwrap_or(rest.len());
        let word = &self.text[self.at..self.at + length];
        let value = match word {
            "null" => Json::Null,
            "true" => Json::Bool(true),
            "false" => Json::Bool(false),
            _ if word.parse::<f64>().is_ok() => Json::Number(word.to_owned()),
            _ => return Err(self.error("expected a value")),
        };
        self.at += length;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, PlanError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let Some(length) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else {
                return Err(self.error(UNENDED_STRING));
            };
            out.push_str(&self.text[self.at..self.at + length]);
            self.at += length + 1;
            if rest[length] == b'"' {
                return Ok(out);
            }
            let escape = self.peek().ok_or_else(|| self.error(UNENDED_STRING))?;
            self.at += 1;
            out.push(match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => self.unicode()?,
                _ => {
                    self.at -= 1;
                    return Err(self.error("unknown escape"));
                }
            });
        }
    }

    fn unicode(&mut self) -> Result<char, PlanError> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if self.bytes[self.at..].starts_with(b"\\u") {
            let back = self.at;
            self.at += 2;
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, PlanError> {
        let digits = self
            .text
            .get(self.at..self.at + 4)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .ok_or_else(|| self.error("expected four hex digits"))?;
        let code =
            u32::from_str_radix(digits, 16).map_err(|_| self.error("expected hex digits"))?;
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_strict_reader_reads() {
        for text in [
            "null",
            "[]",
            "{}",
            "[1, -2.5e3, \"a\\u00e9\\n\\ud83d\\ude00\", {\"k\": [true, false, null]}]",
        ] {
            let (_, end) = read(text).unwrap();
            assert_eq!(end, text.len(), "{text}");
            serde_json::from_str::<serde_json::Value>(text).unwrap();
        }
    }

    #[test]
    fn keeps_repeated_keys_and_stops_at_the_end() {
        let (value, end) = read("{\"table\":1,\"table\":2} (1 row)").unwrap();
        assert_eq!(value.entries().len(), 2);
        assert_eq!(end, 21);
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "", "{", "[1,", "{\"a\"}", "{\"a\":}", "\"abc", "\"\\q\"", "\"\\u12", "nul", "[1 2]",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert_eq!(read(&"[".repeat(100_000)), Err(PlanError::TooDeep));
    }
}
