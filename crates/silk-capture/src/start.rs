//! Starts a recorder: joins the app's side to the writer's.

use std::{io, sync::Arc};

use silk_core::{Redactor, Store};
use tokio::runtime::Handle;

use crate::{
    http,
    record::{Recorder, RecorderConfig},
    writer::Writer,
};

impl Recorder {
    /// Starts the writer's thread, `silk-writer`. The store is called on `runtime` and nowhere
    /// else.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(
        config: RecorderConfig,
        store: Arc<dyn Store>,
        redactor: Arc<Redactor>,
        runtime: Handle,
    ) -> io::Result<Self> {
        http::install_panic_hook();
        let (recorder, receiver) = Self::without_writer(config);
        Writer::spawn(recorder.for_writer(), receiver, store, redactor, runtime)?;
        Ok(recorder)
    }
}
