//! Dates and times as databases encode them.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta};

/// Where PostgreSQL counts from.
fn epoch() -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2000, 1, 1)
}

pub(super) fn postgres_date(days: i32) -> Option<String> {
    match days {
        i32::MAX => return Some("infinity".to_owned()),
        i32::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let distance = Days::new(u64::from(days.unsigned_abs()));
    let date = if days < 0 {
        epoch()?.checked_sub_days(distance)
    } else {
        epoch()?.checked_add_days(distance)
    }?;
    Some(date.to_string())
}

pub(super) fn postgres_timestamp(us: i64, is_utc: bool) -> Option<String> {
    match us {
        i64::MAX => return Some("infinity".to_owned()),
        i64::MIN => return Some("-infinity".to_owned()),
        _ => {}
    }
    let start: NaiveDateTime = epoch()?.and_hms_opt(0, 0, 0)?;
    let at = start.checked_add_signed(TimeDelta::microseconds(us))?;
    Some(if is_utc {
        format!(
            "{}+00",
            DateTime::<chrono::Utc>::from_naive_utc_and_offset(at, chrono::Utc)
                .format("%Y-%m-%d %H:%M:%S%.f")
        )
    } else {
        at.format("%Y-%m-%d %H:%M:%S%.f").to_string()
    })
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

/// `1 year 2 mons 3 days 04:05:06`, as PostgreSQL prints it.
pub(super) fn interval(us: i64, days: i32, months: i32) -> String {
    let mut parts = Vec::new();
    let mut push = |count: i32, one: &str, many: &str| {
        if count != 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    push(months / 12, "year", "years");
    push(months % 12, "mon", "mons");
    push(days, "day", "days");
    if us != 0 || parts.is_empty() {
        parts.push(clock(us));
    }
    parts.join(" ")
}
