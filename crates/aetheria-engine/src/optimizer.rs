//! Which optimizer, with which hyperparameters. The arithmetic lives with the hardware.

use serde::{Deserialize, Serialize};

/// An optimizer and its hyperparameters (f64, as in PyTorch: `1 - 0.999f32` is off by 5e-5), all but the learning
/// rate, which a schedule moves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Optimizer {
    /// Stochastic gradient descent as in PyTorch: `v = momentum v + g; p -= rate v` (with Nesterov
    /// `p -= rate (g + momentum v)`), weight decay added to `g`.
    Sgd {
        /// 0 keeps no velocity.
        #[serde(default)]
        momentum: f64,
        /// Nesterov's look-ahead.
        #[serde(default)]
        nesterov: bool,
        /// L2 penalty.
        #[serde(default)]
        weight_decay: f64,
    },
    /// Kingma & Ba 2015, weight decay added to the gradient.
    Adam(Moments),
    /// Loshchilov & Hutter 2019: decoupled weight decay, `p -= rate * weight_decay * p`.
    AdamW(Moments),
}

/// Hyperparameters of the Adam family.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moments {
    /// Decay rates of the first and second moment.
    pub betas: [f64; 2],
    /// Added to the root of the second moment.
    pub eps: f64,
    /// See [`Optimizer::Adam`] and [`Optimizer::AdamW`] for what it means there.
    pub weight_decay: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.0 }
    }
}
