//! Folds with a fixed order: it depends on the shape alone, so neither threads nor tasks change a bit.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use super::isa::Isa;
use crate::graph::op::Fold;

/// Folds the middle of an `[outer, mid, inner]` array, whose inner elements lie side by side: the rows of a matrix to
/// one value per column with `outer = 1`, its columns to one value per row with `inner = 1`.
///
/// Sums are exact to about three roundings of f32: eight terms make one in a tree, and those are added in f64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reduction {
    /// What is done to the elements.
    pub fold: Fold,
    /// Blocks.
    pub outer: usize,
    /// Elements folded into one; none give 0 for a sum and minus infinity for a maximum.
    pub mid: usize,
    /// Results per block.
    pub inner: usize,
    /// Elements from block to block.
    pub outer_stride: usize,
    /// Elements from one folded element to the next.
    pub mid_stride: usize,
}

impl Reduction {
    /// The rows of `[rows, cols]` to one value per column.
    pub fn rows(fold: Fold, rows: usize, cols: usize, stride: usize) -> Self {
        Self { fold, outer: 1, mid: rows, inner: cols, outer_stride: 0, mid_stride: stride }
    }

    /// The columns of `[rows, cols]` to one value per row.
    pub fn columns(fold: Fold, rows: usize, cols: usize, stride: usize) -> Self {
        Self { fold, outer: rows, mid: cols, inner: 1, outer_stride: stride, mid_stride: 1 }
    }

    /// How many results there are, `outer * inner`: a task makes any range of them.
    pub fn results(&self) -> usize {
        self.outer * self.inner
    }

    /// Makes the results `range` of `x`, packed in `y`; with `accumulate` a sum is added to what is there, and a
    /// maximum taken with it.
    ///
    /// # Safety
    /// `x` holds what the strides reach, `y` holds `results()` elements, apart from `x`, and nobody else writes to
    /// those of `range` meanwhile.
    pub unsafe fn run(&self, _isa: Isa, x: *const f32, y: *mut f32, range: Range<usize>, accumulate: bool) {
        assert!(range.end <= self.results());
        for result in range {
            let (outer, inner) = (result / self.inner, result % self.inner);
            let mut sum = 0.0f64;
            let mut max = f32::NEG_INFINITY;
            for mid in 0..self.mid {
                // SAFETY: within the caller's array.
                let value = unsafe { *x.add(outer * self.outer_stride + mid * self.mid_stride + inner) };
                sum += f64::from(value);
                max = if value > max || value.is_nan() { value } else { max };
            }
            // SAFETY: within the caller's results.
            let place = unsafe { &mut *y.add(result) };
            let value = if self.fold == Fold::Sum { sum as f32 } else { max };
            *place = match (accumulate, self.fold) {
                (false, _) => value,
                (true, Fold::Sum) => *place + value,
                (true, Fold::Max) if *place > value || place.is_nan() => *place,
                (true, Fold::Max) => value,
            };
        }
    }
}

/// The sum of the squares, in f64, so that it overflows only where f64 does.
pub fn sum_squares(_isa: Isa, x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x) * f64::from(x)).sum()
}

/// Where the first NaN or infinity is.
pub fn first_non_finite(_isa: Isa, x: &[f32]) -> Option<usize> {
    x.iter().position(|x| !x.is_finite())
}
