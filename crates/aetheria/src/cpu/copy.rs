//! Strided copies: permute, slice, concatenate, materialise a broadcast.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use super::isa::Isa;

/// The most dimensions a copy can have.
pub const MAX_DIMS: usize = 6;

/// Why a copy cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// More than [`MAX_DIMS`], or as many strides as dimensions are missing.
    #[error(
        "a copy over {shape} dimensions with {from} and {to} strides: give one stride each, for at most 6"
    )]
    Dims {
        /// Dimensions.
        shape: usize,
        /// Strides of the source.
        from: usize,
        /// Strides of the target.
        to: usize,
    },
    /// The target would be written twice.
    #[error("a copy whose target has stride 0 along dimension {0} would write an element more than once")]
    Overlap(usize),
}

/// A planned copy: `target[i . target_strides] = source[i . source_strides]` for every index `i` of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StridedCopy {
    shape: Vec<usize>,
    source: Vec<usize>,
    target: Vec<usize>,
}

impl StridedCopy {
    /// Plans a copy. A source stride of 0 repeats an element (broadcast).
    ///
    /// # Errors
    /// When there are too many dimensions, or the target would be written twice.
    pub fn new(shape: &[usize], source: &[usize], target: &[usize]) -> Result<Self, CopyError> {
        if shape.len() > MAX_DIMS || source.len() != shape.len() || target.len() != shape.len() {
            return Err(CopyError::Dims { shape: shape.len(), from: source.len(), to: target.len() });
        }
        if let Some(dim) = (0..shape.len()).find(|&dim| shape[dim] > 1 && target[dim] == 0) {
            return Err(CopyError::Overlap(dim));
        }
        Ok(Self { shape: shape.to_vec(), source: source.to_vec(), target: target.to_vec() })
    }

    /// How many pieces of about equal work it consists of: a task copies any range of them.
    pub fn pieces(&self) -> usize {
        self.shape.iter().product()
    }

    /// Copies the pieces `range`.
    ///
    /// # Safety
    /// Both hold what the strides reach, apart from each other, and nobody else writes to those of `range` meanwhile.
    pub unsafe fn run(&self, _isa: Isa, source: *const f32, target: *mut f32, range: Range<usize>) {
        for piece in range {
            let (mut rest, mut from, mut to) = (piece, 0, 0);
            for dim in (0..self.shape.len()).rev() {
                let at = rest % self.shape[dim];
                rest /= self.shape[dim];
                from += at * self.source[dim];
                to += at * self.target[dim];
            }
            // SAFETY: the caller's.
            unsafe { *target.add(to) = *source.add(from) };
        }
    }
}
