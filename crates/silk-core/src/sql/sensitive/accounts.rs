//! Tables of people who log in, and tables of secrets.

use crate::Redactor;

/// Tables of accounts: what an INSERT without column names puts there may be a password.
const ACCOUNTS: &[&str] = &[
    "account", "admin", "client", "customer", "employee", "identity", "login", "member", "person",
    "profile", "user",
];

/// Whether a table is one of accounts by a word of its name, also in the plural.
pub(super) fn is_of_accounts(table: &str) -> bool {
    words(table).any(|word| ACCOUNTS.contains(&word.as_str()) || word == "people")
}

/// Columns whose name says nothing of what they hold, and whose table does: the `code` of
/// `otp_codes` is a secret, that of `countries` is none.
const TOLD_BY_TABLE: &[&str] = &["code", "digest", "hash", "key"];

/// Whether a column of such a name, in a statement that names these tables, holds secrets: where the
/// table and the column together name one (`api_keys` and `key`), and for hashes of accounts.
///
/// Which of several tables the column is of is not asked: this errs towards taking out too much.
pub(super) fn holds_secrets(tables: &[&str], column: &str, redactor: &Redactor) -> bool {
    if tables.is_empty()
        || !TOLD_BY_TABLE
            .iter()
            .any(|told| told.eq_ignore_ascii_case(column))
    {
        return false;
    }
    let column = column.to_ascii_lowercase();
    tables.iter().any(|table| {
        if column == "hash" && is_of_accounts(table) {
            return true;
        }
        let words: Vec<String> = words(table).collect();
        let last = words.last().map(String::as_str);
        // `api_key` of `api_keys`, `otp_code` of `otp`, `password_reset_hash` of `password_resets`.
        let whole = words.join("_");
        (last == Some(column.as_str()) && redactor.is_sensitive(&whole))
            || redactor.is_sensitive(&format!("{whole}_{column}"))
    })
}

/// The words of a table's name, in lower case and in the singular.
fn words(table: &str) -> impl Iterator<Item = String> {
    table
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let word = word.to_ascii_lowercase();
            match word.strip_suffix("ies") {
                Some(stem) => format!("{stem}y"),
                None => match word.strip_suffix('s') {
                    // `address`, `access`
                    Some(stem) if !stem.ends_with('s') => stem.to_owned(),
                    _ => word,
                },
            }
        })
}
