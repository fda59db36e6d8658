//! What a condition is made of.

use aether_core::signal::Nanos;

/// How far back a function looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many points.
    Points(usize),
    /// So long, in nanoseconds.
    Time(Nanos),
}

/// For how long a condition must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Steps of the run.
    Steps(u64),
    /// In nanoseconds.
    Time(Nanos),
}

/// A function over the last values of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Last,
    Min,
    Max,
    Mean,
    Median,
    Std,
    Rate,
}

pub(super) const FUNCTIONS: [(&str, Function); 7] = [
    ("last", Function::Last),
    ("min", Function::Min),
    ("max", Function::Max),
    ("mean", Function::Mean),
    ("median", Function::Median),
    ("std", Function::Std),
    ("rate", Function::Rate),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Operator {
    /// Binds stronger the higher it is.
    pub(super) fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide => 6,
            _ => 4,
        }
    }

    pub(super) fn takes_conditions(self) -> bool {
        matches!(self, Self::And | Self::Or)
    }

    pub(super) fn makes_condition(self) -> bool {
        self.precedence() <= 4
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Number(f64),
    /// The place of a series in the condition's list, and what is made of it.
    Call(usize),
    Negate(Box<Expression>),
    Absolute(Box<Expression>),
    Not(Box<Expression>),
    Binary(Operator, Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Whether it holds or not, rather than being a number.
    pub(super) fn is_condition(&self) -> bool {
        match self {
            Self::Not(_) => true,
            Self::Binary(operator, ..) => operator.makes_condition(),
            _ => false,
        }
    }
}

/// A function of a metric, as a condition uses it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) metric: String,
    pub(super) function: Function,
    pub(super) window: Window,
}
