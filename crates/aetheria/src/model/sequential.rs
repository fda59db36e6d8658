//! Models declared in the experiment file as a list of layers, so that a new architecture needs no compiler.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Model;
use crate::{
    data::DataSpec,
    graph::{Activation, Graph, Var},
};

/// Layers one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequential {
    /// The layers, from the input to the output.
    pub layers: Vec<Layer>,
}

/// One layer, as the file says it: `linear: 128`, `relu`, `residual: [...]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// A linear layer of so many outputs.
    Linear(usize),
    /// A linear layer of as many outputs as the data needs.
    Output,
    /// See [`Activation::Relu`].
    Relu,
    /// See [`Activation::Gelu`].
    Gelu,
    /// See [`Activation::Silu`].
    Silu,
    /// See [`Activation::Tanh`].
    Tanh,
    /// See [`Activation::Sigmoid`].
    Sigmoid,
    /// Sets this share of its inputs to 0 in training.
    Dropout(f32),
    /// Normalises over the last dimension.
    LayerNorm,
    /// All dimensions but the batch's as one.
    Flatten,
    /// Learned vectors for whole numbers.
    Embedding {
        /// Numbers are below this.
        rows: usize,
        /// The length of a vector.
        width: usize,
    },
    /// Layers whose output is added to their input, which must have the same shape (He et al. 2016).
    Residual(Vec<Layer>),
}

impl Layer {
    /// What its parameters and messages are filed under, before its number.
    fn name(&self) -> &'static str {
        match self {
            Self::Linear(_) => "linear",
            Self::Output => "output",
            Self::LayerNorm => "layer_norm",
            Self::Embedding { .. } => "embedding",
            Self::Residual(_) => "residual",
            Self::Dropout(_) => "dropout",
            Self::Flatten => "flatten",
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
            Self::Sigmoid => "sigmoid",
        }
    }

    fn describe(&self, g: &mut Graph, name: &str, x: Var, data: &DataSpec) -> Var {
        match self {
            Self::Linear(outputs) => g.linear(name, x, *outputs),
            Self::Output => {
                let flat = g.flatten(x);
                g.linear(name, flat, data.outputs())
            }
            Self::LayerNorm => g.layer_norm(name, x),
            Self::Embedding { rows, width } => g.embedding(name, x, *rows, *width),
            Self::Flatten => g.flatten(x),
            Self::Dropout(rate) => g.scope(name, |g| g.dropout(x, *rate)),
            Self::Relu => g.scope(name, |g| g.activate(Activation::Relu, x)),
            Self::Gelu => g.scope(name, |g| g.activate(Activation::Gelu, x)),
            Self::Silu => g.scope(name, |g| g.activate(Activation::Silu, x)),
            Self::Tanh => g.scope(name, |g| g.activate(Activation::Tanh, x)),
            Self::Sigmoid => g.scope(name, |g| g.activate(Activation::Sigmoid, x)),
            Self::Residual(layers) => g.scope(name, |g| {
                let inner = describe(g, layers, x, data);
                if g.shape(inner) == g.shape(x) {
                    g.sum_of(x, inner)
                } else {
                    let shapes = format!("{:?} in and {:?} out", g.shape(x), g.shape(inner));
                    g.refuse("a residual's layers must keep the shape", shapes)
                }
            }),
        }
    }
}

/// The layers one after the other, each named by its kind and its number among those of its kind.
fn describe(g: &mut Graph, layers: &[Layer], mut x: Var, data: &DataSpec) -> Var {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for layer in layers {
        let count = counts.entry(layer.name()).or_default();
        *count += 1;
        let name = format!("{}{count}", layer.name());
        x = layer.describe(g, &name, x, data);
    }
    x
}

impl Model for Sequential {
    fn forward(&self, g: &mut Graph, input: Var, data: &DataSpec) -> Var {
        if self.layers.is_empty() {
            return g.refuse("a model needs at least one layer", "none");
        }
        describe(g, &self.layers, input, data)
    }
}
