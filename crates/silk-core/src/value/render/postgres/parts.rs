//! Values that consist of several: composites and `hstore`.

use super::{
    super::{Decoded, hex},
    reader::{Reader, push_quoted},
    scalar_or_array, types,
};

/// PostgreSQL has no more columns.
const MAX_FIELDS: i32 = 1_664;
/// Composites within composites.
const MAX_DEPTH: u8 = 16;

/// A composite as PostgreSQL prints it: `(7,"x,y",)`, the last field NULL. None if the bytes do
/// not add up to one, to the last byte.
pub(super) fn composite(bytes: &[u8], depth: u8) -> Option<String> {
    let mut reader = Reader(bytes);
    let count = reader.int()?;
    if !(1..=MAX_FIELDS).contains(&count) || depth > MAX_DEPTH {
        return None;
    }
    let mut out = String::from("(");
    for index in 0..count {
        if index > 0 {
            out.push(',');
        }
        let oid = reader.number()?;
        if let Some(bytes) = reader.part()? {
            let text = field(oid, bytes, depth)?;
            push_quoted(&mut out, &text, &['(', ')', ','], false);
        }
    }
    out.push(')');
    reader.is_at_end().then_some(out)
}

fn field(oid: u32, bytes: &[u8], depth: u8) -> Option<String> {
    let decoded = match types::name(oid) {
        Some(name) => scalar_or_array(name, bytes),
        None => Decoded::Text(
            composite(bytes, depth + 1).or_else(|| super::super::printable(bytes, false))?,
        ),
    };
    Some(match decoded {
        Decoded::Plain(text) => match (types::name(oid), text.as_str()) {
            (Some("BOOL"), "true") => "t".to_owned(),
            (Some("BOOL"), "false") => "f".to_owned(),
            _ => text,
        },
        Decoded::Text(text) | Decoded::Typed(text, _) | Decoded::Named(text, _) => text,
        Decoded::Blob(bytes) | Decoded::Unknown(bytes) => hex(&bytes, usize::MAX),
    })
}

/// Keys and values of the extension `hstore`: `"a"=>"1", "b"=>NULL`. One that was cut ends after
/// its last whole pair with `…`.
pub(super) fn hstore(bytes: &[u8], is_cut: bool) -> Option<String> {
    let mut reader = Reader(bytes);
    let count = usize::try_from(reader.int()?).ok()?;
    let mut pairs: Vec<(&[u8], Option<&[u8]>)> = Vec::new();
    let mut is_whole = true;
    for _ in 0..count {
        let pair = || Some((reader.part()??, reader.part()?));
        let Some(pair) = { pair }() else {
            is_whole = false;
            break;
        };
        pairs.push(pair);
    }
    if !(is_cut || is_whole && reader.is_at_end()) {
        return None;
    }
    // As the server keeps them.
    pairs.sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then(a.cmp(b)));
    pairs.dedup_by(|(a, _), (b, _)| a == b);
    let quoted = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(format!(
            "\"{}\"",
            text.replace('\\', "\\\\").replace('"', "\\\"")
        ))
    };
    let mut parts = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let value = match value {
            None => "NULL".to_owned(),
            Some(value) => quoted(value)?,
        };
        parts.push(format!("{}=>{value}", quoted(key)?));
    }
    if !is_whole {
        parts.push("…".to_owned());
    }
    Some(parts.join(", "))
}
