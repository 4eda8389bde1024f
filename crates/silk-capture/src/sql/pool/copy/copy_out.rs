//! `COPY … TO STDOUT`: the rows that the database gives.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{Stream, stream::BoxStream};
use sqlx_core::{bytes::Bytes, error::Error};

use crate::sql::pool::running_query::Track;

/// What a `COPY … TO STDOUT` gives, recorded as one query.
///
/// PostgreSQL sends each row by itself, so pieces are rows; the end of the binary format is none.
pub(super) struct CopyOut<'c> {
    pub(super) inner: Option<BoxStream<'c, Result<Bytes, Error>>>,
    pub(super) track: Track,
    /// Whether the first line is names.
    pub(super) has_header: bool,
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

/// Whether the names of the columns come first.
pub(super) fn has_header(statement: &str) -> bool {
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
