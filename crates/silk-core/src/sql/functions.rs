//! Functions that are known to change nothing.

/// Sorted, lower case: pure or merely reading functions and parametrised types of the three
/// databases. What is not here may write, sleep or lock, for all we know.
const HARMLESS: &[&str] = &[
    "abs", "acos", "age", "any_value", "array_agg", "array_append", "array_length", "array_position", "array_remove", "array_to_json", "array_to_string", "ascii", "asin", "atan", "atan2", "avg", "bigint", "binary", "bit_and", "bit_length", "bit_or", "bool_and", "bool_or", "btrim", "cardinality", "cast", "cbrt", "ceil", "ceiling", "char", "char_length", "character", "character_length", "chr", "coalesce", "concat", "concat_ws", "convert", "convert_tz", "cos", "count", "cume_dist", "curdate", "current_database", "current_date", "current_schema", "curtime", "date", "date_add", "date_bin", "date_diff", "date_format", "date_part", "date_sub", "date_trunc", "datediff", "datetime", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "decimal", "decode", "degrees", "dense_rank", "elt", "encode", "every", "exists", "exp", "extract", "field", "find_in_set", "first_value", "float", "floor", "format", "from_unixtime", "generate_series", "generate_subscripts", "glob", "greatest", "group_concat", "hex", "hour", "if", "ifnull", "iif", "initcap", "instr", "int", "isnull", "json", "json_agg", "json_array", "json_array_elements", "json_array_elements_text", "json_array_length", "json_arrayagg", "json_build_array", "json_build_object", "json_contains", "json_each", "json_extract", "json_group_array", "json_group_object", "json_object", "json_object_agg", "json_objectagg", "json_quote", "json_tree", "json_type", "json_unquote", "json_valid", "jsonb", "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array", "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_object_agg", "jsonb_object_keys", "jsonb_path_exists", "jsonb_path_query", "jsonb_set", "jsonb_strip_nulls", "jsonb_typeof", "julianday", "lag", "last_day", "last_value", "lcase", "lead", "least", "left", "length", "ln", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim", "make_date", "make_interval", "make_timestamp", "max", "md5", "mid", "min", "minute", "mod", "month", "monthname", "now", "nth_value", "ntile", "nullif", "num_nonnulls", "num_nulls", "numeric", "octet_length", "ord", "percent_rank", "percentile_cont", "percentile_disc", "pi", "plainto_tsquery", "position", "pow", "power", "printf", "quarter", "quote", "quote_ident", "quote_literal", "radians", "random", "rank", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array", "repeat", "replace", "reverse", "right", "round", "row", "row_number", "row_to_json", "rpad", "rtrim", "second", "sha1", "sha2", "sha256", "sign", "similarity", "sin", "smallint", "split_part", "sqrt", "starts_with", "stddev", "stddev_pop", "stddev_samp", "strftime", "string_agg", "string_to_array", "strpos", "substr", "substring", "substring_index", "sum", "tan", "text", "time", "timestamp", "timestampdiff", "timestamptz", "to_char", "to_date", "to_days", "to_hex", "to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery", "to_tsvector", "total", "translate", "trim", "trunc", "truncate", "ts_headline", "ts_rank", "ts_rank_cd", "typeof", "ucase", "unhex", "unicode", "unix_timestamp", "unixepoch", "unnest", "upper", "utc_date", "utc_timestamp", "uuid", "var_pop", "var_samp", "varbinary", "varbit", "varchar", "variance", "varying", "websearch_to_tsquery", "week", "weekday", "width_bucket", "year", "yearweek",
];

/// Whether calling `name` (in any case) changes nothing.
pub(super) fn is_harmless(name: &str) -> bool {
    if name.len() > 40 {
        return false;
    }
    HARMLESS
        .binary_search_by(|known| known.bytes().cmp(name.bytes().map(|byte| byte.to_ascii_lowercase())))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_for_the_search() {
        for pair in HARMLESS.windows(2) {
            assert!(pair[0] < pair[1], "{} stands before {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn what_writes_waits_or_locks_is_not_harmless() {
        for name in ["nextval", "setval", "pg_advisory_lock", "pg_sleep", "lo_import", "dblink", "set_config", "sleep", "get_lock", "load_extension", "writefile", "pg_terminate_backend", "currval", "benchmark"] {
            assert!(!is_harmless(name), "{name}");
        }
        assert!(is_harmless("COUNT"));
    }
}
