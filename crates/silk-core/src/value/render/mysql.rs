//! MySQL's binary protocol.

use super::{Decoded, number::mysql_float, printable, time::clock, utf8};

pub(super) fn decode(type_name: &str, bytes: &[u8], total: Option<u64>) -> Decoded {
    let unknown = || Decoded::Unknown(bytes.to_vec());
    let name = type_name.to_ascii_uppercase();
    let is_unsigned = name.contains("UNSIGNED");
    let base = name.split([' ', '(']).next().unwrap_or_default();
    let is_cut = total.is_some();
    match base {
        "BOOLEAN" | "BOOL" => match bytes {
            [0] => Decoded::Plain("FALSE".to_owned()),
            [1] => Decoded::Plain("TRUE".to_owned()),
            _ => integer(bytes, is_unsigned).map_or_else(unknown, Decoded::Plain),
        },
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "INTEGER" | "BIGINT" | "YEAR" => {
            integer(bytes, is_unsigned).map_or_else(unknown, Decoded::Plain)
        }
        "FLOAT" | "DOUBLE" => match *bytes {
            [a, b, c, d] => Decoded::Plain(mysql_float(&format!(
                "{:e}",
                f32::from_le_bytes([a, b, c, d])
            ))),
            _ => <[u8; 8]>::try_from(bytes).map_or_else(
                |_| unknown(),
                |bytes| Decoded::Plain(mysql_float(&format!("{:e}", f64::from_le_bytes(bytes)))),
            ),
        },
        "DATE" | "DATETIME" | "TIMESTAMP" => {
            date_time(bytes, base == "DATE").map_or_else(unknown, Decoded::Text)
        }
        "TIME" => time(bytes).map_or_else(unknown, Decoded::Text),
        "DECIMAL" | "NUMERIC" | "NEWDECIMAL" => {
            let text = utf8(content(bytes, total), is_cut);
            match text {
                Some(text) if is_number(&text) => Decoded::Plain(text),
                _ => unknown(),
            }
        }
        "VARCHAR" | "CHAR" | "TEXT" | "TINYTEXT" | "MEDIUMTEXT" | "LONGTEXT" | "JSON" | "ENUM"
        | "SET" => utf8(content(bytes, total), is_cut).map_or_else(unknown, Decoded::Text),
        // sqlx sends `Json<T>` as BINARY, like a UUID; only the text tells them apart.
        "BINARY" => {
            let content = content(bytes, total);
            match json(content, is_cut) {
                Some(text) => Decoded::Text(text),
                None => Decoded::Blob(content.to_vec()),
            }
        }
        "BLOB" | "TINYBLOB" | "MEDIUMBLOB" | "LONGBLOB" | "VARBINARY" | "BIT" | "GEOMETRY" => {
            Decoded::Blob(content(bytes, total).to_vec())
        }
        _ => printable(content(bytes, total), is_cut).map_or_else(unknown, Decoded::Text),
    }
}

/// The text, if it is JSON; of one that was cut, if it begins as an object, an array or a string.
fn json(bytes: &[u8], is_cut: bool) -> Option<String> {
    let text = utf8(bytes, is_cut)?;
    let is_json = if is_cut {
        text.trim_start().starts_with(['{', '[', '"'])
    } else {
        serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
    };
    is_json.then_some(text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E'))
}

fn integer(bytes: &[u8], is_unsigned: bool) -> Option<String> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    let is_negative = !is_unsigned && bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut wide = [if is_negative { 0xff } else { 0 }; 8];
    wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(if is_unsigned {
        u64::from_le_bytes(wide).to_string()
    } else {
        i64::from_le_bytes(wide).to_string()
    })
}

/// The bytes behind a length prefix, if there is one that fits.
fn content(bytes: &[u8], total: Option<u64>) -> &[u8] {
    let (header, length) = match *bytes {
        [length @ 0..=250, ..] => (1_u8, u64::from(length)),
        [0xfc, a, b, ..] => (3, u64::from(u16::from_le_bytes([a, b]))),
        [0xfd, a, b, c, ..] => (4, u64::from(u32::from_le_bytes([a, b, c, 0]))),
        [0xfe, a, b, c, d, e, f, g, h, ..] => (9, u64::from_le_bytes([a, b, c, d, e, f, g, h])),
        _ => return bytes,
    };
    let whole = total.unwrap_or_else(|| u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    let rest = bytes.get(usize::from(header)..).unwrap_or_default();
    if length.checked_add(u64::from(header)) == Some(whole) {
        rest
    } else {
        bytes
    }
}

/// `[length] year month day [hour minute second [microseconds]]`
fn date_time(bytes: &[u8], is_date: bool) -> Option<String> {
    let bytes = prefixed(bytes, &[0, 4, 7, 11])?;
    let (year, month, day) = match *bytes {
        [] => (0, 0, 0),
        [a, b, month, day, ..] => (u16::from_le_bytes([a, b]), month, day),
        _ => return None,
    };
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    match *bytes {
        [_, _, _, _, hour, minute, second, ref rest @ ..] => {
            out.push_str(&format_clock(i64::from(hour), minute, second, rest)?);
        }
        _ if is_date => {}
        _ => out.push_str(" 00:00:00"),
    }
    Some(out)
}

fn format_clock(hours: i64, minute: u8, second: u8, rest: &[u8]) -> Option<String> {
    let fraction = match *rest {
        [] => 0,
        [a, b, c, d] => i64::from(u32::from_le_bytes([a, b, c, d])),
        _ => return None,
    };
    let seconds = hours * 3_600 + i64::from(minute) * 60 + i64::from(second);
    // More days than a clock holds are no time of MySQL.
    let us = seconds.checked_mul(1_000_000)?.checked_add(fraction)?;
    Some(format!(" {}", clock(us)))
}

/// `[length] is_negative days(4) hour minute second [microseconds]`
fn time(bytes: &[u8]) -> Option<String> {
    let bytes = prefixed(bytes, &[0, 8, 12])?;
    let (sign, days, [hour, minute, second], rest) = match *bytes {
        [] => return Some("00:00:00".to_owned()),
        [sign, a, b, c, d, hour, minute, second, ref rest @ ..] => (
            sign,
            u32::from_le_bytes([a, b, c, d]),
            [hour, minute, second],
            rest,
        ),
        _ => return None,
    };
    let clock = format_clock(i64::from(days) * 24 + i64::from(hour), minute, second, rest)?;
    Some(format!(
        "{}{}",
        if sign == 0 { "" } else { "-" },
        clock.trim_start()
    ))
}

/// The bytes behind the length, which the capture may have left out.
fn prefixed<'a>(bytes: &'a [u8], lengths: &[usize]) -> Option<&'a [u8]> {
    if let Some((length, rest)) = bytes.split_first()
        && usize::from(*length) == rest.len()
        && lengths.contains(&rest.len())
    {
        return Some(rest);
    }
    lengths.contains(&bytes.len()).then_some(bytes)
}
