//! COPY of PostgreSQL, for which sqlx has no event: rows, bytes, time and the wait for a
//! connection.

mod copy_in;
mod copy_out;

use std::ops::DerefMut;

use futures_core::{future::BoxFuture, stream::BoxStream};
use sqlx_core::{
    bytes::Bytes,
    error::Error,
    pool::PoolConnection,
    sql_str::{AssertSqlSafe, SqlSafeStr as _},
};
use sqlx_postgres::{PgConnection, PgCopyIn, PgPoolCopyExt as _, Postgres};

pub use copy_in::CopyIn;

use self::copy_out::{CopyOut, has_header};
use super::{
    Conn, Pool, connection_wait::Waiting, pool_shared::PoolShared, replayed_query::Replay,
    running_query::Track, within::Within,
};
use crate::record::ActiveRequest;

fn replay(statement: &str) -> Replay<Postgres> {
    Replay::new(AssertSqlSafe(statement.to_owned()).into_sql_str())
}

impl Conn<Postgres> {
    /// Begins a `COPY … FROM STDIN`, as sqlx's own does.
    ///
    /// # Errors
    /// Whatever sqlx says to the statement.
    pub async fn copy_in_raw(
        &mut self,
        statement: &str,
    ) -> Result<CopyIn<&mut PgConnection>, Error> {
        let track = self.copying(statement);
        let copy = PgConnection::copy_in_raw(self.raw_mut(), statement);
        begun_in(track, false, copy).await
    }

    /// Begins a `COPY … TO STDOUT`, as sqlx's own does.
    ///
    /// # Errors
    /// Whatever sqlx says to the statement.
    pub async fn copy_out_raw<'c>(
        &'c mut self,
        statement: &str,
    ) -> Result<BoxStream<'c, Result<Bytes, Error>>, Error> {
        let track = self.copying(statement);
        let copy = PgConnection::copy_out_raw(self.raw_mut(), statement);
        begun_out(track, false, statement, copy).await
    }

    fn copying(&self, statement: &str) -> Option<Track> {
        let within = self.recording().ok()?;
        Some(copying(within, &self.shared, statement))
    }
}

impl Pool<Postgres> {
    /// Waits for a connection and begins a `COPY … FROM STDIN` on it, as sqlx's own does.
    ///
    /// sqlx does both in one, so a wait is recorded only if the pool had no connection left, and
    /// the answer to the statement counts in it.
    ///
    /// # Errors
    /// Whatever sqlx says to either.
    pub async fn copy_in_raw(
        &self,
        statement: &str,
    ) -> Result<CopyIn<PoolConnection<Postgres>>, Error> {
        let track = self.copying(statement);
        let is_late = self.in_use().is_exhausted();
        let copy = self.after_wait(is_late, self.raw.copy_in_raw(statement));
        begun_in(track, is_late, copy).await
    }

    /// Waits for a connection and begins a `COPY … TO STDOUT` on it; see
    /// [`copy_in_raw`](Self::copy_in_raw).
    ///
    /// # Errors
    /// Whatever sqlx says to either.
    pub async fn copy_out_raw(
        &self,
        statement: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let track = self.copying(statement);
        let is_late = self.in_use().is_exhausted();
        let copy = self.after_wait(is_late, self.raw.copy_out_raw(statement));
        begun_out(track, is_late, statement, copy).await
    }

    fn copying(&self, statement: &str) -> Option<Track> {
        let within = self.recording().ok()?;
        Some(copying(within, &self.shared, statement))
    }

    /// Tells of a wait where there was no connection left. Boxed: sqlx's future takes 16 kB.
    fn after_wait<'f, F, T>(&'f self, is_late: bool, copy: F) -> BoxFuture<'f, Result<T, Error>>
    where
        F: Future<Output = Result<T, Error>> + Send + 'f,
        T: 'f,
    {
        Box::pin(async move {
            match ActiveRequest::current() {
                Some(active) if is_late => {
                    let cover = self.shared.cover();
                    Waiting::new(&active, &self.shared, cover, self.in_use(), copy).await
                }
                _ => copy.await,
            }
        })
    }
}

fn copying(within: Within, shared: &PoolShared, statement: &str) -> Track {
    let mut track = Track::new(within, shared, &mut replay(statement));
    track.copies();
    track
}

async fn begun_in<C: DerefMut<Target = PgConnection>>(
    mut track: Option<Track>,
    is_late: bool,
    copy: impl Future<Output = Result<PgCopyIn<C>, Error>>,
) -> Result<CopyIn<C>, Error> {
    let inner = begun(&mut track, is_late, copy).await?;
    Ok(CopyIn { inner, track })
}

async fn begun_out<'c>(
    mut track: Option<Track>,
    is_late: bool,
    statement: &str,
    copy: impl Future<Output = Result<BoxStream<'c, Result<Bytes, Error>>, Error>>,
) -> Result<BoxStream<'c, Result<Bytes, Error>>, Error> {
    let inner = begun(&mut track, is_late, copy).await?;
    Ok(match track {
        Some(track) => Box::pin(CopyOut {
            inner: Some(inner),
            track,
            has_header: has_header(statement),
        }),
        None => inner,
    })
}

/// Waits for the answer to the statement; `is_late` where a wait for a connection comes first.
async fn begun<T>(
    track: &mut Option<Track>,
    is_late: bool,
    copy: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if let Some(track) = track.as_mut().filter(|_| !is_late) {
        track.on_poll();
    }
    let result = copy.await;
    match (&result, &mut *track) {
        (_, None) => {}
        // No connection came, so that nothing ran.
        (Err(Error::PoolTimedOut | Error::PoolClosed), Some(running)) => {
            running.never_ran();
            *track = None;
        }
        (result, Some(track)) => {
            if is_late {
                track.on_poll();
            }
            match result {
                Ok(_) => track.on_ready(),
                Err(error) => {
                    track.on_error(error);
                    track.on_end();
                }
            }
        }
    }
    result
}
