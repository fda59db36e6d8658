//! The mean loss.

use super::{Measure, Scored};

#[derive(Debug, Default)]
pub(super) struct Loss {
    sum: f64,
    count: u64,
}

impl Measure for Loss {
    fn update(&mut self, batch: &Scored<'_>) {
        self.sum += batch.loss_sum;
        self.count += batch.size as u64;
    }

    fn value(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}
