//! What the store does with its writer: a batch, and a step of retention.

use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, Utc};
use silk_core::{WriteBatch, store::Budget};

use super::{SqliteStore, error::Fault, log, open::Writer, retain, watch::Written, write};

/// Steps of removing that a write makes at most, of a few hundred requests each.
const ROOM_STEPS: usize = 20;

impl SqliteStore {
    pub(super) async fn write_batch(&self, batch: &WriteBatch) -> Result<(), Fault> {
        let mut lease = self.lease().await?;
        match self.write_leased(&mut lease.writer, batch).await {
            Ok(newest) => {
                self.connections.set_written(Some(Written {
                    newest,
                    run: batch.run.id,
                    batch: batch.id,
                    generation: lease.writer.generation,
                }));
                self.finish(lease)
            }
            Err(fault) if fault.is_damage() => Err(self.set_aside(lease, true).await),
            Err(fault) => Err(fault),
        }
    }

    async fn write_leased(&self, writer: &mut Writer, batch: &WriteBatch) -> Result<i64, Fault> {
        let (path, config) = (self.path(), &self.config);
        log::make_room(&mut writer.connection, path, config).await?;
        let newest = write::write(writer, batch).await?;
        let max_bytes = self.max_bytes.load(Relaxed);
        self.keep_log_short(writer, max_bytes).await?;
        // Retention comes by later: a budget that a few batches fill is kept to right here.
        for _ in 0..ROOM_STEPS {
            if !retain::make_room(writer, max_bytes).await? {
                break;
            }
            self.keep_log_short(writer, max_bytes).await?;
        }
        Ok(newest)
    }

    async fn keep_log_short(&self, writer: &mut Writer, max_bytes: u64) -> Result<(), Fault> {
        let tried_at = &mut writer.retention.log_cut_at;
        let (path, config) = (self.path(), &self.config);
        log::keep_short(&mut writer.connection, path, config, max_bytes, tried_at).await
    }

    pub(super) async fn retain_step(
        &self,
        budget: Budget,
        now: DateTime<Utc>,
    ) -> Result<bool, Fault> {
        self.max_bytes.store(budget.max_bytes, Relaxed);
        let mut lease = self.lease().await?;
        let writer = &mut *lease.writer;
        let more = retain::step(writer, &self.config, budget, now).await?;
        let (path, config) = (self.path(), &self.config);
        log::settle(&mut writer.connection, path, config, budget.max_bytes).await?;
        self.finish(lease)?;
        Ok(more)
    }
}
