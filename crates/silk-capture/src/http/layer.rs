//! The tower layer that an app adds to its router.

use tower_layer::Layer;

use super::SilkService;
use crate::record::Recorder;

/// Records the requests of the services that it wraps.
///
/// Cloning is cheap. Around a service that is inside another of these, it records nothing twice
/// and only tells the outer one the route's template.
#[derive(Debug, Clone)]
pub struct SilkLayer {
    recorder: Recorder,
}

impl SilkLayer {
    /// A layer that records to `recorder`.
    #[must_use]
    pub const fn new(recorder: Recorder) -> Self {
        Self { recorder }
    }
}

impl<S> Layer<S> for SilkLayer {
    type Service = SilkService<S>;

    fn layer(&self, inner: S) -> SilkService<S> {
        SilkService::new(self.recorder.clone(), inner)
    }
}
