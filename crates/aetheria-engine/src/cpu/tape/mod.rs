//! Fused elementwise programs: a straight line of operations over a `[rows, cols]` space, run block by block so that
//! intermediate values never leave the L1 cache.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

mod compile;
mod kernels;
mod mask;
mod run;

use crate::graph::op::{Binary, Unary};

use compile::Program;
pub use run::Bindings;

/// How an input is read at `[row, col]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A matrix; `stride` elements from row to row.
    Full {
        /// At least the tape's columns.
        stride: usize,
    },
    /// `[cols]`, the same for every row.
    Row,
    /// `[rows]`, the same for every column.
    Column,
    /// One element.
    Scalar,
}

/// What a store does with what was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Replaces it.
    Overwrite,
    /// Adds to it.
    Accumulate,
}

/// A value of a tape under construction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value(usize);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    Load { input: usize, access: Access },
    Constant(f32),
    Scalar(usize),
    Keep { keep: f32, draws: usize },
    Unary(Unary, Value),
    Binary(Binary, Value, Value),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Store {
    value: Value,
    stride: usize,
    write: Write,
}

/// Why a tape cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TapeError {
    /// A stride below the number of columns.
    #[error("a matrix with {stride} elements from row to row cannot hold rows of {cols}")]
    Stride {
        /// The stride asked for.
        stride: usize,
        /// The tape's columns.
        cols: usize,
    },
    /// A value of another tape.
    #[error("value {0} is not of this tape: use the values its own builder returned")]
    Foreign(usize),
    /// Nothing is stored.
    #[error("the tape stores nothing: add a store, or do without the tape")]
    NoStore,
    /// Too many values are needed at once.
    #[error(
        "the tape needs {live} blocks and {lines} scalars at once, too many for its scratch memory: split it"
    )]
    TooLong {
        /// Blocks of values that are needed at once.
        live: usize,
        /// Constants and scalars.
        lines: usize,
    },
    /// A probability outside (0, 1].
    #[error("a dropout cannot keep a share of {0}: it must be above 0 and at most 1")]
    Keep(f32),
    /// More elements than draws can be numbered.
    #[error("a dropout over {0} elements: draws are numbered with 32 bits, split it")]
    Draws(usize),
}

/// Describes a tape, value by value.
#[derive(Debug)]
pub struct TapeBuilder {
    rows: usize,
    cols: usize,
    inputs: usize,
    scalars: usize,
    draws: usize,
    nodes: Vec<Node>,
    stores: Vec<Store>,
}

impl TapeBuilder {
    /// Begins a tape over `[rows, cols]` elements.
    pub fn new(rows: usize, cols: usize) -> Self {
        Self { rows, cols, inputs: 0, scalars: 0, draws: 0, nodes: Vec::new(), stores: Vec::new() }
    }

    fn push(&mut self, node: Node) -> Value {
        self.nodes.push(node);
        Value(self.nodes.len() - 1)
    }

    /// Reads the next input: inputs are numbered in the order of these calls.
    pub fn load(&mut self, access: Access) -> Value {
        let input = self.inputs;
        self.inputs += 1;
        // Where a dimension has one element, the simpler access reads the same.
        let access = match access {
            Access::Row if self.cols == 1 => Access::Scalar,
            Access::Column if self.rows == 1 => Access::Scalar,
            Access::Column if self.cols == 1 => Access::Full { stride: 1 },
            _ => access,
        };
        self.push(Node::Load { input, access })
    }

    /// A constant.
    pub fn constant(&mut self, value: f32) -> Value {
        self.push(Node::Constant(value))
    }

    /// The next runtime scalar: given anew with each run, numbered in the order of these calls.
    pub fn scalar(&mut self) -> Value {
        let scalar = self.scalars;
        self.scalars += 1;
        self.push(Node::Scalar(scalar))
    }

    /// A dropout mask: `1 / keep` with probability `keep`, else 0. It takes the word numbered `row * cols + col`
    /// of the run's next [`Draws`](crate::random::Draws), numbered in the order of these calls.
    pub fn keep(&mut self, keep: f32) -> Value {
        let draws = self.draws;
        self.draws += 1;
        self.push(Node::Keep { keep, draws })
    }

    /// `op(x)`.
    pub fn unary(&mut self, op: Unary, x: Value) -> Value {
        self.push(Node::Unary(op, x))
    }

    /// `op(x, y)`.
    pub fn binary(&mut self, op: Binary, x: Value, y: Value) -> Value {
        self.push(Node::Binary(op, x, y))
    }

    /// Stores a value to the next output, a matrix with `stride` elements from row to row: outputs are numbered in
    /// the order of these calls.
    pub fn store(&mut self, value: Value, stride: usize, write: Write) {
        self.stores.push(Store { value, stride, write });
    }

    /// Checks and compiles the tape.
    ///
    /// # Errors
    /// When a stride, a share or a value is impossible, or nothing is stored.
    pub fn finish(self) -> Result<Tape, TapeError> {
        let stride = |stride: usize| match self.rows > 1 && stride < self.cols {
            true => Err(TapeError::Stride { stride, cols: self.cols }),
            false => Ok(()),
        };
        for (at, node) in self.nodes.iter().enumerate() {
            let earlier = |value: Value| match value.0 < at {
                true => Ok(()),
                false => Err(TapeError::Foreign(value.0)),
            };
            match *node {
                Node::Load { access: Access::Full { stride: s }, .. } => stride(s)?,
                Node::Keep { keep, .. } if !(keep > 0.0 && keep <= 1.0) => return Err(TapeError::Keep(keep)),
                Node::Keep { .. } if u32::try_from(self.rows * self.cols).is_err() => {
                    return Err(TapeError::Draws(self.rows * self.cols));
                }
                Node::Unary(_, x) => earlier(x)?,
                Node::Binary(_, x, y) => {
                    earlier(x)?;
                    earlier(y)?;
                }
                _ => {}
            }
        }
        if self.stores.is_empty() {
            return Err(TapeError::NoStore);
        }
        for store in &self.stores {
            stride(store.stride)?;
            if store.value.0 >= self.nodes.len() {
                return Err(TapeError::Foreign(store.value.0));
            }
        }
        let whole = self.whole();
        let (rows, cols) = if whole { (1, self.rows * self.cols) } else { (self.rows, self.cols) };
        let strides = self.stores.iter().map(|store| store.stride).collect();
        let accesses = self.nodes.iter().filter_map(|node| match *node {
            Node::Load { access, .. } => Some(access),
            _ => None,
        });
        Ok(Tape {
            rows,
            cols,
            accesses: accesses.collect(),
            strides,
            scalars: self.scalars,
            draws: self.draws,
            program: compile::compile(&self.nodes, &self.stores)?,
        })
    }

    /// Whether all its matrices are packed and nothing repeats along rows or columns, so that it may as well be one
    /// long row.
    fn whole(&self) -> bool {
        let packed = |stride: usize| stride == self.cols || self.rows == 1;
        self.stores.iter().all(|store| packed(store.stride))
            && self.nodes.iter().all(|node| match *node {
                Node::Load { access: Access::Full { stride }, .. } => packed(stride),
                Node::Load { access: Access::Row, .. } => self.rows == 1,
                Node::Load { access: Access::Column, .. } => false,
                _ => true,
            })
    }
}

/// A compiled elementwise program.
#[derive(Debug, Clone, PartialEq)]
pub struct Tape {
    rows: usize,
    cols: usize,
    /// How each input is read.
    accesses: Vec<Access>,
    /// Elements from row to row of each output.
    strides: Vec<usize>,
    scalars: usize,
    draws: usize,
    program: Program,
}

impl Tape {
    /// Its elements, `rows * cols`: a task runs any range of them.
    pub fn elements(&self) -> usize {
        self.rows * self.cols
    }
}
