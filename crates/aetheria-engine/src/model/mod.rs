//! What a model is: it alone decides its layers, its losses, its optimizer and their defaults.

mod describe;

pub use describe::{Described, describe};

use crate::{
    batch::DataSpec,
    graph::{Graph, Var},
    optimizer::{Moments, Optimizer},
};

/// Describes a computation from inputs to outputs, and how wrong outputs are.
///
/// A model holds hyperparameters and no weights: it is asked for its graph once for each batch size, for training and
/// for evaluation, and must ask for the same parameters in the same order each time.
pub trait Model: Send + Sync {
    /// The outputs for `input` (`[batch, input...]`): as many numbers a sample as [`DataSpec::outputs`] says, in any
    /// shape. For classes they are logits.
    fn forward(&self, graph: &mut Graph, input: Var, data: &DataSpec) -> Var;

    /// The loss of each sample, `[batch]`. By default cross entropy for classes (the mean over a sample's targets),
    /// else the mean of squared errors.
    fn losses(&self, graph: &mut Graph, output: Var, target: Var, data: &DataSpec) -> Var {
        match &data.classes {
            Some(classes) => graph.class_losses(output, target, classes.len()),
            None => graph.squared_errors(output, target),
        }
    }

    /// The optimizer it is trained with when the experiment names none.
    fn optimizer(&self) -> Optimizer {
        Optimizer::Adam(Moments::default())
    }

    /// The learning rate it is trained with when the experiment names none.
    fn learning_rate(&self) -> f64 {
        1e-3
    }
}
