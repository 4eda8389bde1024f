//! Rows of the tables.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Who writes messages. The password is never read.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) deleted: bool,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) email_address: String,
}

impl Person {
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// A conversation.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub(crate) struct Thread {
    pub(crate) id: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) deleted: bool,
    pub(crate) title: String,
}

/// What somebody wrote in a conversation.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub(crate) struct Message {
    pub(crate) id: i64,
    pub(crate) created: DateTime<Utc>,
    pub(crate) updated: DateTime<Utc>,
    pub(crate) deleted: bool,
    pub(crate) text: String,
    pub(crate) sent_by_id: i64,
    pub(crate) thread_id: i64,
}
