//! Metrics of predicted values.

use super::{Measure, Scored};
use crate::data::Column;

/// Each predicted value and the true one.
fn pairs<'a>(batch: &Scored<'a>) -> impl Iterator<Item = (f64, f64)> + 'a {
    let target: &[f32] = match batch.target {
        Column::F32(target) => target,
        Column::U32(_) => &[],
    };
    batch.outputs.iter().zip(target).map(|(&guess, &truth)| (f64::from(guess), f64::from(truth)))
}

/// Mean absolute error.
#[derive(Debug, Default)]
pub(super) struct Mae {
    sum: f64,
    count: u64,
}

impl Measure for Mae {
    fn update(&mut self, batch: &Scored<'_>) {
        for (guess, truth) in pairs(batch) {
            self.sum += (guess - truth).abs();
            self.count += 1;
        }
    }

    fn value(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Root of the mean squared error.
#[derive(Debug, Default)]
pub(super) struct Rmse {
    sum: f64,
    count: u64,
}

impl Measure for Rmse {
    fn update(&mut self, batch: &Scored<'_>) {
        for (guess, truth) in pairs(batch) {
            self.sum += (guess - truth).powi(2);
            self.count += 1;
        }
    }

    fn value(&self) -> f64 {
        (self.sum / self.count as f64).sqrt()
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Coefficient of determination, `1 - residual / total` sum of squares; of several values in a target, their mean.
/// A constant target gives 1 if predicted exactly and 0 if not, and fewer than two samples NaN (all as scikit-learn).
#[derive(Debug)]
pub(super) struct R2 {
    values: Vec<Value>,
}

/// One value of the target. Its variance is gathered in one pass (Welford 1962).
#[derive(Debug, Clone, Copy, Default)]
struct Value {
    count: u64,
    mean: f64,
    total: f64,
    residual: f64,
}

impl R2 {
    pub(super) fn new(values: usize) -> Self {
        Self { values: vec![Value::default(); values] }
    }
}

impl Value {
    fn r2(&self) -> f64 {
        if self.count < 2 || self.residual.is_nan() {
            f64::NAN
        } else if self.total == 0.0 {
            f64::from(u8::from(self.residual == 0.0))
        } else {
            1.0 - self.residual / self.total
        }
    }
}

impl Measure for R2 {
    fn update(&mut self, batch: &Scored<'_>) {
        let width = self.values.len();
        for (place, (guess, truth)) in pairs(batch).enumerate() {
            let value = &mut self.values[place % width];
            value.count += 1;
            let delta = truth - value.mean;
            value.mean += delta / value.count as f64;
            value.total += delta * (truth - value.mean);
            value.residual += (truth - guess).powi(2);
        }
    }

    fn value(&self) -> f64 {
        self.values.iter().map(Value::r2).sum::<f64>() / self.values.len() as f64
    }

    fn reset(&mut self) {
        self.values.fill(Value::default());
    }
}
