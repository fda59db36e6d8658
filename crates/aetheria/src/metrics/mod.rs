//! Metrics: what a model's outputs on the validation split are worth.

mod classification;
mod loss;
mod names;
mod rank;
mod regression;

use crate::data::{Column, DataSpec};

pub use names::{MetricError, defaults, goal, measure, names};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// Accuracy and its kind.
    Higher,
    /// Errors and losses.
    Lower,
}

/// One evaluated batch.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// How many samples.
    pub size: usize,
    /// The sum of their losses.
    pub loss_sum: f64,
    /// The model's outputs, `[size, outputs]`: logits of the classes, or predicted values.
    pub outputs: &'a [f32],
    /// `[size, target...]`.
    pub target: &'a Column,
}

/// Takes batches one by one and then says one number. A NaN among the outputs makes the number NaN, never a panic.
/// Sums are of 64 bits and in the order of the samples, so however these are batched, the number is the same to the
/// bit (but for `loss`, which comes as one sum a batch).
pub trait Measure: Send {
    /// Takes a batch in.
    fn update(&mut self, batch: &Scored<'_>);

    /// The metric of all batches since the last [`reset`](Self::reset); NaN if it is not defined for them.
    fn value(&self) -> f64;

    /// Forgets all batches.
    fn reset(&mut self);
}

/// Some metrics, fed together.
pub struct Metrics {
    measures: Vec<(String, Box<dyn Measure>)>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.measures.iter().map(|(name, _)| name)).finish()
    }
}

impl Metrics {
    /// The metrics of these names, for data of this kind.
    ///
    /// # Errors
    /// When a name is unknown or belongs to another task.
    pub fn new<N: AsRef<str>>(names: &[N], spec: &DataSpec) -> Result<Self, MetricError> {
        let measures = names.iter().map(|name| {
            let name = name.as_ref();
            Ok((name.to_owned(), measure(name, spec)?))
        });
        Ok(Self { measures: measures.collect::<Result<_, _>>()? })
    }

    /// Takes a batch in.
    pub fn update(&mut self, batch: &Scored<'_>) {
        for (_, measure) in &mut self.measures {
            measure.update(batch);
        }
    }

    /// Each metric's name and value since the last [`reset`](Self::reset).
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.measures.iter().map(|(name, measure)| (name.as_str(), measure.value()))
    }

    /// Forgets all batches.
    pub fn reset(&mut self) {
        for (_, measure) in &mut self.measures {
            measure.reset();
        }
    }
}
