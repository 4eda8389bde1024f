//! What sqlx's own tests ask of their helper crate: connections, pools, and tests of types.

use std::{env, future::Future, time::Duration};

use sqlx::{Connection as _, pool::PoolOptions};

#[cfg(feature = "ours")]
mod ours;
#[cfg(not(feature = "ours"))]
mod raw;

#[cfg(feature = "ours")]
pub use ours::{Conn, Ours, Pool, Suite, run};
#[cfg(not(feature = "ours"))]
pub use raw::{Conn, Ours, Pool, Suite, run};

pub use {paste, sqlx, sqlx_test_attribute::test};

/// A log for tests that fail, where it was asked for by `RUST_LOG`.
pub fn setup_if_needed() {
    #[cfg(feature = "ours")]
    ours::set_up();
}

/// A connection of its own to the database that the tests are for.
///
/// # Errors
/// Where `DATABASE_URL` is not set, or nobody answers there.
pub async fn new<DB: Suite>() -> anyhow::Result<Conn<DB>> {
    setup_if_needed();
    let raw = DB::Connection::connect(&env::var("DATABASE_URL")?).await?;
    Ok(DB::conn(raw))
}

/// A pool of connections to it.
///
/// # Errors
/// Where `DATABASE_URL` is not set, or nobody answers there.
pub async fn pool<DB: Suite>() -> anyhow::Result<Pool<DB>> {
    setup_if_needed();
    let raw = PoolOptions::<DB>::new()
        .min_connections(0)
        .max_connections(5)
        .acquire_timeout(Duration::from_secs(30))
        .connect(&env::var("DATABASE_URL")?)
        .await?;
    Ok(DB::pool(raw))
}

/// Runs a test as sqlx's attribute does, on a runtime of this thread.
fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives a runtime")
        .block_on(future)
}

/// How a database compares the text of a test with a bound value.
pub trait Compares {
    /// A query of one row: 1 where both are equal, the value of the text, the value bound second.
    fn query(operator: &str, text: &str) -> String;
}

#[cfg(feature = "postgres")]
impl Compares for sqlx::Postgres {
    fn query(operator: &str, text: &str) -> String {
        let same = match operator {
            "==" => format!("{text} is not distinct from $1"),
            // Geometric types are the same, their arrays look the same.
            "~=" => format!("{text} ~= $1"),
            _ => format!("({text})::text = ($1)::text"),
        };
        format!("select ({same})::int4, {text}, $2")
    }
}

#[cfg(feature = "mysql")]
impl Compares for sqlx::MySql {
    fn query(_operator: &str, text: &str) -> String {
        format!("select cast({text} <=> ? as signed), {text}, ?")
    }
}

#[cfg(feature = "sqlite")]
impl Compares for sqlx::Sqlite {
    fn query(_operator: &str, text: &str) -> String {
        format!("select {text} is ?, {text}, ?")
    }
}

/// Tests a type by prepared and by plain queries.
#[macro_export]
macro_rules! test_type {
    ($name:ident($($rest:tt)*)) => {
        $crate::test_type!($name<$name>($($rest)*));
    };
    ($name:ident<$ty:ty>($($rest:tt)*)) => {
        $crate::test_prepared_type!($name<$ty>($($rest)*));
        $crate::test_unprepared_type!($name<$ty>($($rest)*));
    };
}

/// Tests that values of a type come out of a plain query.
#[macro_export]
macro_rules! test_unprepared_type {
    ($name:ident<$ty:ty>($db:ident, $sql:literal, $($rest:tt)+)) => {
        $crate::test_unprepared_type!($name<$ty>($db, $($rest)+));
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal ~= $value:expr),+ $(,)?)) => {
        $crate::test_unprepared_type!($name<$ty>($db, $($text == $value),+));
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal @= $value:expr),+ $(,)?)) => {
        $crate::test_unprepared_type!($name<$ty>($db, $($text == $value),+));
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::paste::paste! {
            #[test]
            fn [<test_unprepared_type_ $name>]() {
                $crate::run(stringify!([<test_unprepared_type_ $name>]), async {
                    let mut conn = $crate::new::<$db>().await.expect("a connection");
                    $({
                        let sql = $crate::sqlx::AssertSqlSafe(format!("select {}", $text));
                        let row = $crate::sqlx::raw_sql(sql).fetch_one(&mut conn).await.expect($text);
                        let value: $ty = $crate::sqlx::Row::try_get(&row, 0).expect($text);
                        assert!($value == value, "{} became {value:?}", $text);
                    })+
                });
            }
        }
    };
}

/// Tests that values of a type come out of a prepared query.
#[macro_export]
macro_rules! test_decode_type {
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::paste::paste! {
            #[test]
            fn [<test_decode_type_ $name>]() {
                $crate::run(stringify!([<test_decode_type_ $name>]), async {
                    let mut conn = $crate::new::<$db>().await.expect("a connection");
                    $({
                        let sql = $crate::sqlx::AssertSqlSafe(format!("select {}", $text));
                        let row = $crate::sqlx::query(sql).fetch_one(&mut conn).await.expect($text);
                        let value: $ty = $crate::sqlx::Row::try_get(&row, 0).expect($text);
                        assert!($value == value, "{} became {value:?}", $text);
                    })+
                });
            }
        }
    };
}

/// Tests that values of a type go into a prepared query and come out again.
#[macro_export]
macro_rules! test_prepared_type {
    // With a query of its own, where the text goes into `{0}`.
    ($name:ident<$ty:ty>($db:ident, $sql:literal, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!(with [$(format!($sql, $text)),+], $name<$ty>($($text, $value),+), $db);
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal ~= $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!(with [$(<$db as $crate::Compares>::query("~=", $text)),+], $name<$ty>($($text, $value),+), $db);
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal @= $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!(with [$(<$db as $crate::Compares>::query("@=", $text)),+], $name<$ty>($($text, $value),+), $db);
    };
    ($name:ident<$ty:ty>($db:ident, $($text:literal == $value:expr),+ $(,)?)) => {
        $crate::test_prepared_type!(with [$(<$db as $crate::Compares>::query("==", $text)),+], $name<$ty>($($text, $value),+), $db);
    };
    (with [$($sql:expr),+], $name:ident<$ty:ty>($($text:literal, $value:expr),+), $db:ident) => {
        $crate::paste::paste! {
            #[test]
            fn [<test_prepared_type_ $name>]() {
                $crate::run(stringify!([<test_prepared_type_ $name>]), async {
                    let mut conn = $crate::new::<$db>().await.expect("a connection");
                    $({
                        let row = $crate::sqlx::query($crate::sqlx::AssertSqlSafe($sql))
                            .bind($value)
                            .bind($value)
                            .fetch_one(&mut conn)
                            .await
                            .expect($text);
                        let is_same: i32 = $crate::sqlx::Row::try_get(&row, 0).expect($text);
                        let of_text: $ty = $crate::sqlx::Row::try_get(&row, 1).expect($text);
                        let returned: $ty = $crate::sqlx::Row::try_get(&row, 2).expect($text);
                        assert!(is_same != 0, "{} differs from what was bound: {returned:?}", $text);
                        assert!($value == of_text, "{} became {of_text:?}", $text);
                        assert!($value == returned, "{} came back as {returned:?}", $text);
                    })+
                });
            }
        }
    };
}
