//! How a graph is described: one method an operation, shapes checked as they are asked for.
//!
//! A method that cannot do what is asked gives a scalar in place of its value and keeps the first error for
//! [`Graph::check`], so that a model reads as a list of layers and not as a list of question marks.

use super::{
    Graph, Init, Node, Op, Param, Var,
    op::{Binary, Fold, Runtime, Unary},
};
use crate::batch::{DType, Field};

/// A description that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Shapes that do not go together.
    #[error("layer '{layer}': {op} cannot take shapes {shapes}: {rule}")]
    Shape {
        /// The layer that was being described.
        layer: String,
        /// What was asked for.
        op: &'static str,
        /// The shapes it was asked for.
        shapes: String,
        /// What they would have to be.
        rule: &'static str,
    },
    /// Two parameters of one name.
    #[error("the model has two parameters called '{0}': give their layers different names")]
    Parameter(String),
    /// A model whose outputs do not suit the data.
    #[error(
        "the model gives {given} numbers a sample, the data needs {wanted}: set its last layer's width to {wanted}"
    )]
    Outputs {
        /// How many it gives.
        given: usize,
        /// How many the data needs.
        wanted: usize,
    },
    /// Losses that are not one a sample.
    #[error("the model's losses have the shape {shape:?} where one a sample, [{batch}], is needed")]
    Losses {
        /// Their shape.
        shape: Vec<usize>,
        /// Samples in the batch.
        batch: usize,
    },
    /// A hyperparameter that a layer cannot have.
    #[error("layer '{layer}': {rule}, not {value}")]
    Value {
        /// The layer.
        layer: String,
        /// What it must be.
        rule: &'static str,
        /// What it was.
        value: String,
    },
}

impl Graph {
    /// Describes a part under the name `name`: its parameters and messages carry it.
    pub fn scope<T>(&mut self, name: &str, describe: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.layer;
        self.scope.push(name.to_owned());
        let path = self.scope.join(".");
        self.layer = self.layer_number(path);
        let result = describe(self);
        self.scope.pop();
        self.layer = outer;
        result
    }

    fn layer_number(&mut self, path: String) -> u32 {
        let known = self.layers.iter().position(|layer| *layer == path);
        known.unwrap_or_else(|| {
            self.layers.push(path);
            self.layers.len() - 1
        }) as u32
    }

    /// What differentiation adds is filed under the layer whose gradient it is.
    pub(super) fn filed_under<T>(&mut self, layer: u32, describe: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.layer, layer);
        let result = describe(self);
        self.layer = outer;
        result
    }

    pub(super) fn set_backward(&mut self, backward: bool) {
        self.backward = backward;
    }

    fn add_node(&mut self, op: Op, inputs: Vec<Var>, shape: Vec<usize>, dtype: DType) -> Var {
        let key = (op, inputs, shape);
        if let Some(&var) = self.known.get(&key) {
            return var;
        }
        let var = Var(self.nodes.len() as u32);
        let (op, inputs, shape) = key.clone();
        self.nodes.push(Node { op, inputs, shape, dtype, layer: self.layer, backward: self.backward });
        self.known.insert(key, var);
        var
    }

    fn add(&mut self, op: Op, inputs: Vec<Var>, shape: Vec<usize>) -> Var {
        self.add_node(op, inputs, shape, DType::F32)
    }

    /// Keeps the first error.
    pub(super) fn fail(&mut self, error: GraphError) -> Var {
        self.error.get_or_insert(error);
        self.constant(0.0, &[])
    }

    fn fail_shape(&mut self, op: &'static str, vars: &[Var], rule: &'static str) -> Var {
        let shapes: Vec<String> = vars.iter().map(|&v| format!("{:?}", self.shape(v))).collect();
        let layer = self.layers[self.layer as usize].clone();
        self.fail(GraphError::Shape { layer, op, shapes: shapes.join(" and "), rule })
    }

    /// Gives a scalar in place of a value that cannot be described: `rule` says what must hold, `value` what holds.
    pub fn refuse(&mut self, rule: &'static str, value: impl ToString) -> Var {
        let layer = self.layers[self.layer as usize].clone();
        self.fail(GraphError::Value { layer, rule, value: value.to_string() })
    }

    fn field(&mut self, op: Op, field: &Field) -> Var {
        let shape = std::iter::once(self.batch).chain(field.shape.iter().copied()).collect();
        self.add_node(op, Vec::new(), shape, field.dtype)
    }

    /// The batch's inputs: `[batch, field...]`.
    pub fn input(&mut self, field: &Field) -> Var {
        self.field(Op::Input, field)
    }

    /// The batch's targets: `[batch, field...]`.
    pub fn target(&mut self, field: &Field) -> Var {
        self.field(Op::Target, field)
    }

    /// A new parameter `name` of the layer that is being described.
    pub fn param(&mut self, name: &str, shape: &[usize], init: Init) -> Var {
        let full =
            if self.scope.is_empty() { name.to_owned() } else { format!("{}.{name}", self.scope.join(".")) };
        if self.params.iter().any(|p| p.name == full) {
            return self.fail(GraphError::Parameter(full));
        }
        let number = self.params.len();
        self.params.push(Param { name: full, shape: shape.to_vec(), init });
        self.add(Op::Param(number), Vec::new(), shape.to_vec())
    }

    /// One number everywhere.
    pub fn constant(&mut self, value: f32, shape: &[usize]) -> Var {
        self.add(Op::Constant(value.to_bits()), Vec::new(), shape.to_vec())
    }

    /// One number everywhere, given at each pass.
    pub fn runtime(&mut self, which: Runtime, shape: &[usize]) -> Var {
        self.add(Op::Runtime(which), Vec::new(), shape.to_vec())
    }

    /// `f(x)`, element by element.
    pub fn unary(&mut self, f: Unary, x: Var) -> Var {
        let shape = self.shape(x).to_vec();
        self.add(Op::Unary(f), vec![x], shape)
    }

    /// `f(x, y)`, element by element; shapes broadcast as in NumPy.
    pub fn binary(&mut self, f: Binary, x: Var, y: Var) -> Var {
        let Some(shape) = broadcast_shape(self.shape(x), self.shape(y)) else {
            return self.fail_shape(
                f.name(),
                &[x, y],
                "dimensions must be equal or 1, counted from the last",
            );
        };
        let (x, y) = (self.broadcast(x, &shape), self.broadcast(y, &shape));
        self.add(Op::Binary(f), vec![x, y], shape)
    }

    /// `x + y`, broadcasting.
    pub fn sum_of(&mut self, x: Var, y: Var) -> Var {
        self.binary(Binary::Add, x, y)
    }

    /// `x - y`, broadcasting.
    pub fn difference(&mut self, x: Var, y: Var) -> Var {
        self.binary(Binary::Sub, x, y)
    }

    /// `x * y`, broadcasting.
    pub fn product(&mut self, x: Var, y: Var) -> Var {
        self.binary(Binary::Mul, x, y)
    }

    /// `x * factor`.
    pub fn scale(&mut self, x: Var, factor: f32) -> Var {
        if factor == 1.0 {
            return x;
        }
        let shape = self.shape(x).to_vec();
        let factor = self.constant(factor, &shape);
        self.binary(Binary::Mul, x, factor)
    }

    /// `x + term`.
    pub fn offset(&mut self, x: Var, term: f32) -> Var {
        let shape = self.shape(x).to_vec();
        let term = self.constant(term, &shape);
        self.binary(Binary::Add, x, term)
    }

    /// `x` repeated to `shape`, as in NumPy.
    pub fn broadcast(&mut self, x: Var, shape: &[usize]) -> Var {
        if broadcast_shape(self.shape(x), shape).as_deref() != Some(shape) {
            return self.fail_shape("broadcast", &[x], "dimensions must be equal to the result's or 1");
        }
        match self.node(x).op {
            Op::Constant(bits) => return self.constant(f32::from_bits(bits), shape),
            Op::Runtime(which) => return self.runtime(which, shape),
            _ => {}
        }
        let missing = shape.len() - self.shape(x).len();
        let aligned: Vec<usize> =
            std::iter::repeat_n(1, missing).chain(self.shape(x).iter().copied()).collect();
        let x = self.reshape(x, &aligned);
        if self.shape(x) == shape { x } else { self.add(Op::Broadcast, vec![x], shape.to_vec()) }
    }

    /// Sums over whatever [`Graph::broadcast`] from `shape` repeated: its gradient.
    pub fn sum_to(&mut self, mut x: Var, shape: &[usize]) -> Var {
        let missing = self.shape(x).len() - shape.len();
        let aligned: Vec<usize> = std::iter::repeat_n(1, missing).chain(shape.iter().copied()).collect();
        let mut axis = 0;
        while axis < self.shape(x).len() {
            if aligned[axis] != 1 || self.shape(x)[axis] == 1 {
                axis += 1;
                continue;
            }
            // Neighbouring axes that are summed together are one axis.
            let end = (axis..aligned.len()).find(|&a| aligned[a] != 1).unwrap_or(aligned.len());
            let full = self.shape(x).to_vec();
            let merged: Vec<usize> =
                [&full[..axis], &[full[axis..end].iter().product()], &full[end..]].concat();
            let folded = self.reshape(x, &merged);
            let folded = self.fold(Fold::Sum, folded, axis);
            let kept: Vec<usize> = [&full[..axis], &vec![1; end - axis][..], &full[end..]].concat();
            x = self.reshape(folded, &kept);
            axis = end;
        }
        self.reshape(x, shape)
    }

    /// Folds `axis`, which stays as a dimension of 1.
    pub fn fold(&mut self, fold: Fold, x: Var, axis: usize) -> Var {
        let mut shape = self.shape(x).to_vec();
        match shape.get_mut(axis) {
            None => self.fail_shape("fold", &[x], "the axis must be one of its dimensions"),
            Some(1) => x,
            Some(dimension) => {
                *dimension = 1;
                self.add(Op::Fold { fold, axis }, vec![x], shape)
            }
        }
    }

    /// The mean over `axis`, which stays as a dimension of 1.
    pub fn mean(&mut self, x: Var, axis: usize) -> Var {
        let count = self.shape(x).get(axis).copied().unwrap_or(1).max(1);
        let sum = self.fold(Fold::Sum, x, axis);
        self.scale(sum, 1.0 / count as f32)
    }

    /// The same elements under another shape.
    pub fn reshape(&mut self, x: Var, shape: &[usize]) -> Var {
        let node = self.node(x);
        if node.shape == shape {
            return x;
        }
        if node.len() != shape.iter().product::<usize>() {
            return self.fail_shape("reshape", &[x], "the number of elements must stay");
        }
        let dtype = node.dtype;
        // A view of a view is a view of the first.
        let x = if node.op == Op::Reshape { node.inputs[0] } else { x };
        if self.shape(x) == shape { x } else { self.add_node(Op::Reshape, vec![x], shape.to_vec(), dtype) }
    }

    /// Exchanges dimensions: dimension `i` of the result is dimension `axes[i]` of `x`.
    pub fn permute(&mut self, x: Var, axes: &[usize]) -> Var {
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        if !sorted.iter().copied().eq(0..self.shape(x).len()) {
            return self.fail_shape("permute", &[x], "the axes must name each dimension once");
        }
        let shape = axes.iter().map(|&a| self.shape(x)[a]).collect();
        let dtype = self.node(x).dtype;
        self.add_node(Op::Permute(axes.to_vec()), vec![x], shape, dtype)
    }

    /// The matrix product of the last two dimensions; an operand may be given transposed.
    pub fn matmul(&mut self, x: Var, y: Var, transpose: [bool; 2]) -> Var {
        const RULE: &str = "equal leading dimensions, then [m, k] and [k, n]";
        let (a, b) = (self.shape(x), self.shape(y));
        if a.len() < 2 || a.len() != b.len() || a[..a.len() - 2] != b[..b.len() - 2] {
            return self.fail_shape("matmul", &[x, y], RULE);
        }
        let lead = &a[..a.len() - 2];
        let ([m, k], [l, n]) = (matrix(a, transpose[0]), matrix(b, transpose[1]));
        let shape = [lead, &[m, n]].concat();
        if k != l {
            return self.fail_shape("matmul", &[x, y], RULE);
        }
        self.add(Op::MatMul { transpose }, vec![x, y], shape)
    }

    /// A fresh mask at each pass: `1 / keep` with probability `keep`, else 0.
    pub fn keep_mask(&mut self, keep: f32, shape: &[usize]) -> Var {
        self.masks += 1;
        self.add(Op::Keep { keep: keep.to_bits(), part: self.masks }, Vec::new(), shape.to_vec())
    }

    /// Cross entropy of logits `[n, classes]` with class numbers `[n]`: `[n]`.
    pub fn cross_entropy(&mut self, logits: Var, classes: Var) -> Var {
        let rule = "logits [n, classes] and class numbers [n]";
        match (self.shape(logits), self.shape(classes)) {
            (&[n, _], &[m]) if n == m && self.node(classes).dtype == DType::U32 => {
                self.add(Op::CrossEntropy, vec![logits, classes], vec![n])
            }
            _ => self.fail_shape("cross_entropy", &[logits, classes], rule),
        }
    }

    pub(super) fn cross_entropy_grad(&mut self, logits: Var, classes: Var, losses: Var, outer: Var) -> Var {
        let shape = self.shape(logits).to_vec();
        self.add(Op::CrossEntropyGrad, vec![logits, classes, losses, outer], shape)
    }

    /// Rows of `table` (`[rows, width]`) by their numbers (`u32`, any shape): `[numbers..., width]`.
    pub fn gather(&mut self, table: Var, numbers: Var) -> Var {
        let (&[_, width], DType::U32) = (self.shape(table), self.node(numbers).dtype) else {
            return self.fail_shape(
                "embedding",
                &[table, numbers],
                "a table [rows, width] and whole numbers",
            );
        };
        let shape = [self.shape(numbers), &[width]].concat();
        let count = self.node(numbers).len();
        let flat = self.reshape(numbers, &[count]);
        let rows = self.add(Op::Gather, vec![table, flat], vec![count, width]);
        self.reshape(rows, &shape)
    }

    pub(super) fn scatter_add(&mut self, numbers: Var, rows: Var, shape: &[usize]) -> Var {
        self.add(Op::ScatterAdd, vec![numbers, rows], shape.to_vec())
    }
}

/// The last two dimensions as they enter a product.
fn matrix(shape: &[usize], transposed: bool) -> [usize; 2] {
    let (rows, columns) = (shape[shape.len() - 2], shape[shape.len() - 1]);
    if transposed { [columns, rows] } else { [rows, columns] }
}

/// The shape to which both can be repeated (NumPy's rule).
fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |shape: &[usize], i: usize| if i + shape.len() < rank { 1 } else { shape[i + shape.len() - rank] };
    (0..rank)
        .map(|i| match (at(a, i), at(b, i)) {
            (x, y) if x == y => Some(x),
            (1, y) => Some(y),
            (x, 1) => Some(x),
            _ => None,
        })
        .collect()
}
