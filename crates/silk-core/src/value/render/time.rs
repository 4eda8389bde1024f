//! Dates and times as databases encode them.

/// Days from 1970-01-01 to where PostgreSQL counts from, 2000-01-01.
const EPOCH_DAYS: i64 = 10_957;
const DAY_US: i64 = 86_400_000_000;

/// A date as PostgreSQL prints it, from its days since 2000: `2024-02-29`, `0045-03-15 BC`.
pub(super) fn postgres_date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        _ => {
            let (date, era) = date(i64::from(days));
            format!("{date}{era}")
        }
    }
}

/// A timestamp as PostgreSQL prints it, from its microseconds since 2000.
pub(super) fn postgres_timestamp(us: i64, is_utc: bool) -> String {
    match us {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let (date, era) = date(us.div_euclid(DAY_US));
    let zone = if is_utc { "+00" } else { "" };
    format!("{date} {}{zone}{era}", clock(us.rem_euclid(DAY_US)))
}

/// Year, month and day in the Gregorian calendar, and ` BC` where it is before our era.
fn date(days: i64) -> (String, &'static str) {
    let (year, month, day) = civil(days + EPOCH_DAYS);
    // There is no year 0: what stands before year 1 is 1 BC.
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// Days since 1970 as a date of the Gregorian calendar, which is taken to have been always in use.
/// Years are counted from March on, so that the leap day is the last one, in cycles of 400.
fn civil(days: i64) -> (i64, i64, i64) {
    const CYCLE_DAYS: i64 = 146_097;
    let days = days + 719_468;
    let cycle = days.div_euclid(CYCLE_DAYS);
    let of_cycle = days.rem_euclid(CYCLE_DAYS);
    let year = (of_cycle - of_cycle / 1_460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let (month, carry) = if from_march < 10 {
        (from_march + 3, 0)
    } else {
        (from_march - 9, 1)
    };
    (cycle * 400 + year + carry, month, day)
}

/// `hh:mm:ss` with as many places as needed.
pub(super) fn clock(us: i64) -> String {
    let sign = if us < 0 { "-" } else { "" };
    let us = us.unsigned_abs();
    let (seconds, fraction) = (us / 1_000_000, us % 1_000_000);
    let mut out = format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction > 0 {
        let places = format!("{fraction:06}");
        out.push('.');
        out.push_str(places.trim_end_matches('0'));
    }
    out
}

/// `1 year 2 mons -3 days +04:05:06`, as PostgreSQL prints it: behind a negative part, a positive
/// one has a sign.
pub(super) fn interval(us: i64, days: i32, months: i32) -> String {
    let mut parts = Vec::new();
    let mut is_before = false;
    for (count, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if count == 0 {
            continue;
        }
        let sign = if is_before && count > 0 { "+" } else { "" };
        let plural = if count == 1 { "" } else { "s" };
        parts.push(format!("{sign}{count} {unit}{plural}"));
        is_before = count < 0;
    }
    if us != 0 || parts.is_empty() {
        let sign = if is_before && us >= 0 { "+" } else { "" };
        parts.push(format!("{sign}{}", clock(us)));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_agrees_with_chrono() {
        use chrono::Datelike as _;
        let start = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).unwrap();
        for days in (-900_000..900_000).step_by(37) {
            let date = start + chrono::TimeDelta::days(days);
            let expected = (
                i64::from(date.year()),
                i64::from(date.month()),
                i64::from(date.day()),
            );
            assert_eq!(civil(days), expected, "{days}");
        }
    }

    #[test]
    fn no_number_of_days_or_microseconds_is_too_large() {
        for days in [i32::MIN + 1, i32::MAX - 1] {
            assert!(postgres_date(days).contains('-'));
        }
        for us in [i64::MIN + 1, i64::MAX - 1] {
            assert!(postgres_timestamp(us, true).contains("+00"));
        }
        assert!(interval(i64::MIN, i32::MIN, i32::MIN).ends_with("-2562047788:00:54.775808"));
    }
}
