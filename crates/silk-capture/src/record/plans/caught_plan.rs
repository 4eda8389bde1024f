//! A plan that the database reported of one run, and the outline by which plans that look alike are
//! known without parsing them: this runs on the app's threads.

use std::hash::{BuildHasher as _, Hasher as _};

/// A plan that PostgreSQL reported of one run.
#[derive(Debug)]
pub(crate) struct CaughtPlan {
    /// The message: `duration: 0.123 ms  plan:`, and JSON.
    pub(crate) message: Box<str>,
    /// How long the run took, as the server says.
    pub(crate) duration_us: u64,
}

/// A plan of one run, kept with others that look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlanMark {
    /// Hash of what stays from run to run.
    pub(crate) outline: u64,
    /// How long the run took, as the server says.
    pub(crate) duration_us: u64,
}

/// Keys whose values make the form of a plan.
fn is_outline(key: &[u8]) -> bool {
    matches!(
        key,
        b"Node Type"
            | b"Strategy"
            | b"Partial Mode"
            | b"Parallel Aware"
            | b"Join Type"
            | b"Operation"
            | b"Command"
            | b"Relation Name"
            | b"Schema"
            | b"Alias"
            | b"Index Name"
            | b"Function Name"
            | b"CTE Name"
            | b"Subplan Name"
            | b"Parent Relationship"
            | b"Scan Direction"
            | b"Custom Plan Provider"
    )
}

/// Hash of operators, relations, indexes and their nesting: runs of the same form give the same.
///
/// Finer than the form itself where in doubt (the number of workers, say), which costs a parse
/// and nothing else.
pub(crate) fn outline(plan: &str) -> u64 {
    let mut hasher = foldhash::fast::FixedState::default().build_hasher();
    let bytes = plan.as_bytes();
    let mut at = 0;
    let mut is_wanted = false;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                let mut end = start;
                while let Some(byte) = bytes.get(end) {
                    match byte {
                        b'\\' => end += 2,
                        b'"' => break,
                        _ => end += 1,
                    }
                }
                let text = bytes.get(start..end).unwrap_or_default();
                at = end + 1;
                if bytes.get(at) == Some(&b':') {
                    is_wanted = is_outline(text);
                } else if is_wanted {
                    hasher.write(text);
                    hasher.write_u8(0);
                }
                continue;
            }
            b't' | b'f' if is_wanted => hasher.write_u8(*byte),
            b'{' | b'}' => hasher.write_u8(*byte),
            _ => {}
        }
        at += 1;
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "duration: 12.345 ms  plan:\n{\n  \"Query Text\": \"select \\\"a\\\"\\nfrom t\",\n  \"Plan\": {\n    \"Node Type\": \"Seq Scan\",\n    \"Parallel Aware\": false,\n    \"Relation Name\": \"t\",\n    \"Total Cost\": 1.5,\n    \"Filter\": \"(a = 'x'::text)\"\n  }\n}";

    #[test]
    fn odd_messages_do_no_harm() {
        for text in ["{\"Query Text\": \"a\\", "{\"", "\\", "{\"a\\"] {
            let _ = outline(text);
        }
    }

    #[test]
    fn the_outline_is_of_the_form_alone() {
        let same = MESSAGE.replace("1.5", "2.5").replace("'x'", "'Seq'");
        assert_eq!(outline(MESSAGE), outline(&same));
        for (from, to) in [
            ("Seq Scan", "Index Scan"),
            ("\"t\"", "\"u\""),
            ("false", "true"),
        ] {
            assert_ne!(
                outline(MESSAGE),
                outline(&MESSAGE.replace(from, to)),
                "{to}"
            );
        }
    }
}
