//! sqlx's test files as our stand-in can run them: changes of text, each by a rule and counted.

use std::ops::AddAssign;

/// How often each rule changed something.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    /// `#[sqlx_macros::test]`, `#[sqlx::test]`, `#[tokio::test]` became the stand-in's attribute.
    pub(super) attributes: usize,
    /// `.ours()` stands after a pool or connection that a test makes for itself.
    pub(super) instrumented: usize,
    /// `let name: SqlitePool =` lost its type, which names sqlx's own.
    pub(super) annotations: usize,
}

impl AddAssign for Changes {
    fn add_assign(&mut self, other: Self) {
        self.attributes += other.attributes;
        self.instrumented += other.instrumented;
        self.annotations += other.annotations;
    }
}

const ATTRIBUTES: [&str; 3] = ["#[sqlx_macros::test]", "#[sqlx::test]", "#[tokio::test]"];

const ANNOTATIONS: [&str; 3] = [": PgPool =", ": MySqlPool =", ": SqlitePool ="];

/// Adapts one file.
pub(super) fn adapt(source: &str) -> (String, Changes) {
    let mut changes = Changes::default();
    let mut text = source.to_owned();
    for attribute in ATTRIBUTES {
        changes.attributes += text.matches(attribute).count();
        text = text.replace(attribute, "#[sqlx_test::test]");
    }
    for annotation in ANNOTATIONS {
        changes.annotations += text.matches(annotation).count();
        text = text.replace(annotation, " =");
    }
    let (mut text, instrumented) = instrument(&text);
    changes.instrumented = instrumented;
    if instrumented > 0 {
        // On the first line, so that lines keep their numbers.
        text.insert_str(0, "use sqlx_test::Ours as _; ");
    }
    (text, changes)
}

/// Puts `.ours()` behind `connect(..).await?` and its like.
fn instrument(source: &str) -> (String, usize) {
    let mut text = String::with_capacity(source.len());
    let mut count = 0;
    let mut done = 0;
    for (at, _) in source.match_indices("connect") {
        // A listener's own connection is not the app's.
        if at < done || source[..at].ends_with("PgListener::") {
            continue;
        }
        if let Some(end) = end_of_connect(source, at) {
            text.push_str(&source[done..end]);
            text.push_str(".ours()");
            count += 1;
            done = end;
        }
    }
    text.push_str(&source[done..]);
    (text, count)
}

/// Where the call ends that begins at `at`, with the `?` or `.unwrap()` after its `.await`.
fn end_of_connect(source: &str, at: usize) -> Option<usize> {
    if !source[..at].ends_with(['.', ':']) {
        return None;
    }
    let call = &source[at..];
    let arguments = ["connect(", "connect_with("]
        .into_iter()
        .find_map(|name| call.strip_prefix(name))?;
    let closing = closing_parenthesis(arguments)?;
    let rest = arguments[closing..].trim_start().strip_prefix(".await")?;
    let rest = rest.trim_start();
    let rest = rest
        .strip_prefix('?')
        .or_else(|| rest.strip_prefix(".unwrap()"))?;
    Some(source.len() - rest.len())
}

/// The place after the parenthesis that closes one opened before `text`.
fn closing_parenthesis(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    let mut is_quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_attribute_of_a_test_becomes_ours() {
        let source = "#[sqlx_macros::test]\n#[ignore]\nasync fn one() {}\n#[sqlx::test]\n#[tokio::test]\n#[test]\n";
        let (text, changes) = adapt(source);
        assert_eq!(changes.attributes, 3);
        assert_eq!(
            text,
            "#[sqlx_test::test]\n#[ignore]\nasync fn one() {}\n#[sqlx_test::test]\n#[sqlx_test::test]\n#[test]\n"
        );
    }

    #[test]
    fn what_a_test_connects_for_itself_is_instrumented() {
        let source = "let a = Options::new()\n    .connect(&var(\"a)b\")?)\n    .await?;\n\
            let b = Own::connect_with(&options).await.unwrap();\n\
            let c = options.connect().await?.prepare();\n";
        let (text, changes) = adapt(source);
        assert_eq!(changes.instrumented, 3);
        assert_eq!(
            text,
            "use sqlx_test::Ours as _; let a = Options::new()\n    .connect(&var(\"a)b\")?)\n    .await?.ours();\n\
            let b = Own::connect_with(&options).await.unwrap().ours();\n\
            let c = options.connect().await?.ours().prepare();\n"
        );
    }

    #[test]
    fn what_only_looks_like_connecting_is_left_alone() {
        let source = "PgListener::connect_with(&pool).await?;\nlet e = x.connect().await;\n\
            options.connect_lazy(a);\nfn connect() {}\nreconnect().await?;\nafter_connect(|c, _| c);\n";
        let (text, changes) = adapt(source);
        assert_eq!(changes, Changes::default());
        assert_eq!(text, source);
    }

    #[test]
    fn a_type_that_names_the_raw_pool_is_taken_off() {
        let (text, changes) =
            adapt("let pool: SqlitePool = make();\nlet other: Vec<PgPool> = many();");
        assert_eq!(changes.annotations, 1);
        assert_eq!(text, "let pool = make();\nlet other: Vec<PgPool> = many();");
    }
}
