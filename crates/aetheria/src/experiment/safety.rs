//! `nan_policy` and `on_log_failure`: what happens when something goes wrong.

use std::num::NonZeroU32;

use aether_core::config::BelowOne;
use serde::{Deserialize, Serialize};

/// What a NaN or an infinity in loss, gradients or parameters leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NanPolicyKind {
    /// The run fails and names its last good snapshot.
    #[default]
    Halt,
    /// The step is dropped; parameters and optimizer stay as they were.
    Skip,
    /// Back to the last good snapshot, with a lower learning rate.
    Rollback,
}

/// `nan_policy`: a bare name, or a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NanPolicy {
    /// What to do.
    pub kind: NanPolicyKind,
    /// Of `rollback`: what the learning rate is multiplied by each time. Default 0.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_factor: Option<BelowOne>,
    /// Of `rollback`: how often, before the run fails. Default 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_times: Option<NonZeroU32>,
}

impl NanPolicy {
    /// What a rollback multiplies the learning rate by.
    pub fn rate_factor(&self) -> f64 {
        self.rate_factor.map_or(0.5, BelowOne::get)
    }

    /// How often a run rolls back before it fails.
    pub fn max_times(&self) -> u32 {
        self.max_times.map_or(3, NonZeroU32::get)
    }
}

/// What a logger that cannot write leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLogFailure {
    /// The run says so and goes on.
    #[default]
    Continue,
    /// The run ends with a snapshot.
    Halt,
}
