//! Texts of queries: those without literals are interned.

use std::sync::Arc;

use silk_core::{Fingerprint, SqlText};
use sqlx::{Row, SqliteConnection, query};

use super::{super::error::Fault, Entry, Intern};
use crate::detail::TextRef;

/// Longer texts are not remembered (they are still interned).
const MAX_REMEMBERED_TEXT: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct TextEntry {
    fingerprint: Fingerprint,
    database: i64,
    is_redacted: bool,
    entry: Entry,
}

impl Intern {
    /// A text as the blob names it.
    pub(in super::super) async fn text(
        &mut self,
        connection: &mut SqliteConnection,
        sql: &SqlText,
        at_us: i64,
    ) -> Result<TextRef, Fault> {
        let database = self.database(connection, &sql.database).await?;
        let fingerprint = sql.statement.fingerprint;
        if !sql.has_literals
            && let Some(known) = self.texts.get(&*sql.text).and_then(|entries| {
                entries.iter().find(|known| {
                    known.fingerprint == fingerprint
                        && known.database == database
                        && known.is_redacted == sql.is_redacted
                        && known.entry.is_fresh(at_us)
                })
            })
        {
            return Ok(TextRef::Stored(known.entry.id.cast_unsigned()));
        }
        let statement = self.statement(connection, &sql.statement, at_us).await?;
        let inline = || TextRef::Inline {
            text: (*sql.text).to_owned(),
            statement: statement.cast_unsigned(),
            database: database.cast_unsigned(),
            has_literals: sql.has_literals,
            is_redacted: sql.is_redacted,
        };
        if sql.has_literals {
            return Ok(inline());
        }
        let row = query(
            "INSERT INTO sql_texts
                 (hash, statement_id, database_id, is_redacted, text, last_used_us)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET last_used_us = max(last_used_us, excluded.last_used_us)
             RETURNING sql_text_id, text = ?5 AS is_same",
        )
        .bind(hash(&sql.text).cast_signed())
        .bind(statement)
        .bind(database)
        .bind(sql.is_redacted)
        .bind(&*sql.text)
        .bind(at_us)
        .fetch_one(connection)
        .await?;
        let (id, is_same): (i64, bool) = (row.try_get("sql_text_id")?, row.try_get("is_same")?);
        if !is_same {
            // Two texts of one statement with one hash: the second stands in the blob.
            return Ok(inline());
        }
        if sql.text.len() <= MAX_REMEMBERED_TEXT {
            let entries = self.texts.entry(Arc::clone(&sql.text)).or_default();
            let entry = Entry {
                id,
                last_used_us: at_us,
            };
            let is_redacted = sql.is_redacted;
            entries.retain(|known| known.entry.id != id);
            entries.push(TextEntry {
                fingerprint,
                database,
                is_redacted,
                entry,
            });
        }
        Ok(TextRef::Stored(id.cast_unsigned()))
    }
}

/// FNV-1a, 64 bits (<http://www.isthe.com/chongo/tech/comp/fnv>): the same in every version of
/// this crate, which the hashers for maps do not promise.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
