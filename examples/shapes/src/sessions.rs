//! tower-sessions with a store on sqlx. The store's queries belong to the request that they are made
//! for, since the session's layer is within Silk's: put `silk.layer()` last.
//!
//! A session is saved after the handler, and its id is a secret: neither the cookie nor the value
//! bound to `session_id` is kept.

use std::collections::HashMap;

use async_trait::async_trait;
use axum::{Router, routing::get};
use tower_sessions::{
    Session, SessionManagerLayer, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};
use tower_silk::{Silk, SqlitePool};

use crate::AppError;

/// Sessions in a table.
#[derive(Debug, Clone)]
pub struct Sessions(SqlitePool);

fn failed(error: impl std::error::Error) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(&record.data)
            .map_err(|error| Error::Encode(error.to_string()))?;
        let upsert = "INSERT INTO session (session_id, data, expires) VALUES (?, ?, ?)
            ON CONFLICT (session_id) DO UPDATE SET data = excluded.data, expires = excluded.expires";
        sqlx::query(upsert)
            .bind(record.id.to_string())
            .bind(data)
            .bind(record.expiry_date.unix_timestamp())
            .execute(&self.0)
            .await // save
            .map_err(failed)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found: Option<(String, i64)> =
            sqlx::query_as("SELECT data, expires FROM session WHERE session_id = ?")
                .bind(id.to_string())
                .fetch_optional(&self.0)
                .await // load
                .map_err(failed)?;
        let Some((data, expires)) = found else {
            return Ok(None);
        };
        let data: HashMap<String, serde_json::Value> =
            serde_json::from_str(&data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(expires)
            .map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE session_id = ?")
            .bind(id.to_string())
            .execute(&self.0)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

async fn visits(session: Session) -> std::result::Result<String, AppError> {
    let visits = session.get::<u64>("visits").await?.unwrap_or_default() + 1;
    session.insert("visits", visits).await?;
    Ok(visits.to_string())
}

/// The app.
///
/// # Errors
/// Where the table cannot be made.
pub async fn app(silk: &Silk, pool: sqlx::SqlitePool) -> sqlx::Result<Router> {
    let table = "CREATE TABLE session (session_id TEXT PRIMARY KEY, data TEXT, expires INTEGER)";
    sqlx::query(table).execute(&pool).await?;
    let sessions = Sessions(silk.pool(pool));
    Ok(Router::new()
        .route("/visits", get(visits))
        .layer(SessionManagerLayer::new(sessions).with_secure(false))
        .layer(silk.layer()))
}
