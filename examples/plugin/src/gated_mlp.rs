//! A model: one hidden layer whose units a second layer opens and shuts (Dauphin et al. 2017, "Language modeling with
//! gated convolutional networks", equation 1, without the convolution).

use aetheria::{
    data::DataSpec,
    graph::{Activation, Graph, Var},
    model::Model,
    optimizer::{Moments, Optimizer},
};
use serde::Deserialize;

/// `out(tanh(value(x)) * sigmoid(gate(x)))`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatedMlp {
    /// Hidden units.
    width: usize,
}

impl Model for GatedMlp {
    fn forward(&self, g: &mut Graph, input: Var, data: &DataSpec) -> Var {
        let x = g.flatten(input);
        let value = g.linear("value", x, self.width);
        let value = g.activate(Activation::Tanh, value);
        let gate = g.linear("gate", x, self.width);
        let gate = g.activate(Activation::Sigmoid, gate);
        let hidden = g.product(value, gate);
        g.linear("out", hidden, data.outputs())
    }

    /// A model knows best what trains it; an experiment may say otherwise.
    fn optimizer(&self) -> Optimizer {
        Optimizer::AdamW(Moments { weight_decay: 1e-4, ..Moments::default() })
    }

    fn learning_rate(&self) -> f64 {
        0.02
    }
}
