//! Pages as they are drawn, so that a change that nobody wanted shows as a difference.
//!
//! `SILK_UPDATE_SNAPSHOTS=1 cargo test -p silk-ui --test page_snapshots` writes them anew.

mod support;

use std::{fs, path::Path};

use support::{
    TestStore,
    client::{app, csrf, form, page, send},
    plans,
};

/// Elements that begin a line.
const BLOCKS: [&str; 29] = [
    "a", "b", "details", "dd", "div", "dl", "dt", "form", "h1", "h2", "h3", "input", "li", "nav",
    "p", "pre", "rect", "section", "summary", "svg", "table", "tbody", "td", "textarea", "tfoot",
    "th", "thead", "tr", "ul",
];
/// Ids that are the same every time begin so.
const FIXED_ID: &str = "01934f5e";

#[tokio::test]
async fn pages_are_drawn_as_before() {
    let record = support::repeated(693);
    let id = record.summary.id;
    let store = TestStore::of(vec![record, support::transaction(692)]);
    plans::fill(&store);
    let app = app(&store);
    let plan = |n: u128, view: &str| format!("/silk/plans/{}?view={view}", plans::id(n));
    let other = support::transaction(692).summary.id;
    let mut troubles = Vec::new();
    for (name, uri) in [
        ("plan-cte", plan(12, "tree")),
        ("plan-parallel", plan(3, "tree")),
        ("plan-never-executed", plan(2, "tree")),
        ("plan-triggers", plan(13, "tree")),
        ("plan-generic", plan(14, "tree")),
        ("plan-mariadb", plan(6, "tree")),
        ("plan-sqlite", plan(5, "tree")),
        ("plan-broken", plan(7, "tree")),
        ("plan-table", plan(12, "table")),
        ("plan-flame", plan(12, "flame")),
        ("plan-sums", plan(12, "sums")),
        (
            "compare",
            format!(
                "/silk/plans/compare?a={}&b={}",
                plans::id(10),
                plans::id(11)
            ),
        ),
        (
            "compare-requests",
            format!("/silk/compare?a={id}&b={other}"),
        ),
        ("compare-choose", format!("/silk/compare?a={id}")),
        ("paste", "/silk/paste".to_owned()),
        ("database", "/silk/database".to_owned()),
        ("request", format!("/silk/requests/{id}")),
        ("request-transaction", format!("/silk/requests/{other}")),
        ("query", format!("/silk/requests/{id}/queries/2")),
        (
            "prove",
            format!("/silk/requests/{id}/prove/00000000000000b2"),
        ),
    ] {
        let html = page(&app, &uri).await;
        troubles.extend(compare(name, &outline(&html)));
    }
    let token = csrf(&page(&app, "/silk/paste").await);
    let broken = [("csrf", &*token), ("plan", "no plan,\r\nbut <text>")];
    let answer = send(&app, form("/silk/paste", &broken)).await;
    troubles.extend(compare("paste-broken", &outline(&answer.text)));
    assert!(troubles.is_empty(), "{}", troubles.join("\n"));
}

/// The first lines that differ from those kept; nothing where none do.
fn compare(name: &str, got: &str) -> Option<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let path = folder.join(format!("{name}.html"));
    if std::env::var_os("SILK_UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(&folder).expect("can be made");
        fs::write(&path, got).expect("can be written");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    if got == wanted {
        return None;
    }
    let same = got
        .lines()
        .zip(wanted.lines())
        .take_while(|(got, wanted)| got == wanted)
        .count();
    let lines = |text: &str| -> String {
        text.lines()
            .skip(same)
            .take(3)
            .collect::<Vec<_>>()
            .join("\n    ")
    };
    Some(format!(
        "{name}, line {}:\n  was\n    {}\n  is\n    {}",
        same + 1,
        lines(&wanted),
        lines(got)
    ))
}

/// The content of a page, an element a line, without what differs from one run to the next.
fn outline(html: &str) -> String {
    let main = html.split("<main").nth(1).expect("has content");
    let main = main.split("</main>").next().expect("ends");
    let mut rest = &main[main.find('>').expect("is a tag") + 1..];
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut is_after_block = false;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        if !text.trim().is_empty() {
            out.push_str(&text.replace('\n', " "));
            is_after_block = false;
        } else if !text.is_empty() && !is_after_block {
            out.push(' ');
        }
        let end = at + rest[at..].find('>').expect("tags end") + 1;
        let tag = &rest[at..end];
        rest = &rest[end..];
        let name: &str = tag
            .trim_start_matches(['<', '/'])
            .split([' ', '>', '/'])
            .next()
            .expect("has a name");
        let is_block = BLOCKS.contains(&name);
        let is_end = tag.starts_with("</");
        if is_end && is_block {
            depth = depth.saturating_sub(1);
        }
        if is_block && (!is_end || is_after_block) {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        }
        if is_block && !is_end && !tag.ends_with("/>") && name != "input" {
            depth += 1;
        }
        if is_block {
            is_after_block = is_end || tag.ends_with("/>") || name == "input";
        }
        out.push_str(&steady(tag));
        // What stands in them as it is, and what is no matter of ours.
        let until = match name {
            _ if is_end => continue,
            "time" => "</time>",
            "pre" if tag.contains("class=\"source\"") => "</pre>",
            "pre" => {
                let end = rest.find("</pre>").expect("ends");
                out.push_str(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            _ => continue,
        };
        let end = rest.find(until).expect("ends");
        out.push('…');
        rest = &rest[end..];
    }
    out.trim_start().to_owned() + "\n"
}

/// A tag without times, tokens and ids made by chance.
fn steady(tag: &str) -> String {
    if tag.starts_with("<time") {
        return "<time>".to_owned();
    }
    if tag.contains("name=\"csrf\"") {
        return "<input name=\"csrf\">".to_owned();
    }
    tag.split('/')
        .map(|part| {
            let is_chance = part.len() >= 36
                && part.is_char_boundary(36)
                && uuid::Uuid::parse_str(&part[..36]).is_ok()
                && !part.starts_with(FIXED_ID);
            if is_chance {
                format!("…{}", &part[36..])
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}
