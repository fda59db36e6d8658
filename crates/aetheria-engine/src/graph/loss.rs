//! Losses: one number a sample.

use super::{Graph, Var, op::Unary};

impl Graph {
    /// Cross entropy of logits with class numbers, the mean over a sample's targets: `[batch, ..] -> [batch]`.
    pub fn class_losses(&mut self, logits: Var, target: Var, classes: usize) -> Var {
        let count = self.node(target).len();
        let logits = self.reshape(logits, &[count, classes]);
        let flat = self.reshape(target, &[count]);
        let losses = self.cross_entropy(logits, flat);
        self.mean_per_sample(losses)
    }

    /// The mean of squared differences over a sample's outputs: `[batch, ..] -> [batch]`.
    pub fn squared_errors(&mut self, output: Var, target: Var) -> Var {
        let shape = self.shape(output).to_vec();
        let target = self.reshape(target, &shape);
        let difference = self.difference(output, target);
        let squares = self.unary(Unary::Square, difference);
        self.mean_per_sample(squares)
    }

    /// The mean of absolute differences over a sample's outputs: `[batch, ..] -> [batch]`.
    pub fn absolute_errors(&mut self, output: Var, target: Var) -> Var {
        let shape = self.shape(output).to_vec();
        let target = self.reshape(target, &shape);
        let difference = self.difference(output, target);
        let sizes = self.unary(Unary::Abs, difference);
        self.mean_per_sample(sizes)
    }

    /// The mean of all that belongs to one sample: `[batch, ..] -> [batch]`.
    pub fn mean_per_sample(&mut self, x: Var) -> Var {
        let batch = self.batch();
        let width = self.node(x).len() / batch.max(1);
        let rows = self.reshape(x, &[batch, width]);
        let means = self.mean(rows, 1);
        self.reshape(means, &[batch])
    }
}
