//! An app that is careless with secrets, so that one can see that none of them reaches Silk.

use std::collections::HashMap;

use axum::{
    Form, Json, RequestExt as _, Router,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
    routing::post,
};
use chrono::Utc;
use serde_json::Value;
use sqlx::AssertSqlSafe;

use super::AppError;
use crate::database::{Pools, flavor::sql};

/// The password out of a JSON document (`credentials.password`) or a form (`password`).
async fn password_of(request: Request) -> Result<String, AppError> {
    let is_form = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
    let password = if is_form {
        let Form(mut form) = request
            .extract::<Form<HashMap<String, String>>, _>()
            .await
            .map_err(|_| AppError::Invalid("not a form"))?;
        form.remove("password")
    } else {
        let Json(document) = request
            .extract::<Json<Value>, _>()
            .await
            .map_err(|_| AppError::Invalid("not JSON"))?;
        document
            .pointer("/credentials/password")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    password
        // It goes into the text of a statement below.
        .filter(|password| {
            password
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
        .ok_or(AppError::Invalid(
            "a password of letters, digits and hyphens is needed",
        ))
}

per_database! {
    pub(crate) fn routes() -> Router<Pools<Pool>> {
        Router::new().route("/api/careless/{token}", post(careless))
    }

    /// Takes a secret by path, headers, query string and body; binds it, writes it into the text
    /// of a statement, provokes an error that quotes it, logs it, and sends it back.
    async fn careless(
        State(pools): State<Pools<Pool>>,
        Path(token): Path<String>,
        request: Request,
    ) -> Result<Response, AppError> {
        let password = password_of(request).await?;
        let mut transaction = pools.main.begin().await?;
        sqlx::query(sql!(
            "INSERT INTO person (created, updated, deleted, first_name, last_name, email_address, password) VALUES ($1, $2, $3, $4, $5, $6, $7)"
        ))
        .bind(Utc::now())
        .bind(Utc::now())
        .bind(false)
        .bind("Care")
        .bind("Less")
        .bind("care.less@example.org")
        .bind(&password)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE person SET password = '{password}' WHERE email_address = 'care.less@example.org'"
        )))
        .execute(&mut *transaction)
        .await?;
        // PostgreSQL's detail quotes the whole row: "Failing row contains (…)".
        let failed = sqlx::query(sql!(
            "UPDATE person SET first_name = NULL WHERE password = $1"
        ))
        .bind(&password)
        .execute(&mut *transaction)
        .await;
        if let Err(error) = failed {
            tracing::warn!(%password, %token, error = ?error, "a person without a name");
        }
        transaction.rollback().await?;

        let cookie = HeaderValue::from_str(&format!("session={token}; HttpOnly"))
            .map_err(|_| AppError::Invalid("not a token"))?;
        Ok((
            StatusCode::CREATED,
            AppendHeaders([(header::SET_COOKIE, cookie)]),
            Json(serde_json::json!({ "user": { "session_token": token, "password": password } })),
        )
            .into_response())
    }
}
