//! What goes through a model: samples, a batch at a time, and what a model must know of them.

use serde::{Deserialize, Serialize};

/// The type of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// Unsigned 32-bit integer: class numbers, tokens.
    U32,
}

/// What one sample has on one side: an input or a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The shape of one sample, without the batch dimension; `[]` is a scalar.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub dtype: DType,
}

impl Field {
    /// Elements in one sample.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether a sample has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a model must know of the data to be built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSpec {
    /// What goes in.
    pub input: Field,
    /// What should come out. With classes: `u32` class numbers.
    pub target: Field,
    /// The names of the classes, in the order of their numbers; `None` is a regression.
    pub classes: Option<Vec<String>>,
}

impl DataSpec {
    /// How many numbers a model must give for one sample: one per class, or one per target value.
    pub fn outputs(&self) -> usize {
        match &self.classes {
            Some(classes) => self.target.len() * classes.len(),
            None => self.target.len(),
        }
    }
}

/// The samples of one side of a batch, row-major, sample after sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Real numbers.
    F32(Vec<f32>),
    /// Integers.
    U32(Vec<u32>),
}

impl Column {
    /// An empty column of elements of `dtype`.
    pub fn new(dtype: DType) -> Self {
        match dtype {
            DType::F32 => Self::F32(Vec::new()),
            DType::U32 => Self::U32(Vec::new()),
        }
    }

    /// The type of its elements.
    pub fn dtype(&self) -> DType {
        match self {
            Self::F32(_) => DType::F32,
            Self::U32(_) => DType::U32,
        }
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(cells) => cells.len(),
            Self::U32(cells) => cells.len(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Samples gathered for one pass. Its buffers are used again and again.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// How many samples.
    pub size: usize,
    /// `[size, input...]`.
    pub input: Column,
    /// `[size, target...]`.
    pub target: Column,
}

impl Batch {
    /// An empty batch with columns of the types that `spec` says.
    pub fn new(spec: &DataSpec) -> Self {
        Self { size: 0, input: Column::new(spec.input.dtype), target: Column::new(spec.target.dtype) }
    }
}
