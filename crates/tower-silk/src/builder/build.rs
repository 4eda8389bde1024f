//! From settings to a running profiler.

#[cfg(feature = "ui")]
use std::path::{Path, PathBuf};
use std::sync::Arc;
#[cfg(feature = "store-sqlite")]
use std::time::Duration;

use silk_capture::{Recorder, RecorderConfig};
use silk_core::{Explain, Store};
use silk_explain::{ExplainConfig, Explainer};
use silk_store::MemoryStore;
#[cfg(feature = "ui")]
use silk_ui::SourceRoot;

use super::{SilkBuilder, StoreChoice, baseline};
#[cfg(feature = "store-sqlite")]
use crate::store_path::{self, Place};
use crate::{
    error::BuildError,
    remote::RemoteStore,
    runtime::SilkRuntime,
    silk::{Parts, Silk},
    token,
};

/// How long the start of the app may wait for the store's file to open.
#[cfg(feature = "store-sqlite")]
const OPEN_PATIENCE: Duration = Duration::from_secs(1);

impl SilkBuilder {
    /// Starts the profiler's threads.
    ///
    /// # Errors
    /// [`BuildError`] on a configuration that cannot work. A store that is dead, full or locked is
    /// none: records are counted as lost until it comes back.
    #[cfg_attr(
        not(feature = "store-sqlite"),
        expect(clippy::unused_async, reason = "only a store in a file is waited for")
    )]
    pub async fn build(mut self) -> Result<Silk, BuildError> {
        check(&self.config)?;
        baseline::read(&self.baselines, &mut self.config.ignored)?;
        let choice = self.store.ok_or(BuildError::NoStore);
        #[cfg(feature = "store-sqlite")]
        let choice = choice.and_then(placed);
        let choice = choice?;
        let token = token::chosen(self.token)?;
        let token = token.unwrap_or_else(|| match &choice {
            #[cfg(feature = "store-sqlite")]
            StoreChoice::Sqlite(path) if cfg!(debug_assertions) => token::kept_beside(path),
            _ => token::fresh(),
        });
        let runtime = SilkRuntime::start().map_err(BuildError::Threads)?;
        let store: Arc<dyn Store> = match choice {
            StoreChoice::Memory => Arc::new(MemoryStore::new(self.config.budget)),
            #[cfg(feature = "store-sqlite")]
            StoreChoice::Sqlite(path) => {
                let config = silk_store::SqliteStoreConfig::default();
                let store = Arc::new(silk_store::SqliteStore::new(path, config));
                open_at_start(&runtime, &store).await;
                store
            }
            StoreChoice::Other(store) => store,
        };
        #[cfg(feature = "ui")]
        let source_root = source_root(self.config.source_root.clone());
        let redactor = Arc::new(self.redactor.build());
        let remote: Arc<dyn Store> =
            Arc::new(RemoteStore::new(Arc::clone(&store), runtime.clone()));
        let recorder = Recorder::start(
            self.config,
            Arc::clone(&remote),
            Arc::clone(&redactor),
            runtime.handle().clone(),
        )
        .map_err(BuildError::Threads)?;
        let config = ExplainConfig {
            timeout: self.explain_timeout,
            background_timeout: self.explain_background_timeout,
            ..ExplainConfig::default()
        };
        let explainer = Explainer::new(redactor, runtime.handle().clone(), config)
            .with_notes(recorder.plan_notes());
        let explainer = Arc::new(explainer);
        let explain = Arc::clone(&explainer) as Arc<dyn Explain>;
        silk_capture::writer::plans::collect(&recorder, &explain, remote, runtime.handle());
        Ok(Silk::new(Parts {
            recorder,
            runtime,
            store,
            explainer,
            token,
            #[cfg(feature = "ui")]
            source_root,
            #[cfg(feature = "ui")]
            access: self.access,
            #[cfg(feature = "ui")]
            editor: self.editor,
            #[cfg(feature = "ui")]
            targets: self.targets,
        }))
    }
}

/// Refuses settings that cannot work.
fn check(config: &RecorderConfig) -> Result<(), BuildError> {
    let share = config.sample_share;
    if !(0.0..=1.0).contains(&share) {
        return Err(BuildError::Setting {
            setting: "sample",
            value: share.to_string(),
            remedy: "give a share from 0.0 (keep none) to 1.0 (keep all)",
        });
    }
    if config.queue_capacity == 0 {
        return Err(BuildError::Setting {
            setting: "queue_capacity",
            value: "0".to_owned(),
            remedy: "give at least 1; to record nothing, call silk.set_recording(false)",
        });
    }
    if let Some(rule) = config.ignored.unknown_rule() {
        return Err(BuildError::Setting {
            setting: "ignore",
            value: rule.to_owned(),
            remedy: "give the name of a rule about requests, as tower_silk::rules has them",
        });
    }
    Ok(())
}

/// The store that was chosen, its address read.
#[cfg(feature = "store-sqlite")]
fn placed(choice: StoreChoice) -> Result<StoreChoice, BuildError> {
    Ok(match choice {
        StoreChoice::Sqlite(given) => match store_path::read(&given)? {
            Place::File(path) => StoreChoice::Sqlite(path),
            Place::Memory => StoreChoice::Memory,
        },
        other => other,
    })
}

/// Where the dashboard reads source: where the app says, else where it was built or is started.
#[cfg(feature = "ui")]
fn source_root(given: Option<PathBuf>) -> SourceRoot {
    use silk_capture::writer::call_site::{workspace, workspace_of_current_folder};
    match given {
        Some(folder) => SourceRoot::folder(folder),
        None => SourceRoot::found_by(|| {
            workspace::built_in()
                .map(Path::to_owned)
                .or_else(workspace_of_current_folder)
        }),
    }
}

/// Opens the file on Silk's threads, and says so where it cannot be opened. The app waits for it
/// for a second at most; what is said then is said later.
#[cfg(feature = "store-sqlite")]
async fn open_at_start(runtime: &SilkRuntime, store: &Arc<silk_store::SqliteStore>) {
    let store = Arc::clone(store);
    let opening = runtime.handle().spawn(async move {
        if let Err(error) = store.open().await {
            let path = store.path().display();
            crate::console::complain(&format!(
                "nothing is recorded in {path}: {error}. The app runs on, and the file is tried \
                 again."
            ));
        }
    });
    runtime
        .run(async { drop(tokio::time::timeout(OPEN_PATIENCE, opening).await) })
        .await;
}
