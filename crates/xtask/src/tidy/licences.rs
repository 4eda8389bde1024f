//! Licences of everything that we link.

use super::Report;
use crate::metadata::Metadata;

/// Licences that go together with MIT OR Apache-2.0.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

pub(super) fn check(metadata: &Metadata, report: &mut Report) {
    for package in &metadata.packages {
        match &package.licence {
            None => report.fail(format!(
                "{} {} names no licence",
                package.name, package.version
            )),
            Some(licence) if is_allowed(licence) => {}
            Some(licence) => report.fail(format!(
                "{} {} is under {licence}, which is not in the list",
                package.name, package.version
            )),
        }
    }
}

/// Whether an SPDX expression can be met by allowed licences alone.
fn is_allowed(expression: &str) -> bool {
    // Old manifests write `MIT/Apache-2.0`.
    let expression = expression.replace('/', " OR ");
    let mut tokens = Vec::new();
    for word in expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
    {
        tokens.push(word.to_owned());
    }
    let mut at = 0;
    any(&tokens, &mut at) && at == tokens.len()
}

fn any(tokens: &[String], at: &mut usize) -> bool {
    let mut is_met = all(tokens, at);
    while tokens.get(*at).is_some_and(|token| token == "OR") {
        *at += 1;
        is_met |= all(tokens, at);
    }
    is_met
}

fn all(tokens: &[String], at: &mut usize) -> bool {
    let mut is_met = one(tokens, at);
    while tokens.get(*at).is_some_and(|token| token == "AND") {
        *at += 1;
        is_met &= one(tokens, at);
    }
    is_met
}

fn one(tokens: &[String], at: &mut usize) -> bool {
    let Some(token) = tokens.get(*at) else {
        return false;
    };
    *at += 1;
    if token == "(" {
        let is_met = any(tokens, at);
        *at += 1;
        return is_met;
    }
    let mut name = token.clone();
    if tokens.get(*at).is_some_and(|token| token == "WITH") {
        if let Some(exception) = tokens.get(*at + 1) {
            name = format!("{name} WITH {exception}");
        }
        *at += 2;
    }
    ALLOWED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::is_allowed;

    #[test]
    fn an_expression_is_met_by_allowed_licences_alone() {
        for (expression, expected) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0 AND MIT", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR Apache-2.0) AND OpenSSL", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("GPL-2.0 WITH Classpath-exception-2.0", false),
            ("MIT AND (GPL-3.0 OR ISC)", true),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), expected, "{expression}");
        }
    }
}
