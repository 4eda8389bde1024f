//! Arrays: `{1,NULL,"a b"}`.

use super::{
    super::{Decoded, hex},
    reader::{Reader, push_quoted},
    scalar, types,
};

/// An array as PostgreSQL prints it. One that was cut ends after its last whole element with `…`.
pub(super) fn array(element: &str, bytes: &[u8], is_cut: bool) -> Option<String> {
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.int()?).ok()?;
    let _has_nulls = reader.int()?;
    let oid = reader.number()?;
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    // PostgreSQL has no more.
    if dimensions > 6 {
        return None;
    }
    let mut lengths = Vec::with_capacity(dimensions);
    let mut bounds = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        let length = usize::try_from(reader.int()?).ok()?;
        let first = i64::from(reader.int()?);
        lengths.push(length);
        bounds.push((first, first + i64::try_from(length).ok()? - 1));
    }
    let mut out = String::new();
    if bounds.iter().any(|(first, _)| *first != 1) {
        // Arrays whose elements do not count from 1 say so.
        for (first, last) in bounds {
            out.push_str(&format!("[{first}:{last}]"));
        }
        out.push('=');
    }
    let mut printer = Printer {
        // The number says more than a name that somebody gave.
        element: types::name(oid).unwrap_or(element),
        separator: if element == "BOX" { ';' } else { ',' },
        reader,
        is_cut,
        out,
    };
    printer.dimension(&lengths)?;
    if is_cut && printer.reader.is_at_end() {
        return Some(printer.out);
    }
    printer.reader.is_at_end().then_some(printer.out)
}

struct Printer<'a> {
    element: &'a str,
    separator: char,
    reader: Reader<'a>,
    is_cut: bool,
    out: String,
}

/// Whether it goes on.
enum Step {
    Whole,
    Cut,
}

impl Printer<'_> {
    fn dimension(&mut self, lengths: &[usize]) -> Option<Step> {
        let (length, inner) = lengths.split_first()?;
        self.out.push('{');
        for index in 0..*length {
            if index > 0 {
                self.out.push(self.separator);
            }
            let step = if inner.is_empty() {
                self.element()?
            } else if self.reader.is_at_end() {
                // Empty dimensions hold no bytes: a hostile count of them would never end.
                self.end()?
            } else {
                self.dimension(inner)?
            };
            if matches!(step, Step::Cut) {
                return Some(step);
            }
        }
        self.out.push('}');
        Some(Step::Whole)
    }

    fn element(&mut self) -> Option<Step> {
        let before = self.reader.0;
        let Some(part) = self.reader.part() else {
            self.reader.0 = before;
            return self.end();
        };
        let Some(bytes) = part else {
            self.out.push_str("NULL");
            return Some(Step::Whole);
        };
        let text = match scalar(self.element, bytes, false)? {
            Decoded::Plain(text)
            | Decoded::Text(text)
            | Decoded::Typed(text, _)
            | Decoded::Named(text, _) => text,
            Decoded::Blob(bytes) | Decoded::Unknown(bytes) => hex(&bytes, usize::MAX),
        };
        let text = match (self.element, text.as_str()) {
            ("BOOL" | "BOOLEAN", "true") => "t".to_owned(),
            ("BOOL" | "BOOLEAN", "false") => "f".to_owned(),
            _ => text,
        };
        if text.eq_ignore_ascii_case("null") {
            self.out.push_str(&format!("\"{text}\""));
        } else {
            push_quoted(&mut self.out, &text, &['{', '}', self.separator], true);
        }
        Some(Step::Whole)
    }

    /// The bytes end before the array does: right where they were cut.
    fn end(&mut self) -> Option<Step> {
        self.reader.0 = &[];
        self.is_cut.then(|| {
            self.out.push('…');
            Step::Cut
        })
    }
}
