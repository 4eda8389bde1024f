//! Figures as findings say them.

/// `12,345`; figures above a million short.
pub(super) fn count(value: f64) -> String {
    if value >= 1e7 {
        return format!("{:.1} million", value / 1e6);
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `90 %`, never rounded up to the whole.
pub(super) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if percent > 99.0 && percent < 100.0 {
        return format!("{:.2} %", (percent * 100.0).floor() / 100.0);
    }
    // Nor is little the same as nothing.
    if percent > 0.0 && percent < 1.0 {
        return match percent {
            0.0..0.01 => "less than 0.01 %".to_owned(),
            _ => format!("{:.2} %", (percent * 100.0).ceil() / 100.0),
        };
    }
    format!("{percent:.0} %")
}
