//! Which indexes do the work of others.

use silk_core::explain::{CheckStatus, DatabaseCheck};

use super::check::{CheckExt as _, bytes, counted, good, number, text};

/// What decides whether another index can stand in for this one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Index {
    /// Its table, with the schema where there is one.
    pub(crate) table: String,
    pub(crate) name: String,
    /// `btree`, `gin`, …
    pub(crate) method: String,
    /// Key columns or expressions in order, each with its operator class, collation and direction.
    pub(crate) keys: Vec<String>,
    /// Columns that are only carried along.
    pub(crate) included: Vec<String>,
    /// Which rows it covers; none: all.
    pub(crate) predicate: Option<String>,
    pub(crate) is_unique: bool,
    /// Whether a primary key, a constraint or replication needs it by name.
    pub(crate) is_needed: bool,
    pub(crate) bytes: i64,
}

impl Index {
    /// Its keys as people read them.
    pub(crate) fn columns(&self) -> String {
        let keys: Vec<&str> = self.keys.iter().map(|key| bare(key)).collect();
        keys.join(", ")
    }
}

/// A key without what stands behind the tab: operator class, collation, direction.
fn bare(key: &str) -> &str {
    key.split('\t').next().unwrap_or(key)
}

/// An index that another one does the work of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Redundant<'a> {
    index: &'a Index,
    by: &'a Index,
    /// Whether both have the same keys; else those of the one begin the other's.
    is_duplicate: bool,
}

/// How a database words the check for needless indexes.
pub(crate) struct Needless {
    /// The statement that drops an index.
    pub(crate) drop: fn(&Index) -> String,
    /// Whether the size of an index is known.
    pub(crate) has_sizes: bool,
    /// What would make the remark wrong.
    pub(crate) caveat: Option<&'static str>,
}

impl Needless {
    /// The check's word for programs.
    pub(crate) const CODE: &'static str = "duplicate_indexes";
    /// The check's title for people.
    pub(crate) const TITLE: &'static str = "Duplicate and redundant indexes";

    /// Names the indexes that could go, with the statements that drop them.
    pub(crate) fn check(&self, indexes: &[Index]) -> DatabaseCheck {
        let pairs = redundant(indexes);
        if pairs.is_empty() {
            let summary = format!(
                "None of {} does the work of another.",
                counted(indexes.len(), "index", "indexes")
            );
            return good(Self::CODE, Self::TITLE, summary);
        }
        let summary = format!(
            "{} without serving any query that another index does not serve.",
            counted(pairs.len(), "index costs writes", "indexes cost writes")
        );
        let mut columns = vec![text("table"), text("index"), text("columns")];
        columns.extend(self.has_sizes.then(|| number("size")));
        columns.extend([text("because of"), text("its columns")]);
        let rows = pairs
            .iter()
            .map(|Redundant { index, by, .. }| {
                let mut row = vec![index.table.clone(), index.name.clone(), index.columns()];
                row.extend(self.has_sizes.then(|| bytes(index.bytes)));
                row.extend([by.name.clone(), by.columns()]);
                row
            })
            .collect();
        let drops: Vec<String> = pairs.iter().map(|pair| (self.drop)(pair.index)).collect();
        let check = good(Self::CODE, Self::TITLE, summary)
            .with_status(CheckStatus::Warning)
            .with_rows(&columns, rows)
            .with_action(drops.join("\n"));
        match self.caveat {
            Some(caveat) => check.with_caveat(caveat),
            None => check,
        }
    }
}

/// Indexes that could go, each once, in the order given.
///
/// Never one that keeps rows unique (unless the other does so over the same keys) or that a
/// constraint needs; only B-trees serve for a prefix of their keys.
fn redundant(indexes: &[Index]) -> Vec<Redundant<'_>> {
    let mut found = Vec::new();
    for (at, index) in indexes.iter().enumerate() {
        let by = indexes
            .iter()
            .enumerate()
            .filter(|(other_at, other)| *other_at != at && stands_in(index, other))
            // Of two that could stand in for each other, the one to go is the less needed, then the
            // later.
            .filter(|(other_at, other)| {
                !stands_in(other, index) || rank(other, *other_at) < rank(index, at)
            })
            .map(|(_, other)| other)
            .min_by_key(|other| (other.keys.len(), other.bytes));
        if let Some(by) = by {
            found.push(Redundant {
                index,
                by,
                is_duplicate: index.keys == by.keys,
            });
        }
    }
    found
}

fn rank(index: &Index, at: usize) -> (bool, bool, usize) {
    (!index.is_needed, !index.is_unique, at)
}

/// Whether `other` serves every query that `index` serves.
fn stands_in(index: &Index, other: &Index) -> bool {
    let same_keys = index.keys == other.keys;
    let carries = index.included.iter().all(|column| {
        other.included.contains(column) || other.keys.iter().any(|key| bare(key) == bare(column))
    });
    !index.keys.is_empty()
        && !index.is_needed
        && (!index.is_unique || (same_keys && other.is_unique))
        && index.table == other.table
        && index.method == other.method
        && index.predicate == other.predicate
        && carries
        && (same_keys || (index.method == "btree" && other.keys.starts_with(&index.keys)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(name: &str, keys: &[&str]) -> Index {
        Index {
            table: "t".to_owned(),
            name: name.to_owned(),
            method: "btree".to_owned(),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            ..Index::default()
        }
    }

    fn pairs(indexes: &[Index]) -> Vec<(&str, &str, bool)> {
        redundant(indexes)
            .iter()
            .map(|pair| (&*pair.index.name, &*pair.by.name, pair.is_duplicate))
            .collect()
    }

    #[test]
    fn of_two_equal_ones_the_later_goes() {
        let indexes = [index("a", &["x"]), index("b", &["x"])];
        assert_eq!(pairs(&indexes), [("b", "a", true)]);
    }

    #[test]
    fn a_prefix_goes() {
        let indexes = [index("a", &["x"]), index("b", &["x", "y"])];
        assert_eq!(pairs(&indexes), [("a", "b", false)]);
    }

    #[test]
    fn the_smallest_that_serves_is_named() {
        let indexes = [
            index("a", &["x"]),
            index("b", &["x", "y", "z"]),
            index("c", &["x", "y"]),
        ];
        assert_eq!(pairs(&indexes), [("a", "c", false), ("c", "b", false)]);
    }

    #[test]
    fn what_keeps_rows_unique_stays() {
        let unique = Index {
            is_unique: true,
            ..index("a", &["x"])
        };
        assert_eq!(pairs(&[unique.clone(), index("b", &["x", "y"])]), []);
        // But a plain one beside it goes, whichever is older.
        assert_eq!(
            pairs(&[index("b", &["x"]), unique.clone()]),
            [("b", "a", true)]
        );
        let key = Index {
            is_needed: true,
            ..unique.clone()
        };
        let other = Index {
            name: "c".to_owned(),
            ..unique
        };
        assert_eq!(pairs(&[other, key]), [("c", "a", true)]);
    }

    #[test]
    fn what_only_looks_alike_stays() {
        let plain = index("a", &["x"]);
        let near_misses = [
            index("b", &["y", "x"]),
            index("b", &["x\tdesc"]),
            index("b", &["lower(x)"]),
            Index {
                table: "u".to_owned(),
                ..index("b", &["x"])
            },
            Index {
                predicate: Some("x > 1".to_owned()),
                ..index("b", &["x"])
            },
            Index {
                method: "gin".to_owned(),
                ..index("b", &["x", "y"])
            },
        ];
        for other in near_misses {
            assert_eq!(pairs(&[plain.clone(), other.clone()]), [], "{other:?}");
        }
        let gin = |name, keys: &[&str]| Index {
            method: "gin".to_owned(),
            ..index(name, keys)
        };
        assert_eq!(pairs(&[gin("a", &["x"]), gin("b", &["x", "y"])]), []);
        assert_eq!(
            pairs(&[gin("a", &["x"]), gin("b", &["x"])]),
            [("b", "a", true)]
        );
    }

    #[test]
    fn what_carries_more_stays() {
        let carrying = Index {
            included: vec!["z".to_owned()],
            ..index("a", &["x"])
        };
        assert_eq!(pairs(&[carrying.clone(), index("b", &["x", "y"])]), []);
        assert_eq!(
            pairs(&[carrying, index("b", &["x", "z"])]),
            [("a", "b", false)]
        );
    }
}
