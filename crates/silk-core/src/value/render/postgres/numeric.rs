//! PostgreSQL's NUMERIC: digits to the base of 10,000.

/// The number as PostgreSQL prints it.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    use std::fmt::Write as _;
    let word = |index: usize| {
        let part: [u8; 2] = bytes.get(index * 2..index * 2 + 2)?.try_into().ok()?;
        Some(i16::from_be_bytes(part))
    };
    let count = usize::try_from(word(0)?).ok()?;
    let weight = i32::from(word(1)?);
    let sign = u16::from_ne_bytes(word(2)?.to_ne_bytes());
    let scale = usize::try_from(word(3)?).ok()?;
    if bytes.len() != 8 + count * 2 {
        return None;
    }
    let mut out = match sign {
        0x0000 => String::new(),
        0x4000 => String::from("-"),
        0xC000 => return Some("NaN".to_owned()),
        0xD000 => return Some("Infinity".to_owned()),
        0xF000 => return Some("-Infinity".to_owned()),
        _ => return None,
    };
    let digit = |place: i32| -> Option<i16> {
        let Ok(index) = usize::try_from(place) else {
            return Some(0);
        };
        if index >= count {
            return Some(0);
        }
        word(4 + index).filter(|digit| (0..10_000).contains(digit))
    };
    // Beyond this PostgreSQL itself stores nothing.
    if weight > 32_767 || scale > 16_383 {
        return None;
    }
    if weight < 0 {
        out.push('0');
    }
    for place in 0..=weight {
        let digit = digit(place)?;
        if place == 0 {
            let _ = write!(out, "{digit}");
        } else {
            let _ = write!(out, "{digit:04}");
        }
    }
    if scale > 0 {
        let mut fraction = String::with_capacity(scale + 4);
        // Places before the first stored one are zeros.
        let mut place = weight + 1;
        while fraction.len() < scale {
            let _ = write!(fraction, "{:04}", digit(place)?);
            place += 1;
        }
        fraction.truncate(scale);
        out.push('.');
        out.push_str(&fraction);
    }
    Some(out)
}
