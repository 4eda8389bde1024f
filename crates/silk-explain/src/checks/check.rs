//! How a check is put together.

use silk_core::explain::{CheckColumn, CheckStatus, DatabaseCheck};

/// At most so many details.
const MAX_ROWS: usize = 50;

/// A column of words.
pub(crate) const fn text(name: &'static str) -> CheckColumn {
    CheckColumn {
        name,
        is_number: false,
    }
}

/// A column of numbers.
pub(crate) const fn number(name: &'static str) -> CheckColumn {
    CheckColumn {
        name,
        is_number: true,
    }
}

/// A check that found nothing to do.
pub(crate) fn good(
    code: &'static str,
    title: &'static str,
    summary: impl Into<String>,
) -> DatabaseCheck {
    DatabaseCheck {
        code,
        title,
        status: CheckStatus::Good,
        summary: summary.into(),
        columns: Vec::new(),
        rows: Vec::new(),
        action: None,
        caveat: None,
    }
}

/// A check that could not be made.
pub(crate) fn unavailable(
    code: &'static str,
    title: &'static str,
    reason: impl Into<String>,
    remedy: Option<&str>,
) -> DatabaseCheck {
    DatabaseCheck {
        status: CheckStatus::Unavailable,
        action: remedy.map(str::to_owned),
        ..good(code, title, reason)
    }
}

/// The rest of a check, in the order in which people read it.
pub(crate) trait CheckExt: Sized {
    /// The details; what is over the limit is counted in the summary.
    fn with_rows(self, columns: &[CheckColumn], rows: Vec<Vec<String>>) -> Self;
    /// How it came out.
    fn with_status(self, status: CheckStatus) -> Self;
    /// What to do.
    fn with_action(self, action: impl Into<String>) -> Self;
    /// What would make the remark wrong.
    fn with_caveat(self, caveat: impl Into<String>) -> Self;
}

impl CheckExt for DatabaseCheck {
    fn with_rows(mut self, columns: &[CheckColumn], mut rows: Vec<Vec<String>>) -> Self {
        if rows.len() > MAX_ROWS {
            let more = rows.len() - MAX_ROWS;
            rows.truncate(MAX_ROWS);
            self.summary = format!("{} {more} more are not listed.", self.summary);
        }
        self.columns = columns.to_vec();
        self.rows = rows;
        self
    }

    fn with_status(mut self, status: CheckStatus) -> Self {
        self.status = status;
        self
    }

    fn with_action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    fn with_caveat(mut self, caveat: impl Into<String>) -> Self {
        self.caveat = Some(caveat.into());
        self
    }
}

/// `1 index`, `2 indexes`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        let count = silk_core::words::count(u64::try_from(count).unwrap_or(u64::MAX));
        format!("{count} {many}")
    }
}

/// A size as people read it, in powers of 1024 as databases count.
pub(crate) fn bytes(bytes: i64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut size = to_f64(bytes);
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 || size >= 100.0 {
        format!("{size:.0} {}", UNITS[unit])
    } else {
        format!("{size:.1} {}", UNITS[unit])
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share, in percent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Of two counts, the first as a share of both; none if there is nothing.
#[cfg(any(feature = "postgres", feature = "mysql", test))]
pub(crate) fn share(part: i64, rest: i64) -> Option<f64> {
    let all = part.saturating_add(rest);
    (all > 0).then(|| to_f64(part) / to_f64(all))
}

/// Close enough: counts of this size are estimates anyway.
#[expect(clippy::cast_precision_loss, reason = "counts for people to read")]
pub(crate) fn to_f64(number: i64) -> f64 {
    number as f64
}

/// A time span as people read it.
#[cfg(any(feature = "postgres", feature = "mysql", test))]
pub(crate) fn seconds(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(bytes(0), "0 bytes");
        assert_eq!(bytes(1_536), "1.5 kB");
        assert_eq!(bytes(120 << 20), "120 MB");
        assert_eq!(bytes(i64::MAX), "8388608 TB");
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(i64::MIN), "-9,223,372,036,854,775,808");
        assert_eq!(share(0, 0), None);
        assert_eq!(share(3, 1), Some(0.75));
        assert_eq!(seconds(7_199), "119 min");
        assert_eq!(seconds(172_800), "2 days");
    }

    #[test]
    fn what_is_not_listed_is_counted() {
        let rows = vec![vec!["x".to_owned()]; 53];
        let check = good("c", "t", "53 tables.").with_rows(&[text("table")], rows);
        assert_eq!(check.rows.len(), MAX_ROWS);
        assert_eq!(check.summary, "53 tables. 3 more are not listed.");
    }
}
