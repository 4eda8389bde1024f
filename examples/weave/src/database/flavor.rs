//! What differs between the databases, and between sqlx's pools and Silk's: three names each.

/// How a statement marks the places of its values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Placeholders {
    /// `$1`, `$2` … as the statements are written.
    Numbered,
    /// `?`, in order of appearance.
    QuestionMarks,
}

impl Placeholders {
    /// The statement with this way of marking, at compile time. `N` is its length; `$1` becomes
    /// `?` and a space.
    pub(crate) const fn apply<const N: usize>(self, sql: &str) -> [u8; N] {
        let text = sql.as_bytes();
        let mut bytes = [b' '; N];
        let mut at = 0;
        while at < N {
            bytes[at] = text[at];
            if matches!(self, Self::QuestionMarks)
                && text[at] == b'$'
                && at + 1 < N
                && text[at + 1].is_ascii_digit()
            {
                bytes[at] = b'?';
                at += 1;
            }
            at += 1;
        }
        bytes
    }
}

/// A statement written with `$1` for the database of the module it stands in.
macro_rules! sql {
    ($sql:literal) => {{
        const TEXT: &str = $sql;
        const BYTES: [u8; TEXT.len()] = PLACEHOLDERS.apply(TEXT);
        const SQL: &str = match std::str::from_utf8(&BYTES) {
            Ok(sql) => sql,
            Err(_) => TEXT,
        };
        SQL
    }};
}
pub(crate) use sql;

macro_rules! flavor {
    ($name:ident, $database:ident, $pool:ty, $placeholders:ident) => {
        pub(crate) mod $name {
            pub(crate) type Db = sqlx::$database;
            pub(crate) type Pool = $pool;
            pub(crate) const PLACEHOLDERS: super::Placeholders = super::Placeholders::$placeholders;
        }
    };
}

flavor!(postgres, Postgres, sqlx::PgPool, Numbered);
flavor!(mysql, MySql, sqlx::MySqlPool, QuestionMarks);
flavor!(sqlite, Sqlite, sqlx::SqlitePool, Numbered);
flavor!(silk_postgres, Postgres, tower_silk::PgPool, Numbered);
flavor!(silk_mysql, MySql, tower_silk::MySqlPool, QuestionMarks);
flavor!(silk_sqlite, Sqlite, tower_silk::SqlitePool, Numbered);

#[cfg(test)]
mod tests {
    use super::Placeholders;

    #[test]
    fn a_numbered_placeholder_becomes_a_question_mark_of_the_same_width() {
        const SQL: &str = "id = $1 AND price = '$' AND x IN ($2, $3)";
        const BYTES: [u8; SQL.len()] = Placeholders::QuestionMarks.apply(SQL);
        assert_eq!(
            std::str::from_utf8(&BYTES),
            Ok("id = ?  AND price = '$' AND x IN (? , ? )")
        );
        const SAME: [u8; SQL.len()] = Placeholders::Numbered.apply(SQL);
        assert_eq!(std::str::from_utf8(&SAME), Ok(SQL));
    }
}
