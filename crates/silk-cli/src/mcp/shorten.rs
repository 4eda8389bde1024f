//! Answers cut to what fits a model's window, and every cut said.

use serde_json::{Value, json};

/// What an answer has at most, in bytes: some 6,000 tokens.
pub(super) const MAX_BYTES: usize = 24_000;

/// Characters of a text and items of a list that are kept, tried one after the other.
const STEPS: [(usize, usize); 6] = [
    (4_000, 200),
    (1_000, 50),
    (500, 25),
    (300, 12),
    (160, 6),
    (80, 3),
];

/// The answer as text: as it is where it fits, else with long texts and lists cut, the least that
/// is needed. What was cut says how much is missing.
pub(super) fn shorten(answer: &Value) -> String {
    let whole = answer.to_string();
    if whole.len() <= MAX_BYTES {
        return whole;
    }
    let mut text = whole;
    for (chars, items) in STEPS {
        let mut cut = answer.clone();
        cut_value(&mut cut, chars, items);
        text = cut.to_string();
        if text.len() <= MAX_BYTES {
            return text;
        }
    }
    // Nested deeper than lists and texts explain: the beginning, as text that says so.
    let mut end = MAX_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    json!({ "cut_to_bytes": end, "of_bytes": text.len(), "beginning": &text[..end] }).to_string()
}

fn cut_value(value: &mut Value, chars: usize, items: usize) {
    match value {
        Value::String(text) => {
            let all = text.chars().count();
            if all > chars {
                let mut kept: String = text.chars().take(chars).collect();
                kept.push_str(&format!("… [{} more characters]", all - chars));
                *text = kept;
            }
        }
        Value::Array(list) => {
            let all = list.len();
            if all > items {
                list.truncate(items);
            }
            for item in list.iter_mut() {
                cut_value(item, chars, items);
            }
            if all > items {
                list.push(Value::String(format!("[{} more items]", all - items)));
            }
        }
        Value::Object(fields) => {
            for (_, field) in fields.iter_mut() {
                cut_value(field, chars, items);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_as_it_is() {
        let answer = json!({ "items": [1, 2, 3], "text": "ü".repeat(9_000) });
        assert_eq!(shorten(&answer), answer.to_string());
    }

    #[test]
    fn what_is_cut_says_how_much_is_missing() {
        let items: Vec<Value> = (0..10_000)
            .map(|n| json!({ "n": n, "sql": "SELECT 1" }))
            .collect();
        let text = shorten(&json!({ "items": items, "note": "x".repeat(100_000) }));
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        let cut: Value = serde_json::from_str(&text).unwrap();
        let kept = cut["items"].as_array().unwrap();
        let told = kept.last().unwrap().as_str().unwrap();
        assert_eq!(told, format!("[{} more items]", 10_000 - (kept.len() - 1)));
        assert!(cut["note"].as_str().unwrap().contains("more characters]"));
    }

    #[test]
    fn whatever_it_is_it_fits() {
        let mut deep = json!("x".repeat(500));
        for _ in 0..100 {
            deep = json!([deep.clone(), "ü".repeat(300), "ü".repeat(300)]);
        }
        let wide: serde_json::Map<String, Value> = (0..5_000)
            .map(|n| (format!("field {n}"), json!("ü")))
            .collect();
        for answer in [deep, Value::Object(wide)] {
            let text = shorten(&answer);
            assert!(text.len() <= 3 * MAX_BYTES, "{}", text.len());
            assert!(serde_json::from_str::<Value>(&text).is_ok());
        }
    }
}
