//! A query as the buffers keep it: small, because a request may have ten thousand.

use silk_core::{CapturedBy, Outcome};

use super::{
    CallStack,
    captured_query::{CapturedError, CapturedValues},
    plans::caught_plan::PlanMark,
};

/// Stands for "none", and for numbers that are kept apart because they are larger.
const NONE: u32 = u32::MAX;

/// One query, in offsets from the start of the request.
///
/// A request may have ten thousand of them, so what few have is kept apart.
pub(crate) struct KeptQuery {
    pub(crate) started_us: u64,
    pub(crate) values: Option<Box<dyn CapturedValues>>,
    pub(crate) call_site: Option<CallStack>,
    rare: Option<Box<Rare>>,
    pub(crate) text: u32,
    span: u32,
    transaction: u32,
    duration_us: u32,
    first_row_us: u32,
    consumer_us: u32,
    rows_returned: u32,
    rows_read: u32,
    rows_affected: u32,
    pub(crate) captured_by: CapturedBy,
    pub(crate) outcome: Outcome,
    pub(crate) is_past_pool: bool,
}

/// What few queries have.
#[derive(Default)]
struct Rare {
    error: Option<CapturedError>,
    /// What it ran with, if the database reported it.
    plan: Option<PlanMark>,
    /// Where one of them does not fit into 32 bits.
    numbers: Option<Numbers>,
}

/// Times and rows of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbers {
    pub(crate) duration_us: u64,
    pub(crate) first_row_us: Option<u64>,
    pub(crate) consumer_us: u64,
    pub(crate) rows_returned: u64,
    pub(crate) rows_read: u64,
    pub(crate) rows_affected: u64,
}

/// Where a query belongs within its request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Belongs {
    pub(crate) text: u32,
    pub(crate) span: Option<u32>,
    pub(crate) transaction: Option<u32>,
}

impl KeptQuery {
    pub(crate) fn new(
        seen: (CapturedBy, Outcome),
        started_us: u64,
        numbers: Numbers,
        belongs: Belongs,
        error: Option<CapturedError>,
    ) -> Self {
        let small = [
            numbers.duration_us,
            numbers.consumer_us,
            numbers.rows_returned,
            numbers.rows_read,
            numbers.rows_affected,
            numbers.first_row_us.unwrap_or_default(),
        ]
        .into_iter()
        .all(|number| number < u64::from(NONE));
        let rare = (error.is_some() || !small).then(|| {
            Box::new(Rare {
                error,
                plan: None,
                numbers: (!small).then_some(numbers),
            })
        });
        let cut = |number: u64| u32::try_from(number).unwrap_or(NONE);
        Self {
            started_us,
            values: None,
            call_site: None,
            rare,
            text: belongs.text,
            span: belongs.span.unwrap_or(NONE),
            transaction: belongs.transaction.unwrap_or(NONE),
            duration_us: cut(numbers.duration_us),
            first_row_us: numbers.first_row_us.map_or(NONE, cut),
            consumer_us: cut(numbers.consumer_us),
            rows_returned: cut(numbers.rows_returned),
            rows_read: cut(numbers.rows_read),
            rows_affected: cut(numbers.rows_affected),
            captured_by: seen.0,
            outcome: seen.1,
            is_past_pool: false,
        }
    }

    pub(crate) fn numbers(&self) -> Numbers {
        if let Some(numbers) = self.rare.as_ref().and_then(|rare| rare.numbers) {
            return numbers;
        }
        Numbers {
            duration_us: self.duration_us.into(),
            first_row_us: some(self.first_row_us).map(u64::from),
            consumer_us: self.consumer_us.into(),
            rows_returned: self.rows_returned.into(),
            rows_read: self.rows_read.into(),
            rows_affected: self.rows_affected.into(),
        }
    }

    pub(crate) fn span(&self) -> Option<u32> {
        some(self.span)
    }

    pub(crate) fn transaction(&self) -> Option<u32> {
        some(self.transaction)
    }

    pub(crate) fn plan(&self) -> Option<PlanMark> {
        self.rare.as_ref()?.plan
    }

    pub(crate) fn set_plan(&mut self, plan: PlanMark) {
        self.rare.get_or_insert_default().plan = Some(plan);
    }

    pub(crate) fn take_error(&mut self) -> Option<CapturedError> {
        self.rare.as_mut()?.error.take()
    }

    /// Whether it failed.
    pub(crate) fn is_error(&self) -> bool {
        self.outcome == Outcome::Error
            || self.rare.as_ref().is_some_and(|rare| rare.error.is_some())
    }
}

fn some(number: u32) -> Option<u32> {
    (number != NONE).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(numbers: Numbers) -> KeptQuery {
        let belongs = Belongs {
            text: 3,
            span: None,
            transaction: Some(7),
        };
        KeptQuery::new(
            (CapturedBy::Pool, Outcome::Completed),
            u64::MAX,
            numbers,
            belongs,
            None,
        )
    }

    #[test]
    fn numbers_come_back_however_large() {
        for large in [0, 5, u64::from(NONE) - 1, u64::from(NONE), u64::MAX] {
            for first_row_us in [None, Some(0), Some(large)] {
                let numbers = Numbers {
                    duration_us: large,
                    first_row_us,
                    consumer_us: 1,
                    rows_returned: large,
                    rows_read: large,
                    rows_affected: 2,
                };
                let query = kept(numbers);
                assert_eq!(query.numbers(), numbers);
                assert_eq!((query.span(), query.transaction()), (None, Some(7)));
            }
        }
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<KeptQuery>() <= 88, "{}", size_of::<KeptQuery>());
    }
}
