//! What metrics of accelerators are called, whoever made them.

use aether_core::Metric;

/// `system/gpu/N/WHAT`.
pub(crate) fn metric(gpu: usize, what: &str) -> Metric {
    Metric::named(&format!("system/gpu/{gpu}/{what}"))
}
