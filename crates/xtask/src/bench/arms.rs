//! The arms of the bench: the same app with more or less of Silk switched on, found by name.

/// Which program an arm starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// weave as it is now.
    Now,
    /// weave of another commit, given by `--before`.
    Before,
    /// The small app that others record too.
    Peers,
}

/// How an app is started for an arm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arm {
    /// How tables call it.
    pub(super) name: &'static str,
    pub(super) of: Of,
    /// Its `--capture`, or the arm of the small app: what records.
    pub(super) capture: &'static str,
    /// Its `--subscriber`: whether the app has called `init_tracing`.
    pub(super) subscriber: &'static str,
    /// Its `--plans`: which plans are collected.
    pub(super) plans: &'static str,
}

/// Records nothing; what the others are compared to.
pub(super) const OFF: Arm = Arm {
    name: "off",
    of: Of::Now,
    capture: "off",
    subscriber: "off",
    plans: "off",
};
/// Equals [`OFF`]: how far the two differ is noise.
const OFF_AGAIN: Arm = Arm {
    name: "off again",
    ..OFF
};
/// The tracing layer alone.
pub(super) const LAYER: Arm = Arm {
    name: "layer",
    of: Of::Now,
    capture: "layer",
    subscriber: "on",
    plans: "off",
};
/// Both tiers, as in an app that calls `init_tracing`.
pub(super) const POOL: Arm = Arm {
    name: "pool",
    capture: "pool",
    ..LAYER
};
/// The instrumented pool without a subscriber.
const POOL_ALONE: Arm = Arm {
    name: "pool alone",
    subscriber: "off",
    ..POOL
};
/// Both tiers, and the plans of real runs.
const PLANS: Arm = Arm {
    name: "plans",
    plans: "real",
    ..POOL
};

/// What runs side by side to measure recording, [`OFF`] first.
pub(super) const RECORDING: [Arm; 6] = [OFF, OFF_AGAIN, LAYER, POOL, POOL_ALONE, PLANS];

/// The same as before, side by side: what a change costs or saves.
pub(super) const BEFORE_AND_NOW: [Arm; 8] = [
    OFF,
    OFF_AGAIN,
    LAYER,
    before("layer before", LAYER),
    POOL,
    before("pool before", POOL),
    POOL_ALONE,
    before("pool alone before", POOL_ALONE),
];

const fn before(name: &'static str, arm: Arm) -> Arm {
    Arm {
        name,
        of: Of::Before,
        ..arm
    }
}

/// What spans of OpenTelemetry cost, which ours is held against.
pub(super) const OTEL: Arm = peer("OpenTelemetry", "otel");

/// The small app, recorded by others and by us.
pub(super) const PEERS: [Arm; 8] = [
    peer(OFF.name, "off"),
    peer(OFF_AGAIN.name, "off"),
    peer("lines of log", "logs"),
    peer("hotpath", "hotpath"),
    OTEL,
    peer("ours, tracing layer", "layer"),
    peer("ours, pool alone", "pool"),
    peer("ours, both", "both"),
];

const fn peer(name: &'static str, capture: &'static str) -> Arm {
    Arm {
        name,
        of: Of::Peers,
        capture,
        ..OFF
    }
}

impl Arm {
    /// Whether it is ours that records, and tells what was lost.
    pub(super) fn is_ours(self) -> bool {
        matches!(self.capture, "layer" | "pool" | "both")
    }
}

/// Both tiers without plans: what the arms under load are compared to.
pub(super) const NO_PLANS: Arm = Arm {
    name: "no plans",
    ..POOL
};
/// Equals [`NO_PLANS`].
const NO_PLANS_AGAIN: Arm = Arm {
    name: "no plans again",
    ..POOL
};
/// Plans that Silk asks for in the background.
pub(super) const AUTOMATIC: Arm = Arm {
    name: "automatic",
    plans: "automatic",
    ..POOL
};
/// Plans of every real run.
pub(super) const OF_EVERY_RUN: Arm = Arm {
    name: "of every run",
    plans: "real",
    ..POOL
};

/// What runs side by side to measure plans under load, [`NO_PLANS`] first.
pub(super) const UNDER_LOAD: [Arm; 4] = [NO_PLANS, NO_PLANS_AGAIN, AUTOMATIC, OF_EVERY_RUN];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{BEFORE_AND_NOW, PEERS, RECORDING, UNDER_LOAD};

    #[test]
    fn an_arm_has_a_name_of_its_own() {
        for arms in [&RECORDING[..], &UNDER_LOAD, &BEFORE_AND_NOW, &PEERS] {
            let names: BTreeSet<&str> = arms.iter().map(|arm| arm.name).collect();
            assert_eq!(names.len(), arms.len());
        }
    }
}
