use proptest::prelude::*;

use super::*;
use crate::{
    Database, DatabaseKind, Value, ValueState,
    explain::{OneStatement, OneValue},
};

fn key(number: i64) -> Value {
    Value {
        type_name: "INTEGER".to_owned(),
        state: ValueState::Bytes(number.to_le_bytes().to_vec()),
    }
}

fn text(word: &str) -> Value {
    Value {
        type_name: "TEXT".to_owned(),
        state: ValueState::Bytes(word.as_bytes().to_vec()),
    }
}

fn request(keys: Vec<Value>) -> ProofRequest {
    ProofRequest {
        database: Database {
            kind: DatabaseKind::Sqlite,
            name: String::new(),
        },
        sql: "SELECT id, name FROM person WHERE id = ?".to_owned(),
        is_redacted: false,
        values: keys.first().cloned().into_iter().collect(),
        varied: 0,
        runs: (0..keys.len()).collect(),
        keys,
        one: OneStatement {
            sql: "SELECT id, name FROM person WHERE id IN (?, ?)".to_owned(),
            values: vec![OneValue::EachKey],
        },
        key_column: KeyColumn::At(0),
        is_summed: false,
        is_ordered: false,
        is_confirmed: false,
    }
}

fn row(id: i64, name: &str) -> Row {
    vec![Cell::Integer(id.into()), Cell::Text(name.into())]
}

fn fetched(rows: Vec<Row>) -> Fetched {
    Fetched {
        columns: vec!["id".to_owned(), "name".to_owned()],
        rows,
    }
}

fn found(of: (ProofVerdict, Option<RowsCompared>)) -> (ProofVerdict, RowsCompared) {
    (of.0, of.1.expect("they were compared"))
}

#[test]
fn the_rows_of_each_key_are_found_in_the_one_query() {
    let asked = request(vec![key(1), key(2), key(3)]);
    let runs = [
        fetched(vec![row(1, "Ada"), row(1, "Ada")]),
        fetched(vec![row(2, "Bo")]),
        Fetched::default(),
    ];
    let one = fetched(vec![row(2, "Bo"), row(1, "Ada"), row(1, "Ada")]);
    let (verdict, rows) = found(compare_rows(&asked, &runs, one));
    assert_eq!(verdict, ProofVerdict::Equal);
    assert_eq!((rows.keys, rows.equal, rows.different), (3, 3, 0));
}

#[test]
fn rows_count_as_often_as_they_come() {
    let asked = request(vec![key(1)]);
    let runs = [fetched(vec![row(1, "Ada"), row(1, "Ada")])];
    let (verdict, rows) = found(compare_rows(&asked, &runs, fetched(vec![row(1, "Ada")])));
    assert_eq!(verdict, ProofVerdict::Different);
    assert_eq!(rows.differences[0].kind, DifferenceKind::Differs);
    assert_eq!(
        (
            rows.differences[0].rows_before,
            rows.differences[0].rows_after
        ),
        (2, 1)
    );
}

#[test]
fn what_differs_is_told_by_key_and_column() {
    let asked = request(vec![key(1), key(2), key(3)]);
    let runs = [
        fetched(vec![row(1, "Ada")]),
        fetched(vec![row(2, "Bo")]),
        Fetched::default(),
    ];
    let one = fetched(vec![row(1, "Ada B."), row(3, "Cy"), row(4, "Di")]);
    let (verdict, rows) = found(compare_rows(&asked, &runs, one));
    assert_eq!(verdict, ProofVerdict::Different);
    assert_eq!((rows.equal, rows.different, rows.strangers), (0, 3, 1));
    let told: Vec<_> = (rows.differences.iter())
        .map(|one| (one.key, one.kind, one.columns.join(",")))
        .collect();
    assert_eq!(
        told,
        [
            (0, DifferenceKind::Differs, "name".to_owned()),
            (1, DifferenceKind::Missing, String::new()),
            (2, DifferenceKind::Extra, String::new()),
        ]
    );
}

#[test]
fn order_counts_where_the_statement_orders() {
    let mut asked = request(vec![key(1)]);
    let runs = [fetched(vec![row(1, "a"), row(1, "b")])];
    let other = || fetched(vec![row(1, "b"), row(1, "a")]);
    assert_eq!(compare_rows(&asked, &runs, other()).0, ProofVerdict::Equal);
    asked.is_ordered = true;
    let (verdict, rows) = found(compare_rows(&asked, &runs, other()));
    assert_eq!((verdict, rows.reordered), (ProofVerdict::Reordered, 1));
}

#[test]
fn a_key_in_front_is_not_one_of_the_rows_columns() {
    let mut asked = request(vec![key(1), key(2)]);
    asked.key_column = KeyColumn::InFront;
    let name = |name: &str| vec![Cell::Text(name.into())];
    let of = |rows| Fetched {
        columns: vec!["name".to_owned()],
        rows,
    };
    let runs = [of(vec![name("Ada")]), of(vec![name("Bo")])];
    let one = fetched(vec![row(1, "Ada"), row(2, "Bo")]);
    assert_eq!(compare_rows(&asked, &runs, one).0, ProofVerdict::Equal);
    // The same rows, given to each other's keys.
    let swapped = fetched(vec![row(2, "Ada"), row(1, "Bo")]);
    let (verdict, rows) = found(compare_rows(&asked, &runs, swapped));
    assert_eq!((verdict, rows.different), (ProofVerdict::Different, 2));
}

#[test]
fn a_sum_over_nothing_has_no_row_in_the_one_query() {
    let mut asked = request(vec![key(1), key(2), key(3)]);
    asked.key_column = KeyColumn::InFront;
    asked.is_summed = true;
    let sums = |count: i128, sum: Cell| Fetched {
        columns: vec!["count".to_owned(), "sum".to_owned()],
        rows: vec![vec![Cell::Integer(count), sum]],
    };
    let float = |number: f64| Cell::Float(number.to_bits());
    let runs = [
        sums(2, float(0.1 + 0.2)),
        sums(0, Cell::Null),
        sums(1, float(1.0)),
    ];
    let one = |third: bool| {
        let mut rows = vec![vec![Cell::Integer(1), Cell::Integer(2), float(0.3)]];
        if third {
            rows.push(vec![Cell::Integer(3), Cell::Integer(1), float(1.0)]);
        }
        Fetched {
            columns: vec!["id".to_owned(), "count".to_owned(), "sum".to_owned()],
            rows,
        }
    };
    let (verdict, rows) = found(compare_rows(&asked, &runs, one(true)));
    assert_eq!(verdict, ProofVerdict::Equal);
    assert_eq!((rows.equal, rows.empty, rows.rounded), (2, 1, 1));
    // A count of one that has no row is no sum over nothing.
    let (verdict, rows) = found(compare_rows(&asked, &runs, one(false)));
    assert_eq!(verdict, ProofVerdict::Different);
    assert_eq!(rows.differences[0].kind, DifferenceKind::Missing);
    // Nor is a row of zeros that nothing sums up.
    asked.is_summed = false;
    assert_eq!(
        compare_rows(&asked, &runs, one(true)).0,
        ProofVerdict::Different
    );
}

#[test]
fn what_a_collation_calls_equal_is_another_key_to_the_app() {
    let asked = request(vec![text("ada")]);
    let named = |name: &str| vec![Cell::Text(name.into()), Cell::Integer(1)];
    let runs = [fetched(vec![named("Ada")])];
    let (verdict, rows) = found(compare_rows(&asked, &runs, fetched(vec![named("Ada")])));
    assert_eq!(verdict, ProofVerdict::Different);
    assert_eq!((rows.strangers, rows.different), (1, 1));
}

#[test]
fn what_cannot_be_told_is_not_known() {
    let code = |of: (ProofVerdict, Option<RowsCompared>)| match of.0 {
        ProofVerdict::Unknown { code, reason } => {
            assert!(reason.len() > 20 && of.1.is_none(), "{reason}");
            code
        }
        other => panic!("{other:?}"),
    };
    // The key was bound as a text, and the column has numbers.
    let runs = [fetched(vec![row(5, "Ada")])];
    let asked = request(vec![text("5")]);
    let one = || fetched(vec![row(5, "Ada")]);
    assert_eq!(
        code(compare_rows(&asked, &runs, one())),
        "key_not_comparable"
    );
    // Which column it is in.
    let mut asked = request(vec![key(5)]);
    asked.key_column = KeyColumn::Named("person_id".to_owned());
    assert_eq!(code(compare_rows(&asked, &runs, one())), "key_not_found");
    asked.key_column = KeyColumn::Named("ID".to_owned());
    assert_eq!(compare_rows(&asked, &runs, one()).0, ProofVerdict::Equal);
    let mut twice = one();
    twice.columns = vec!["id".to_owned(), "id".to_owned()];
    assert_eq!(code(compare_rows(&asked, &runs, twice)), "key_not_found");
    asked.key_column = KeyColumn::At(7);
    assert_eq!(code(compare_rows(&asked, &runs, one())), "key_not_found");
    // A key that is there twice, and rows of another width.
    let asked = request(vec![key(5), key(5)]);
    let both = [runs[0].clone(), runs[0].clone()];
    assert_eq!(
        code(compare_rows(&asked, &both, one())),
        "key_not_comparable"
    );
    let asked = request(vec![key(5)]);
    let narrow = fetched(vec![vec![Cell::Integer(5)]]);
    assert_eq!(
        code(compare_rows(&asked, &runs, narrow)),
        "key_not_comparable"
    );
}

fn rows_of(keys: usize) -> impl Strategy<Value = Vec<Vec<Row>>> {
    let of_key = proptest::collection::vec(("[ab]{0,2}", 0_i64..3), 0..4);
    proptest::collection::vec(of_key, keys).prop_map(|all| {
        let key_of = |at: usize| i128::try_from(at).unwrap_or(0);
        (all.into_iter().enumerate())
            .map(|(at, rows)| {
                rows.into_iter()
                    .map(|(name, n)| {
                        let name = Cell::Text(name.into_bytes());
                        vec![Cell::Integer(key_of(at)), name, Cell::Integer(n.into())]
                    })
                    .collect()
            })
            .collect()
    })
}

fn keys(count: usize) -> Vec<Value> {
    (0..count)
        .map(|at| key(i64::try_from(at).unwrap_or(0)))
        .collect()
}

fn wide(rows: Vec<Row>) -> Fetched {
    Fetched {
        columns: ["id", "name", "n"].map(str::to_owned).to_vec(),
        rows,
    }
}

proptest! {
    /// However the one query mixes the rows of all keys, they are the same rows.
    #[test]
    fn any_order_of_the_same_rows_is_equal(rows in rows_of(5), seed: u64) {
        let runs: Vec<Fetched> = rows.iter().cloned().map(wide).collect();
        let mut all: Vec<Row> = rows.into_iter().flatten().collect();
        let mut state = seed | 1;
        for at in (1..all.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            all.swap(at, usize::try_from(state >> 33).unwrap_or(0) % (at + 1));
        }
        let (verdict, found) = compare_rows(&request(keys(5)), &runs, wide(all));
        prop_assert_eq!(verdict, ProofVerdict::Equal);
        prop_assert_eq!(found.map(|found| found.equal), Some(5));
    }

    /// A row that is taken away, added, changed or given to another key is noticed.
    #[test]
    fn any_change_of_a_row_is_noticed(rows in rows_of(4), at: usize, change in 0..4_u8) {
        let runs: Vec<Fetched> = rows.iter().cloned().map(wide).collect();
        let mut all: Vec<Row> = rows.into_iter().flatten().collect();
        prop_assume!(!all.is_empty());
        let at = at % all.len();
        match change {
            0 => { all.remove(at); }
            1 => { let twice = all[at].clone(); all.push(twice); }
            2 => all[at][1] = Cell::Text(b"other".to_vec()),
            _ => {
                let Cell::Integer(key) = all[at][0] else { unreachable!() };
                all[at][0] = Cell::Integer((key + 1) % 4);
            }
        }
        let (verdict, found) = compare_rows(&request(keys(4)), &runs, wide(all));
        prop_assert_eq!(verdict, ProofVerdict::Different);
        prop_assert!(found.is_some_and(|found| found.different > 0));
    }
}
