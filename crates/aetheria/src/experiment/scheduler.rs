//! `scheduler`: how the learning rate moves.

use std::num::NonZeroU64;

use aether_core::config::{BelowOne, NonNegative, Positive};
use serde::{Deserialize, Serialize};

use super::Every;

/// The shapes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchedulerKind {
    /// The same rate throughout, after a warm-up if there is one.
    #[default]
    Constant,
    /// As `constant`, but the warm-up must be given.
    Warmup,
    /// Half a cosine from the peak down to `min_rate` at the last step.
    Cosine,
    /// Multiplied by `gamma` again and again.
    Step,
    /// Up and down once (Smith & Topin 2018).
    OneCycle,
}

impl SchedulerKind {
    /// As it is written in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Warmup => "warmup",
            Self::Cosine => "cosine",
            Self::Step => "step",
            Self::OneCycle => "one_cycle",
        }
    }
}

/// `scheduler`: a bare name, or a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scheduler {
    /// Which shape.
    pub kind: SchedulerKind,
    /// Optimizer steps in which the rate rises linearly to its peak, before anything else.
    pub warmup_steps: u64,
    /// Of `cosine`: the rate at the last step. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_rate: Option<NonNegative>,
    /// Of `step`: epochs from one fall to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_epochs: Option<NonZeroU64>,
    /// Of `step`: optimizer steps from one fall to the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_steps: Option<NonZeroU64>,
    /// Of `step`: what the rate is multiplied by at each fall. Default 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Positive>,
    /// Of `one_cycle`: the share of all steps in which the rate rises. Default 0.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pct_start: Option<BelowOne>,
    /// Of `one_cycle`: the peak over the first rate. Default 25.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub div_factor: Option<Positive>,
    /// Of `one_cycle`: the first rate over the last. Default 10,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_div_factor: Option<Positive>,
}

/// What follows the warm-up. `learning_rate` is the peak of each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// The peak throughout.
    Constant,
    /// Half a cosine from the peak to `min_rate` at the last step.
    Cosine {
        /// The rate at the last step.
        min_rate: f64,
    },
    /// The peak times `gamma` to the number of intervals that are over.
    Step {
        /// The interval: steps or epochs.
        every: Every,
        /// The factor.
        gamma: f64,
    },
    /// As PyTorch's `OneCycleLR` with cosines: from `peak / div_factor` up to the peak over `pct_start` of all steps,
    /// then down to `peak / div_factor / final_div_factor`.
    OneCycle {
        /// The share of all steps that rises.
        pct_start: f64,
        /// The peak over the first rate.
        div_factor: f64,
        /// The first rate over the last.
        final_div_factor: f64,
    },
}

impl Scheduler {
    /// The shape that follows the warm-up, with its defaults.
    pub fn shape(&self) -> Shape {
        match self.kind {
            SchedulerKind::Constant | SchedulerKind::Warmup => Shape::Constant,
            SchedulerKind::Cosine => Shape::Cosine { min_rate: self.min_rate.map_or(0.0, NonNegative::get) },
            SchedulerKind::Step => Shape::Step {
                every: match (self.every_steps, self.every_epochs) {
                    (Some(steps), _) => Every::Steps(steps),
                    (None, Some(epochs)) => Every::Epochs(epochs),
                    (None, None) => Every::Epochs(NonZeroU64::MIN),
                },
                gamma: self.gamma.map_or(0.1, Positive::get),
            },
            SchedulerKind::OneCycle => Shape::OneCycle {
                pct_start: self.pct_start.map_or(0.3, BelowOne::get),
                div_factor: self.div_factor.map_or(25.0, Positive::get),
                final_div_factor: self.final_div_factor.map_or(1e4, Positive::get),
            },
        }
    }
}
