//! How much of a fast run is looked at.
//!
//! A training may say a hundred thousand values a second. Of each metric one value a millisecond is taken, and each that
//! is not finite; the rest costs a look at a number.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use aether_core::{Metric, signal::Nanos};

/// The least time between two values of a metric that are taken.
const BETWEEN: Nanos = 1_000_000;
/// Of so many metrics, those that the process named first, it is known when a value was taken; of others all are taken.
const METRICS: usize = 4096;

#[derive(Debug)]
pub(crate) struct Thin {
    /// When a value was taken last, by the metric's index.
    taken: Box<[AtomicI64]>,
}

impl Default for Thin {
    fn default() -> Self {
        Self { taken: (0..METRICS).map(|_| AtomicI64::new(i64::MIN)).collect() }
    }
}

impl Thin {
    /// Whether this value is taken.
    #[inline]
    pub(crate) fn takes(&self, metric: Metric, time: Nanos, value: f64) -> bool {
        let Some(taken) = self.taken.get(metric.index()) else { return true };
        // A clock that jumps back must not deafen for as long as it jumped.
        let soon = (0..BETWEEN).contains(&time.saturating_sub(taken.load(Relaxed)));
        if soon && value.is_finite() {
            return false;
        }
        taken.store(time, Relaxed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_a_millisecond_and_all_that_is_not_finite() {
        let (thin, metric) = (Thin::default(), Metric::named("thin/test"));
        let takes = |time, value| thin.takes(metric, time, value);
        let other = Metric::named("thin/other");
        assert!(takes(0, 1.0) && !takes(999_999, 1.0) && takes(1_000_000, 1.0));
        assert!(thin.takes(other, 1_000_001, 1.0), "each metric by itself");
        assert!(takes(1_000_001, f64::NAN) && takes(1_000_002, f64::INFINITY));
        assert!(!takes(1_500_000, 1.0) && takes(2_000_002, 1.0));
        assert!(takes(-5_000_000_000, 1.0), "the clock was put back");
        assert!(!takes(-4_999_999_999, 1.0));
    }
}
