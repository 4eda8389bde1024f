//! Every command that SKILL.md names, run in its order against a real small app.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::{collections::HashMap, time::Duration};

use support::{App, silk_in};

const SKILL: &str = include_str!("../SKILL.md");

/// Lines of the shell blocks.
fn commands() -> Vec<&'static str> {
    let mut commands = Vec::new();
    let mut is_shell = false;
    for line in SKILL.lines() {
        match line {
            "```sh" => is_shell = true,
            "```" => is_shell = false,
            line if is_shell => commands.push(line),
            _ => {}
        }
    }
    commands
}

/// Commands within sentences.
fn commands_in_text() -> impl Iterator<Item = &'static str> {
    let texts = SKILL.lines().filter(|line| !line.starts_with("silk "));
    texts
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|text| text.starts_with("silk "))
}

/// Words as a shell makes them of a line, with variables filled in.
fn words(line: &str, variables: &HashMap<&str, String>) -> Vec<String> {
    let mut filled = line.to_owned();
    for (name, value) in variables {
        filled = filled.replace(&format!("${name}"), value);
    }
    assert!(!filled.contains('$'), "a variable is not known: {filled}");
    filled
        .split_whitespace()
        .map(|word| word.trim_matches('"').to_owned())
        .collect()
}

/// The first word of an answer that follows `before`.
fn word_after(text: &str, before: &str) -> Option<String> {
    let rest = text.split_once(before)?.1;
    rest.split_whitespace().next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_skill_runs() {
    let app = App::start().await;
    app.get("/people/1").await;
    let url = format!("{}?token={}", app.url(), support::TOKEN.replace(' ', "%20"));
    let mut variables = HashMap::from([("APP", format!("http://{}", app.address))]);
    let mut ran = 0;
    for line in commands() {
        if line.starts_with("curl ") {
            support::send(&app.address, "GET", "/people", &[]).await;
            continue;
        }
        let line = line.strip_prefix("silk ").expect("is a command of silk");
        if line.starts_with("plan ") {
            variables.insert("PLAN", plan(&app, &variables["FINGERPRINT"]).await);
        }
        let words = words(line, &variables);
        let mut arguments = vec!["--url", &*url];
        arguments.extend(words.iter().map(String::as_str));
        let out = silk_in(app.folder.path(), &arguments).await.done();
        ran += 1;
        match words[0].as_str() {
            "requests" if !variables.contains_key("NEWEST") => {
                let id = out.lines().nth(1).and_then(|row| row.split(' ').next());
                variables.insert("NEWEST", id.expect("a row").to_owned());
            }
            "await" => {
                variables.insert("SLOW", word_after(&out, "\nid ").expect("an id"));
                let line = out.lines().find(|line| line.contains("WHERE id = ?"));
                let fingerprint = line.and_then(|line| line.split(' ').next());
                variables.insert("FINGERPRINT", fingerprint.expect("a statement").to_owned());
            }
            "replay" => {
                variables.insert("FAST", word_after(&out, "  id ").expect("an id"));
                assert!(app.silk.flush(Duration::from_secs(20)).await);
            }
            _ => {}
        }
    }
    assert!(ran >= 10, "{ran}");
    // What stands in sentences is a command too.
    for line in commands_in_text() {
        let words = words(line.strip_prefix("silk ").unwrap(), &HashMap::new());
        let arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        silk_in(app.folder.path(), &arguments).await.done();
    }
}

/// A plan of a statement, once one is kept.
async fn plan(app: &App, fingerprint: &str) -> String {
    for _ in 0..100 {
        let out = app.silk(&["statement", fingerprint]).await.done();
        if let Some((_, plans)) = out.split_once("\nPLANS\n") {
            return plans
                .lines()
                .nth(1)
                .unwrap()
                .split(' ')
                .next()
                .unwrap()
                .to_owned();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no plan was kept");
}
