//! An agent's path through the tools, with a client of the official crate against a real small app.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

mod support;

use std::time::Duration;

use rmcp::{
    RoleClient, ServiceExt as _,
    model::{CallToolRequestParams, CallToolResult},
    service::RunningService,
    transport::TokioChildProcess,
};
use serde_json::{Value, json};
use support::{App, program};

struct Agent(RunningService<RoleClient, ()>);

impl Agent {
    /// Starts `silk mcp` as an agent does.
    async fn start(app: &App, arguments: &[&str]) -> Self {
        let url = app.url();
        let mut command = program(app.folder.path());
        command.args(["--url", &url, "--token", support::TOKEN, "mcp"]);
        command.args(arguments);
        let mut command = tokio::process::Command::from(command);
        command.kill_on_drop(true);
        Self(
            ().serve(TokioChildProcess::new(command).unwrap())
                .await
                .unwrap(),
        )
    }

    async fn call(&self, tool: &'static str, arguments: Value) -> CallToolResult {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object");
        };
        self.0
            .call_tool(CallToolRequestParams::new(tool).with_arguments(arguments))
            .await
            .unwrap()
    }

    async fn ask(&self, tool: &'static str, arguments: Value) -> Value {
        let result = self.call(tool, arguments).await;
        let text = text(&result);
        assert_ne!(result.is_error, Some(true), "{tool}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn refused(&self, tool: &'static str, arguments: Value) -> String {
        let result = self.call(tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{}", text(&result));
        text(&result)
    }
}

fn text(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|part| part.as_text());
    texts.map(|text| text.text.clone()).collect()
}

fn id(answer: &Value) -> String {
    answer["request"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_waits_looks_reads_the_plan_and_compares() {
    let app = App::start().await;
    app.get("/people/1").await;
    let to = format!("http://{}", app.address);
    let agent = Agent::start(&app, &["--replay-to", &to]).await;

    // Await.
    let list = agent.ask("requests", json!({ "limit": 1 })).await;
    let newest = list["items"][0]["id"].clone();
    support::send(&app.address, "GET", "/people", &[]).await;
    let slow = agent
        .ask(
            "await_request",
            json!({ "route": "/people", "after": newest }),
        )
        .await;

    // Look.
    assert_eq!(slow["request"]["query_count"], 26);
    let finding = &slow["findings"][0];
    assert_eq!(finding["rule"], "repeated_statement", "{slow:#}");
    let file = finding["call_site"]["file"].as_str().unwrap();
    assert!(file.ends_with("support/mod.rs"), "{file}");
    let fingerprint = finding["fingerprint"].as_str().unwrap();
    let pages = agent
        .ask("request", json!({ "id": id(&slow), "queries_from": 20 }))
        .await;
    assert_eq!(pages["queries"].as_array().unwrap().len(), 7);

    // Plan.
    let mut plan = Value::Null;
    for _ in 0..100 {
        let statement = agent
            .ask("statement", json!({ "fingerprint": fingerprint }))
            .await;
        plan = statement["plans"][0]["id"].clone();
        if !plan.is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let plan = agent.ask("plan", json!({ "id": plan })).await;
    assert_eq!(plan["root"]["relation"], "person", "{plan:#}");

    // Prove.
    let proof = agent.ask("prove", json!({ "id": id(&slow) })).await;
    assert_eq!(proof["verdict"], "equal", "{proof:#}");
    assert_eq!(proof["statement"], fingerprint);
    assert_eq!(proof["rows"]["equal"], 25);

    // Replay.
    let replayed = agent.ask("replay", json!({ "id": id(&slow) })).await;
    assert_eq!(replayed["status"], 200);
    let again = agent
        .ask(
            "await_request",
            json!({ "after": id(&slow), "route": "/people" }),
        )
        .await;
    assert_eq!(again["request"]["id"], replayed["request_id"]);

    // The fix, as if the code had been changed in between.
    support::send(&app.address, "GET", "/people/at-once", &[]).await;
    let fast = agent
        .ask(
            "await_request",
            json!({ "after": id(&again), "route": "/people/at-once" }),
        )
        .await;
    assert_eq!(fast["request"]["query_count"], 1);

    // Diff.
    let difference = agent
        .ask("compare", json!({ "a": id(&slow), "b": id(&fast) }))
        .await;
    assert_eq!(difference["a"]["query_count"], 26);
    assert_eq!(difference["b"]["query_count"], 1);
    let changes: Vec<&str> = difference["statements"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|statement| statement["change"].as_str())
        .collect();
    assert!(
        changes.contains(&"gone") && changes.contains(&"added"),
        "{changes:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_say_what_they_are_for_and_change_nothing() {
    let app = App::start().await;
    let agent = Agent::start(&app, &[]).await;
    let info = agent.0.peer_info().unwrap();
    let instructions = info.instructions.clone().unwrap();
    let tools = agent.0.list_all_tools().await.unwrap();
    let names: Vec<String> = tools.iter().map(|tool| tool.name.to_string()).collect();
    assert!((7..=10).contains(&names.len()), "{names:?}");
    for tool in &tools {
        assert!(tool.description.is_some(), "{}", tool.name);
        let annotations = tool.annotations.as_ref().unwrap();
        assert_eq!(
            annotations.read_only_hint,
            Some(tool.name != "replay"),
            "{}",
            tool.name
        );
        assert_ne!(annotations.destructive_hint, Some(true));
    }
    // What the instructions name is there.
    for word in instructions.split('`').skip(1).step_by(2) {
        let is_field = ["after", "verdict", "findings", "_us"].contains(&word);
        assert!(is_field || names.iter().any(|name| name == word), "{word}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_is_said_with_what_helps() {
    let app = App::start().await;
    let slow = app.get("/people").await;
    let post = app.send("POST", "/people", &["content-length: 0"]).await;
    let agent = Agent::start(&app, &[]).await;
    let told = agent.refused("replay", json!({ "id": slow })).await;
    assert!(told.contains("--replay-to"), "{told}");
    let told = agent
        .refused(
            "request",
            json!({ "id": "01934f5e-0000-7000-8000-000000000001" }),
        )
        .await;
    assert!(told.contains("not kept"), "{told}");
    let told = agent.refused("requests", json!({ "status": "abc" })).await;
    assert!(told.contains("status must be"), "{told}");
    let told = agent
        .refused(
            "await_request",
            json!({ "route": "/never", "timeout_s": 1 }),
        )
        .await;
    assert!(told.contains("within 1 s"), "{told}");
    let to = format!("http://{}", app.address);
    let agent = Agent::start(&app, &["--replay-to", &to]).await;
    let told = agent.refused("replay", json!({ "id": post })).await;
    assert!(told.contains("POST may change data"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_fit_a_window_and_say_what_is_missing() {
    let app = App::start().await;
    for n in 0..120 {
        support::send(&app.address, "GET", &format!("/people/{n}"), &[]).await;
    }
    let slow = app.get("/people").await;
    let agent = Agent::start(&app, &[]).await;
    for (tool, arguments) in [
        ("requests", json!({ "limit": 100 })),
        ("request", json!({ "id": slow })),
        ("request", json!({ "id": slow, "queries_from": 1 })),
        ("health", json!({})),
    ] {
        let result = agent.call(tool, arguments).await;
        assert!(
            text(&result).len() <= 24_000,
            "{tool}: {}",
            text(&result).len()
        );
    }
    let list = agent.call("requests", json!({ "limit": 100 })).await;
    assert!(text(&list).contains("more items]"), "{}", text(&list));
    let next = &serde_json::from_str::<Value>(&text(&list)).unwrap()["next"];
    assert!(next.is_string(), "a cursor to go on with");
}
