//! How many secrets are missed and how many harmless values are taken out, over statements that
//! are kept as data.

use super::*;

const SECRET: &str = include_str!("corpus/secret.tsv");
const HARMLESS: &str = include_str!("corpus/harmless.tsv");
const MARK: &str = "zq9Secret";

struct Line<'a> {
    kind: DatabaseKind,
    sql: String,
    bound: Option<&'a str>,
}

fn lines(data: &str) -> Vec<Line<'_>> {
    data.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut parts = line.split('\t');
            let dialect = parts.next().unwrap();
            Line {
                kind: DatabaseKind::ALL
                    .iter()
                    .copied()
                    .find(|kind| kind.as_str() == dialect)
                    .unwrap(),
                sql: parts.next().unwrap().replace("\\n", "\n"),
                bound: parts.next(),
            }
        })
        .collect()
}

#[test]
fn no_secret_of_the_corpus_is_missed() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let lines = lines(SECRET);
    let (mut of, mut missed) = (0, Vec::new());
    for line in &lines {
        let text = reader.read(&line.sql, &database(line.kind));
        match line.bound {
            Some(flags) => {
                let found = reader.sensitive_values(&line.sql, line.kind, flags.len());
                for (flag, found) in flags.bytes().zip(found) {
                    of += usize::from(flag == b'1');
                    if flag == b'1' && !found {
                        missed.push(line.sql.clone());
                    }
                }
            }
            None => {
                of += 1;
                if text.text.contains(MARK) || text.statement.normalized.contains(MARK) {
                    missed.push(std::format!("{} -> {}", line.sql, text.text));
                }
            }
        }
    }
    println!(
        "{} statements with {of} secrets: {} missed",
        lines.len(),
        missed.len()
    );
    assert!(lines.len() >= 120, "{}", lines.len());
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn harmless_values_of_the_corpus_stay() {
    let reader = SqlReader::new(Arc::new(Redactor::default()));
    let lines = lines(HARMLESS);
    let (mut of, mut taken) = (0, Vec::new());
    for line in &lines {
        let text = reader.read(&line.sql, &database(line.kind));
        let count = line.bound.map_or(0, |count| count.parse().unwrap());
        let found = reader.sensitive_values(&line.sql, line.kind, count);
        let literals = highlight(&line.sql, line.kind)
            .iter()
            .filter(|(class, _)| matches!(class, SqlTokenClass::Literal | SqlTokenClass::Number))
            .count();
        of += literals + count;
        let masked = text.text.matches("[redacted]").count()
            + found.iter().filter(|is_secret| **is_secret).count();
        if masked > 0 || *text.text != *line.sql {
            taken.push(std::format!("{} -> {} {found:?}", line.sql, text.text));
        }
    }
    println!(
        "{} statements with {of} harmless values: {} statements lost one",
        lines.len(),
        taken.len()
    );
    assert!(lines.len() >= 120, "{}", lines.len());
    // Names that the list of sensitive names knows no better.
    let is_known = |line: &String| line.contains("pincode_area") || line.contains("coalesce(token");
    assert!(taken.iter().all(is_known), "{}", taken.join("\n"));
}
