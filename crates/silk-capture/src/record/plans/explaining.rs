//! How plans are asked for in the background: the recorder is given it, the writer asks.

use std::sync::Arc;

use silk_core::{Explain, Store};
use tokio::runtime::Handle;

/// Who explains statements, where the plans are kept, and on which of Silk's runtimes that runs.
#[derive(Clone)]
pub(crate) struct Explaining {
    pub(crate) explain: Arc<dyn Explain>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runtime: Handle,
}
