//! The operations a graph is made of: few, so that a new device or a new gradient is little work.
//!
//! Comparisons and masks are numbers (1 and 0). NaN passes through every operation; in particular
//! `Relu`, `Max` and `Min` give NaN when an operand is NaN.

/// `y = f(x)`, element by element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-x`
    Neg,
    /// `|x|`
    Abs,
    /// -1, 0 or 1
    Sign,
    /// `x^2`
    Square,
    /// Square root.
    Sqrt,
    /// `1 / x`
    Recip,
    /// e to the x.
    Exp,
    /// Natural logarithm.
    Log,
    /// `max(x, 0)`
    Relu,
    /// 1 where `x > 0`, else 0: the derivative of `Relu`.
    Step,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// Hyperbolic tangent.
    Tanh,
    /// The error function.
    Erf,
}

/// `z = f(x, y)`, element by element, on equal shapes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `x + y`
    Add,
    /// `x - y`
    Sub,
    /// `x * y`
    Mul,
    /// `x / y`
    Div,
    /// The larger.
    Max,
    /// The smaller.
    Min,
    /// 1 where `x > y`, else 0.
    Greater,
    /// 1 where `x == y`, else 0.
    Equal,
}

/// How elements are folded into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// Their sum.
    Sum,
    /// The largest.
    Max,
}

/// Numbers that are known only when a pass runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// What each sample's loss counts: [`crate::strategy::Pass::weight`].
    Weight,
}

/// What makes a node's value from its inputs' values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Op {
    /// The batch's inputs.
    Input,
    /// The batch's targets.
    Target,
    /// The parameter of that number.
    Param(usize),
    /// One number everywhere, given by its bits so that nodes can be compared.
    Constant(u32),
    /// One number everywhere, given at each pass.
    Runtime(Runtime),
    /// Element by element.
    Unary(Unary),
    /// Element by element, on equal shapes.
    Binary(Binary),
    /// `[.., m, k] x [.., k, n] -> [.., m, n]` over equal leading dimensions; a transposed operand is given with its
    /// last two dimensions exchanged.
    MatMul {
        /// Whether the left and the right operand are given transposed.
        transpose: [bool; 2],
    },
    /// Folds one axis, which stays as a dimension of 1.
    Fold {
        /// How.
        fold: Fold,
        /// Which axis.
        axis: usize,
    },
    /// Repeats dimensions of 1 until the node's shape is reached; the rank stays.
    Broadcast,
    /// The same elements in row-major order under another shape.
    Reshape,
    /// Exchanges dimensions: dimension `i` of the result is dimension `axes[i]` of the input.
    Permute(Vec<usize>),
    /// `1 / keep` with probability `keep`, else 0: a fresh mask at each pass (dropout). No inputs.
    Keep {
        /// The bits of the probability.
        keep: u32,
        /// Which mask of the pass this is.
        part: u32,
    },
    /// Cross entropy with class numbers: logits `[n, classes]`, classes `[n]` (`u32`) -> `[n]`.
    CrossEntropy,
    /// Its gradient: logits, classes, the losses and their gradient `[n]` -> `[n, classes]`.
    CrossEntropyGrad,
    /// Rows of a table: `[rows, width]`, numbers `[n]` (`u32`) -> `[n, width]`.
    Gather,
    /// Its gradient: numbers `[n]`, rows' gradients `[n, width]` -> `[rows, width]`.
    ScatterAdd,
}

impl Op {
    /// The name in messages.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Target => "target",
            Self::Param(_) => "parameter",
            Self::Constant(_) => "constant",
            Self::Runtime(Runtime::Weight) => "loss weight",
            Self::Unary(f) => f.name(),
            Self::Binary(f) => f.name(),
            Self::MatMul { .. } => "matmul",
            Self::Fold { fold: Fold::Sum, .. } => "sum",
            Self::Fold { fold: Fold::Max, .. } => "max",
            Self::Broadcast => "broadcast",
            Self::Reshape => "reshape",
            Self::Permute(_) => "permute",
            Self::Keep { .. } => "dropout",
            Self::CrossEntropy => "cross_entropy",
            Self::CrossEntropyGrad => "cross_entropy gradient",
            Self::Gather => "embedding",
            Self::ScatterAdd => "embedding gradient",
        }
    }
}

impl Unary {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Square => "square",
            Self::Sqrt => "sqrt",
            Self::Recip => "recip",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Relu => "relu",
            Self::Step => "step",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Erf => "erf",
        }
    }
}

impl Binary {
    /// The name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Max => "max",
            Self::Min => "min",
            Self::Greater => "greater",
            Self::Equal => "equal",
        }
    }
}
