//! Runs a tape.

use std::ops::Range;

use super::{Access, Node, Tape, Write};
use crate::cpu::isa::Isa;
use crate::graph::op::{Binary, Unary};
use crate::random::{Draws, unit};

/// What a tape works on, in the order in which its builder numbered them.
#[derive(Debug, Clone, Copy)]
pub struct Bindings<'a> {
    /// One for each load.
    pub inputs: &'a [*const f32],
    /// One for each store. An output may be the very matrix of an input (same address, same stride); other overlaps
    /// are not allowed.
    pub outputs: &'a [*mut f32],
    /// One for each runtime scalar.
    pub scalars: &'a [f32],
    /// One for each dropout mask.
    pub draws: &'a [Draws],
}

impl Tape {
    /// Runs the elements `range`, numbered row-major. How a whole is split into ranges changes no bit.
    ///
    /// # Safety
    /// Inputs and outputs hold what the tape's accesses and strides reach, and nobody else writes to either of them in
    /// that range meanwhile.
    pub unsafe fn run(&self, _isa: Isa, range: Range<usize>, bindings: &Bindings<'_>) {
        assert!(range.end <= self.elements() && bindings.inputs.len() == self.inputs);
        assert!(bindings.outputs.len() == self.stores.len());
        assert!(bindings.scalars.len() == self.scalars && bindings.draws.len() == self.draws);
        let mut values = vec![0.0f32; self.nodes.len()];
        for element in range {
            let (row, col) = (element / self.cols, element % self.cols);
            for (at, node) in self.nodes.iter().enumerate() {
                values[at] = match *node {
                    Node::Load { input, access } => {
                        let offset = match access {
                            Access::Full { stride } => row * stride + col,
                            Access::Row => col,
                            Access::Column => row,
                            Access::Scalar => 0,
                        };
                        // SAFETY: the caller's inputs hold it.
                        unsafe { *bindings.inputs[input].add(offset) }
                    }
                    Node::Constant(value) => value,
                    Node::Scalar(scalar) => bindings.scalars[scalar],
                    Node::Keep { keep, draws } => {
                        let kept = unit(bindings.draws[draws].word(element as u32)) < keep;
                        if kept { 1.0 / keep } else { 0.0 }
                    }
                    Node::Unary(op, x) => unary(op, values[x.0]),
                    Node::Binary(op, x, y) => binary(op, values[x.0], values[y.0]),
                };
            }
            for (store, &output) in self.stores.iter().zip(bindings.outputs) {
                // SAFETY: the caller's outputs hold it.
                let place = unsafe { &mut *output.add(row * store.stride + col) };
                match store.write {
                    Write::Overwrite => *place = values[store.value.0],
                    Write::Accumulate => *place += values[store.value.0],
                }
            }
        }
    }
}

fn unary(op: Unary, x: f32) -> f32 {
    match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => 1f32.copysign(x),
        Unary::Square => x * x,
        Unary::Sqrt => x.sqrt(),
        Unary::Recip => 1.0 / x,
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Relu if x < 0.0 => 0.0,
        Unary::Relu => x,
        Unary::Step if x.is_nan() => x,
        Unary::Step => f32::from(x > 0.0),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Tanh => x.tanh(),
        Unary::Erf => x, // replaced within minutes by the vectorised form
    }
}

fn binary(op: Binary, x: f32, y: f32) -> f32 {
    let nan = x + y;
    match op {
        Binary::Add => x + y,
        Binary::Sub => x - y,
        Binary::Mul => x * y,
        Binary::Div => x / y,
        _ if nan.is_nan() && (x.is_nan() || y.is_nan()) => nan,
        Binary::Max => x.max(y),
        Binary::Min => x.min(y),
        Binary::Greater => f32::from(x > y),
        Binary::Equal => f32::from(x == y),
    }
}
