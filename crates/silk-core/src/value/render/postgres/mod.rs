//! PostgreSQL's binary format, written as the server itself prints the value.

mod array;
mod numeric;
mod parts;
mod range;
mod reader;
mod shapes;
mod types;

use uuid::Uuid;

use super::{
    Decoded,
    number::{postgres_float4, postgres_float8},
    printable,
    time::{clock, interval, postgres_date, postgres_timestamp},
    utf8,
};

pub(super) fn decode(type_name: &str, bytes: &[u8], is_cut: bool) -> Decoded {
    // sqlx writes the one-byte type `"char"` with its quotes, to tell it from `char(n)`.
    let name = type_name.to_ascii_uppercase();
    let element = name.strip_suffix("[]").or_else(|| name.strip_prefix('_'));
    if let Some(element) = element {
        return array_of(element, bytes, is_cut);
    }
    scalar(&name, bytes, is_cut).unwrap_or_else(|| Decoded::Unknown(bytes.to_vec()))
}

fn array_of(element: &str, bytes: &[u8], is_cut: bool) -> Decoded {
    match array::array(element, bytes, is_cut) {
        Some(text) => Decoded::Named(text, format!("{}[]", element.to_ascii_lowercase())),
        None => Decoded::Unknown(bytes.to_vec()),
    }
}

/// Of a field within a composite.
fn scalar_or_array(name: &str, bytes: &[u8]) -> Decoded {
    decode(name, bytes, false)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn scalar(name: &str, bytes: &[u8], is_cut: bool) -> Option<Decoded> {
    let base = name.split('(').next().unwrap_or(name).trim();
    if let Some(element) = range::element(base) {
        return range_of(base, element, bytes);
    }
    Some(match base {
        "BOOL" | "BOOLEAN" => Decoded::Plain(boolean(bytes)?.to_owned()),
        "INT2" | "SMALLINT" => Decoded::Plain(i16::from_be_bytes(fixed(bytes)?).to_string()),
        "INT4" | "INT" | "INTEGER" => Decoded::Plain(i32::from_be_bytes(fixed(bytes)?).to_string()),
        "INT8" | "BIGINT" => Decoded::Plain(i64::from_be_bytes(fixed(bytes)?).to_string()),
        "OID" | "REGCLASS" | "REGPROC" | "REGTYPE" | "REGROLE" | "REGNAMESPACE" => {
            Decoded::Plain(u32::from_be_bytes(fixed(bytes)?).to_string())
        }
        "XID" => Decoded::Typed(u32::from_be_bytes(fixed(bytes)?).to_string(), "xid"),
        "XID8" => Decoded::Typed(u64::from_be_bytes(fixed(bytes)?).to_string(), "xid8"),
        "FLOAT4" | "REAL" => {
            Decoded::Typed(postgres_float4(f32::from_be_bytes(fixed(bytes)?)), "float4")
        }
        "FLOAT8" | "DOUBLE PRECISION" => {
            Decoded::Typed(postgres_float8(f64::from_be_bytes(fixed(bytes)?)), "float8")
        }
        "NUMERIC" | "DECIMAL" => decimal(bytes)?,
        "MONEY" => Decoded::Typed(money(i64::from_be_bytes(fixed(bytes)?)), "money"),
        "TEXT" | "VARCHAR" | "CHAR" | "BPCHAR" | "NAME" | "CITEXT" | "UNKNOWN" | "XML" => {
            Decoded::Text(utf8(bytes, is_cut)?)
        }
        "\"CHAR\"" => Decoded::Typed(one_byte(bytes)?, "\"char\""),
        "JSON" => Decoded::Typed(utf8(bytes, is_cut)?, "json"),
        // A version stands before the text.
        "JSONB" => Decoded::Typed(utf8(bytes.strip_prefix(&[1])?, is_cut)?, "jsonb"),
        "JSONPATH" => Decoded::Typed(utf8(bytes.strip_prefix(&[1])?, is_cut)?, "jsonpath"),
        "LTREE" | "LQUERY" | "LTXTQUERY" => Decoded::Named(
            utf8(bytes.strip_prefix(&[1])?, is_cut)?,
            base.to_ascii_lowercase(),
        ),
        "HSTORE" => Decoded::Typed(parts::hstore(bytes, is_cut)?, "hstore"),
        "UUID" => Decoded::Typed(Uuid::from_slice(bytes).ok()?.to_string(), "uuid"),
        "BYTEA" => Decoded::Blob(bytes.to_vec()),
        "BIT" | "VARBIT" => bits(base, bytes)?,
        "DATE" => Decoded::Typed(postgres_date(i32::from_be_bytes(fixed(bytes)?)), "date"),
        "TIMESTAMP" => Decoded::Typed(
            postgres_timestamp(i64::from_be_bytes(fixed(bytes)?), false),
            "timestamp",
        ),
        "TIMESTAMPTZ" => Decoded::Typed(
            postgres_timestamp(i64::from_be_bytes(fixed(bytes)?), true),
            "timestamptz",
        ),
        "TIME" => Decoded::Typed(clock(i64::from_be_bytes(fixed(bytes)?)), "time"),
        "TIMETZ" => Decoded::Typed(time_with_zone(bytes)?, "timetz"),
        "INTERVAL" => Decoded::Typed(interval_of(bytes)?, "interval"),
        "INET" | "CIDR" => Decoded::Typed(
            network(bytes, base == "CIDR")?,
            if base == "CIDR" { "cidr" } else { "inet" },
        ),
        "MACADDR" if bytes.len() == 6 => Decoded::Typed(colons(bytes), "macaddr"),
        "MACADDR8" if bytes.len() == 8 => Decoded::Typed(colons(bytes), "macaddr8"),
        "POINT" | "LINE" | "LSEG" | "BOX" | "PATH" | "POLYGON" | "CIRCLE" | "CUBE" => {
            Decoded::Named(shapes::shape(base, bytes)?, base.to_ascii_lowercase())
        }
        "TID" => Decoded::Typed(row_place(bytes)?, "tid"),
        "PG_LSN" => {
            let at = u64::from_be_bytes(fixed(bytes)?);
            Decoded::Typed(format!("{:X}/{:X}", at >> 32, at & 0xffff_ffff), "pg_lsn")
        }
        "RECORD" => Decoded::Text(parts::composite(bytes, 0)?),
        "VOID" => Decoded::Text(String::new()),
        // A type that somebody made: enumerations, and domains of text, are text to the protocol;
        // what adds up to a composite is one, for no text begins with a byte 0.
        _ => match parts::composite(bytes, 0) {
            Some(text) => Decoded::Named(text, name.to_ascii_lowercase()),
            None => Decoded::Text(printable(bytes, is_cut)?),
        },
    })
}

fn range_of(base: &str, element: &str, bytes: &[u8]) -> Option<Decoded> {
    let text = if base.ends_with("MULTIRANGE") {
        range::multirange(element, bytes)
    } else {
        range::range(element, bytes)
    };
    Some(Decoded::Named(text?, base.to_ascii_lowercase()))
}

const fn boolean(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0] => Some("false"),
        [1] => Some("true"),
        _ => None,
    }
}

/// A number as SQL writes it; NaN and the infinities need their type.
fn decimal(bytes: &[u8]) -> Option<Decoded> {
    let text = numeric::decode(bytes)?;
    let is_finite = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    Some(if is_finite {
        Decoded::Plain(text)
    } else {
        Decoded::Typed(text, "numeric")
    })
}

fn interval_of(bytes: &[u8]) -> Option<String> {
    let (us, rest) = bytes.split_first_chunk::<8>()?;
    let (days, months) = rest.split_first_chunk::<4>()?;
    Some(interval(
        i64::from_be_bytes(*us),
        i32::from_be_bytes(*days),
        i32::from_be_bytes(fixed(months)?),
    ))
}

/// A `tid`: page and place of a row.
fn row_place(bytes: &[u8]) -> Option<String> {
    let (block, offset) = bytes.split_first_chunk::<4>()?;
    let (block, offset) = (
        u32::from_be_bytes(*block),
        u16::from_be_bytes(fixed(offset)?),
    );
    Some(format!("({block},{offset})"))
}

/// `$1,234.50`, as servers print it whose language is English or none. Others print the same number
/// with their own signs, which the value does not tell.
fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    let whole = (cents / 100).to_string();
    let mut grouped = String::with_capacity(whole.len() * 4 / 3 + 1);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}${grouped}.{:02}", cents % 100)
}

/// The type `"char"`: one byte; beyond ASCII it is written as octal digits.
fn one_byte(bytes: &[u8]) -> Option<String> {
    match *bytes {
        [0] | [] => Some(String::new()),
        [byte] if byte.is_ascii() => Some(char::from(byte).to_string()),
        [byte] => Some(format!("\\{byte:03o}")),
        _ => None,
    }
}

/// A number of bits, then the bits.
fn bits(base: &str, bytes: &[u8]) -> Option<Decoded> {
    let (count, bytes) = bytes.split_first_chunk::<4>()?;
    let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
    if bytes.len() != count.div_ceil(8) {
        return None;
    }
    let text: String = (0..count)
        .map(|at| {
            if bytes[at / 8] >> (7 - at % 8) & 1 == 1 {
                '1'
            } else {
                '0'
            }
        })
        .collect();
    // Without its length, `bit` is `bit(1)`, and the rest would be cut off.
    let type_name = match base {
        "BIT" if count > 0 => format!("bit({count})"),
        _ => "varbit".to_owned(),
    };
    Some(Decoded::Named(text, type_name))
}

fn colons(bytes: &[u8]) -> String {
    let parts: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    parts.join(":")
}

fn time_with_zone(bytes: &[u8]) -> Option<String> {
    let (us, zone) = bytes.split_first_chunk::<8>()?;
    // Seconds west of Greenwich.
    let west = i32::from_be_bytes(fixed(zone)?);
    let seconds = west.unsigned_abs();
    let sign = if west > 0 { '-' } else { '+' };
    let mut zone = format!("{sign}{:02}", seconds / 3_600);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    if minutes > 0 || seconds > 0 {
        zone.push_str(&format!(":{minutes:02}"));
    }
    if seconds > 0 {
        zone.push_str(&format!(":{seconds:02}"));
    }
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
