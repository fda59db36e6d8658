//! Asking a model for its graph.

use super::Model;
use crate::{
    batch::DataSpec,
    graph::{Graph, GraphError, Var},
    plan::Wanted,
};

/// A model's graph for one batch size.
#[derive(Debug)]
pub struct Described {
    /// The graph.
    pub graph: Graph,
    /// The outputs, `[batch, outputs]`.
    pub output: Var,
    /// The samples' losses, `[batch]`.
    pub losses: Var,
}

/// Asks `model` for its graph over batches of `batch` samples of `data`.
///
/// # Errors
/// When the model asks for something that makes no sense, or gives another number of outputs than the data needs.
pub fn describe(
    model: &dyn Model,
    data: &DataSpec,
    batch: usize,
    training: bool,
) -> Result<Described, GraphError> {
    let mut graph = Graph::new(batch, training);
    let input = graph.input(&data.input);
    let output = model.forward(&mut graph, input, data);
    graph.check()?;
    let len = graph.node(output).len();
    if len != batch * data.outputs() {
        return Err(GraphError::Outputs { given: len / batch.max(1), wanted: data.outputs() });
    }
    let output = graph.reshape(output, &[batch, data.outputs()]);
    let target = graph.target(&data.target);
    let losses = model.losses(&mut graph, output, target, data);
    if graph.shape(losses) != [batch] {
        let shape = graph.shape(losses).to_vec();
        return Err(GraphError::Losses { shape, batch });
    }
    graph.check()?;
    Ok(Described { graph, output, losses })
}

impl Described {
    /// What a training pass leaves: gradients, and the losses.
    pub fn training(&mut self) -> Wanted {
        let gradients = self.graph.differentiate(self.losses);
        Wanted { gradients: Some(gradients), values: vec![self.losses] }
    }

    /// What an evaluation leaves: the losses, and the outputs.
    pub fn evaluation(&self) -> Wanted {
        Wanted { gradients: None, values: vec![self.losses, self.output] }
    }

    /// What a prediction leaves: the outputs.
    pub fn prediction(&self) -> Wanted {
        Wanted { gradients: None, values: vec![self.output] }
    }
}
