//! Keeps the log of an app that logs through the `log` crate as it was.
//!
//! A library that logs with `tracing` (sqlx and tower-http are such) speaks to `log` as well, where
//! `tracing` has its feature `log`, and only while no subscriber is set. Silk's own subscriber ends
//! that; so it writes the same records to `log` itself.

use std::{
    cell::Cell,
    fmt,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_core::span::Current;
use tracing_subscriber::registry::LookupSpan;

/// Targets that `tracing` gives to records about spans.
const LIFECYCLE: &str = "tracing::span";
const ACTIVITY: &str = "tracing::span::active";

thread_local! {
    /// Whether the thread is writing to `log`: what comes back by a bridge is the same again.
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
    /// Whether the thread is within the registry, which lets go of spans on its own account.
    static IS_WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// A subscriber that does as its inner one does, and writes to `log` what `tracing` would write
/// there if there were no subscriber.
#[derive(Debug)]
pub(crate) struct LogLines<S> {
    inner: S,
    /// What `log` wanted when `tracing` last learned what is wanted here.
    told: AtomicUsize,
}

impl<S> LogLines<S> {
    pub(crate) const fn new(inner: S) -> Self {
        Self {
            inner,
            told: AtomicUsize::new(0),
        }
    }
}

/// Whether `tracing` wrote to `log` before the subscriber was set, and does so no longer. Asked
/// once the subscriber is set.
///
/// Two things tell it. A disabled span knows what it is of only with the feature `log`; and its
/// fields are looked at only where `tracing` writes to `log` in spite of a subscriber (its feature
/// `log-always`).
fn has_gone_quiet() -> bool {
    static ANSWER: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *ANSWER.get_or_init(|| {
        let writes_on = Cell::new(false);
        // The most verbose level that `log` is built with: least likely to be seen.
        macro_rules! silent_span {
            ($level:ident) => {
                tracing::span!(target: "silk", Level::$level, "log", field = {
                    writes_on.set(true);
                    tracing::field::Empty
                })
            };
        }
        let span = match log::STATIC_MAX_LEVEL {
            log::LevelFilter::Trace => silent_span!(TRACE),
            log::LevelFilter::Debug => silent_span!(DEBUG),
            log::LevelFilter::Info => silent_span!(INFO),
            log::LevelFilter::Warn => silent_span!(WARN),
            log::LevelFilter::Error | log::LevelFilter::Off => silent_span!(ERROR),
        };
        span.metadata().is_some() && !writes_on.get()
    })
}

const fn level_of(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        Level::DEBUG => log::Level::Debug,
        Level::TRACE => log::Level::Trace,
    }
}

fn wanted_by_log() -> LevelFilter {
    match log::max_level().min(log::STATIC_MAX_LEVEL) {
        log::LevelFilter::Off => LevelFilter::OFF,
        log::LevelFilter::Error => LevelFilter::ERROR,
        log::LevelFilter::Warn => LevelFilter::WARN,
        log::LevelFilter::Info => LevelFilter::INFO,
        log::LevelFilter::Debug => LevelFilter::DEBUG,
        log::LevelFilter::Trace => LevelFilter::TRACE,
    }
}

/// Whether a bridge from `log` made it of a record: that has been in the log already.
fn is_from_log(metadata: &Metadata<'_>) -> bool {
    matches!(metadata.name(), "log event" | "log record")
}

/// Whether it is of the profiler's own spans and hints, which nobody would see without it.
fn is_of_silk(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "silk" && (metadata.is_span() || metadata.name().starts_with("silk."))
}

/// Whether `log` may want it.
fn is_wanted(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= wanted_by_log()
        && !is_from_log(metadata)
        && !is_of_silk(metadata)
        && !silk_capture::suppress::is_suppressed()
        && has_gone_quiet()
}

/// Writes a record as `tracing` would.
fn write(metadata: &Metadata<'_>, target: &str, level: log::Level, text: fmt::Arguments<'_>) {
    let logger = log::logger();
    let about = log::Metadata::builder().level(level).target(target).build();
    writing(|| {
        if logger.enabled(&about) {
            logger.log(
                &log::Record::builder()
                    .metadata(about)
                    .module_path(metadata.module_path())
                    .file(metadata.file())
                    .line(metadata.line())
                    .args(text)
                    .build(),
            );
        }
    });
}

/// Calls the logger. Where that panics it harms the app as it would without us; the mark goes.
fn writing<T>(call: impl FnOnce() -> T) -> T {
    let before = IS_WRITING.try_with(|is_writing| is_writing.replace(true));
    let _restore = Restore(&IS_WRITING, before.unwrap_or(false));
    call()
}

/// Sets a mark of the thread back when dropped.
struct Restore(&'static std::thread::LocalKey<Cell<bool>>, bool);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = self.0.try_with(|mark| mark.set(self.1));
    }
}

/// Does a piece of the registry's work.
fn within<T>(work: impl FnOnce() -> T) -> T {
    let before = IS_WITHIN.try_with(|is_within| is_within.replace(true));
    let _restore = Restore(&IS_WITHIN, before.unwrap_or(false));
    work()
}

impl<S> LogLines<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    /// Says that a span was entered, left or closed.
    fn about_span(&self, id: &Id, target: &str, sign: &str) {
        let level = log::Level::Trace;
        // These come often, and most loggers want none: they are asked before the span is sought.
        let about = log::Metadata::builder().level(level).target(target).build();
        if level > log::STATIC_MAX_LEVEL
            || log::max_level() == log::LevelFilter::Off
            || IS_WITHIN.try_with(Cell::get).unwrap_or(true)
            || !writing(|| log::logger().enabled(&about))
        {
            return;
        }
        if let Some(span) = self.inner.span(id)
            && is_wanted(span.metadata())
        {
            let metadata = span.metadata();
            let name = metadata.name();
            write(metadata, target, level, format_args!("{sign} {name};"));
        }
    }

    /// Has `tracing` ask anew once `log` wants more than it did.
    fn keep_told(&self) {
        if log::max_level() as usize > self.told.load(Relaxed) {
            self.told.store(log::max_level() as usize, Relaxed);
            tracing::callsite::rebuild_interest_cache();
        }
    }
}

impl<S> Subscriber for LogLines<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_register_dispatch(&self, dispatch: &tracing::Dispatch) {
        self.inner.on_register_dispatch(dispatch);
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        let interest = self.inner.register_callsite(metadata);
        if is_of_silk(metadata) {
            interest
        } else {
            // A logger may be set later, or made to want more.
            Interest::sometimes()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if is_from_log(metadata) && IS_WRITING.try_with(Cell::get).unwrap_or(true) {
            return false;
        }
        self.keep_told();
        // Asked first and always: it notes which of its layers want it.
        self.inner.enabled(metadata) || is_wanted(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let wanted = log::max_level();
        self.told.store(wanted as usize, Relaxed);
        self.inner
            .max_level_hint()
            .map(|inner| inner.max(wanted_by_log()))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        if is_wanted(metadata) {
            let target = if attributes.is_empty() {
                LIFECYCLE
            } else {
                metadata.target()
            };
            let fields = Fields(attributes, false);
            let text = format_args!("{};{fields}", metadata.name());
            write(metadata, target, level_of(*metadata.level()), text);
        }
        within(|| self.inner.new_span(attributes))
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        within(|| self.inner.record(id, values));
        if let Some(span) = self.inner.span(id)
            && is_wanted(span.metadata())
        {
            let metadata = span.metadata();
            let target = if values.is_empty() {
                LIFECYCLE
            } else {
                metadata.target()
            };
            let fields = Fields(values, false);
            let text = format_args!("{};{fields}", metadata.name());
            write(metadata, target, level_of(*metadata.level()), text);
        }
    }

    fn record_follows_from(&self, id: &Id, follows: &Id) {
        self.inner.record_follows_from(id, follows);
    }

    fn event_enabled(&self, _: &Event<'_>) -> bool {
        // The inner one is asked in `event`.
        true
    }

    fn event(&self, event: &Event<'_>) {
        if self.inner.event_enabled(event) {
            within(|| self.inner.event(event));
        }
        let metadata = event.metadata();
        if is_wanted(metadata) {
            let fields = Fields(event, true);
            let level = level_of(*metadata.level());
            write(metadata, metadata.target(), level, format_args!("{fields}"));
        }
    }

    fn enter(&self, id: &Id) {
        within(|| self.inner.enter(id));
        self.about_span(id, ACTIVITY, "->");
    }

    fn exit(&self, id: &Id) {
        within(|| self.inner.exit(id));
        self.about_span(id, ACTIVITY, "<-");
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.inner.clone_span(id)
    }

    fn try_close(&self, id: Id) -> bool {
        self.about_span(&id, LIFECYCLE, "--");
        within(|| self.inner.try_close(id))
    }

    fn current_span(&self) -> Current {
        self.inner.current_span()
    }
}

/// What has fields.
trait HasFields {
    fn visit(&self, visitor: &mut dyn Visit);
}

impl HasFields for Attributes<'_> {
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

impl HasFields for Record<'_> {
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

impl HasFields for Event<'_> {
    fn visit(&self, visitor: &mut dyn Visit) {
        self.record(visitor);
    }
}

/// Fields as `tracing` writes them to `log`; the flag says that nothing stands before them.
struct Fields<'a, T>(&'a T, bool);

impl<T: HasFields> fmt::Display for Fields<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = FieldWriter {
            f,
            is_first: self.1,
            result: Ok(()),
        };
        self.0.visit(&mut writer);
        writer.result
    }
}

struct FieldWriter<'a, 'b> {
    f: &'a mut fmt::Formatter<'b>,
    is_first: bool,
    result: fmt::Result,
}

impl Visit for FieldWriter<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = if !self.is_first {
            write!(self.f, " {}={value:?}", field.name())
        } else if field.name() == "message" {
            write!(self.f, "{value:?}")
        } else {
            write!(self.f, "{}={value:?}", field.name())
        };
        self.is_first = false;
        self.result = self.result.and(written);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }
}
