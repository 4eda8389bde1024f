//! Columns of numbers and bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::stored::DecodeError;

/// A column of numbers: empty where all are 0, one number where all are that, else one for each.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Column(Vec<u64>);

impl Column {
    pub(super) fn new(numbers: impl Iterator<Item = u64>) -> Self {
        let mut numbers: Vec<u64> = numbers.collect();
        if let Some(&first) = numbers.first()
            && numbers.iter().all(|&number| number == first)
        {
            numbers.truncate(usize::from(first != 0));
        }
        Self(numbers)
    }

    /// Checks that it can stand beside a column of `length`.
    pub(super) fn check(&self, length: usize) -> Result<(), DecodeError> {
        match self.0.len() {
            0 | 1 => Ok(()),
            own if own == length => Ok(()),
            _ => Err(DecodeError::Malformed("columns differ in length")),
        }
    }

    /// The number of a row; rows beyond the column are 0.
    pub(super) fn get(&self, row: usize) -> u64 {
        match *self.0 {
            [] => 0,
            [only] => only,
            _ => self.0.get(row).copied().unwrap_or(0),
        }
    }
}

/// Bytes that are written in one go (a `Vec<u8>` goes through serde byte by byte).
#[derive(Debug, Default)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// Small numbers of either sign as small numbers without.
pub(super) const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

/// The reverse of [`zigzag`].
pub(super) const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// `to - from` as a small number where the two are near, whatever they are.
pub(super) const fn gap(from: u64, to: u64) -> u64 {
    zigzag(to.wrapping_sub(from).cast_signed())
}

/// The reverse of [`gap`]: `to` again.
pub(super) const fn after_gap(from: u64, gap: u64) -> u64 {
    from.wrapping_add(unzigzag(gap).cast_unsigned())
}

/// Values up to this length stand in planes.
const MAX_PLANE: usize = 16;

/// The contents of many values.
///
/// Short ones of the same length are cut into planes: first the first bytes of all, then the
/// second bytes, because most are numbers whose high bytes are all zero.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Contents {
    lengths: Column,
    planes: Bytes,
    long: Bytes,
}

impl Contents {
    pub(super) fn new(contents: &[&[u8]]) -> Self {
        let mut planes = Vec::new();
        for length in 1..=MAX_PLANE {
            if !contents.iter().any(|content| content.len() == length) {
                continue;
            }
            for place in 0..length {
                planes.extend(
                    contents
                        .iter()
                        .filter(|content| content.len() == length)
                        .map(|content| content[place]),
                );
            }
        }
        let long = contents.iter().filter(|content| content.len() > MAX_PLANE);
        Self {
            lengths: Column::new(
                contents
                    .iter()
                    .map(|content| u64::try_from(content.len()).unwrap_or(u64::MAX)),
            ),
            planes: Bytes(planes),
            long: Bytes(long.copied().flatten().copied().collect()),
        }
    }

    /// The contents again, `count` of them.
    pub(super) fn into_vec(self, count: usize) -> Result<Vec<Vec<u8>>, DecodeError> {
        const SHORT: DecodeError = DecodeError::Malformed("values are cut short");
        self.lengths.check(count)?;
        let lengths = (0..count)
            .map(|row| usize::try_from(self.lengths.get(row)).map_err(|_| SHORT))
            .collect::<Result<Vec<_>, _>>()?;
        // How many there are of each short length, and where its planes start.
        let mut counts = [0_usize; MAX_PLANE + 1];
        for &length in lengths.iter().filter(|length| **length <= MAX_PLANE) {
            counts[length] += 1;
        }
        let mut starts = [0_usize; MAX_PLANE + 1];
        let mut end = 0_usize;
        for length in 1..=MAX_PLANE {
            starts[length] = end;
            end += counts[length] * length;
        }
        if self.planes.0.len() != end {
            return Err(SHORT);
        }
        let mut seen = [0_usize; MAX_PLANE + 1];
        let mut long = self.long.0.as_slice();
        let mut contents = Vec::with_capacity(count);
        for length in lengths {
            if length <= MAX_PLANE {
                let row = seen[length];
                seen[length] += 1;
                contents.push(
                    (0..length)
                        .map(|place| self.planes.0[starts[length] + place * counts[length] + row])
                        .collect(),
                );
            } else {
                let (content, rest) = long.split_at_checked(length).ok_or(SHORT)?;
                contents.push(content.to_vec());
                long = rest;
            }
        }
        Ok(contents)
    }
}
