//! Silk's own threads: whatever is not capture runs here, never on the app's executor.

use std::{future::Future, sync::Arc};

use tokio::runtime::{Builder, Handle, Runtime};

/// Threads of the runtime: one can be held up by a slow disk while the other still answers.
const WORKER_THREADS: usize = 2;

/// A runtime of Silk's own, which may be dropped anywhere (also within the app's runtime).
#[derive(Debug, Clone)]
pub(crate) struct SilkRuntime(Arc<Owned>);

#[derive(Debug)]
struct Owned {
    // Taken in `drop`: dropping a runtime inside another one panics, shutting it down does not.
    runtime: Option<Runtime>,
    handle: Handle,
}

impl SilkRuntime {
    pub(crate) fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKER_THREADS)
            .max_blocking_threads(2)
            .thread_name("silk-runtime")
            .on_thread_start(silk_capture::suppress::suppress)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self(Arc::new(Owned {
            runtime: Some(runtime),
            handle,
        })))
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    /// Runs `future` on Silk's threads; `None` if it panicked or the runtime is gone.
    pub(crate) async fn run<F>(&self, future: F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.0.handle.spawn(future).await.ok()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
