//! sqlx's `Executor` for our connections and pools.
//!
//! One invocation per concrete database. A blanket implementation would compile here, and break
//! code of the app that is generic over its database (error E0275) by merely being in the tree.

use futures_core::{future::BoxFuture, stream::BoxStream};
use futures_util::TryStreamExt as _;
use sqlx_core::{
    database::Database,
    describe::Describe,
    error::Error,
    executor::{Execute, Executor},
    ext::async_stream::TryAsyncStream,
    sql_str::SqlStr,
};

use super::{
    Conn, OneRow, Pool, PoolDatabase,
    plan_runs::Runs,
    pool_holders::Holding,
    replayed_query::Replay,
    running_query::Track,
    tracked_stream::{Step, Tracked, TrackedFirst, TrackedOptional},
};

macro_rules! executors {
    ($db:ty) => {
        impl<'c> Executor<'c> for &'c mut Conn<$db> {
            type Database = $db;

            fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step<$db>>
            where
                'c: 'e,
                E: 'q + Execute<'q, $db>,
            {
                let within = match self.recording() {
                    Ok(within) => within,
                    Err(None) => return self.raw_mut().fetch_many(query),
                    Err(Some(cover)) => {
                        let query = Replay::<$db>::new(query);
                        cover.expect(query.sql.as_str());
                        let inner = cover.run(|| self.raw_mut().fetch_many(query));
                        return Box::pin(cover.over(inner));
                    }
                };
                let mut query = Replay::<$db>::new(query);
                let mut track = Track::new(within, &self.shared, &mut query);
                track.await_plan(self.runs.tracker::<$db>(&self.shared));
                track.runs_on(self.holding.as_ref());
                let inner = track.cover.make(|| self.raw_mut().fetch_many(query));
                Box::pin(Tracked::<$db>::new(inner, track))
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<<$db as Database>::Row>, Error>>
            where
                'c: 'e,
                E: 'q + Execute<'q, $db>,
            {
                let within = match self.recording() {
                    Ok(within) => within,
                    Err(None) => return self.raw_mut().fetch_optional(query),
                    Err(Some(cover)) => {
                        let query = Replay::<$db>::new(query);
                        cover.expect(query.sql.as_str());
                        let inner = cover.run(|| self.raw_mut().fetch_optional(query));
                        return Box::pin(cover.over(inner));
                    }
                };
                let mut query = Replay::<$db>::new(query);
                let mut track = Track::new(within, &self.shared, &mut query);
                track.await_plan(self.runs.tracker::<$db>(&self.shared));
                track.runs_on(self.holding.as_ref());
                if <$db as PoolDatabase>::ONE_ROW != OneRow::Limits {
                    let inner = track.cover.make(|| self.raw_mut().fetch_many(query));
                    return Box::pin(TrackedFirst::<$db>::new(inner, track));
                }
                let inner = track.cover.make(|| self.raw_mut().fetch_optional(query));
                Box::pin(TrackedOptional::<$db>::new(inner, track))
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [<$db as Database>::TypeInfo],
            ) -> BoxFuture<'e, Result<<$db as Database>::Statement, Error>>
            where
                'c: 'e,
            {
                // No execution, so no query; the cover keeps sqlx's look-ups from becoming some.
                let cover = self.shared.cover();
                let inner = cover.run(|| self.raw_mut().prepare_with(sql, parameters));
                Box::pin(cover.over(inner))
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<$db>, Error>>
            where
                'c: 'e,
            {
                self.raw_mut().describe(sql)
            }
        }

        impl<'p> Executor<'p> for &'_ Pool<$db> {
            type Database = $db;

            fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Step<$db>>
            where
                'p: 'e,
                E: 'q + Execute<'q, $db>,
            {
                let within = match self.recording() {
                    Ok(within) => within,
                    Err(None) => return (&self.raw).fetch_many(query),
                    Err(Some(cover)) => {
                        let query = Replay::<$db>::new(query);
                        cover.expect(query.sql.as_str());
                        let inner = cover.run(|| (&self.raw).fetch_many(query));
                        return Box::pin(cover.over(inner));
                    }
                };
                let mut query = Replay::<$db>::new(query);
                let mut track = Track::new(within, &self.shared, &mut query);
                track.await_plan(Runs::default().tracker::<$db>(&self.shared));
                let pool = self.clone();
                // Not sqlx's `try_stream!`, which enters the present span around each row.
                Box::pin(TryAsyncStream::new(move |yielder| async move {
                    let mut connection = pool
                        .acquire_raw(track.active(), track.cover.clone())
                        .await?;
                    let holding = Holding::new(&pool.shared.holders, Some(track.active()));
                    track.runs_on(Some(&holding));
                    let inner = track.cover.make(|| (&mut *connection).fetch_many(query));
                    let mut steps = Tracked::<$db>::new(inner, track);
                    while let Some(step) = steps.try_next().await? {
                        yielder.r#yield(step).await;
                    }
                    Ok(())
                }))
            }

            fn fetch_optional<'e, 'q: 'e, E>(
                self,
                query: E,
            ) -> BoxFuture<'e, Result<Option<<$db as Database>::Row>, Error>>
            where
                'p: 'e,
                E: 'q + Execute<'q, $db>,
            {
                let within = match self.recording() {
                    Ok(within) => within,
                    Err(None) => return (&self.raw).fetch_optional(query),
                    Err(Some(cover)) => {
                        let query = Replay::<$db>::new(query);
                        cover.expect(query.sql.as_str());
                        let inner = cover.run(|| (&self.raw).fetch_optional(query));
                        return Box::pin(cover.over(inner));
                    }
                };
                let mut query = Replay::<$db>::new(query);
                let mut track = Track::new(within, &self.shared, &mut query);
                track.await_plan(Runs::default().tracker::<$db>(&self.shared));
                let pool = self.clone();
                Box::pin(async move {
                    let mut connection = pool
                        .acquire_raw(track.active(), track.cover.clone())
                        .await?;
                    let holding = Holding::new(&pool.shared.holders, Some(track.active()));
                    track.runs_on(Some(&holding));
                    if <$db as PoolDatabase>::ONE_ROW != OneRow::Limits {
                        let inner = track.cover.make(|| (&mut *connection).fetch_many(query));
                        return TrackedFirst::<$db>::new(inner, track).await;
                    }
                    let inner = track
                        .cover
                        .make(|| (&mut *connection).fetch_optional(query));
                    TrackedOptional::<$db>::new(inner, track).await
                })
            }

            fn prepare_with<'e>(
                self,
                sql: SqlStr,
                parameters: &'e [<$db as Database>::TypeInfo],
            ) -> BoxFuture<'e, Result<<$db as Database>::Statement, Error>>
            where
                'p: 'e,
            {
                let pool = self.clone();
                Box::pin(async move {
                    let mut connection = pool.acquire().await?;
                    (&mut *connection).prepare_with(sql, parameters).await
                })
            }

            fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<$db>, Error>>
            where
                'p: 'e,
            {
                let pool = self.clone();
                Box::pin(async move { pool.raw.acquire().await?.describe(sql).await })
            }
        }
    };
}

#[cfg(feature = "postgres")]
executors!(sqlx_postgres::Postgres);
#[cfg(feature = "mysql")]
executors!(sqlx_mysql::MySql);
#[cfg(feature = "sqlite")]
executors!(sqlx_sqlite::Sqlite);
