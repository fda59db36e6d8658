//! Layers: parameters and operations that go together, with PyTorch's defaults for their first values.

use serde::{Deserialize, Serialize};

use super::{Graph, Init, Var, op::Unary};

/// A function applied to every element between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// `max(x, 0)`
    #[default]
    Relu,
    /// `x Φ(x)` with the exact Gaussian distribution function (Hendrycks & Gimpel 2016).
    Gelu,
    /// `x / (1 + exp(-x))`, also called swish.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
}

impl Graph {
    /// `x Wᵀ + b` over the last dimension, as PyTorch's `Linear` with its first values; the weight is kept as
    /// `[inputs, outputs]`. `[.., inputs] -> [.., outputs]`.
    pub fn linear(&mut self, name: &str, x: Var, outputs: usize) -> Var {
        self.scope(name, |g| {
            let shape = g.shape(x).to_vec();
            let Some((&inputs, lead)) = shape.split_last() else {
                return g.refuse("a linear layer needs an input of at least one dimension", "a scalar");
            };
            if outputs == 0 || inputs == 0 {
                return g.refuse("a linear layer needs at least one input and one output", "0");
            }
            let bound = 1.0 / (inputs as f32).sqrt();
            let weight = g.param("weight", &[inputs, outputs], Init::Uniform(bound));
            let bias = g.param("bias", &[outputs], Init::Uniform(bound));
            let rows = g.reshape(x, &[lead.iter().product(), inputs]);
            let product = g.matmul(rows, weight, [false, false]);
            let sum = g.sum_of(product, bias);
            g.reshape(sum, &[lead, &[outputs]].concat())
        })
    }

    /// The activation of every element.
    pub fn activate(&mut self, activation: Activation, x: Var) -> Var {
        match activation {
            Activation::Relu => self.unary(Unary::Relu, x),
            Activation::Tanh => self.unary(Unary::Tanh, x),
            Activation::Sigmoid => self.unary(Unary::Sigmoid, x),
            Activation::Silu => {
                let gate = self.unary(Unary::Sigmoid, x);
                self.product(x, gate)
            }
            Activation::Gelu => {
                let scaled = self.scale(x, std::f32::consts::FRAC_1_SQRT_2);
                let erf = self.unary(Unary::Erf, scaled);
                let twice = self.offset(erf, 1.0);
                let share = self.scale(twice, 0.5);
                self.product(x, share)
            }
        }
    }

    /// Sets elements to 0 with probability `rate` in training and scales the others so that the mean stays
    /// (Srivastava et al. 2014); passes `x` through otherwise.
    pub fn dropout(&mut self, x: Var, rate: f32) -> Var {
        if !(0.0..1.0).contains(&rate) {
            return self.refuse("the dropout rate must be at least 0 and below 1", rate);
        }
        if !self.training() || rate == 0.0 {
            return x;
        }
        let shape = self.shape(x).to_vec();
        let mask = self.keep_mask(1.0 - rate, &shape);
        self.product(x, mask)
    }

    /// Normalises over the last dimension, then scales and shifts (Ba, Kiros & Hinton 2016); `eps` is 1e-5.
    pub fn layer_norm(&mut self, name: &str, x: Var) -> Var {
        self.scope(name, |g| {
            let Some(axis) = g.shape(x).len().checked_sub(1) else {
                return g.refuse("layer_norm needs an input of at least one dimension", "a scalar");
            };
            let width = g.shape(x)[axis];
            let gain = g.param("weight", &[width], Init::Constant(1.0));
            let shift = g.param("bias", &[width], Init::Constant(0.0));
            let mean = g.mean(x, axis);
            let centred = g.difference(x, mean);
            let square = g.unary(Unary::Square, centred);
            let variance = g.mean(square, axis);
            let guarded = g.offset(variance, 1e-5);
            let deviation = g.unary(Unary::Sqrt, guarded);
            let inverse = g.unary(Unary::Recip, deviation);
            let normal = g.product(centred, inverse);
            let scaled = g.product(normal, gain);
            g.sum_of(scaled, shift)
        })
    }

    /// Learned vectors by number: `[..] (u32) -> [.., width]`, first values normal with deviation 1.
    pub fn embedding(&mut self, name: &str, numbers: Var, rows: usize, width: usize) -> Var {
        self.scope(name, |g| {
            let table = g.param("weight", &[rows, width], Init::Normal(1.0));
            g.gather(table, numbers)
        })
    }

    /// All dimensions but the first as one.
    pub fn flatten(&mut self, x: Var) -> Var {
        let shape = self.shape(x);
        let Some((&batch, rest)) = shape.split_first() else { return x };
        let width = rest.iter().product();
        self.reshape(x, &[batch, width])
    }
}
