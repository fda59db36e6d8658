//! How raw cells became numbers: fitted on the training split, written into every snapshot, applied again to every
//! later row.

use serde::{Deserialize, Serialize};

/// What turns a row of cells into a model's input. It serializes to JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// The columns of a row that are looked at, in the order of the inputs they become.
    pub features: Vec<Feature>,
}

/// One column and what it becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Feature {
    /// One input: `(value - mean) / scale`.
    Number {
        /// The column's name.
        name: String,
        /// Subtracted first; 0 if the column is not standardised.
        mean: f32,
        /// Divided by; 1 if the column is not standardised.
        scale: f32,
    },
    /// One input for each category, 1 for the row's own and 0 for the others.
    Category {
        /// The column's name.
        name: String,
        /// The categories of the training split, sorted.
        categories: Vec<String>,
        /// Whether one more input, the last, stands for all other categories; else they are an error.
        bucket: bool,
    },
}

impl Feature {
    /// The column's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number { name, .. } | Self::Category { name, .. } => name,
        }
    }

    /// How many inputs it becomes.
    pub fn width(&self) -> usize {
        match self {
            Self::Number { .. } => 1,
            Self::Category { categories, bucket, .. } => categories.len() + usize::from(*bucket),
        }
    }
}

impl Encoder {
    /// `count` unnamed columns, each divided by `scale`.
    pub fn plain(count: usize, scale: f32) -> Self {
        let feature = |index| Feature::Number { name: format!("x{index}"), mean: 0.0, scale };
        Self { features: (0..count).map(feature).collect() }
    }

    /// How many inputs a row becomes.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }
}

/// Encoded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// Inputs in a row.
    pub width: usize,
    /// `[count, width]`, row-major.
    pub cells: Vec<f32>,
}
