//! Plans as clients and logs print them, and what is often taken for one.

use silk_plan::{Plan, PlanError, PlanFormat};

/// One plan as text and as JSON.
fn text_and_json() -> (&'static str, &'static str) {
    (
        plan_corpus::plan("lab-15/hash_join.txt"),
        plan_corpus::plan("lab-15/hash_join.json"),
    )
}

/// Puts something around every line of a text.
fn lines(text: &str, put: impl Fn(usize, &str) -> String) -> String {
    text.trim_end()
        .lines()
        .enumerate()
        .map(|(at, line)| put(at, line) + "\n")
        .collect()
}

#[test]
fn a_plan_is_the_same_however_it_was_copied() {
    let (raw_text, raw_json) = text_and_json();
    let text = Plan::detect_and_parse(raw_text).unwrap();
    let json = Plan::detect_and_parse(raw_json).unwrap();
    for (name, copied, wanted) in [
        ("byte order mark", format!("\u{feff}{raw_text}"), &text),
        ("Windows line ends", raw_text.replace('\n', "\r\n"), &text),
        ("no-break spaces", raw_text.replace("  ", "\u{a0}\u{a0}"), &text),
        ("psql expanded", lines(raw_text, |at, line| format!("-[ RECORD {} ]----\nQUERY PLAN | {line}", at + 1)), &text),
        (
            "psql expanded, framed",
            lines(raw_text, |at, line| format!("+-[ RECORD {} ]----+\n| QUERY PLAN | {line:300} |", at + 1)),
            &text,
        ),
        (
            "psql expanded, no border",
            lines(raw_text, |at, line| format!("* Record {}\nQUERY PLAN {line}", at + 1)),
            &text,
        ),
        (
            "psql expanded, JSON",
            format!(
                "-[ RECORD 1 ]---\n{}",
                lines(raw_json, |at, line| format!(
                    "{} | {line:200}+",
                    if at == 0 { "QUERY PLAN" } else { "          " }
                ))
            ),
            &json,
        ),
        ("psql, JSON", format!("   QUERY PLAN\n--------\n{}(1 row)\n", lines(raw_json, |_, line| format!(" {line:200}+"))), &json),
        ("a session", format!("app=# EXPLAIN ANALYZE SELECT 1;\n  QUERY PLAN\n-----\n{raw_text}\nTime: 1.2 ms\napp=# \n"), &text),
        ("a collector", lines(raw_text, |_, line| format!("db-1  | {line}")), &text),
        (
            "the system's log",
            lines(raw_text, |at, line| format!("Jan  2 03:04:05 host postgres[123]: [4-{}] #011{line}", at + 1)),
            &text,
        ),
        (
            "a log as CSV",
            format!("2026-01-02 03:04:05.678 UTC,\"app\",\"db\",123,LOG,00000,\"duration: 15.594 ms  plan:\n{}\",,,,\"psql\"\n", raw_text.trim_end().replace('"', "\"\"")),
            &text,
        ),
        (
            "a log as JSON",
            serde_json::json!({"error_severity": "LOG", "message": format!("duration: 15.594 ms  plan:\n{raw_text}")}).to_string(),
            &text,
        ),
        (
            "a log before JSON",
            format!("2026-01-02 03:04:05 UTC [1] LOG:  statement: SELECT '{{\"a\": [1]}}'\n{raw_json}"),
            &json,
        ),
        ("JSON within JSON", serde_json::json!({"rows": [{"QUERY PLAN": raw_json}]}).to_string(), &json),
        ("pgAdmin", format!("\"QUERY PLAN\"\n{}", lines(raw_text, |_, line| format!("\"{line}\""))), &text),
        ("a quoted mail", lines(raw_text, |_, line| format!("> {line}")), &text),
        ("Markdown", format!("```sql\n{raw_text}```\n"), &text),
        ("Markdown, and words around", format!("Slow since today:\n\n```sql\nSELECT 1;\n```\nThe plan:\n~~~\n{raw_text}~~~\nThanks!\n"), &text),
        ("Jira", format!("{{noformat}}\n{raw_text}{{noformat}}\n"), &text),
        ("a terminal's colours", lines(raw_text, |_, line| format!("\u{1b}[32m{line}\u{1b}[0m")), &text),
        (
            "psql, HTML",
            format!(
                "<table border=\"1\">\n<tr><th align=\"center\">QUERY PLAN</th></tr>\n{}</table>\n<p>(9 rows)<br />\n</p>\n",
                lines(raw_text, |_, line| format!("<tr valign=\"top\">\n<td align=\"left\">{}</td>\n</tr>", in_html(line)))
            ),
            &text,
        ),
        (
            "psql, HTML, JSON",
            format!("<table>\n<tr><th>QUERY PLAN</th></tr>\n<tr><td align=\"left\">{}</td></tr></table>\n", in_html(raw_json).replace('\n', "<br />\n")),
            &json,
        ),
        ("a page", format!("<html><body><p>a plan</p><pre><code>{}</code></pre></body></html>", in_html(raw_text)), &text),
        ("entities by number", in_html(raw_text).replace("&gt;", "&#x3e;").replace('\'', "&#39;"), &text),
        ("psql, AsciiDoc", format!("\n[options=\"header\",cols=\"<l\",frame=\"none\"]\n|====\n^l|QUERY PLAN\n{}|====\n\n....\n(9 rows)\n....\n", lines(raw_text, |_, line| format!("|{line}"))), &text),
        (
            "DBeaver",
            format!("{:<200}|\n{}+\n{}", "QUERY PLAN", "-".repeat(200), lines(raw_text, |_, line| format!("{line:<200}|"))),
            &text,
        ),
        ("a grid with numbers", format!("QUERY PLAN\n{}", lines(raw_text, |at, line| format!("{}\t{line}", at + 1))), &text),
        ("an editor with numbers", lines(raw_text, |at, line| format!("{:>4} {line}", at + 1)), &text),
        ("arrows drawn", raw_text.replace("->", "→"), &text),
        ("arrows and quotes drawn", raw_text.replace("->", "–>").replace('\'', "’"), &text),
        (
            "rows of Python",
            format!("[{}]", lines(raw_text, |_, line| format!("('{}',), ", line.replace('\'', "\\'"))).replace(", \n", ", ")),
            &text,
        ),
        (
            "rows of Python with names",
            format!("[{}]", lines(raw_text, |_, line| format!("{{'QUERY PLAN': \"{line}\"}},"))),
            &text,
        ),
        ("JSON as Python prints it", format!("[({},)]", raw_json.replace('"', "'").replace("true", "True").replace("false", "False")), &json),
    ] {
        let plan = Plan::detect_and_parse(&copied).unwrap_or_else(|error| panic!("{name}: {error}\n{copied}"));
        assert_eq!(plan.format, wanted.format, "{name}");
        assert_eq!(plan.root, wanted.root, "{name}\n{copied}");
        assert_eq!(plan.totals.root_ms, wanted.totals.root_ms, "{name}");
        assert!(plan.notes.is_empty(), "{name}: {:?}", plan.notes);
    }
}

fn in_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace("  ", "&nbsp; ")
}

/// What was changed so that its tree would be a guess is refused, with what to do.
#[test]
fn a_plan_that_lost_its_form_is_refused() {
    let (raw_text, _) = text_and_json();
    let stripped = lines(raw_text, |_, line| line.trim().to_owned());
    let joined = raw_text.replace('\n', " ");
    let latex = raw_text.replace("->", "-\\textgreater{}");
    for (raw, what) in [
        (&stripped, "indentation is lost"),
        (&joined, "lines were joined"),
        (&latex, "a frame that is not known"),
    ] {
        let error = Plan::detect_and_parse(raw).unwrap_err().to_string();
        assert!(
            error.contains(what) && error.ends_with("or use FORMAT JSON"),
            "{error}"
        );
    }
    // One node below the root hangs on it in any case.
    let one = "Limit  (cost=0.00..1.00 rows=1 width=4)\n->  Seq Scan on t  (cost=0.00..9.00 rows=9 width=4)\nFilter: (a > 1)\n";
    let plan = Plan::detect_and_parse(one).unwrap();
    assert_eq!(plan.root.children[0].relation.as_deref(), Some("t"));
}

/// Words around a plan are no part of its conditions, and what is left out is reported.
#[test]
fn words_around_a_plan_are_not_taken_in() {
    let plan = "Seq Scan on orders  (cost=0.00..3074.00 rows=12542 width=125)\n  Filter: (state = 'paid'::text)\n";
    for (raw, left_out) in [
        (format!("{plan}thanks\n"), "thanks"),
        (format!("{plan}Can you help?\n"), "Can you help?"),
        (
            plan.replace("\n  Filter", " Filter"),
            "Filter: (state = 'paid'::text)",
        ),
    ] {
        let read = Plan::detect_and_parse(&raw).unwrap();
        let conditions: Vec<&str> = read
            .root
            .conditions
            .iter()
            .map(|c| c.text.as_str())
            .collect();
        assert!(
            conditions.is_empty() || conditions == ["(state = 'paid'::text)"],
            "{conditions:?}"
        );
        assert!(
            read.notes.iter().any(|note| note.ends_with(left_out)),
            "{raw}: {:?}",
            read.notes
        );
    }
    // What PostgreSQL 17 and newer say of the planner's memory is understood.
    let planned = format!(
        "{plan}Planning:\n  Buffers: shared hit=3\n  Memory: used=12kB  allocated=16kB\nPlanning Time: 0.100 ms\n"
    );
    let read = Plan::detect_and_parse(&planned).unwrap();
    assert_eq!(read.notes, [""; 0]);
    assert_eq!(read.planning_ms, Some(0.1));
    // A value may hold a line end, with costs or without.
    let broken = "Limit\n  ->  Seq Scan on customer c\n        Filter: ((name = 'line\nbreak -> Sort'::text) OR (country = 'C1'::text))\n";
    let read = Plan::detect_and_parse(broken).unwrap();
    assert_eq!(read.totals.nodes, 2);
}

/// A statement, a log's query text and YAML may hold a text that looks like a node.
#[test]
fn a_text_that_looks_like_a_node_is_none() {
    let looks_so = "Seq Scan on x  (cost=0.00..1.00 rows=1 width=4)";
    let plan = format!(
        "Index Scan using a on w  (cost=0.00..2.25 rows=1 width=6)\n  Filter: (a = '{looks_so}'::text)\n"
    );
    for before in [
        format!("EXPLAIN SELECT * FROM w WHERE a = '{looks_so}';\n"),
        format!("EXPLAIN UPDATE w SET a = '{looks_so}';\n"),
        format!(
            "LOG:  duration: 0.017 ms  plan:\nQuery Text: SELECT * FROM w WHERE a = '{looks_so}';\n"
        ),
    ] {
        let read = Plan::detect_and_parse(&format!("{before}{plan}")).unwrap();
        assert_eq!(read.root.node_type, "Index Scan", "{before}");
        assert_eq!(read.notes, [""; 0], "{before}");
    }
    let write = "Update on w  (cost=0.00..2.25 rows=0 width=0)\n  ->  Seq Scan on w  (cost=0.00..2.25 rows=1 width=6)\n";
    assert_eq!(Plan::detect_and_parse(write).unwrap().totals.nodes, 2);
    for yaml in [
        format!(
            "Query Text: \"SELECT 1\"\nPlan: \n  Node Type: \"Seq Scan\"\n  Filter: \"(a = '{looks_so}'::text)\"\n"
        ),
        "- Plan: \n    Node Type: \"Limit\"\n".to_owned(),
    ] {
        let error = Plan::detect_and_parse(&yaml).unwrap_err().to_string();
        assert!(error.contains("EXPLAIN as YAML"), "{error}");
    }
}

#[test]
fn rows_of_sqlite_come_in_quotes_too() {
    let wanted =
        Plan::detect_and_parse("2|0|0|SCAN c\n5|0|0|SEARCH o USING INDEX o_cid (cid=?)\n").unwrap();
    for raw in [
        "\"id\",\"parent\",\"notused\",\"detail\"\n\"2\",\"0\",\"0\",\"SCAN c\"\n\"5\",\"0\",\"0\",\"SEARCH o USING INDEX o_cid (cid=?)\"\n",
        "[(2, 0, 0, 'SCAN c'), (5, 0, 0, 'SEARCH o USING INDEX o_cid (cid=?)')]",
        "<table><TR><TD>2</TD>\n<TD>0</TD>\n<TD>0</TD>\n<TD>SCAN c</TD>\n</TR>\n<TR><TD>5</TD>\n<TD>0</TD>\n<TD>0</TD>\n<TD>SEARCH o USING INDEX o_cid (cid=?)</TD>\n</TR></table>",
    ] {
        let plan = Plan::detect_and_parse(raw).unwrap_or_else(|error| panic!("{error}\n{raw}"));
        assert_eq!(plan.root, wanted.root, "{raw}");
    }
}

#[test]
fn of_more_plans_the_first_is_taken_and_said_so() {
    let (raw_text, raw_json) = text_and_json();
    let other = plan_corpus::plan("lab-15/sort_disk.json");
    let other_text = plan_corpus::plan("lab-15/sort_disk.txt");
    for both in [
        format!("{raw_json}\n{other}"),
        format!("{raw_text}\n{other_text}"),
        format!(
            "[{}, {}]",
            raw_json.trim().trim_matches(['[', ']']),
            other.trim().trim_matches(['[', ']'])
        ),
    ] {
        let plan = Plan::detect_and_parse(&both).unwrap();
        assert_eq!(plan.root.node_type, "Hash Join");
        assert_eq!(
            plan.notes,
            ["more than one plan was given; this is the first"]
        );
    }
    // A log goes on with other things.
    let log = format!("{raw_json}\n2026-01-02 LOG:  statement: SELECT '{{\"a\": [1]}}'\n");
    assert!(Plan::detect_and_parse(&log).unwrap().notes.is_empty());
}

#[test]
fn half_a_plan_is_not_taken_for_a_whole_one() {
    let (raw_text, raw_json) = text_and_json();
    for at in [0.3, 0.5, 0.8] {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a short text"
        )]
        let end = (raw_json.len() as f64 * at) as usize;
        let error = Plan::detect_and_parse(&raw_json[..end]).unwrap_err();
        assert!(matches!(error, PlanError::Json { .. }), "{error}");
        assert!(error.to_string().contains("end"), "{error}");
    }
    let half = Plan::detect_and_parse(&raw_text[..raw_text.len() / 2]).unwrap();
    assert_eq!(
        half.notes,
        ["the text is cut off: the rest of the plan is missing"]
    );
}

#[test]
fn rows_of_sqlite_come_in_any_columns() {
    let drawn =
        Plan::detect_and_parse("QUERY PLAN\n|--SCAN x\n`--SEARCH y USING INDEX i (b=?)\n").unwrap();
    for (name, text) in [
        ("list", "2|0|0|SCAN x\n9|0|0|SEARCH y USING INDEX i (b=?)\n"),
        (
            "list with header",
            "id|parent|notused|detail\n2|0|0|SCAN x\n9|0|0|SEARCH y USING INDEX i (b=?)\n",
        ),
        (
            "columns",
            "id  parent  notused  detail\n--  ------  -------  ------\n2   0       0        SCAN x\n9   0       0        SEARCH y USING INDEX i (b=?)\n",
        ),
        (
            "CSV",
            "id,parent,notused,detail\n2,0,0,\"SCAN x\"\n9,0,0,\"SEARCH y USING INDEX i (b=?)\"\n",
        ),
        (
            "tabs",
            "2\t0\t0\tSCAN x\n9\t0\t0\tSEARCH y USING INDEX i (b=?)\n",
        ),
        (
            "table",
            "+----+--------+---------+------+\n| id | parent | notused | detail |\n+----+--------+---------+------+\n| 2  | 0      | 0       | SCAN x |\n| 9  | 0      | 0       | SEARCH y USING INDEX i (b=?) |\n+----+--------+---------+------+\n",
        ),
        (
            "Markdown",
            "| id | parent | notused | detail |\n|---|---|---|---|\n| 2 | 0 | 0 | SCAN x |\n| 9 | 0 | 0 | SEARCH y USING INDEX i (b=?) |\n",
        ),
        (
            "a session",
            "sqlite> explain query plan select 1;\nQUERY PLAN\n|--SCAN x\n`--SEARCH y USING INDEX i (b=?)\nsqlite> \n",
        ),
    ] {
        let plan = Plan::detect_and_parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plan.format, PlanFormat::SqliteRows, "{name}");
        assert_eq!(plan.root, drawn.root, "{name}");
    }
}

#[test]
fn what_is_something_else_is_named_with_what_to_do() {
    for (text, wanted) in [
        (
            " QUERY PLAN \n-----\n Utility statements have no plan structure\n(1 row)\n",
            "explain a SELECT",
        ),
        ("[\n  \"Utility Statement\"\n]\n", "explain a SELECT"),
        (
            "- Plan: \n    Node Type: \"Aggregate\"\n    Strategy: \"Plain\"\n",
            "YAML; use FORMAT JSON",
        ),
        (
            "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n  <Query>\n",
            "XML; use FORMAT JSON",
        ),
        (
            "+----+-------------+-------+\n| id | select_type | table |\n+----+-------------+-------+\n|  1 | SIMPLE      | film  |\n",
            "use EXPLAIN FORMAT=JSON",
        ),
        (
            "id\tselect_type\ttable\ttype\n1\tSIMPLE\tt\tALL\n",
            "use EXPLAIN FORMAT=JSON",
        ),
        (
            "*************************** 1. row ***\n           id: 1\n  select_type: SIMPLE\n",
            "use EXPLAIN FORMAT=JSON",
        ),
        (
            "addr  opcode  p1  p2  p3  p4  p5  comment\n----  ------\n0     Init    0   10  0   0   Start at 10\n",
            "use EXPLAIN QUERY PLAN",
        ),
        (
            "[{\"addr\":0,\"opcode\":\"Init\",\"p1\":0}]",
            "use EXPLAIN QUERY PLAN",
        ),
        ("<!doctype html><html><body>x</body></html>", "as text"),
        (
            "ERROR:  relation \"x\" does not exist\nLINE 1: …",
            "an error of the database",
        ),
        ("select * from t where a = 1;", "run it with EXPLAIN"),
    ] {
        let error = Plan::detect_and_parse(text).unwrap_err();
        assert!(matches!(error, PlanError::Other { .. }), "{error}\n{text}");
        let said = error.to_string();
        assert!(
            said.starts_with("no plan: this is ") && said.contains(wanted),
            "{said}"
        );
    }
    let said = Plan::detect_and_parse("hello").unwrap_err().to_string();
    assert!(
        said.contains("PostgreSQL (JSON, text)")
            && said.contains("paste the complete EXPLAIN output"),
        "{said}"
    );
}
