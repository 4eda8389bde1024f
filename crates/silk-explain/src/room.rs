//! Whether a database has a connection to spare for Silk.
//!
//! The app comes first. Where what is left, once Silk has its connection, is less than the app's
//! pool may still want, the connection is closed as soon as it has answered; where nothing is left,
//! it is given back without a question.

#[cfg(any(feature = "postgres", feature = "mysql"))]
use {
    silk_core::ExplainError,
    sqlx_core::{column::ColumnIndex, connection::Connection, error::Error, row::Row},
};

#[cfg(any(feature = "postgres", feature = "mysql"))]
use crate::{refusal, target::Failure};

/// What one limit leaves.
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Whose it is: `the role app`.
    pub(crate) whose: String,
    /// Connections that it allows.
    pub(crate) most: i64,
    /// Of them, those that are open, Silk's own among them.
    pub(crate) open: i64,
    /// How to allow more.
    pub(crate) remedy: String,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl Limit {
    /// A row of the columns `whose`, `most`, `open` and `remedy`, all of them text.
    pub(crate) fn read<'r, R>(row: &'r R) -> Result<Self, Error>
    where
        R: Row,
        String: sqlx_core::decode::Decode<'r, R::Database>,
        &'static str: ColumnIndex<R>,
    {
        let text = |column: &'static str| row.try_get_unchecked::<String, _>(column);
        let number = |column: &'static str| -> Result<i64, Error> {
            text(column)?
                .parse()
                .map_err(|error| Error::Decode(Box::new(error)))
        };
        Ok(Self {
            whose: text("whose")?,
            most: number("most")?,
            open: number("open")?,
            remedy: text("remedy")?,
        })
    }
}

/// Keeps a connection that was opened just now if the server's `limits` leave one beside the
/// `app_connections` of the app's pool; else it is closed at once.
///
/// # Errors
/// Nothing is left.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) async fn keep<C: Connection>(
    connection: C,
    limits: Result<Vec<Limit>, Error>,
    app_connections: u32,
) -> Result<(C, Room), Failure> {
    let room = match limits {
        Ok(limits) => judge(&limits, app_connections),
        // What does not tell is no server that we know: rather close too often.
        Err(_) => Ok(Room::Scarce),
    };
    match room {
        Ok(room) => Ok((connection, room)),
        Err(refused) => {
            let _ = connection.close().await;
            Err(Failure::Refused(refused))
        }
    }
}

/// What to do with a connection once it has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is enough for all that the app's pool may open: keep it for the next question.
    Ample,
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    /// The app may want it soon, or nobody knows: close it at once.
    Scarce,
}

/// Judges the limits of a server, for a pool that may have `app` connections.
///
/// Which of the open connections are this pool's is not known, so all of them are taken as still
/// to come: a pool that is open already costs Silk a connect for each question, and nobody waits.
///
/// # Errors
/// Nothing is left: which limit it is, and how to raise it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(crate) fn judge(limits: &[Limit], app: u32) -> Result<Room, ExplainError> {
    let Some(least) = limits.iter().min_by_key(|limit| limit.most - limit.open) else {
        return Ok(Room::Ample);
    };
    let free = least.most - least.open;
    if free <= 0 {
        return Err(refusal::no_room(&least.whose, least.most, &least.remedy));
    }
    Ok(if free < i64::from(app) {
        Room::Scarce
    } else {
        Room::Ample
    })
}

#[cfg(all(test, any(feature = "postgres", feature = "mysql")))]
mod tests {
    use super::*;

    fn limit(most: i64, open: i64) -> Limit {
        Limit {
            whose: "the role app".to_owned(),
            most,
            open,
            remedy: "ALTER ROLE app CONNECTION LIMIT 3;".to_owned(),
        }
    }

    #[test]
    fn the_app_comes_first() {
        // The pool may open two; each needs a place beside Silk's.
        assert_eq!(judge(&[limit(4, 1)], 2), Ok(Room::Ample));
        assert_eq!(judge(&[limit(3, 1)], 2), Ok(Room::Ample));
        assert_eq!(judge(&[limit(3, 2)], 2), Ok(Room::Scarce));
        let error = judge(&[limit(2, 2)], 2).unwrap_err().to_string();
        assert!(
            error.contains("the role app") && error.contains("ALTER ROLE"),
            "{error}"
        );
        assert!(judge(&[limit(2, 3)], 2).is_err(), "a limit lowered since");
    }

    #[test]
    fn the_tightest_limit_counts() {
        assert_eq!(judge(&[limit(100, 1), limit(3, 2)], 5), Ok(Room::Scarce));
        assert!(judge(&[limit(3, 3), limit(100, 1)], 5).is_err());
        assert_eq!(judge(&[], 5), Ok(Room::Ample), "no limit");
    }
}
