//! One plan in each view.

use http::StatusCode;
use silk_core::PlanSource;

use crate::{
    VIEWS, paste, store,
    support::{
        TestStore,
        client::{app, get, page},
        plans,
    },
};

#[tokio::test]
async fn every_kind_of_plan_is_drawn_in_every_view() {
    let app = app(&store());
    for (name, n) in plans::KINDS {
        for view in VIEWS {
            let uri = format!("/silk/plans/{}?view={view}", plans::id(n));
            let html = page(&app, &uri).await;
            assert!(html.contains("Plan of"), "{name}");
        }
        let raw = get(&app, &format!("/silk/plans/{}/raw", plans::id(n))).await;
        assert_eq!(raw.status, StatusCode::OK, "{name}");
    }
}

#[tokio::test]
async fn the_tree_tells_what_each_node_did() {
    let app = app(&store());
    let of = |n: u128| format!("/silk/plans/{}", plans::id(n));
    let html = page(&app, &of(1)).await;
    for part in [
        "Gather Merge",
        "top-N heapsort",
        "58,824 → 50,000 ×2",
        "Sequential scan, shared",
        "on weave_message",
        "Executor start and end",
        "Planning",
        "actual",
        "k-sql",
    ] {
        assert!(html.contains(part), "{part}");
    }
    // Explained once, however many nodes are of the kind.
    assert_eq!(html.matches("Sequential scan: reads every page").count(), 1);
    let never = page(&app, &of(2)).await;
    assert!(never.contains("never executed") && never.contains("class=\"pl never\""));
    let estimated = page(&app, &of(4)).await;
    for part in ["Own cost", "estimated", "nothing was run", "Rows estimated"] {
        assert!(estimated.contains(part), "{part}");
    }
    assert!(!estimated.contains("Own time"));
    let sqlite = page(&app, &of(5)).await;
    for part in [
        "CORRELATED SCALAR SUBQUERY",
        "Runs again for every row",
        "no-own",
        "Reads every row of the table",
    ] {
        assert!(sqlite.contains(part), "{part}");
    }
    assert!(
        page(&app, &format!("{}?view=flame", of(5)))
            .await
            .contains("nothing can be drawn to scale")
    );
    let mariadb = page(&app, &of(6)).await;
    for part in ["re-executed", "Index lookup", "type ref", "→ 20 ×1,000"] {
        assert!(mariadb.contains(part), "{part}");
    }
    let broken = page(&app, &of(7)).await;
    assert!(broken.contains("could not be read") && broken.contains("Node Type"));
    let cte = page(&app, &of(12)).await;
    assert!(cte.contains("ran in here") && cte.contains("It hangs here, and ran within"));
    let triggers = page(&app, &of(13)).await;
    assert!(triggers.contains("Trigger ") && triggers.contains(" calls"));
}

#[tokio::test]
async fn findings_stand_at_their_nodes_and_at_the_top() {
    let app = app(&TestStore::of(Vec::new()));
    let at = paste(&app, &plans::corpus("pasted/deleted_messages_shell.txt")).await;
    let html = page(&app, &at).await;
    let title = "Reads all of weave_message to keep 10 % of it";
    assert_eq!(html.matches(title).count(), 2, "at the top and at its node");
    assert!(html.contains("href=\"#n1\"") && html.contains("id=\"n1\""));
    assert!(html.contains("k-over"), "the bar is marked");
    for part in [
        "An index that begins with deleted",
        "rows removed by the filter",
        "would save up to",
        "ignore this if",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[tokio::test]
async fn plans_of_a_talk_are_drawn_and_judged_as_it_judges_them() {
    let app = app(&TestStore::of(Vec::new()));
    // Of each: what is drawn, and what is said, or that nothing is.
    let cases: [(&str, &[&str], Option<&str>); 12] = [
        (
            "sort_over_scan",
            &["Sort", "quicksort", "141 kB in memory", "weave_person"],
            None,
        ),
        (
            "top_n_under_gather_merge",
            &[
                "Gather Merge",
                "top-N",
                "1 of 1 workers came",
                "worker 0: 21.8 ms",
                "61 kB",
            ],
            Some("Sorts all 100,000 rows of weave_message to give the first 100"),
        ),
        (
            "join_under_gather_merge",
            &["Hash Join", "Hash Cond", "weave_person"],
            Some("Sorts all 100,000 rows of weave_message to give the first 100"),
        ),
        (
            "count_over_scan",
            &["Seq Scan", "Sequential scan", "10,036", "Aggregate"],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "count_over_index_only_scan",
            &[
                "Index Only Scan",
                "Index-only scan",
                "0 heap fetches",
                "weave_message_deleted_9517d20b",
            ],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "count_over_partial_index",
            &["soft_deletes_ignore", "0 heap fetches"],
            Some("Counts 89,964 rows of weave_message one by one"),
        ),
        (
            "deleted_messages_shell",
            &["Seq Scan", "89,964 rows removed by the filter"],
            Some("Reads all of weave_message to keep 10 % of it"),
        ),
        (
            "deleted_messages_bitmap",
            &[
                "Bitmap Heap Scan",
                "Bitmap heap scan",
                "Bitmap index scan",
                "1,676 heap blocks exact",
            ],
            None,
        ),
        ("aggregate_alone", &["Aggregate", "11.5 ms"], None),
        (
            "wrapped_index_scan",
            &["Index Scan", "pg_class_relname_nsp_index"],
            None,
        ),
        (
            "string_seq_scan_small",
            &["Seq Scan", "services_subscription"],
            None,
        ),
        (
            "string_bitmap",
            &["services_su_field_a_155836_idx", "Bitmap Heap Scan"],
            None,
        ),
    ];
    for (name, drawn, judged) in cases {
        let at = paste(&app, &plans::corpus(&format!("pasted/{name}.txt"))).await;
        let html = page(&app, &at).await;
        for part in drawn {
            assert!(html.contains(part), "{name}: {part}");
        }
        assert!(
            html.contains("pasted") && html.contains("is not kept"),
            "{name}"
        );
        match judged {
            Some(title) => assert!(html.contains(title), "{name}: {title}"),
            None => assert!(!html.contains("class=\"findings"), "{name}: no findings"),
        }
    }
}

#[tokio::test]
async fn big_plans_fit_a_page_and_lead_to_every_node() {
    let store = TestStore::of(Vec::new());
    for (n, nodes) in [(1, 1_000), (2, 2_500)] {
        store.keep(&plans::record(n, PlanSource::Analyzed, &plans::big(nodes)));
    }
    let app = app(&store);
    for n in [1, 2] {
        for view in VIEWS {
            let uri = format!("/silk/plans/{}?view={view}", plans::id(n));
            page(&app, &uri).await;
        }
    }
    let address = format!("/silk/plans/{}", plans::id(1));
    let html = page(&app, &address).await;
    assert!(html.contains("lighter nodes not shown here"));
    // What is left out can be reached by the links.
    let mut open = vec![address.clone()];
    let mut seen = std::collections::BTreeSet::new();
    let mut nodes = std::collections::BTreeSet::new();
    while let Some(uri) = open.pop() {
        if !seen.insert(uri.clone()) {
            continue;
        }
        let html = page(&app, &uri).await;
        for id in html.split(" id=\"n").skip(1) {
            let digits = id.split('"').next().expect("ends");
            nodes.extend(digits.parse::<usize>());
        }
        for link in html.split("<p class=\"px\"><a href=\"").skip(1) {
            open.push(link.split('"').next().expect("ends").to_owned());
        }
    }
    assert_eq!(nodes.len(), 1_000, "every node stands somewhere");
    let missing = get(&app, &format!("{address}?node=99999")).await;
    assert_eq!(missing.status, StatusCode::BAD_REQUEST);
    let last = page(&app, &format!("{address}?view=table&sort=-own&page=9")).await;
    assert!(last.contains("1,000 nodes"));
}

/// A plan whose processes compiled beside each other.
const JIT_IN_WORKERS: &str = include_str!("../../../silk-plan/tests/cases/jit_in_workers.json");

#[tokio::test]
async fn compilation_beside_workers_is_shown_as_the_clock_saw_it() {
    let app = app(&TestStore::of(Vec::new()));
    let at = paste(&app, JIT_IN_WORKERS).await;
    let html = page(&app, &at).await;
    // All processes together spent three times as much.
    let figure = html.split("<dt>compilation</dt>").nth(1).expect("is there");
    let figure = figure.split("</div>").next().expect("ends");
    assert!(figure.contains("1.50 s"), "{figure}");
    assert!(
        html.contains("all processes together"),
        "and the sum is named"
    );
}

/// What a plan says of sorting is said once: by the rule, with its numbers.
#[tokio::test]
async fn the_sort_for_the_first_rows_is_said_once() {
    let app = app(&TestStore::of(Vec::new()));
    for name in [
        "top_n_under_gather_merge",
        "join_under_gather_merge",
        "sort_over_scan",
    ] {
        let at = paste(&app, &plans::corpus(&format!("pasted/{name}.txt"))).await;
        let html = page(&app, &at).await;
        assert!(
            !html.contains("would hold the rows in that order"),
            "{name}"
        );
        assert!(!html.contains("This plan reads"), "{name}");
    }
}

/// The whole of a tab, as its address gives it to programs.
async fn tab(app: &axum::Router, n: u128, view: &str) -> String {
    let html = page(app, &format!("/silk/plans/{}?view={view}", plans::id(n))).await;
    let raw = format!("/silk/plans/{}/raw?as={view}", plans::id(n));
    assert!(
        html.contains(&format!("data-copy-from=\"{raw}\"")),
        "the copy button leads to the whole"
    );
    let answer = get(app, &raw).await;
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    answer.text
}

#[tokio::test]
async fn the_json_tab_has_what_the_database_printed() {
    let app = app(&store());
    let printed = plans::corpus("postgres-15/parallel_hash.json");
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("is JSON");
    // Each number and name of it, only indented.
    assert_eq!(value(&tab(&app, 3, "json").await), value(&printed));
    // What cannot be read is shown as it is.
    let broken = get(&app, &format!("/silk/plans/{}/raw?as=json", plans::id(7))).await;
    assert_eq!(
        broken.text,
        "[{\"Plan\": {\"Node Type\": \"Seq Scan\", \"Relation"
    );
}

#[tokio::test]
async fn the_json_tab_of_a_text_has_ids_and_roles_of_its_nodes() {
    let app = app(&store());
    let plan: serde_json::Value =
        serde_json::from_str(&tab(&app, 1, "json").await).expect("is JSON");
    let mut open = vec![&plan["root"]];
    let mut ids = Vec::new();
    let mut roles = Vec::new();
    while let Some(node) = open.pop() {
        ids.push(node["id"].as_u64().expect("has an id"));
        roles.push(node["role"].as_str().expect("has a role").to_owned());
        let children = node["children"].as_array().expect("is a list");
        open.extend(children.iter().rev());
    }
    let count = u64::try_from(ids.len()).expect("is small");
    assert_eq!(
        ids,
        (0..count).collect::<Vec<_>>(),
        "parents before children"
    );
    assert!(
        count > 4 && roles.iter().any(|role| role == "inner"),
        "{roles:?}"
    );
    // The ids are those of the nodes on the page of the tree.
    let html = page(&app, &format!("/silk/plans/{}", plans::id(1))).await;
    for id in ids {
        assert!(html.contains(&format!(" id=\"n{id}\"")), "n{id}");
    }
}
