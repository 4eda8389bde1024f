//! What every handler needs: the store, the databases, and what was asked for.

use std::{str::FromStr, sync::Arc, time::Duration};

use axum::extract::{FromRequestParts, OriginalUri};
use chrono::{DateTime, Utc};
use http::{Uri, request::Parts};
use silk_core::{
    Explain, PlanRecord, RequestId, RequestRecord, Store, StoreError, StoreErrorKind, Vitals,
    store::StoreFuture,
};
use uuid::Uuid;

use crate::{
    config::{DashboardConfig, Targets},
    draw::{
        editor::{Editor, EditorLinks},
        source::SourceRoot,
    },
    error::Failure,
    held::{
        indexes::Indexes,
        listeners::Listeners,
        notices::Notices,
        pasted::Pasted,
        proofs::Proofs,
        reports::{Answer, Reports},
    },
    params::Params,
    security::{access::Gate, csrf::Csrf},
};

/// How long a page waits for the store before it says so.
const STORE_TIMEOUT: Duration = Duration::from_secs(10);

/// The dashboard's own state, one for all requests.
#[derive(Debug)]
pub(crate) struct App {
    store: Arc<dyn Store>,
    pub(crate) explain: Arc<dyn Explain>,
    pub(crate) vitals: Arc<dyn Vitals>,
    pub(crate) gate: Gate,
    pub(crate) source_root: Option<SourceRoot>,
    editor: Option<Editor>,
    pub(crate) targets: Targets,
    pub(crate) csrf: Csrf,
    /// Plans that were pasted recently and not kept.
    pub(crate) pasted: Pasted,
    /// Proofs that were made recently.
    pub(crate) proofs: Proofs,
    reports: Reports,
    /// Indexes that were found for statements recently.
    pub(crate) indexes: Indexes,
    notices: Notices,
    /// Who listens to the live list.
    pub(crate) listeners: Listeners,
}

impl App {
    pub(crate) fn new(config: DashboardConfig) -> Self {
        Self {
            store: config.store,
            explain: config.explain,
            vitals: config.vitals,
            gate: Gate::new(config.access, config.token),
            source_root: config.source_root,
            editor: config.editor,
            targets: config.targets,
            csrf: Csrf::random(),
            pasted: Pasted::default(),
            proofs: Proofs::default(),
            reports: Reports::default(),
            indexes: Indexes::default(),
            notices: Notices::default(),
            listeners: Listeners::default(),
        }
    }

    /// Name of the store's kind.
    pub(crate) fn store_kind(&self) -> String {
        self.store.kind()
    }

    /// Asks the store, and waits up to 10 s for its answer.
    ///
    /// # Errors
    /// 503 if it fails or is late.
    pub(crate) async fn ask<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T>,
    ) -> Result<T, Failure> {
        Ok(self.in_time(question).await??)
    }

    /// The same for what changes the store.
    ///
    /// # Errors
    /// 409 if the store is only read (`silk serve`, a file that may not be written); else as
    /// [`ask`](Self::ask).
    pub(crate) async fn change<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T>,
    ) -> Result<T, Failure> {
        self.in_time(question).await?.map_err(|error| {
            let is_read_only = error.kind() == StoreErrorKind::ReadOnly;
            let failure = Failure::from(error);
            if is_read_only {
                Failure::conflict("read_only", failure.message)
            } else {
                failure
            }
        })
    }

    async fn in_time<'a, T>(
        &'a self,
        question: impl FnOnce(&'a dyn Store) -> StoreFuture<'a, T>,
    ) -> Result<Result<T, StoreError>, Failure> {
        (tokio::time::timeout(STORE_TIMEOUT, question(&*self.store)).await).map_err(|_| {
            Failure::unavailable(
                "The store did not answer within 10 seconds; see whether its disk is busy.",
            )
        })
    }

    /// A request by the id in an address.
    ///
    /// # Errors
    /// 404 where it is not kept, 503 where the store fails.
    pub(crate) async fn request(&self, id: &str) -> Result<(RequestId, RequestRecord), Failure> {
        let id: RequestId = read_id(id, "request")?;
        let record = self.ask(|store| store.request(id)).await?;
        let record = record.ok_or_else(|| {
            Failure::not_found(
                "This request is not kept: it may have been removed to stay within the store's \
                 budget, is not written yet, or was never recorded.",
            )
        })?;
        Ok((id, record))
    }

    /// Plans of a request's queries; empty if they cannot be read, because the page is useful
    /// without them.
    pub(crate) async fn plans_of_request(&self, id: RequestId) -> Vec<PlanRecord> {
        self.ask(|store| store.plans_of_request(id))
            .await
            .unwrap_or_default()
    }

    /// How lines of source are opened; none if no editor is set.
    pub(crate) async fn editor_links(&self) -> Option<EditorLinks> {
        let editor = self.editor.as_ref()?;
        let root = (self.source_root.clone()).filter(|_| editor.needs_folder());
        let found = match root {
            Some(root) => tokio::task::spawn_blocking(move || root.find()?.canonicalize().ok())
                .await
                .ok()
                .flatten(),
            None => None,
        };
        Some(editor.links(found))
    }

    /// Reports on the app's databases; waits up to `patience`.
    pub(crate) async fn reports(&self, patience: Duration) -> Answer {
        self.reports.look(&self.explain, patience).await
    }

    /// Keeps a notice to be shown once after a redirect; returns its name for the address.
    pub(crate) fn leave_notice(&self, text: String) -> Uuid {
        self.notices.leave(text)
    }

    /// The notice of that name, if it is still here.
    pub(crate) fn notice(&self, id: Option<&str>) -> Option<String> {
        self.notices.get(id)
    }
}

/// An id in an address.
///
/// # Errors
/// 404 where the text is no id.
pub(crate) fn read_id<T: FromStr>(text: &str, what: &str) -> Result<T, Failure> {
    text.parse()
        .map_err(|_| Failure::not_found(format!("This is not the id of a {what}.")))
}

/// One call of the dashboard: where it is mounted, and what was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Here {
    pub(crate) app: Arc<App>,
    /// Path of the mount, without a slash at its end; empty at the root.
    pub(crate) base: Arc<str>,
    /// Path below the mount.
    pub(crate) path: Arc<str>,
    /// Query string.
    pub(crate) query: Option<Arc<str>>,
    /// When it came.
    pub(crate) now: DateTime<Utc>,
}

impl Here {
    pub(crate) fn new(app: Arc<App>, parts: &Parts) -> Self {
        Self {
            app,
            base: mount_path(parts.extensions.get::<OriginalUri>(), &parts.uri).into(),
            path: parts.uri.path().into(),
            query: parts.uri.query().map(Into::into),
            now: Utc::now(),
        }
    }

    /// The parameters of the address.
    ///
    /// # Errors
    /// 400 for one that is not known here, or given twice.
    pub(crate) fn params(&self, known: &[&str]) -> Result<Params, Failure> {
        Params::read(self.query.as_deref(), known)
    }

    /// The address that was asked for, without the token.
    pub(crate) fn address_without_token(&self) -> String {
        let mut kept = form_urlencoded::Serializer::new(String::new());
        for (name, value) in
            form_urlencoded::parse(self.query.as_deref().unwrap_or_default().as_bytes())
        {
            if name != "token" {
                kept.append_pair(&name, &value);
            }
        }
        let query = kept.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        // Two slashes at its start would name another host.
        let path = self.path.trim_start_matches(['/', '\\']);
        let slash = if path.is_empty() && !self.base.is_empty() {
            ""
        } else {
            "/"
        };
        format!("{}{slash}{path}{mark}{query}", self.base)
    }
}

impl<S: Sync> FromRequestParts<S> for Here {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Failure::internal("The dashboard lost its place."))
    }
}

/// The path that the dashboard is mounted at: what the original path has before the inner one.
fn mount_path(original: Option<&OriginalUri>, inner: &Uri) -> String {
    let Some(OriginalUri(original)) = original else {
        return String::new();
    };
    let base = original
        .path()
        .strip_suffix(inner.path())
        .unwrap_or(original.path());
    let base = base.trim_end_matches('/');
    // Two slashes at the start of a link would name another host.
    if base.starts_with('/') && !base.starts_with("//") {
        base.to_owned()
    } else {
        String::new()
    }
}
