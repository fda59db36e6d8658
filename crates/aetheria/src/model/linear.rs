//! The linear models: one linear layer from the inputs to the outputs.

use serde::{Deserialize, Serialize};

use super::{Model, check_width};
use crate::{
    data::DataSpec,
    graph::{Graph, Var},
};

/// Linear regression on squared errors.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearRegression {
    /// Numbers in a sample; else those of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_dim: Option<usize>,
}

/// Logistic regression: linear logits under cross entropy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticRegression {
    /// Numbers in a sample; else those of the data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_dim: Option<usize>,
}

fn linear(g: &mut Graph, input: Var, input_dim: Option<usize>, data: &DataSpec) -> Var {
    let x = g.flatten(input);
    match check_width(g, "input_dim", input_dim, data.input.len()) {
        Some(wrong) => wrong,
        None => g.linear("linear", x, data.outputs()),
    }
}

impl Model for LinearRegression {
    fn forward(&self, g: &mut Graph, input: Var, data: &DataSpec) -> Var {
        if data.classes.is_some() {
            return g
                .refuse("linear regression needs numbers as targets", "classes (use LogisticRegression)");
        }
        linear(g, input, self.input_dim, data)
    }
}

impl Model for LogisticRegression {
    fn forward(&self, g: &mut Graph, input: Var, data: &DataSpec) -> Var {
        if data.classes.is_none() {
            return g
                .refuse("logistic regression needs classes as targets", "numbers (use LinearRegression)");
        }
        linear(g, input, self.input_dim, data)
    }
}
