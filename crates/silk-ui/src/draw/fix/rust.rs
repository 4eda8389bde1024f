//! The Rust around a query that takes all values at once.

use silk_core::DatabaseKind;

use crate::draw::replay::rust_literal as quote;

/// A loop that asks for one value at a time, and the query in its place.
pub(super) struct Loop<'a> {
    pub(super) kind: DatabaseKind,
    /// The whole query.
    pub(super) sql: &'a str,
    /// What stands before the comparison, and after it.
    pub(super) head: &'a str,
    pub(super) tail: &'a str,
    pub(super) column: &'a str,
    /// The database's type of the value that varies; empty where it was not captured.
    pub(super) key_type: &'a str,
    /// Whether other values are bound too.
    pub(super) has_others: bool,
    /// Whether one value was seen to give several rows.
    pub(super) has_many_rows: bool,
    /// Whether a value without rows gave a row all the same: a count of zero.
    pub(super) is_summed: bool,
}

pub(super) fn rust(of: &Loop<'_>) -> String {
    let field = of
        .column
        .rsplit('.')
        .next()
        .unwrap_or(of.column)
        .trim_matches(['"', '`', '[', ']']);
    let collect = format!(
        "let keys: Vec<{}> = rows.iter().map(|row| row.key{}).collect(); // of the query that feeds the loop\n",
        key(of.key_type),
        if key(of.key_type) == "_" {
            ".clone()"
        } else {
            ""
        },
    );
    let by_key = by_key(of, field);
    let others = if of.has_others {
        "    // .bind(…) the other values, in their order\n"
    } else {
        ""
    };
    match of.kind {
        DatabaseKind::Postgres => format!(
            "{collect}let found: Vec<Row> = sqlx::query_as({})\n{others}    .bind(&keys)\n    .fetch_all(&pool)\n    .await?;\n{by_key}",
            quote(of.sql)
        ),
        _ => {
            let tail = of.tail.trim();
            let tail = if tail.is_empty() {
                String::new()
            } else {
                format!("query.push({});\n", quote(&format!(" {tail}")))
            };
            format!(
                "{collect}let mut query = QueryBuilder::new({});\nlet mut list = query.separated(\", \");\nfor key in &keys {{\n    list.push_bind({});\n}}\nlist.push_unseparated(\")\");\n{tail}let found: Vec<Row> = query.build_query_as().fetch_all(&pool).await?;\n{by_key}",
                quote(&format!("{}IN (", of.head)),
                if key(of.key_type) == "_" {
                    "key"
                } else {
                    "*key"
                },
            )
        }
    }
}

/// The Rust type of keys of a database's type; `_` for one that is not copied.
fn key(type_name: &str) -> &'static str {
    match type_name {
        "INT4" | "INT" => "i32",
        "INT2" | "SMALLINT" => "i16",
        "" | "INT8" | "BIGINT" | "INTEGER" => "i64",
        "UUID" => "Uuid",
        _ => "_",
    }
}

/// The rows by their key, and how the loop finds them.
fn by_key(of: &Loop<'_>, field: &str) -> String {
    if of.has_many_rows && !of.is_summed {
        return format!(
            "let mut by_{field}: HashMap<_, Vec<_>> = HashMap::new();\n\
             for row in found {{\n    by_{field}.entry(row.{field}).or_default().push(row);\n}}\n\
             // and in the loop: by_{field}.get(&row.key)"
        );
    }
    let none = if of.is_summed {
        "; a key that nothing was found for has no row (a count of 0)"
    } else {
        ""
    };
    format!(
        "let by_{field}: HashMap<_, _> = found.into_iter().map(|row| (row.{field}, row)).collect();\n\
         // and in the loop: by_{field}.get(&row.key){none}"
    )
}
