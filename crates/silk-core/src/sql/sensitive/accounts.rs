//! Tables of people who log in.

/// Tables of accounts: what an INSERT without column names puts there may be a password.
const ACCOUNTS: &[&str] = &[
    "account", "admin", "client", "customer", "employee", "identity", "login", "member", "person",
    "profile", "user",
];

/// Whether a table is one of accounts by a word of its name, also in the plural.
pub(super) fn is_of_accounts(table: &str) -> bool {
    table
        .split(|character: char| !character.is_alphanumeric())
        .any(|word| {
            let word = word.to_ascii_lowercase();
            let single = match word.strip_suffix("ies") {
                Some(stem) => format!("{stem}y"),
                None => word.strip_suffix('s').unwrap_or(&word).to_owned(),
            };
            ACCOUNTS.contains(&single.as_str()) || word == "people"
        })
}
