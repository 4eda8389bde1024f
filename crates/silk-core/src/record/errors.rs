//! The errors of a request as one text, for searches.

use super::{QueryError, RequestRecord};

/// Bytes of it at most.
const MAX_BYTES: usize = 4_096;

impl RequestRecord {
    /// The messages of all that failed in it, each once and in a line of its own, with the codes of
    /// databases: of the request, its queries, transactions and waits. The first 4,096 bytes; none
    /// where nothing failed.
    #[must_use]
    pub fn error_text(&self) -> Option<String> {
        let detail = &self.detail;
        let of_query = |error: &QueryError| match &error.code {
            Some(code) => format!("{code} {}", error.message),
            None => error.message.clone(),
        };
        let queries = detail.queries.iter().filter_map(|one| one.error.as_ref());
        let transactions = (detail.transactions.iter()).filter_map(|one| one.error.as_ref());
        let waits = detail.waits.iter().filter_map(|one| one.error.clone());
        let all = (detail.error.iter().cloned())
            .chain(queries.chain(transactions).map(of_query))
            .chain(waits);
        let mut seen: Vec<String> = Vec::new();
        let mut bytes = 0;
        for message in all {
            if bytes >= MAX_BYTES {
                break;
            }
            if !seen.contains(&message) {
                bytes += message.len() + 1;
                seen.push(message);
            }
        }
        let mut text = seen.join("\n");
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn each_error_is_named_once_and_not_without_end() {
        let mut record = testing::request();
        assert_eq!(record.error_text(), None);
        record.detail.error = Some("handler gave up".to_owned());
        let error = |code: Option<&str>, message: &str| QueryError {
            code: code.map(str::to_owned),
            message: message.to_owned(),
        };
        for seq in 1..=3 {
            let mut query = testing::query(seq, 0, 1);
            query.error = Some(error(Some("23505"), "duplicate key"));
            record.detail.queries.push(query);
        }
        record.detail.queries[2].error = Some(error(None, "closed"));
        assert_eq!(
            record.error_text().unwrap(),
            "handler gave up\n23505 duplicate key\nclosed"
        );
        record.detail.error = Some("ü".repeat(5_000));
        assert_eq!(record.error_text().unwrap().len(), MAX_BYTES);
    }
}
