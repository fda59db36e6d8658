//! `optimizer`: which one, or which hyperparameters of the model's own.

use aether_core::config::{BelowOne, NonNegative, Positive};
use serde::{Deserialize, Serialize};

use crate::optimizer::{Moments, Optimizer};

/// The optimizers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerKind {
    /// [`Optimizer::Sgd`].
    Sgd,
    /// [`Optimizer::Adam`].
    Adam,
    /// [`Optimizer::AdamW`].
    AdamW,
}

/// What the file says of the optimizer: a bare name, or a mapping. Without a kind the hyperparameters are those of the
/// model's own optimizer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerChoice {
    /// Which one; else the model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<OptimizerKind>,
    /// Of SGD; 0 keeps no velocity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub momentum: Option<BelowOne>,
    /// Nesterov's look-ahead, of SGD with momentum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nesterov: Option<bool>,
    /// Decay rates of the first and second moment, of the Adam family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub betas: Option<[BelowOne; 2]>,
    /// Added to the root of the second moment, of the Adam family.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eps: Option<Positive>,
    /// L2 penalty (SGD, Adam) or decoupled decay (AdamW).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<NonNegative>,
}

/// A hyperparameter that the optimizer does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct NotItsOwn {
    /// The key below `optimizer`.
    pub key: &'static str,
    /// What is wrong with it.
    pub message: String,
}

impl OptimizerChoice {
    /// Whether it is left to the model altogether.
    pub fn is_models_own(&self) -> bool {
        *self == Self::default()
    }

    /// What this means for a model whose own optimizer is `own`: the kind chosen, with PyTorch's defaults, or else
    /// the model's own; either with the hyperparameters given here.
    ///
    /// # Errors
    /// When a hyperparameter is given that the optimizer does not have.
    pub fn resolve(&self, own: Optimizer) -> Result<Optimizer, NotItsOwn> {
        let mut optimizer = match self.kind {
            Some(kind) => default_of(kind),
            None => own,
        };
        match &mut optimizer {
            Optimizer::Sgd { momentum, nesterov, weight_decay } => {
                refuse("`sgd`", &[("betas", self.betas.is_some()), ("eps", self.eps.is_some())])?;
                set(momentum, self.momentum.map(BelowOne::get));
                *nesterov = self.nesterov.unwrap_or(*nesterov);
                set(weight_decay, self.weight_decay.map(NonNegative::get));
                if *nesterov && *momentum == 0.0 {
                    let message =
                        "cannot be true without `momentum`: there is nothing to look ahead with".to_owned();
                    return Err(NotItsOwn { key: "nesterov", message });
                }
            }
            Optimizer::Adam(moments) | Optimizer::AdamW(moments) => {
                let given = [("momentum", self.momentum.is_some()), ("nesterov", self.nesterov.is_some())];
                refuse("the Adam family", &given)?;
                if let Some([first, second]) = self.betas {
                    moments.betas = [first.get(), second.get()];
                }
                set(&mut moments.eps, self.eps.map(Positive::get));
                set(&mut moments.weight_decay, self.weight_decay.map(NonNegative::get));
            }
        }
        Ok(optimizer)
    }
}

fn set(to: &mut f64, from: Option<f64>) {
    if let Some(value) = from {
        *to = value;
    }
}

fn refuse(whose: &str, keys: &[(&'static str, bool)]) -> Result<(), NotItsOwn> {
    match keys.iter().find(|(_, given)| *given) {
        Some((key, _)) => Err(NotItsOwn { key, message: format!("cannot be set: {whose} has none") }),
        None => Ok(()),
    }
}

/// PyTorch's defaults.
pub(super) fn default_of(kind: OptimizerKind) -> Optimizer {
    match kind {
        OptimizerKind::Sgd => Optimizer::Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 },
        OptimizerKind::Adam => Optimizer::Adam(Moments::default()),
        // As PyTorch's AdamW, whose decay is not 0.
        OptimizerKind::AdamW => Optimizer::AdamW(Moments { weight_decay: 0.01, ..Moments::default() }),
    }
}
