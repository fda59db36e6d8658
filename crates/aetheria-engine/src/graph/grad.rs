//! Reverse-mode differentiation: one rule an operation, and the gradients are nodes of the same graph.
//!
//! Where a rule can use the operation's result in place of its operand it does, so that the operand need not be kept.

use super::{
    Graph, Op, Var,
    op::{Binary, Fold, Runtime, Unary},
};
use crate::batch::DType;

/// What differentiation gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gradients {
    /// For each parameter, in order, its gradient; `None` for one that the losses do not depend on.
    pub params: Vec<Option<Var>>,
}

impl Graph {
    /// Adds the gradients of the weighted sum of `losses` (each counting [`Runtime::Weight`]) by every parameter.
    pub fn differentiate(&mut self, losses: Var) -> Gradients {
        let mut outer: Vec<Option<Var>> = vec![None; self.nodes.len()];
        let shape = self.shape(losses).to_vec();
        self.set_backward(true);
        outer[losses.index()] = Some(self.runtime(Runtime::Weight, &shape));
        let mut params = vec![None; self.params.len()];
        for index in (0..=losses.index()).rev() {
            let Some(gradient) = outer[index] else { continue };
            if let Op::Param(number) = self.nodes[index].op {
                params[number] = Some(gradient);
                continue;
            }
            let layer = self.nodes[index].layer;
            let parts = self.filed_under(layer, |graph| graph.pull_back(Var(index as u32), gradient));
            for (input, part) in parts {
                let sum = match outer[input.index()] {
                    Some(other) => self.filed_under(layer, |graph| graph.sum_of(other, part)),
                    None => part,
                };
                outer[input.index()] = Some(sum);
            }
        }
        self.set_backward(false);
        Gradients { params }
    }

    /// For each input of `y` that takes a gradient: that gradient, when `g` is the gradient by `y`.
    fn pull_back(&mut self, y: Var, g: Var) -> Vec<(Var, Var)> {
        let node = self.node(y).clone();
        let parts = match (&node.op, &node.inputs[..]) {
            (Op::Unary(f), &[x]) => vec![(x, self.pull_back_unary(*f, x, y, g))],
            (Op::Binary(f), &[a, b]) => self.pull_back_binary(*f, a, b, y, g),
            (Op::MatMul { transpose }, &[a, b]) => self.pull_back_matmul(*transpose, a, b, g),
            (Op::Fold { fold, .. }, &[x]) => vec![(x, self.pull_back_fold(*fold, x, y, g))],
            (Op::Broadcast, &[x]) => {
                let shape = self.shape(x).to_vec();
                vec![(x, self.sum_to(g, &shape))]
            }
            (Op::Reshape, &[x]) => {
                let shape = self.shape(x).to_vec();
                vec![(x, self.reshape(g, &shape))]
            }
            (Op::Permute(axes), &[x]) => {
                let mut inverse = vec![0; axes.len()];
                for (to, &from) in axes.iter().enumerate() {
                    inverse[from] = to;
                }
                vec![(x, self.permute(g, &inverse))]
            }
            (Op::CrossEntropy, &[logits, classes]) => {
                vec![(logits, self.cross_entropy_grad(logits, classes, y, g))]
            }
            (Op::Gather, &[table, numbers]) => {
                let shape = self.shape(table).to_vec();
                vec![(table, self.scatter_add(numbers, g, &shape))]
            }
            // Leaves, and operations that only differentiation itself asks for: no second derivatives.
            _ => Vec::new(),
        };
        parts.into_iter().filter(|&(input, _)| self.takes_gradient(input)).collect()
    }

    fn takes_gradient(&self, var: Var) -> bool {
        let node = self.node(var);
        node.dtype == DType::F32
            && !matches!(node.op, Op::Input | Op::Target | Op::Constant(_) | Op::Runtime(_) | Op::Keep { .. })
    }

    fn pull_back_unary(&mut self, f: Unary, x: Var, y: Var, g: Var) -> Var {
        match f {
            Unary::Neg => self.unary(Unary::Neg, g),
            Unary::Abs => {
                let sign = self.unary(Unary::Sign, x);
                self.product(g, sign)
            }
            // Constant almost everywhere.
            Unary::Sign | Unary::Step => self.scale(g, 0.0),
            Unary::Square => {
                let slope = self.scale(x, 2.0);
                self.product(g, slope)
            }
            Unary::Sqrt => {
                let half = self.scale(g, 0.5);
                self.binary(Binary::Div, half, y)
            }
            Unary::Recip => {
                let square = self.unary(Unary::Square, y);
                let slope = self.unary(Unary::Neg, square);
                self.product(g, slope)
            }
            Unary::Exp => self.product(g, y),
            Unary::Log => self.binary(Binary::Div, g, x),
            Unary::Relu => {
                let mask = self.unary(Unary::Step, y);
                self.product(g, mask)
            }
            Unary::Sigmoid => {
                let negative = self.unary(Unary::Neg, y);
                let rest = self.offset(negative, 1.0);
                let slope = self.product(y, rest);
                self.product(g, slope)
            }
            Unary::Tanh => {
                let square = self.unary(Unary::Square, y);
                let negative = self.unary(Unary::Neg, square);
                let slope = self.offset(negative, 1.0);
                self.product(g, slope)
            }
            Unary::Erf => {
                let square = self.unary(Unary::Square, x);
                let negative = self.unary(Unary::Neg, square);
                let bell = self.unary(Unary::Exp, negative);
                let slope = self.scale(bell, std::f32::consts::FRAC_2_SQRT_PI);
                self.product(g, slope)
            }
        }
    }

    fn pull_back_binary(&mut self, f: Binary, a: Var, b: Var, y: Var, g: Var) -> Vec<(Var, Var)> {
        match f {
            Binary::Add => vec![(a, g), (b, g)],
            Binary::Sub => vec![(a, g), (b, self.unary(Unary::Neg, g))],
            Binary::Mul => vec![(a, self.product(g, b)), (b, self.product(g, a))],
            Binary::Div => {
                let by_a = self.binary(Binary::Div, g, b);
                let slope = self.product(by_a, y);
                vec![(a, by_a), (b, self.unary(Unary::Neg, slope))]
            }
            // On a tie the first operand takes the whole gradient.
            Binary::Max | Binary::Min => {
                let first = self.binary(Binary::Equal, a, y);
                let negative = self.unary(Unary::Neg, first);
                let second = self.offset(negative, 1.0);
                vec![(a, self.product(g, first)), (b, self.product(g, second))]
            }
            // Constant almost everywhere.
            Binary::Greater | Binary::Equal => Vec::new(),
        }
    }

    /// With `Y = A B`: `dA = dY Bᵀ`, `dB = Aᵀ dY`; an operand given transposed takes the transposed gradient.
    fn pull_back_matmul(&mut self, [ta, tb]: [bool; 2], a: Var, b: Var, g: Var) -> Vec<(Var, Var)> {
        let by_a = if ta { self.matmul(b, g, [tb, true]) } else { self.matmul(g, b, [false, !tb]) };
        let by_b = if tb { self.matmul(g, a, [true, ta]) } else { self.matmul(a, g, [!ta, false]) };
        vec![(a, by_a), (b, by_b)]
    }

    fn pull_back_fold(&mut self, fold: Fold, x: Var, y: Var, g: Var) -> Var {
        let shape = self.shape(x).to_vec();
        let spread = self.broadcast(g, &shape);
        match fold {
            Fold::Sum => spread,
            // Each of several equal largest elements takes the whole gradient.
            Fold::Max => {
                let largest = self.broadcast(y, &shape);
                let mask = self.binary(Binary::Equal, x, largest);
                self.product(spread, mask)
            }
        }
    }
}
