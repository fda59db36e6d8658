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
