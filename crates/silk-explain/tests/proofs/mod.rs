//! What proofs of all databases are asked with.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "each test program uses a part of it"
)]

use std::sync::Arc;

use silk_core::{
    Database, Explain as _, ExplainError, Redactor, Value, ValueState,
    explain::{KeyColumn, OneStatement, OneValue, Proof, ProofRequest, ProofVerdict},
};
use silk_explain::{ExplainConfig, Explainer};

pub fn explainer(config: ExplainConfig) -> Explainer {
    let runtime = tokio::runtime::Handle::current();
    Explainer::new(Arc::new(Redactor::default()), runtime, config)
}

pub fn value(type_name: &str, bytes: &[u8]) -> Value {
    Value {
        type_name: type_name.to_owned(),
        state: ValueState::Bytes(bytes.to_vec()),
    }
}

/// A statement with one value, run once for each key, and one query in its place.
pub fn request(database: &Database, sql: &str, one: &str, keys: Vec<Value>) -> ProofRequest {
    let is_array = one.contains("ANY(");
    let places = vec!["?"; keys.len()].join(", ");
    ProofRequest {
        database: database.clone(),
        sql: sql.to_owned(),
        is_redacted: false,
        values: keys.first().cloned().into_iter().collect(),
        varied: 0,
        runs: (0..keys.len()).collect(),
        keys,
        one: OneStatement {
            sql: one.replace("(..)", &format!("({places})")),
            values: vec![if is_array {
                OneValue::Array
            } else {
                OneValue::EachKey
            }],
        },
        key_column: KeyColumn::At(0),
        is_summed: false,
        is_ordered: false,
        is_confirmed: true,
    }
}

pub async fn proved(explainer: &Explainer, request: ProofRequest) -> Proof {
    match explainer.prove(request).await {
        Ok(proof) => proof,
        Err(error) => panic!("{error:?}"),
    }
}

/// The word of a refusal.
pub async fn refused(explainer: &Explainer, request: ProofRequest) -> (&'static str, String) {
    match explainer.prove(request).await {
        Err(ExplainError::Refused { code, reason }) => {
            assert!(reason.len() > 20, "{reason}");
            (code, reason)
        }
        other => panic!("{other:?}"),
    }
}

/// The word of what is not known.
pub fn unknown(proof: &Proof) -> &'static str {
    match &proof.verdict {
        ProofVerdict::Unknown { code, reason } => {
            assert!(reason.ends_with('.'), "{reason}");
            code
        }
        other => panic!("{other:?}"),
    }
}
