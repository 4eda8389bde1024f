//! `COPY … FROM STDIN`: the data that the app sends.

use std::{
    fmt, io,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::AsyncRead as FuturesRead;
use sqlx_core::{error::Error, io::AsyncRead};
use sqlx_postgres::{PgConnection, PgCopyIn};
use tokio::io::{AsyncRead as TokioRead, ReadBuf};

use crate::sql::pool::running_query::Track;

/// A `COPY … FROM STDIN` under way, recorded as one query; derefs to sqlx's own.
///
/// The rows that the database counts are those affected.
#[must_use = "the connection fails on its next use unless `finish` or `abort` is called"]
pub struct CopyIn<C: DerefMut<Target = PgConnection>> {
    pub(super) inner: PgCopyIn<C>,
    pub(super) track: Option<Track>,
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
