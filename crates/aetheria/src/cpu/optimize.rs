//! The optimizers' arithmetic over a flat piece of the arenas, by PyTorch's formulas (`torch/optim/{sgd,adam,adamw}.py`,
//! the single-tensor forms).

use super::isa::Isa;
use crate::optimizer::{Moments, Optimizer};
use crate::strategy::Update;

/// One optimizer step: the hyperparameters reduced to the numbers that each element needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// See [`Optimizer::Sgd`].
    Sgd {
        /// What gradients are multiplied by first.
        scale: f32,
        /// The learning rate.
        rate: f32,
        /// The velocity's decay; 0 keeps no velocity.
        momentum: f32,
        /// Whether the step looks ahead.
        nesterov: bool,
        /// L2 penalty.
        decay: f32,
    },
    /// See [`Optimizer::Adam`] and [`Optimizer::AdamW`].
    Adam {
        /// What gradients are multiplied by first.
        scale: f32,
        /// `1 - beta1`.
        fresh1: f32,
        /// `beta2`.
        beta2: f32,
        /// `1 - beta2`.
        fresh2: f32,
        /// `rate / (1 - beta1^step)`.
        rate: f32,
        /// `sqrt(1 - beta2^step)`.
        correction: f32,
        /// Added to the denominator.
        eps: f32,
        /// L2 penalty, added to the gradient (Adam).
        decay: f32,
        /// What parameters are multiplied by first: `1 - rate * weight_decay` (AdamW).
        shrink: f32,
    },
}

/// The same elements of the parameters, their gradients and the optimizer's state.
#[derive(Debug)]
pub struct Piece<'a> {
    /// Parameters.
    pub p: &'a mut [f32],
    /// Gradients.
    pub g: &'a [f32],
    /// State: velocity, or first and second moment; as many as [`slots`], the others empty.
    pub slots: [&'a mut [f32]; 2],
}

/// How many state arenas an optimizer needs: their names.
pub fn slots(optimizer: &Optimizer) -> &'static [&'static str] {
    match optimizer {
        Optimizer::Sgd { momentum: 0.0, .. } => &[],
        Optimizer::Sgd { .. } => &["v"],
        Optimizer::Adam(_) | Optimizer::AdamW(_) => &["m", "v"],
    }
}

impl Rule {
    /// The numbers of this update.
    pub fn new(optimizer: &Optimizer, update: &Update) -> Self {
        let adam = |moments: &Moments, decay: f64, shrink: f64| {
            let [beta1, beta2] = moments.betas;
            let step = update.step as f64;
            Rule::Adam {
                scale: update.scale,
                fresh1: (1.0 - beta1) as f32,
                beta2: beta2 as f32,
                fresh2: (1.0 - beta2) as f32,
                rate: (update.rate / (1.0 - beta1.powf(step))) as f32,
                correction: (1.0 - beta2.powf(step)).sqrt() as f32,
                eps: moments.eps as f32,
                decay: decay as f32,
                shrink: shrink as f32,
            }
        };
        match optimizer {
            &Optimizer::Sgd { momentum, nesterov, weight_decay } => Rule::Sgd {
                scale: update.scale,
                rate: update.rate as f32,
                momentum: momentum as f32,
                nesterov,
                decay: weight_decay as f32,
            },
            Optimizer::Adam(moments) => adam(moments, moments.weight_decay, 1.0),
            Optimizer::AdamW(moments) => adam(moments, 0.0, 1.0 - update.rate * moments.weight_decay),
        }
    }

    /// Makes the step. Returns the largest new `|p|`, or NaN if there is one: while that is far from the largest f32,
    /// no dry run is needed.
    pub fn apply(&self, _isa: Isa, piece: Piece<'_>) -> f32 {
        let [m, v] = piece.slots;
        let mut largest = 0.0f32;
        for i in 0..piece.p.len() {
            let mut state = [m.get(i).copied().unwrap_or(0.0), v.get(i).copied().unwrap_or(0.0)];
            piece.p[i] = self.element(piece.p[i], piece.g[i], &mut state);
            if let Some(m) = m.get_mut(i) {
                *m = state[0];
            }
            if let Some(v) = v.get_mut(i) {
                *v = state[1];
            }
            let size = piece.p[i].abs();
            largest = if size > largest || size.is_nan() { size } else { largest };
        }
        largest
    }

    /// Writes nothing; returns the first parameter that [`Rule::apply`] would make NaN or infinite, and its value.
    pub fn dry(&self, _isa: Isa, p: &[f32], g: &[f32], slots: [&[f32]; 2]) -> Option<(usize, f32)> {
        (0..p.len()).find_map(|i| {
            let mut state = slots.map(|slot| slot.get(i).copied().unwrap_or(0.0));
            let new = self.element(p[i], g[i], &mut state);
            (!new.is_finite()).then_some((i, new))
        })
    }

    fn element(&self, p: f32, g: f32, state: &mut [f32; 2]) -> f32 {
        match *self {
            Rule::Sgd { scale, rate, momentum, nesterov, decay } => {
                let g = decay.mul_add(p, g * scale);
                state[0] = momentum.mul_add(state[0], g);
                let step = if nesterov { momentum.mul_add(state[0], g) } else { state[0] };
                (-rate).mul_add(step, p)
            }
            Rule::Adam { scale, fresh1, beta2, fresh2, rate, correction, eps, decay, shrink } => {
                let p = p * shrink;
                let g = decay.mul_add(p, g * scale);
                state[0] = fresh1.mul_add(g - state[0], state[0]);
                state[1] = (fresh2 * g).mul_add(g, beta2 * state[1]);
                p - rate * (state[0] / (state[1].sqrt() / correction + eps))
            }
        }
    }
}

/// Whether no finite state of ordinary size can make the optimizer divide by (nearly) 0.
pub fn is_tame(optimizer: &Optimizer) -> bool {
    match optimizer {
        Optimizer::Sgd { momentum, .. } => momentum.abs() < 1.0,
        Optimizer::Adam(moments) | Optimizer::AdamW(moments) => moments.eps >= 1e-12,
    }
}
