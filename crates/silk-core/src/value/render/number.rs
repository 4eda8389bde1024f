//! Numbers with a fraction, as databases print them.

/// As Rust writes it, which every database reads again.
pub(super) fn float(value: f64) -> String {
    format!("{value:?}")
}

/// As PostgreSQL prints `float8`: the shortest digits that give the number again, with an exponent
/// below 1e-4 and from 1e15 on.
pub(super) fn postgres_float8(value: f64) -> String {
    shortest(&format!("{value:e}"), 15)
}

/// As PostgreSQL prints `float4`: with an exponent from 1e6 on.
pub(super) fn postgres_float4(value: f32) -> String {
    shortest(&format!("{value:e}"), 6)
}

/// As MySQL and MariaDB print a number with a fraction: with an exponent below 1e-15 and from 1e15 on.
pub(super) fn mysql_float(scientific: &str) -> String {
    match scientific.split_once('e') {
        Some((_, exponent)) if exponent.parse().is_ok_and(|n| (-15..15).contains(&n)) => {
            fixed(scientific).unwrap_or_else(|| scientific.to_owned())
        }
        _ => scientific.to_owned(),
    }
}

/// Writes `d.ddde±x` as PostgreSQL does; `most` is the first exponent that is written.
fn shortest(scientific: &str, most: i32) -> String {
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return match scientific {
            "inf" => "Infinity".to_owned(),
            "-inf" => "-Infinity".to_owned(),
            other => other.to_owned(),
        };
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..most).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    fixed(scientific).unwrap_or_else(|| scientific.to_owned())
}

/// `d.ddde±x` without its exponent.
fn fixed(scientific: &str) -> Option<String> {
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    Some(match usize::try_from(exponent) {
        Err(_) => {
            let zeros = usize::try_from(exponent.unsigned_abs()).ok()? - 1;
            format!("{sign}0.{}{digits}", "0".repeat(zeros))
        }
        Ok(places) if digits.len() <= places + 1 => {
            format!("{sign}{digits}{}", "0".repeat(places + 1 - digits.len()))
        }
        Ok(places) => {
            let (before, after) = digits.split_at(places + 1);
            format!("{sign}{before}.{after}")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_the_server_writes_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (2.0, "2"),
            (1.5, "1.5"),
            (-120.0, "-120"),
            (0.0001, "0.0001"),
            (0.012, "0.012"),
            (0.00001, "1e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.25e300, "1.25e+300"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(postgres_float8(value), text);
        }
        assert_eq!(postgres_float4(1e6), "1e+06");
        assert_eq!(postgres_float4(123_456.0), "123456");
        assert_eq!(postgres_float8(f64::NAN), "NaN");
    }
}
