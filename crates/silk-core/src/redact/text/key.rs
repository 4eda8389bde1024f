//! Private keys in their armour.

use super::Scan;

impl Scan<'_, '_> {
    /// Masks what lies between `-----BEGIN … PRIVATE KEY-----` at `start` and its end.
    pub(super) fn private_key(&mut self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let header = rest
            .get(11..)
            .and_then(|rest| rest.find("-----"))
            .map(|end| end + 16);
        let Some(header) = header.filter(|end| {
            rest.get(..*end)
                .is_some_and(|head| head.contains("PRIVATE KEY"))
        }) else {
            return start + 11;
        };
        let end = rest
            .get(header..)
            .and_then(|rest| rest.find("-----END"))
            .map_or(rest.len(), |end| header + end);
        self.mask(start + header, start + end)
    }
}
