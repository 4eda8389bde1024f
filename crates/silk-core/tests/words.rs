//! One spelling for each word: in the API (serde), in addresses and in stores (`as_str`, `parse`).
#![expect(
    clippy::unwrap_used,
    reason = "these are tests: to panic is how they fail"
)]

use std::{fmt::Debug, str::FromStr};

use silk_core::{
    DatabaseKind, LossReason, Outcome, PlanFormat, RequestKind, TransactionEnd, UnknownWord,
};

fn one_spelling<T>(all: &[T], word: fn(T) -> &'static str)
where
    T: Copy + Debug + PartialEq + FromStr<Err = UnknownWord> + serde::Serialize,
    T: serde::de::DeserializeOwned,
{
    for &variant in all {
        let word = word(variant);
        assert_eq!(word.parse::<T>(), Ok(variant));
        let json = serde_json::to_string(&variant).unwrap();
        assert_eq!(json, format!("\"{word}\""), "{variant:?}");
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), variant);
    }
}

#[test]
fn serde_and_as_str_agree() {
    one_spelling(DatabaseKind::ALL, DatabaseKind::as_str);
    one_spelling(PlanFormat::ALL, PlanFormat::as_str);
    one_spelling(LossReason::ALL, LossReason::as_str);
    one_spelling(Outcome::ALL, Outcome::as_str);
    one_spelling(RequestKind::ALL, RequestKind::as_str);
    one_spelling(TransactionEnd::ALL, TransactionEnd::as_str);
}
