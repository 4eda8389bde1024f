//! Numbers of payment cards.

/// Whether digits that start at `start` are the number of a payment card, by their issuer's
/// beginning and their check digit; returns their end. Groups are parted by one blank or hyphen.
pub(in crate::redact) fn card_number(bytes: &[u8], start: usize) -> Option<usize> {
    let mut digits = [0_u8; 20];
    let mut count = 0;
    let mut index = start;
    let mut group = 0_usize;
    let mut end = start;
    while let Some(byte) = bytes.get(index) {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(count)? = byte - b'0';
                count += 1;
                group += 1;
                index += 1;
                end = index;
            }
            b' ' | b'-'
                if (4..=6).contains(&group)
                    && bytes.get(index + 1).is_some_and(u8::is_ascii_digit) =>
            {
                group = 0;
                index += 1;
            }
            _ => break,
        }
    }
    let follows =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let is_decimal =
        bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    if follows(bytes.get(end)) || is_decimal {
        return None;
    }
    let digits = digits.get(..count)?;
    (has_issuer(digits) && passes_luhn(digits)).then_some(end)
}

/// The beginnings and lengths that the large issuers have.
fn has_issuer(digits: &[u8]) -> bool {
    let lead = |length: usize| {
        digits
            .iter()
            .take(length)
            .fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    match digits.len() {
        13 => lead(1) == 4,
        14 => matches!(lead(3), 300..=305 | 309) || matches!(lead(2), 36 | 38 | 39),
        15 => matches!(lead(2), 34 | 37),
        16 => {
            lead(1) == 4
                || matches!(lead(2), 51..=55 | 62 | 64 | 65 | 50 | 56..=58 | 60 | 63 | 67)
                || matches!(lead(4), 2221..=2720 | 3528..=3589)
        }
        17..=19 => {
            matches!(lead(2), 62 | 65)
                || matches!(
                    lead(4),
                    6011 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763
                )
        }
        _ => false,
    }
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let doubled = u32::from(*digit) * if index % 2 == 1 { 2 } else { 1 };
            doubled / 10 + doubled % 10
        })
        .sum();
    sum.is_multiple_of(10)
}
