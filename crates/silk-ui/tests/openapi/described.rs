//! Answers held against the description: status, type, and every field.

use std::collections::{BTreeMap, BTreeSet};

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::support::client::{Answer, get, send};

/// The description, and what of it was seen in answers.
pub(crate) struct Description {
    pub(crate) document: Value,
    validators: BTreeMap<String, jsonschema::Validator>,
    /// `Schema.field` that was there and not null.
    pub(crate) seen: BTreeSet<String>,
    /// `get /api/…` that answered well.
    pub(crate) called: BTreeSet<String>,
}

impl Description {
    pub(crate) async fn of(app: &Router) -> Self {
        let document = get(app, "/silk/api/openapi.json").await.json();
        let components = &document["components"];
        let validators = (components["schemas"].as_object().expect("are described"))
            .keys()
            .map(|name| {
                let schema = json!({
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "$ref": format!("#/components/schemas/{name}"),
                    "components": components,
                });
                let validator = jsonschema::options()
                    .should_validate_formats(true)
                    .build(&schema);
                (name.clone(), validator.expect("is a schema"))
            })
            .collect();
        Self {
            document,
            validators,
            seen: BTreeSet::new(),
            called: BTreeSet::new(),
        }
    }

    pub(crate) fn schemas(&self) -> &serde_json::Map<String, Value> {
        let schemas = self.document["components"]["schemas"].as_object();
        schemas.expect("are described")
    }

    /// Every method of every path: path, method, operation.
    pub(crate) fn operations(&self) -> Vec<(&str, &str, &Value)> {
        let paths = self.document["paths"].as_object().expect("are described");
        (paths.iter())
            .flat_map(|(path, item)| {
                let item = item.as_object().expect("has methods");
                item.iter()
                    .map(move |(method, of)| (&**path, &**method, of))
            })
            .collect()
    }

    /// What speaks against a value being of a schema.
    pub(crate) fn faults(&self, schema: &str, value: &Value) -> Vec<String> {
        let validator = self.validators.get(schema).expect("is described");
        let faults = validator.iter_errors(value);
        faults
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    /// Calls the address, and holds the answer against what is said of `template`.
    pub(crate) async fn call(
        &mut self,
        app: &Router,
        method: &Method,
        (template, address): (&str, &str),
        body: Option<&Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/silk{address}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let sent = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = send(app, request.body(sent).expect("is a request")).await;
        self.hold(method, (template, address), body, &answer);
        answer
    }

    pub(crate) fn hold(
        &mut self,
        method: &Method,
        (template, address): (&str, &str),
        body: Option<&Value>,
        answer: &Answer,
    ) {
        let word = method.as_str().to_ascii_lowercase();
        let operation = self.document["paths"][template][&word].clone();
        let told = format!(
            "{method} {address}: {} {}",
            answer.status,
            cut(&answer.text)
        );
        assert!(operation.is_object(), "not described: {told}");
        let mut described = operation["responses"][answer.status.as_str()].clone();
        assert!(described.is_object(), "status not described: {told}");
        if described["$ref"].is_string() {
            described = self.document["components"]["responses"][answer.status.as_str()].clone();
        }
        if let Some(sent) = body.filter(|_| answer.status.is_success()) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let faults = self.faults(name_of(schema), sent);
            assert!(faults.is_empty(), "body of {told}: {faults:#?}");
        }
        if answer.status.is_success() {
            self.called.insert(format!("{word} {template}"));
        }
        let kind = answer.headers.get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().expect("is text"));
        match kind.map(|kind| kind.split(';').next().unwrap_or_default()) {
            None => assert!(
                described["content"].is_null() && answer.text.is_empty(),
                "{told}"
            ),
            Some("application/json") => {
                let schema = &described["content"]["application/json"]["schema"];
                if schema["$ref"].is_string() {
                    self.is_of(name_of(schema), &answer.json(), &told);
                } else {
                    assert_eq!(template, "/api/openapi.json", "{told}");
                }
            }
            Some(other) => assert!(!described["content"][other].is_null(), "{other}: {told}"),
        }
    }

    /// Holds a value against a schema, and notes which of its fields are filled.
    pub(crate) fn is_of(&mut self, schema: &str, value: &Value, told: &str) {
        let faults = self.faults(schema, value);
        assert!(faults.is_empty(), "{told}\n{faults:#?}");
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let mut seen = std::mem::take(&mut self.seen);
        self.note(&schema, "", value, &mut seen);
        self.seen = seen;
    }

    fn note(&self, schema: &Value, name: &str, value: &Value, seen: &mut BTreeSet<String>) {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = last(reference);
            return self.note(&self.schemas()[name], name, value, seen);
        }
        for one in schema["anyOf"].as_array().into_iter().flatten() {
            self.note(one, name, value, seen);
        }
        for item in value.as_array().into_iter().flatten() {
            self.note(&schema["items"], name, item, seen);
        }
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            if !value[field].is_null() {
                seen.insert(format!("{name}.{field}"));
                self.note(of, name, &value[field], seen);
            }
        }
    }

    /// Every `Schema.field` of what is answered.
    pub(crate) fn fields(&self) -> BTreeSet<String> {
        let all = self
            .schemas()
            .iter()
            .filter(|(name, _)| !name.ends_with("Body"));
        all.flat_map(|(name, schema)| {
            let fields = schema["properties"].as_object().into_iter().flatten();
            let can_be_filled = fields.filter(|(_, of)| of["type"] != "null");
            can_be_filled.map(move |(field, _)| format!("{name}.{field}"))
        })
        .collect()
    }
}

/// Every `$ref` below a value.
pub(crate) fn references<'a>(value: &'a Value, into: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, into)),
        _ => {}
    }
}

fn name_of(schema: &Value) -> &str {
    last(schema["$ref"].as_str().expect("names a schema"))
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The answer has this status.
pub(crate) fn is(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", cut(&answer.text));
}
