//! Learning-rate schedules: what the peak rate is multiplied by at each optimizer step.
//!
//! A schedule is a closed form of the step alone. It has no state to save, and a resume cannot get it wrong. The
//! forms and their corner cases are those of `torch.optim.lr_scheduler`; `tests/golden/schedules.py` compares.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// A schedule: a warm-up, then a shape that counts its steps from the warm-up's end (as PyTorch's `SequentialLR`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Schedule {
    /// The rising start, if any.
    pub warmup: Option<Warmup>,
    /// What follows.
    pub shape: Shape,
}

/// A linear rise from `start` to 1, as PyTorch's `LinearLR`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Warmup {
    /// Steps until the peak rate.
    pub steps: u64,
    /// The ratio of the first step.
    pub start: f64,
}

/// The shape of a schedule after its warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Shape {
    /// The peak rate for ever.
    Constant,
    /// Half a cosine from 1 down to `min_ratio` over `steps`, then constant (`CosineAnnealingLR`, which would rise
    /// again after its end).
    Cosine {
        /// Steps until the minimum.
        steps: u64,
        /// The ratio at the end.
        min_ratio: f64,
    },
    /// Multiplied by `gamma` after each `every` steps (`StepLR`).
    Step {
        /// Steps between two falls.
        every: u64,
        /// What each fall multiplies by.
        gamma: f64,
    },
    /// Smith & Topin 2017 with cosine annealing (`OneCycleLR`): up from `1 / div_factor` to 1 in the fraction
    /// `rise` of all `steps`, then down to `1 / (div_factor * final_div_factor)`.
    OneCycle {
        /// Steps of the whole cycle.
        steps: u64,
        /// The part of the cycle that rises, in (0, 1); PyTorch's `pct_start`.
        rise: f64,
        /// The peak over the first rate.
        div_factor: f64,
        /// The first rate over the last.
        final_div_factor: f64,
    },
}

impl Schedule {
    /// The peak rate at every step.
    pub const CONSTANT: Self = Self { warmup: None, shape: Shape::Constant };

    /// What the peak rate is multiplied by at optimizer step `step`, counted from 1.
    pub fn factor(&self, step: u64) -> f64 {
        let done = step.saturating_sub(1);
        let warmup = self.warmup.map_or(0, |w| w.steps);
        match self.warmup {
            Some(w) if done < w.steps => w.start + (1.0 - w.start) * done as f64 / w.steps as f64,
            _ => self.shape.factor(done - warmup),
        }
    }
}

impl Shape {
    /// The factor after `done` steps.
    fn factor(&self, done: u64) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::Cosine { steps, min_ratio } => {
                let part = if done < steps { done as f64 / steps as f64 } else { 1.0 };
                anneal(1.0, min_ratio, part)
            }
            Self::Step { every, gamma } => gamma.powf((done / every.max(1)) as f64),
            Self::OneCycle { steps, rise, div_factor, final_div_factor } => {
                let (first, last) = (1.0 / div_factor, 1.0 / (div_factor * final_div_factor));
                // PyTorch places the peak between two steps when `rise * steps` is no integer.
                let (done, end) = (done as f64, steps as f64 - 1.0);
                let peak = rise * steps as f64 - 1.0;
                if done >= end {
                    last
                } else if done <= peak {
                    anneal(first, 1.0, done / peak)
                } else {
                    anneal(1.0, last, (done - peak) / (end - peak))
                }
            }
        }
    }
}

/// Half a cosine from `from` to `to`; `part` runs from 0 to 1. `0/0`, a rise of no length, is its end.
fn anneal(from: f64, to: f64, part: f64) -> f64 {
    let part = if part.is_nan() { 1.0 } else { part };
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_reached_and_kept() {
        let cosine = Schedule { warmup: None, shape: Shape::Cosine { steps: 10, min_ratio: 0.1 } };
        assert_eq!(cosine.factor(1), 1.0);
        assert_eq!((cosine.factor(11), cosine.factor(500)), (0.1, 0.1));
        let warm = Schedule { warmup: Some(Warmup { steps: 4, start: 0.25 }), shape: Shape::Constant };
        assert_eq!((warm.factor(1), warm.factor(3), warm.factor(5)), (0.25, 0.625, 1.0));
    }

    #[test]
    fn no_length_is_no_trouble() {
        for shape in [
            Shape::Cosine { steps: 0, min_ratio: 0.5 },
            Shape::Step { every: 0, gamma: 0.5 },
            Shape::OneCycle { steps: 1, rise: 0.3, div_factor: 25.0, final_div_factor: 1e4 },
            Shape::OneCycle { steps: 2, rise: 0.5, div_factor: 25.0, final_div_factor: 1e4 },
        ] {
            for step in 0..5 {
                assert!(Schedule { warmup: None, shape }.factor(step).is_finite(), "{shape:?} {step}");
            }
        }
    }
}
