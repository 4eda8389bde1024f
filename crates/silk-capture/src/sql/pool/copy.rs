//! COPY of PostgreSQL, for which sqlx has no event: rows, bytes, time and the wait for a connection.

use std::{
    fmt, io,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{Stream, future::BoxFuture, stream::BoxStream};
use futures_util::AsyncRead as FuturesRead;
use silk_core::DatabaseKind;
use sqlx_core::{
    bytes::Bytes,
    error::Error,
    io::AsyncRead,
    pool::PoolConnection,
    sql_str::{AssertSqlSafe, SqlSafeStr as _},
};
use sqlx_postgres::{PgConnection, PgCopyIn, PgPoolCopyExt as _, Postgres};
use tokio::io::{AsyncRead as TokioRead, ReadBuf};

use super::{
    Conn, Pool,
    connection::Within,
    cover::Cover,
    replay::Replay,
    track::{Shared, Track},
    wait::Waiting,
};
use crate::record::ActiveRequest;

/// A `COPY … FROM STDIN` under way, recorded as one query; derefs to sqlx's own.
///
/// The rows that the database counts are those affected.
#[must_use = "the connection fails on its next use unless `finish` or `abort` is called"]
pub struct CopyIn<C: DerefMut<Target = PgConnection>> {
    inner: PgCopyIn<C>,
    track: Option<Track>,
}

impl<C: DerefMut<Target = PgConnection>> CopyIn<C> {
    /// Sends a piece of the data.
    ///
    /// # Errors
    /// Whatever sqlx says.
    pub async fn send(&mut self, data: impl Deref<Target = [u8]>) -> Result<&mut Self, Error> {
        let bytes = data.len();
        self.on_call();
        let result = self.inner.send(data).await.map(drop);
        self.on_return(&result, bytes);
        result.map(|()| self)
    }

    /// Sends what a source gives, to its end.
    ///
    /// # Errors
    /// Whatever sqlx says, or the source.
    pub async fn read_from(&mut self, source: impl AsyncRead + Unpin) -> Result<&mut Self, Error> {
        let mut bytes = 0;
        self.on_call();
        let counted = Counted {
            source,
            bytes: &mut bytes,
        };
        let result = self.inner.read_from(counted).await.map(drop);
        self.on_return(&result, bytes);
        result.map(|()| self)
    }

    /// Has the database drop what was sent.
    ///
    /// # Errors
    /// Whatever sqlx says.
    pub async fn abort(mut self, message: impl Into<String>) -> Result<(), Error> {
        self.on_call();
        let Self { inner, mut track } = self;
        let result = inner.abort(message).await;
        if let (Err(error), Some(track)) = (&result, &mut track) {
            track.on_error(error);
        }
        // Recorded as dropped: nothing was copied, on purpose.
        result
    }

    /// Has the database take what was sent; how many rows that was.
    ///
    /// # Errors
    /// Whatever sqlx says.
    pub async fn finish(mut self) -> Result<u64, Error> {
        self.on_call();
        let Self { inner, mut track } = self;
        let result = inner.finish().await;
        if let Some(track) = &mut track {
            match &result {
                Ok(rows) => track.on_result(*rows),
                Err(error) => track.on_error(error),
            }
            track.on_end();
        }
        result
    }

    fn on_call(&mut self) {
        if let Some(track) = &mut self.track {
            track.on_poll();
        }
    }

    fn on_return(&mut self, result: &Result<(), Error>, bytes: usize) {
        if let Some(track) = &mut self.track {
            track.on_bytes(bytes);
            if let Err(error) = result {
                track.on_error(error);
            }
            track.on_ready();
        }
    }
}

impl<C: DerefMut<Target = PgConnection>> Deref for CopyIn<C> {
    type Target = PgCopyIn<C>;

    fn deref(&self) -> &PgCopyIn<C> {
        &self.inner
    }
}

impl<C: DerefMut<Target = PgConnection>> fmt::Debug for CopyIn<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

/// What a `COPY … TO STDOUT` gives, recorded as one query.
///
/// PostgreSQL sends each row by itself, so pieces are rows; the end of the binary format is none.
struct CopyOut<'c> {
    inner: Option<BoxStream<'c, Result<Bytes, Error>>>,
    track: Track,
    /// Whether the first line is names.
    has_header: bool,
}

/// Ends the binary format.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            inner,
            track,
            has_header,
        } = &mut *self;
        let Some(stream) = inner else {
            return Poll::Ready(None);
        };
        track.on_poll();
        let polled = ready!(stream.as_mut().poll_next(cx));
        match &polled {
            Some(Ok(piece)) => {
                track.on_bytes(piece.len());
                if !std::mem::take(has_header) && piece[..] != TRAILER {
                    track.on_row(true);
                }
            }
            Some(Err(error)) => track.on_error(error),
            None => {
                *inner = None;
                track.on_end();
                return Poll::Ready(None);
            }
        }
        track.on_ready();
        Poll::Ready(polled)
    }
}

/// A source whose bytes are counted.
struct Counted<'b, S> {
    source: S,
    bytes: &'b mut usize,
}

// Which of the two traits sqlx asks for depends on the runtime that the app has it built for.
impl<S: TokioRead + Unpin> TokioRead for Counted<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.source).poll_read(cx, buffer);
        *self.bytes += buffer.filled().len().saturating_sub(before);
        polled
    }
}

impl<S: FuturesRead + Unpin> FuturesRead for Counted<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.source).poll_read(cx, buffer);
        if let Poll::Ready(Ok(read)) = &polled {
            *self.bytes += read;
        }
        polled
    }
}

fn replay(statement: &str) -> Replay<Postgres> {
    Replay::new(AssertSqlSafe(statement.to_owned()).into_sql_str())
}

/// Whether the names of the columns come first.
fn has_header(statement: &str) -> bool {
    let mut words = statement
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty());
    words.any(|word| word.eq_ignore_ascii_case("header"))
        && !words.next().is_some_and(|next| {
            ["false", "off", "0"]
                .iter()
                .any(|no| next.eq_ignore_ascii_case(no))
        })
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
    /// sqlx does both in one, so the wait is told where the pool had no connection left, and the
    /// answer to the statement counts in it.
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
                    let cover = Cover::new(DatabaseKind::Postgres);
                    Waiting::new(&active, &self.shared, cover, self.in_use(), copy).await
                }
                _ => copy.await,
            }
        })
    }
}

fn copying(within: Within, shared: &Shared, statement: &str) -> Track {
    let mut track = Track::new(within, &shared.database, &mut replay(statement));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_of_names_is_known() {
        for sql in [
            "copy t to stdout with (format csv, header)",
            "COPY t TO STDOUT CSV HEADER",
            "copy t to stdout (header true)",
        ] {
            assert!(has_header(sql), "{sql}");
        }
        for sql in [
            "copy t to stdout",
            "copy headers to stdout",
            "copy t to stdout (header false, format csv)",
        ] {
            assert!(!has_header(sql), "{sql}");
        }
    }
}
