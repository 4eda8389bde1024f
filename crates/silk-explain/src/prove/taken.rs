//! The rows that are taken from a query to be compared, and how many of them.

use futures_util::{TryStreamExt as _, stream::BoxStream};
use silk_core::explain::{Cell, Fetched};
use sqlx_core::{column::Column as _, error::Error, row::Row};

/// Rows of each side that are compared, and the memory that they may take, in bytes.
pub(super) const MAX_ROWS: u64 = 50_000;
pub(super) const MAX_BYTES: usize = 32 << 20;

/// What one side may still take.
#[derive(Debug)]
pub(super) struct Room {
    rows: u64,
    bytes: usize,
    is_full: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            rows: MAX_ROWS,
            bytes: MAX_BYTES,
            is_full: false,
        }
    }
}

impl Room {
    /// Whether a row had no room any more.
    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }
}

/// The cells of a row, and how many bytes they were.
pub(crate) type CellsRead = Result<(Vec<Cell>, usize), Error>;

/// The rows of one query.
#[derive(Debug)]
pub(crate) struct Taken<'r> {
    room: &'r mut Room,
    fetched: Fetched,
    /// Whether they are kept, and not only counted.
    is_kept: bool,
    pub(super) rows: u64,
    pub(super) bytes: u64,
}

impl<'r> Taken<'r> {
    pub(super) const fn new(room: &'r mut Room, is_kept: bool) -> Self {
        Self {
            room,
            fetched: Fetched {
                columns: Vec::new(),
                rows: Vec::new(),
            },
            is_kept,
            rows: 0,
            bytes: 0,
        }
    }

    /// Takes the rows of a query as long as there is room for them: the cells that `read` makes of
    /// each, and how many bytes they were.
    pub(crate) async fn all<R: Row>(
        &mut self,
        mut rows: BoxStream<'_, Result<R, Error>>,
        read: fn(&R) -> CellsRead,
    ) -> Result<(), Error> {
        while let Some(row) = rows.try_next().await? {
            let (cells, bytes) = read(&row)?;
            if !self.row(&row, cells, bytes) {
                break;
            }
        }
        Ok(())
    }

    /// Takes a row. False if there is no room for it.
    fn row<R: Row>(&mut self, row: &R, cells: Vec<Cell>, bytes: usize) -> bool {
        let size = if self.is_kept {
            cells.iter().map(Cell::size).sum()
        } else {
            0
        };
        if self.room.rows == 0 || self.room.bytes < size {
            self.room.is_full = true;
            return false;
        }
        self.room.rows -= 1;
        self.room.bytes -= size;
        self.rows += 1;
        self.bytes += u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.is_kept {
            if self.fetched.columns.is_empty() {
                let columns = row.columns().iter();
                self.fetched.columns = columns.map(|column| column.name().to_owned()).collect();
            }
            self.fetched.rows.push(cells);
        }
        true
    }

    pub(super) fn into_fetched(self) -> Fetched {
        self.fetched
    }
}
