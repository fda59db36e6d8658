//! Which validation is the best one, and when to stop because none gets better.

use serde::{Deserialize, Serialize};

use super::progress::number;
use crate::metrics::Goal;

/// Whether `value` is better than `than` by more than `by`. NaN is never better.
fn better(goal: Goal, value: f64, than: f64, by: f64) -> bool {
    match goal {
        Goal::Lower => value < than - by,
        Goal::Higher => value > than + by,
    }
}

/// The metric that decides which validation is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitor {
    /// Its name, such as `val/loss`.
    pub metric: String,
    /// Which way is better.
    pub goal: Goal,
}

impl Monitor {
    /// Takes in a validation; whether it is the best so far.
    pub fn observe(&self, best: &mut Option<Best>, step: u64, value: f64) -> bool {
        let is_best = match best {
            Some(best) => better(self.goal, value, best.value, 0.0),
            None => !value.is_nan(),
        };
        if is_best {
            *best = Some(Best { step, value });
        }
        is_best
    }
}

/// The best validation so far.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The step at which it was.
    pub step: u64,
    /// What the monitored metric was. Never NaN.
    #[serde(with = "number")]
    pub value: f64,
}

/// When to stop because validations no longer get better.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyStopping {
    /// What decides.
    pub monitor: Monitor,
    /// How many validations in a row may fail to be better than the best.
    pub patience: u64,
    /// By how much a validation must be better to count.
    pub min_delta: f64,
}

/// What early stopping remembers between validations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// The value to beat.
    pub best: Option<f64>,
    /// Validations since then.
    pub stale: u64,
}

impl EarlyStopping {
    /// Takes in one validation. A NaN is not better than anything.
    pub fn observe(&self, patience: &mut Patience, value: f64) {
        let better = match patience.best {
            Some(best) => better(self.monitor.goal, value, best, self.min_delta),
            None => !value.is_nan(),
        };
        if better {
            *patience = Patience { best: Some(value), stale: 0 };
        } else {
            patience.stale += 1;
        }
    }

    /// Whether enough is enough.
    pub fn exhausted(&self, patience: &Patience) -> bool {
        patience.stale >= self.patience.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stopping(goal: Goal) -> EarlyStopping {
        EarlyStopping { monitor: Monitor { metric: "val/loss".into(), goal }, patience: 2, min_delta: 0.1 }
    }

    fn stops_after(goal: Goal, values: &[f64]) -> Option<usize> {
        let (stopping, mut patience) = (stopping(goal), Patience::default());
        values.iter().position(|&value| {
            stopping.observe(&mut patience, value);
            stopping.exhausted(&patience)
        })
    }

    #[test]
    fn patience_is_counted_from_the_last_real_improvement() {
        // 0.95 is better than 1.0, but not by 0.1; 0.85 is.
        assert_eq!(stops_after(Goal::Lower, &[1.0, 0.95, 0.85, 0.84, 0.83, 0.0]), Some(4));
        assert_eq!(stops_after(Goal::Higher, &[0.5, 0.7, 0.75, 0.9, 0.95, 0.99]), Some(5));
        assert_eq!(stops_after(Goal::Lower, &[5.0, 4.0, 3.0, 2.0, 1.0]), None);
    }

    #[test]
    fn nan_is_never_better() {
        assert_eq!(stops_after(Goal::Lower, &[f64::NAN, f64::NAN]), Some(1));
        assert_eq!(stops_after(Goal::Higher, &[1.0, f64::NAN, f64::NAN]), Some(2));
        assert_eq!(stops_after(Goal::Higher, &[f64::NAN, 0.1, 0.3]), None);
    }
}
