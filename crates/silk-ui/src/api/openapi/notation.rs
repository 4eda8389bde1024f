//! The short notation of schemas: a name with what it is, and a line for each field.
//!
//! ```text
//! Holder  Connections that were held.
//!   route string  Which request held them.
//!   call_site CallSite?  Null where it is not known.
//!   remedy? string  May be missing.
//!   kind missing|extra  One of these words.
//!   .._Paging
//!
//! Severity = info|warning  How much it matters.
//! ```
//!
//! A field is always there, unless its name ends in `?`; one whose type ends in `?` may be null.
//! Lists are `[Type]`, objects with any names `{Type}`, and `..Name` takes the fields of another
//! schema over (one whose name begins with `_` is for that only). No object has other fields.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Reads schemas, by name.
pub(super) fn read(texts: &[&'static str]) -> Map<String, Value> {
    let blocks: Vec<Block> = texts
        .iter()
        .flat_map(|text| text.split("\n\n"))
        .map(block)
        .collect();
    let by_name: HashMap<&str, &Block> = blocks.iter().map(|block| (block.name, block)).collect();
    (blocks.iter())
        .filter(|block| !block.name.starts_with('_'))
        .map(|block| (block.name.to_owned(), block.schema(&by_name)))
        .collect()
}

/// `$ref` to a schema.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

struct Block {
    name: &'static str,
    about: &'static str,
    /// What it stands for, where it is no object.
    alias: Option<&'static str>,
    fields: Vec<Field>,
}

enum Field {
    Own {
        name: &'static str,
        is_required: bool,
        of: &'static str,
        about: &'static str,
    },
    AllOf(&'static str),
}

fn block(text: &'static str) -> Block {
    let mut lines = text.trim().lines();
    let (head, about) = words(lines.next().unwrap_or_default());
    let (name, alias) = match head.split_once(" = ") {
        Some((name, alias)) => (name, Some(alias)),
        None => (head, None),
    };
    Block {
        name,
        about,
        alias,
        fields: lines.map(|line| field(line.trim())).collect(),
    }
}

fn field(line: &'static str) -> Field {
    if let Some(name) = line.strip_prefix("..") {
        return Field::AllOf(name);
    }
    let (head, about) = words(line);
    let (name, of) = head.split_once(' ').unwrap_or((head, "any"));
    Field::Own {
        name: name.trim_end_matches('?'),
        is_required: !name.ends_with('?'),
        of,
        about,
    }
}

/// What stands before two spaces, and the description after them.
fn words(line: &'static str) -> (&'static str, &'static str) {
    line.split_once("  ").unwrap_or((line, ""))
}

impl Block {
    fn schema(&self, all: &HashMap<&str, &Self>) -> Value {
        if let Some(alias) = self.alias {
            return described(of_type(alias), self.about);
        }
        let mut properties = Map::new();
        let mut required = Vec::new();
        self.add(all, &mut properties, &mut required);
        let schema = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        });
        described(schema, self.about)
    }

    fn add(
        &self,
        all: &HashMap<&str, &Self>,
        properties: &mut Map<String, Value>,
        required: &mut Vec<&'static str>,
    ) {
        for field in &self.fields {
            match field {
                Field::Own {
                    name,
                    is_required,
                    of,
                    about,
                } => {
                    properties.insert((*name).to_owned(), described(of_type(of), about));
                    if *is_required {
                        required.push(name);
                    }
                }
                Field::AllOf(name) => {
                    if let Some(other) = all.get(name) {
                        other.add(all, properties, required);
                    }
                }
            }
        }
    }
}

/// The schema with its description.
pub(super) fn described(mut schema: Value, about: &str) -> Value {
    if !about.is_empty() {
        schema["description"] = about.into();
    }
    schema
}

/// The schema of a type.
fn of_type(text: &str) -> Value {
    if let Some(inner) = text.strip_suffix('?') {
        return or_null(of_type(inner));
    }
    let within = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(inner) = within('[', ']') {
        return json!({ "type": "array", "items": of_type(inner) });
    }
    if let Some(inner) = within('{', '}') {
        return json!({ "type": "object", "additionalProperties": of_type(inner) });
    }
    match text {
        "string" | "integer" | "number" | "boolean" | "null" => json!({ "type": text }),
        "count" => json!({ "type": "integer", "minimum": 0 }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "uuid" => json!({ "type": "string", "format": "uuid" }),
        "hex" => json!({ "type": "string", "pattern": "^[0-9a-f]{16}$" }),
        "pair" => json!({
            "type": "array",
            "items": { "type": "string" },
            "minItems": 2,
            "maxItems": 2,
        }),
        "any" => json!({}),
        words if words.contains('|') => {
            json!({ "type": "string", "enum": words.split('|').collect::<Vec<_>>() })
        }
        name => reference(name),
    }
}

fn or_null(mut schema: Value) -> Value {
    match schema.get("type").and_then(Value::as_str) {
        Some(name) => {
            schema["type"] = json!([name, "null"]);
            if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
                words.push(Value::Null);
            }
            schema
        }
        None => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_explains() {
        let text = "A  What it is.\n  a count\n  b? B?  Why.\n  c [x|y]\n  d p|q?\n  .._C\n\n_C\n  e {any}\n\nE = u|v  Words.";
        let read = read(&[text]);
        assert_eq!(
            Value::Object(read),
            json!({
                "A": {
                    "type": "object",
                    "description": "What it is.",
                    "properties": {
                        "a": { "type": "integer", "minimum": 0 },
                        "b": {
                            "anyOf": [{ "$ref": "#/components/schemas/B" }, { "type": "null" }],
                            "description": "Why.",
                        },
                        "c": {
                            "type": "array",
                            "items": { "type": "string", "enum": ["x", "y"] },
                        },
                        "d": { "type": ["string", "null"], "enum": ["p", "q", null] },
                        "e": { "type": "object", "additionalProperties": {} },
                    },
                    "required": ["a", "c", "d", "e"],
                    "additionalProperties": false,
                },
                "E": { "type": "string", "enum": ["u", "v"], "description": "Words." },
            })
        );
    }
}
