//! PostgreSQL's binary format.

use uuid::Uuid;

use super::{
    Decoded, float, hex, numeric, printable,
    time::{clock, interval, postgres_date, postgres_timestamp},
    utf8,
};

pub(super) fn decode(type_name: &str, bytes: &[u8], is_cut: bool) -> Decoded {
    let name = type_name.trim_matches('"').to_ascii_uppercase();
    let element = name.strip_suffix("[]").or_else(|| name.strip_prefix('_'));
    if let Some(element) = element {
        let Some(text) = array(element, bytes) else {
            return Decoded::Unknown(bytes.to_vec());
        };
        return Decoded::Array(text, format!("{}[]", element.to_ascii_lowercase()));
    }
    scalar(&name, bytes, is_cut).unwrap_or_else(|| Decoded::Unknown(bytes.to_vec()))
}

fn scalar(name: &str, bytes: &[u8], is_cut: bool) -> Option<Decoded> {
    let base = name.split('(').next().unwrap_or(name).trim();
    Some(match base {
        "BOOL" | "BOOLEAN" => Decoded::Plain(
            match bytes {
                [0] => "FALSE",
                [1] => "TRUE",
                _ => return None,
            }
            .to_owned(),
        ),
        "INT2" | "SMALLINT" => {
            Decoded::Plain(i16::from_be_bytes(bytes.try_into().ok()?).to_string())
        }
        "INT4" | "INT" | "INTEGER" => {
            Decoded::Plain(i32::from_be_bytes(bytes.try_into().ok()?).to_string())
        }
        "INT8" | "BIGINT" => Decoded::Plain(i64::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "OID" => Decoded::Plain(u32::from_be_bytes(bytes.try_into().ok()?).to_string()),
        "FLOAT4" | "REAL" => {
            let value = f32::from_be_bytes(bytes.try_into().ok()?);
            number(format!("{value:?}"), value.is_finite(), "float4")
        }
        "FLOAT8" | "DOUBLE PRECISION" => {
            let value = f64::from_be_bytes(bytes.try_into().ok()?);
            number(float(value), value.is_finite(), "float8")
        }
        "NUMERIC" | "DECIMAL" => {
            let text = numeric::decode(bytes)?;
            let is_finite = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
            number(text, is_finite, "numeric")
        }
        "TEXT" | "VARCHAR" | "CHAR" | "BPCHAR" | "NAME" | "CITEXT" | "UNKNOWN" | "XML" => {
            Decoded::Text(utf8(bytes, is_cut)?)
        }
        "JSON" => Decoded::Typed(utf8(bytes, is_cut)?, "json"),
        // A version stands before the text.
        "JSONB" => Decoded::Typed(utf8(bytes.strip_prefix(&[1])?, is_cut)?, "jsonb"),
        "JSONPATH" => Decoded::Typed(utf8(bytes.strip_prefix(&[1])?, is_cut)?, "jsonpath"),
        "UUID" => Decoded::Typed(Uuid::from_slice(bytes).ok()?.to_string(), "uuid"),
        "BYTEA" => Decoded::Blob(bytes.to_vec()),
        "DATE" => Decoded::Typed(
            postgres_date(i32::from_be_bytes(bytes.try_into().ok()?))?,
            "date",
        ),
        "TIMESTAMP" => Decoded::Typed(
            postgres_timestamp(i64::from_be_bytes(bytes.try_into().ok()?), false)?,
            "timestamp",
        ),
        "TIMESTAMPTZ" => Decoded::Typed(
            postgres_timestamp(i64::from_be_bytes(bytes.try_into().ok()?), true)?,
            "timestamptz",
        ),
        "TIME" => Decoded::Typed(clock(i64::from_be_bytes(bytes.try_into().ok()?)), "time"),
        "TIMETZ" => Decoded::Typed(time_with_zone(bytes)?, "timetz"),
        "INTERVAL" => {
            let (us, rest) = bytes.split_first_chunk::<8>()?;
            let (days, months) = rest.split_first_chunk::<4>()?;
            let months: [u8; 4] = months.try_into().ok()?;
            Decoded::Typed(
                interval(
                    i64::from_be_bytes(*us),
                    i32::from_be_bytes(*days),
                    i32::from_be_bytes(months),
                ),
                "interval",
            )
        }
        "INET" | "CIDR" => Decoded::Typed(
            network(bytes, base == "CIDR")?,
            if base == "CIDR" { "cidr" } else { "inet" },
        ),
        "MACADDR" if bytes.len() == 6 => {
            let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Decoded::Typed(parts.join(":"), "macaddr")
        }
        "VOID" => Decoded::Text(String::new()),
        // Enumerations and domains are text to the protocol.
        _ => Decoded::Text(printable(bytes, is_cut)?),
    })
}

fn number(text: String, is_finite: bool, type_name: &'static str) -> Decoded {
    if is_finite {
        return Decoded::Plain(text);
    }
    let text = match text.as_str() {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        _ => text,
    };
    Decoded::Typed(text, type_name)
}

fn time_with_zone(bytes: &[u8]) -> Option<String> {
    let (us, zone) = bytes.split_first_chunk::<8>()?;
    // Seconds west of Greenwich.
    let west = i32::from_be_bytes(zone.try_into().ok()?);
    let seconds = west.unsigned_abs();
    let sign = if west > 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    Some(format!("{}{zone}", clock(i64::from_be_bytes(*us))))
}

/// `family bits is_cidr length address`
fn network(bytes: &[u8], is_cidr: bool) -> Option<String> {
    let ([_, bits, _, _], address) = bytes.split_first_chunk::<4>()?;
    let (address, whole) = if let Ok(four) = <[u8; 4]>::try_from(address) {
        (std::net::IpAddr::from(four).to_string(), 32)
    } else {
        (
            std::net::IpAddr::from(<[u8; 16]>::try_from(address).ok()?).to_string(),
            128,
        )
    };
    Some(if *bits == whole && !is_cidr {
        address
    } else {
        format!("{address}/{bits}")
    })
}

/// An array as PostgreSQL prints it: `{1,NULL,"a b"}`.
fn array(element: &str, bytes: &[u8]) -> Option<String> {
    let mut reader = Reader(bytes);
    let dimensions = usize::try_from(reader.int()?).ok()?;
    let _has_nulls = reader.int()?;
    let _oid = reader.int()?;
    if dimensions == 0 {
        return Some("{}".to_owned());
    }
    // PostgreSQL has no more.
    if dimensions > 6 {
        return None;
    }
    let mut lengths = Vec::with_capacity(dimensions);
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.int()?).ok()?);
        let _lower_bound = reader.int()?;
    }
    let mut out = String::new();
    dimension(&lengths, element, &mut reader, &mut out)?;
    Some(out)
}

fn dimension(
    lengths: &[usize],
    element: &str,
    reader: &mut Reader<'_>,
    out: &mut String,
) -> Option<()> {
    let (length, inner) = lengths.split_first()?;
    out.push('{');
    for index in 0..*length {
        if index > 0 {
            out.push(',');
        }
        if inner.is_empty() {
            push_element(element, reader, out)?;
        } else {
            // Empty dimensions hold no bytes: a hostile count of them would never end.
            if reader.0.is_empty() {
                return None;
            }
            dimension(inner, element, reader, out)?;
        }
    }
    out.push('}');
    Some(())
}

fn push_element(element: &str, reader: &mut Reader<'_>, out: &mut String) -> Option<()> {
    let length = reader.int()?;
    let Ok(length) = usize::try_from(length) else {
        out.push_str("NULL");
        return Some(());
    };
    let text = match scalar(element, reader.take(length)?, false)? {
        Decoded::Plain(text) => match text.as_str() {
            "TRUE" => "t".to_owned(),
            "FALSE" => "f".to_owned(),
            _ => text,
        },
        Decoded::Text(text) | Decoded::Typed(text, _) | Decoded::Array(text, _) => text,
        Decoded::Blob(bytes) | Decoded::Unknown(bytes) => hex(&bytes, usize::MAX),
    };
    let needs_quotes = text.is_empty()
        || text.eq_ignore_ascii_case("null")
        || text.contains(|c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace());
    if needs_quotes {
        out.push('"');
        out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
        out.push('"');
    } else {
        out.push_str(&text);
    }
    Some(())
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}
