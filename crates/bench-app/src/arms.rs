//! What records, and what each keeps.

use std::{error::Error, fs::File, time::Duration};

use axum::Router;
use clap::ValueEnum;
use hotpath::{HotpathGuard, HotpathGuardBuilder};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tower_silk::{DatabaseKind, Silk};
use tracing::{Level, level_filters::LevelFilter};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{Layer as _, filter::Targets, layer::SubscriberExt as _};

use crate::Options;

/// Spans that may wait to be exported: enough that none is lost, so that all are paid for.
const SPANS: usize = 1 << 16;
/// How often spans are exported.
const EXPORT: Duration = Duration::from_millis(200);
/// Lines that may wait to be written.
const LINES: usize = 1 << 17;
const PATIENCE: Duration = Duration::from_secs(10);

/// What records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arm {
    /// Nothing.
    Off,
    /// Silk's tracing layer.
    Layer,
    /// Silk's pool: values and call sites too.
    Pool,
    /// Silk's pool and tracing layer.
    Both,
    /// A span for each request and query, over OTLP.
    Otel,
    /// Sums of each route and statement.
    Hotpath,
    /// A line of JSON for each request and query.
    Logs,
}

/// What has been started.
pub(crate) enum Recording {
    Off,
    Silk { silk: Silk, has_pool: bool },
    OpenTelemetry(SdkTracerProvider),
    Hotpath(#[expect(dead_code, reason = "it reports when dropped")] HotpathGuard),
    Logs(#[expect(dead_code, reason = "it writes what is left when dropped")] WorkerGuard),
}

impl Recording {
    pub(crate) async fn start(options: &Options) -> Result<Self, Box<dyn Error>> {
        Ok(match options.arm {
            Arm::Off => Self::Off,
            Arm::Layer => Self::silk(options, true, false).await?,
            Arm::Pool => Self::silk(options, false, true).await?,
            Arm::Both => Self::silk(options, true, true).await?,
            Arm::Otel => Self::open_telemetry(options)?,
            Arm::Hotpath => {
                let guard = HotpathGuardBuilder::new("bench-app").build();
                tracing::subscriber::set_global_default(
                    tracing_subscriber::registry().with(hotpath::sqlx_tracing_layer()),
                )?;
                Self::Hotpath(guard)
            }
            Arm::Logs => {
                let (writer, guard) = NonBlockingBuilder::default()
                    .lossy(false)
                    .buffered_lines_limit(LINES)
                    .finish(File::create(&options.store)?);
                let lines = tracing_subscriber::fmt::layer()
                    .json()
                    .with_writer(writer)
                    .with_filter(
                        Targets::new()
                            .with_target("sqlx::query", LevelFilter::DEBUG)
                            .with_target("tower_http", LevelFilter::DEBUG),
                    );
                tracing::subscriber::set_global_default(
                    tracing_subscriber::registry().with(lines),
                )?;
                Self::Logs(guard)
            }
        })
    }

    async fn silk(
        options: &Options,
        has_layer: bool,
        has_pool: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let kind = match options.database.starts_with("sqlite:") {
            true => DatabaseKind::Sqlite,
            false => DatabaseKind::Postgres,
        };
        let silk = Silk::builder()
            .sqlite(&options.store)
            .database(kind)
            .plans(tower_silk::Plans::off())
            .build()
            .await?;
        if has_layer {
            silk.init_tracing();
        }
        Ok(Self::Silk { silk, has_pool })
    }

    fn open_telemetry(options: &Options) -> Result<Self, Box<dyn Error>> {
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(format!("http://{}/v1/traces", options.sink))
            .build()?;
        let batches = BatchSpanProcessor::builder(exporter)
            .with_batch_config(
                BatchConfigBuilder::default()
                    .with_max_queue_size(SPANS)
                    .with_max_export_batch_size(2_048)
                    .with_scheduled_delay(EXPORT)
                    .build(),
            )
            .build();
        let provider = SdkTracerProvider::builder()
            .with_span_processor(batches)
            .build();
        opentelemetry::global::set_tracer_provider(provider.clone());
        let spans = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("bench-app"))
            .with_filter(Targets::new().with_target("tower_http", LevelFilter::INFO));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(spans))?;
        Ok(Self::OpenTelemetry(provider))
    }

    /// Puts the layers of the arm around the routes.
    pub(crate) fn wrap(&self, routes: Router) -> Router {
        match self {
            Self::Off => routes,
            Self::Silk { silk, .. } => routes
                .nest_service("/silk", silk.dashboard())
                .layer(silk.layer()),
            Self::OpenTelemetry(_) => routes.layer(
                TraceLayer::new_for_http()
                    .make_span_with(DefaultMakeSpan::new().level(Level::INFO)),
            ),
            Self::Hotpath(_) => hotpath::axum!(routes),
            Self::Logs(_) => routes.layer(TraceLayer::new_for_http()),
        }
    }

    /// Hands over what is left.
    pub(crate) async fn stop(self) {
        match self {
            Self::Silk { silk, .. } => {
                let _ = silk.shutdown(PATIENCE).await;
            }
            Self::OpenTelemetry(provider) => {
                let _ = tokio::task::spawn_blocking(move || provider.shutdown()).await;
            }
            Self::Off | Self::Hotpath(_) | Self::Logs(_) => {}
        }
    }
}
