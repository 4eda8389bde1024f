//! The arms of the bench: the same app with more or less of Silk switched on, found by name.

/// How weave is started for an arm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arm {
    /// How tables call it.
    pub(super) name: &'static str,
    /// Its `--capture`: what records.
    pub(super) capture: &'static str,
    /// Its `--subscriber`: whether the app has called `init_tracing`.
    pub(super) subscriber: &'static str,
    /// Its `--plans`: which plans are collected.
    pub(super) plans: &'static str,
}

/// Records nothing; what the others are compared to.
pub(super) const OFF: Arm = Arm {
    name: "off",
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

    use super::{RECORDING, UNDER_LOAD};

    #[test]
    fn an_arm_has_a_name_of_its_own() {
        for arms in [&RECORDING[..], &UNDER_LOAD] {
            let names: BTreeSet<&str> = arms.iter().map(|arm| arm.name).collect();
            assert_eq!(names.len(), arms.len());
        }
    }
}
