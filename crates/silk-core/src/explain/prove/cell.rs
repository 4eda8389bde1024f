//! A value of a row or a key, in a form that can be compared.

use crate::DatabaseKind;

/// A value, read far enough to be compared: whole numbers of any width are one kind, as are texts.
///
/// What the app would compare in Rust is compared here: a text that a collation calls equal to
/// another is another key of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    /// SQL NULL.
    Null,
    /// A whole number.
    Integer(i128),
    /// A number with a point, by its bits.
    Float(u64),
    /// Text or bytes.
    Text(Vec<u8>),
    /// Anything else: its type, and the bytes as the database sent them.
    Other(String, Vec<u8>),
}

impl Cell {
    /// Reads a value of the type that `kind` calls `type_name`, in the encoding of
    /// [`Value`](crate::Value).
    #[must_use]
    pub fn read(kind: DatabaseKind, type_name: &str, bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else {
            return Self::Null;
        };
        let read = match kind {
            DatabaseKind::Postgres => postgres(type_name, bytes),
            DatabaseKind::MySql => mysql(type_name, bytes),
            DatabaseKind::Sqlite => sqlite(type_name, bytes),
            DatabaseKind::Unknown => None,
        };
        read.unwrap_or_else(|| Self::Other(type_name.to_owned(), bytes.to_vec()))
    }

    /// The number of a [`Float`](Self::Float).
    const fn float(&self) -> Option<f64> {
        match self {
            Self::Float(bits) => Some(f64::from_bits(*bits)),
            _ => None,
        }
    }

    /// Whether both are numbers with a point and differ by no more than adding up in another order
    /// makes.
    pub(super) fn is_rounded(&self, other: &Self) -> bool {
        /// Of the larger number.
        const ROUNDING: f64 = 1e-9;
        match (self.float(), other.float()) {
            (Some(one), Some(other)) => {
                (one - other).abs() <= ROUNDING * one.abs().max(other.abs())
            }
            _ => false,
        }
    }

    /// Whether it is what a sum over no rows gives: 0 or NULL.
    pub(super) fn is_empty_sum(&self) -> bool {
        match self {
            Self::Null | Self::Integer(0) => true,
            Self::Float(_) => self
                .float()
                .is_some_and(|number| number.abs() < f64::EPSILON),
            Self::Integer(_) | Self::Text(_) | Self::Other(..) => false,
        }
    }

    /// Whether both are of a kind that can be compared: whole numbers, texts, or one type.
    pub(super) fn is_of_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(one, _), Self::Other(other, _)) => one == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        }
    }

    /// Memory that it takes, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let held = match self {
            Self::Null | Self::Integer(_) | Self::Float(_) => 0,
            Self::Text(bytes) => bytes.len(),
            Self::Other(name, bytes) => name.len() + bytes.len(),
        };
        size_of::<Self>() + held
    }
}

fn postgres(type_name: &str, bytes: &[u8]) -> Option<Cell> {
    Some(match type_name {
        "INT2" => Cell::Integer(i16::from_be_bytes(bytes.try_into().ok()?).into()),
        "INT4" => Cell::Integer(i32::from_be_bytes(bytes.try_into().ok()?).into()),
        "INT8" => Cell::Integer(i64::from_be_bytes(bytes.try_into().ok()?).into()),
        "OID" => Cell::Integer(u32::from_be_bytes(bytes.try_into().ok()?).into()),
        "FLOAT4" => float(f32::from_be_bytes(bytes.try_into().ok()?).into()),
        "FLOAT8" => float(f64::from_be_bytes(bytes.try_into().ok()?)),
        "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "citext" => Cell::Text(bytes.to_vec()),
        _ => return None,
    })
}

fn mysql(type_name: &str, bytes: &[u8]) -> Option<Cell> {
    Some(match type_name {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => {
            Cell::Integer(signed(bytes)?)
        }
        "YEAR" | "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED"
        | "INT UNSIGNED" | "BIGINT UNSIGNED" => Cell::Integer(unsigned(bytes)?),
        "FLOAT" => float(f32::from_le_bytes(bytes.try_into().ok()?).into()),
        "DOUBLE" => float(f64::from_le_bytes(bytes.try_into().ok()?)),
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET"
        | "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            Cell::Text(bytes.to_vec())
        }
        _ => return None,
    })
}

fn sqlite(type_name: &str, bytes: &[u8]) -> Option<Cell> {
    Some(match type_name {
        "INTEGER" => Cell::Integer(i64::from_le_bytes(bytes.try_into().ok()?).into()),
        "REAL" => float(f64::from_le_bytes(bytes.try_into().ok()?)),
        "TEXT" => Cell::Text(bytes.to_vec()),
        _ => return None,
    })
}

fn float(number: f64) -> Cell {
    // One zero, of the two that compare as equal.
    Cell::Float((number + 0.0).to_bits())
}

/// A number of at most eight bytes, the lowest first.
fn unsigned(bytes: &[u8]) -> Option<i128> {
    if bytes.is_empty() || bytes.len() > 8 {
        return None;
    }
    Some(
        bytes
            .iter()
            .rev()
            .fold(0, |number, byte| (number << 8) | i128::from(*byte)),
    )
}

fn signed(bytes: &[u8]) -> Option<i128> {
    let number = unsigned(bytes)?;
    let bits = bytes.len() * 8;
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    Some(if is_negative {
        number - (1_i128 << bits)
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_numbers_of_any_width_are_one_kind() {
        let number = |kind, name, bytes: &[u8]| Cell::read(kind, name, Some(bytes));
        for (kind, name, bytes) in [
            (DatabaseKind::Postgres, "INT2", &(-7_i16).to_be_bytes()[..]),
            (DatabaseKind::Postgres, "INT4", &(-7_i32).to_be_bytes()),
            (DatabaseKind::Postgres, "INT8", &(-7_i64).to_be_bytes()),
            (DatabaseKind::MySql, "TINYINT", &(-7_i8).to_le_bytes()),
            (DatabaseKind::MySql, "INT", &(-7_i32).to_le_bytes()),
            (DatabaseKind::MySql, "BIGINT", &(-7_i64).to_le_bytes()),
            (DatabaseKind::Sqlite, "INTEGER", &(-7_i64).to_le_bytes()),
        ] {
            assert_eq!(
                number(kind, name, bytes),
                Cell::Integer(-7),
                "{kind} {name}"
            );
        }
        let most = number(
            DatabaseKind::MySql,
            "BIGINT UNSIGNED",
            &u64::MAX.to_le_bytes(),
        );
        assert_eq!(most, Cell::Integer(u64::MAX.into()));
    }

    #[test]
    fn what_does_not_fit_its_type_is_kept_as_bytes() {
        for (kind, name) in [
            (DatabaseKind::Postgres, "INT4"),
            (DatabaseKind::MySql, "BIGINT"),
            (DatabaseKind::Sqlite, "REAL"),
            (DatabaseKind::Unknown, "TEXT"),
        ] {
            let odd = [1; 9];
            let read = Cell::read(kind, name, Some(&odd));
            assert_eq!(read, Cell::Other(name.to_owned(), odd.to_vec()));
        }
        assert_eq!(Cell::read(DatabaseKind::MySql, "INT", Some(&[])), {
            Cell::Other("INT".to_owned(), Vec::new())
        });
    }

    #[test]
    fn what_adding_up_in_another_order_makes_is_rounding() {
        assert!(float(0.1 + 0.2).is_rounded(&float(0.3)));
        assert!(!float(0.3).is_rounded(&float(0.300_01)));
        assert!(!float(1.0).is_rounded(&Cell::Integer(1)));
        assert_eq!(float(-0.0), float(0.0));
    }

    proptest! {
        #[test]
        fn any_number_is_read_as_itself(number: i64) {
            let read = |kind, name, bytes: [u8; 8]| Cell::read(kind, name, Some(&bytes));
            let cell = Cell::Integer(number.into());
            prop_assert_eq!(read(DatabaseKind::Postgres, "INT8", number.to_be_bytes()), cell.clone());
            prop_assert_eq!(read(DatabaseKind::MySql, "BIGINT", number.to_le_bytes()), cell.clone());
            prop_assert_eq!(read(DatabaseKind::Sqlite, "INTEGER", number.to_le_bytes()), cell);
        }

        #[test]
        fn nothing_makes_reading_fail(name in "[A-Z0-9 ]{0,20}", bytes: Vec<u8>) {
            for kind in [DatabaseKind::Postgres, DatabaseKind::MySql, DatabaseKind::Sqlite] {
                let _ = Cell::read(kind, &name, Some(&bytes));
            }
        }
    }
}
