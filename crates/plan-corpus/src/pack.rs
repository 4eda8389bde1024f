//! The form of a packed source: each plan below a line `=== NAME`, exactly as it was printed.

use crate::Plans;

/// What stands before the name of a plan.
const SEPARATOR: &str = "=== ";

/// The file beside the packs that says what the rules must find in each plan.
pub(crate) const LABELS: &str = "labels.txt";

/// The plans of a packed source.
pub(crate) fn read(text: &str) -> Result<Plans, String> {
    let mut plans = Plans::new();
    let mut rest = text;
    while !rest.is_empty() {
        let body = rest
            .strip_prefix(SEPARATOR)
            .ok_or("the file does not begin with a line `=== NAME`")?;
        let (name, body) = body
            .split_once('\n')
            .ok_or("the last separator has no plan below it")?;
        let end = end_of_plan(body);
        let (plan, left) = body.split_at(end);
        if plans.insert(name.to_owned(), plan.to_owned()).is_some() {
            return Err(format!("{name} is there twice"));
        }
        rest = left;
    }
    Ok(plans)
}

/// Where the next separator begins, or the text ends.
fn end_of_plan(body: &str) -> usize {
    if body.starts_with(SEPARATOR) {
        return 0;
    }
    let next = body.find("\n=== ");
    next.map_or(body.len(), |at| at + 1)
}

/// Plans as a packed source.
pub(crate) fn write(plans: &Plans) -> Result<String, String> {
    let mut text = String::new();
    for (name, plan) in plans {
        if !plan.ends_with('\n') {
            return Err(format!("{name} must end with a line feed"));
        }
        if plan.lines().any(|line| line.starts_with(SEPARATOR)) {
            return Err(format!("{name} has a line that begins with `{SEPARATOR}`"));
        }
        text.push_str(SEPARATOR);
        text.push_str(name);
        text.push('\n');
        text.push_str(plan);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Plans, read, write};

    fn plans<'a>(named: impl IntoIterator<Item = (&'a str, &'a str)>) -> Plans {
        let named = named.into_iter();
        named
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    #[test]
    fn what_was_packed_is_read_as_it_was() {
        for packed in [
            plans([]),
            plans([("a.txt", "Seq Scan on t\n")]),
            plans([
                ("a.json", "[\n  {}\n]\n"),
                ("a.txt", "\n\n  -> x\n\n"),
                ("b", "====\n=\n"),
            ]),
            plans([("tab", "\tx \u{a0} é\r\n")]),
        ] {
            assert_eq!(read(&write(&packed).unwrap()).unwrap(), packed);
        }
    }

    #[test]
    fn what_could_not_be_read_back_is_not_packed() {
        for text in ["no line feed", "", "x\n=== y\nz\n", "=== y\n"] {
            assert!(write(&plans([("a", text)])).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_damaged_pack_is_told_from_a_whole_one() {
        for (text, wanted) in [
            ("Seq Scan\n", "does not begin"),
            ("=== a", "no plan below"),
            ("=== a\nx\n=== a\ny\n", "a is there twice"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(wanted), "{text:?}: {error}");
        }
    }
}
