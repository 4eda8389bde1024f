//! What the dashboard knows of the profiler.

use silk_capture::Recorder;
use silk_core::{Vitals, vitals::VitalsSnapshot};

/// The recorder's counters without the request that asks for them.
#[derive(Debug)]
pub(crate) struct DashboardVitals(pub(crate) Recorder);

impl Vitals for DashboardVitals {
    fn snapshot(&self) -> VitalsSnapshot {
        self.0.forget_current();
        self.0.snapshot()
    }

    fn set_recording(&self, is_recording: bool) {
        self.0.set_recording(is_recording);
    }
}
