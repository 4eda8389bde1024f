//! The N+1 and its join side by side, as a talk shows them.

use serde_json::Value;

use super::weave::{Start, Weave};

fn statement<'a>(comparison: &'a Value, part: &str) -> &'a Value {
    let statements = comparison["statements"].as_array().unwrap();
    let found = (statements.iter()).find(|one| one["sql"].as_str().unwrap().contains(part));
    found.unwrap_or_else(|| panic!("{part}: {comparison}"))
}

/// `list_some` and `list_some_joined`: 101 → 1 queries, time in SQL, total, the statements gone and
/// the one added.
pub fn loop_and_join(database: &str) {
    let weave = Weave::start(&Start::on(database));
    let record = |path: &str| weave.record_of(&weave.get(path));
    let (slow, fast) = (
        record("/api/messages/list_some"),
        record("/api/messages/list_some_joined"),
    );
    let id = |record: &Value| record["request"]["id"].as_str().unwrap().to_owned();
    let sides = format!("a={}&b={}", id(&slow), id(&fast));
    let comparison = weave.get(&format!("/silk/api/compare?{sides}")).json();

    for (side, record) in [("a", &slow), ("b", &fast)] {
        let side = &comparison[side];
        for figure in ["id", "query_count", "query_time_us", "duration_us", "times"] {
            assert_eq!(side[figure], record["request"][figure], "{figure}: {side}");
        }
    }
    assert_eq!(comparison["a"]["query_count"], 101);
    assert_eq!(comparison["b"]["query_count"], 1);
    let verdict = comparison["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("101 → 1 queries, "), "{verdict}");
    for part in [" in SQL, ", " in total (1 request each)."] {
        assert!(verdict.contains(part), "{verdict}");
    }
    assert!(
        !verdict.contains("aster"),
        "one observation each: {verdict}"
    );

    assert_eq!(comparison["statements"].as_array().unwrap().len(), 3);
    let people = statement(&comparison, "FROM person");
    assert_eq!(
        (&people["a_calls"], &people["b_calls"]),
        (&100.into(), &0.into())
    );
    assert_eq!(
        (&people["change"], &people["b_us"]),
        (&"gone".into(), &0.into())
    );
    let took: u64 = (slow["queries"].as_array().unwrap().iter())
        .filter(|query| query["fingerprint"] == people["fingerprint"])
        .map(|query| query["duration_us"].as_u64().unwrap())
        .sum();
    assert_eq!(people["a_us"], took);
    assert!(
        people["a_lines"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("src/routes/messages.rs"),
        "{people}"
    );
    let joined = statement(&comparison, "JOIN person");
    assert_eq!(
        (&joined["a_calls"], &joined["b_calls"]),
        (&0.into(), &1.into())
    );
    assert_eq!(joined["change"], "added");
    let gone = comparison["findings"]["gone"].as_array().unwrap();
    let rules: Vec<_> = gone.iter().map(|finding| &finding["rule"]).collect();
    assert!(
        rules.contains(&&"repeated_statement".into()),
        "{comparison}"
    );

    let page = weave.get(&format!("/silk/compare?{sides}"));
    assert_eq!(page.status, 200);
    assert!(page.text().contains("101 → 1 queries"), "{}", page.text());
    let markdown = weave.get(&format!("/silk/compare.md?{sides}")).text();
    assert!(
        markdown.contains("| queries per request | 101 | 1 | −100 |"),
        "{markdown}"
    );
    assert!(markdown.contains("| gone | 100 | – |"), "{markdown}");

    // The other way round the loop came back: what a check would refuse.
    let sides = format!("a={}&b={}", id(&fast), id(&slow));
    let back = weave.get(&format!("/silk/api/compare?{sides}")).json();
    assert_eq!(statement(&back, "FROM person")["change"], "added");
    assert_eq!(
        back["findings"]["new"][0]["rule"]
            .as_str()
            .map(str::is_empty),
        Some(false)
    );
}
