//! Functions that take secrets, and texts that announce one.

use super::procedures::is_given_secrets;
use crate::Redactor;

/// Functions whose arguments are passwords, keys, or what must stay secret; sorted.
const SECRET_FUNCTIONS: &[&str] = &[
    "aes_decrypt",
    "aes_encrypt",
    "authenticate",
    "crypt",
    "decrypt",
    "decrypt_iv",
    "des_decrypt",
    "des_encrypt",
    "encrypt",
    "encrypt_iv",
    "hmac",
    "old_password",
    "opendatasource",
    "openrowset",
    "password",
    "pgp_key_id",
    "pgp_pub_decrypt",
    "pgp_pub_decrypt_bytea",
    "pgp_pub_encrypt",
    "pgp_pub_encrypt_bytea",
    "pgp_sym_decrypt",
    "pgp_sym_decrypt_bytea",
    "pgp_sym_encrypt",
    "pgp_sym_encrypt_bytea",
    "sqlcipher_export",
];

/// Functions that tell nothing of the secrets they look at but how many or how long they are.
const COUNTING_FUNCTIONS: &[&str] = &[
    "bit_length",
    "char_length",
    "character_length",
    "count",
    "length",
    "octet_length",
    "pg_column_size",
];

/// Functions whose arguments are names and values in turn: `json_build_object('token', …)`.
const OBJECT_FUNCTIONS: &[&str] = &[
    "hstore",
    "json_build_object",
    "json_group_object",
    "json_object",
    "json_object_agg",
    "json_object_agg_strict",
    "json_object_agg_unique",
    "json_object_agg_unique_strict",
    "json_objectagg",
    "jsonb_build_object",
    "jsonb_group_object",
    "jsonb_object",
    "jsonb_object_agg",
    "jsonb_object_agg_strict",
    "jsonb_object_agg_unique",
    "jsonb_object_agg_unique_strict",
    "set_config",
];

/// The same behind the document that they change: `jsonb_set(data, '{token}', …)`.
const SETTING_FUNCTIONS: &[&str] = &[
    "json_array_append",
    "json_array_insert",
    "json_insert",
    "json_replace",
    "json_set",
    "jsonb_array_insert",
    "jsonb_insert",
    "jsonb_replace",
    "jsonb_set",
    "jsonb_set_lax",
];

/// Functions whose arguments say which value they give: what is compared with it may be a secret,
/// its name is none.
const READING_FUNCTIONS: &[&str] = &[
    "current_setting",
    "json_extract",
    "json_extract_path",
    "json_extract_path_text",
    "json_query",
    "json_value",
    "jsonb_extract",
    "jsonb_extract_path",
    "jsonb_extract_path_text",
];

/// Functions whose arguments are names of parts of the schema and of documents, and no values.
const NAMING_FUNCTIONS: &[&str] = &[
    "col_description",
    "has_any_column_privilege",
    "has_column_privilege",
    "has_function_privilege",
    "has_schema_privilege",
    "has_sequence_privilege",
    "has_table_privilege",
    "json_contains_path",
    "json_remove",
    "json_type",
    "jsonb_remove",
    "nextval",
    "obj_description",
    "pg_get_serial_sequence",
    "pg_relation_size",
    "pg_table_size",
    "pg_total_relation_size",
    "pragma_foreign_key_list",
    "pragma_index_info",
    "pragma_index_list",
    "pragma_table_info",
    "pragma_table_xinfo",
    "setval",
    "to_regclass",
];

fn is_one_of(name: &str, sorted: &[&str]) -> bool {
    name.len() <= 32
        && sorted
            .binary_search_by(|known| {
                known
                    .bytes()
                    .cmp(name.bytes().map(|byte| byte.to_ascii_lowercase()))
            })
            .is_ok()
}

/// Whether a function takes secrets.
pub(super) fn takes_secrets(function: &str) -> bool {
    is_one_of(function, SECRET_FUNCTIONS) || is_given_secrets(function)
}

/// What the names of secrets among the arguments of a call say.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Arguments {
    /// That there may be secrets in any of them.
    #[default]
    Any,
    /// That the one behind is a secret. The number is 0 where the names stand at even places, 1 where
    /// they stand at odd ones.
    Pairs(usize),
    /// That what it gives is a secret.
    Read,
    /// Nothing.
    Names,
}

impl Arguments {
    pub(super) fn of(function: &str) -> Self {
        if is_one_of(function, OBJECT_FUNCTIONS) {
            Self::Pairs(0)
        } else if is_one_of(function, SETTING_FUNCTIONS) {
            Self::Pairs(1)
        } else if is_one_of(function, READING_FUNCTIONS) {
            Self::Read
        } else if is_one_of(function, NAMING_FUNCTIONS) {
            Self::Names
        } else {
            Self::Any
        }
    }

    /// Whether names and values stand in turn.
    pub(super) const fn is_pairs(self) -> bool {
        matches!(self, Self::Pairs(_))
    }
}

/// Whether a function in FROM calls what it is given `value`.
pub(super) fn gives_values(function: &str) -> bool {
    is_one_of(
        function,
        &[
            "json_array_elements",
            "json_array_elements_text",
            "json_each",
            "json_each_text",
            "json_tree",
            "jsonb_array_elements",
            "jsonb_array_elements_text",
            "jsonb_each",
            "jsonb_each_text",
        ],
    )
}

/// Whether a word is a type that has a length: `VARCHAR(255)`.
pub(super) fn is_sized_type(word: &str) -> bool {
    is_one_of(
        word,
        &[
            "binary",
            "bit",
            "char",
            "character",
            "decimal",
            "nchar",
            "numeric",
            "nvarchar",
            "timestamp",
            "varbinary",
            "varchar",
            "varying",
        ],
    )
}

/// Whether what a function gives is no secret, whatever it is given.
pub(super) fn only_counts(function: &str) -> bool {
    is_one_of(function, COUNTING_FUNCTIONS)
}

/// Whether a text ends with the name of a secret, or names one before a gap to fill: what follows
/// it, or is put into it, is the secret (`'ALTER ROLE x PASSWORD '`, `'bad password %'`).
pub(super) fn announces(content: &str, redactor: &Redactor) -> bool {
    if content.len() < 4 || content.len() > 1_000 {
        return false;
    }
    let is_filler = |character: char| {
        character.is_whitespace() || matches!(character, '=' | ':' | '\'' | '"' | '(')
    };
    let ends_with_name = |head: &str| {
        let head = head.trim_end_matches(is_filler);
        let word = head
            .rsplit(|character: char| {
                !(character.is_alphanumeric() || matches!(character, '_' | '-'))
            })
            .next()
            .unwrap_or_default();
        let is_identified = word.eq_ignore_ascii_case("by")
            && head.len() >= 13
            && head
                .get(head.len() - 13..)
                .is_some_and(|end| end.eq_ignore_ascii_case("identified by"));
        // A name on its own is a name, not a text that announces something.
        word.len() < content.len() && (redactor.is_sensitive(word) || is_identified)
    };
    let is_open = content.ends_with(is_filler);
    (is_open && ends_with_name(content)) || content.split('%').rev().skip(1).any(ends_with_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_sorted_for_the_search() {
        for functions in [
            SECRET_FUNCTIONS,
            COUNTING_FUNCTIONS,
            OBJECT_FUNCTIONS,
            SETTING_FUNCTIONS,
            READING_FUNCTIONS,
            NAMING_FUNCTIONS,
        ] {
            assert!(functions.is_sorted());
        }
    }

    #[test]
    fn a_text_announces_what_follows_it() {
        let redactor = Redactor::default();
        for (text, expected) in [
            ("ALTER ROLE x PASSWORD ", true),
            ("ALTER ROLE x PASSWORD ''", true),
            ("bad password %", true),
            ("bad password %, try again", true),
            ("password", false),
            ("100 % of all", false),
            ("password too short: 50%", false),
            ("hello ", false),
        ] {
            assert_eq!(announces(text, &redactor), expected, "{text}");
        }
    }
}
