//! The multilayer perceptron.

use serde::{Deserialize, Serialize};

use super::{Model, check_width};
use crate::{
    data::DataSpec,
    graph::{Activation, Graph, Var},
};

/// Linear layers with an activation between them: `fc1` to `fcN`, the last one without.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleMlp {
    /// Numbers in a sample; else those of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_dim: Option<usize>,
    /// Width of each hidden layer.
    pub hidden_dim: usize,
    /// Hidden layers.
    pub hidden_layers: usize,
    /// Numbers given for a sample; else those the data needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dim: Option<usize>,
    /// After each hidden layer.
    pub activation: Activation,
    /// Share of hidden activations set to 0 in training.
    pub dropout: f32,
}

impl Default for SimpleMlp {
    fn default() -> Self {
        Self {
            input_dim: None,
            hidden_dim: 128,
            hidden_layers: 1,
            output_dim: None,
            activation: Activation::Relu,
            dropout: 0.0,
        }
    }
}

impl Model for SimpleMlp {
    fn forward(&self, g: &mut Graph, input: Var, data: &DataSpec) -> Var {
        let mut x = g.flatten(input);
        if let Some(wrong) = check_width(g, "input_dim", self.input_dim, data.input.len()) {
            return wrong;
        }
        for layer in 1..=self.hidden_layers {
            x = g.linear(&format!("fc{layer}"), x, self.hidden_dim);
            x = g.activate(self.activation, x);
            x = g.dropout(x, self.dropout);
        }
        let outputs = self.output_dim.unwrap_or(data.outputs());
        g.linear(&format!("fc{}", self.hidden_layers + 1), x, outputs)
    }
}
