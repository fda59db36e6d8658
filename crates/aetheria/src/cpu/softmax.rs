//! Softmax, its logarithm and the cross-entropy on it, row by row. A NaN in a row makes the whole row NaN.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use super::isa::Isa;
use super::matrix::{Matrix, MatrixMut};

/// A class index that names no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sample {row} of the batch has class {class}, but the model has {classes} outputs (classes 0 to {})", classes - 1)]
pub struct BadClass {
    /// The row of the batch.
    pub row: usize,
    /// Its class.
    pub class: u32,
    /// The columns.
    pub classes: usize,
}

/// `losses[row] = logsumexp(x) - x[class]`; saves `logsumexp(x)` per row for the gradient.
///
/// # Errors
/// On the first row of the range whose class is no column; rows before it are done.
///
/// # Safety
/// `x` has `range.end` rows of `cols`; `classes`, `losses` and `lse` hold `range.end` elements, and nobody else writes
/// to those of `range` meanwhile.
pub unsafe fn cross_entropy(
    _isa: Isa,
    x: Matrix,
    cols: usize,
    classes: *const u32,
    losses: *mut f32,
    lse: *mut f32,
    range: Range<usize>,
) -> Result<(), BadClass> {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            let values = std::slice::from_raw_parts(x.row(row), cols);
            let class = *classes.add(row);
            let Some(target) = values.get(class as usize) else {
                return Err(BadClass { row, class, classes: cols });
            };
            let max = values.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            let sum: f32 = values.iter().map(|x| (x - max).exp()).sum();
            let total = max + sum.ln();
            *lse.add(row) = total;
            *losses.add(row) = total - target;
        }
    }
    Ok(())
}

/// `dx = (softmax(x) - onehot(class)) * dloss[row]`, with `lse` as [`cross_entropy`] saved it.
///
/// # Safety
/// As for [`cross_entropy`], which has accepted the classes; `dx` may be `x` itself.
#[allow(clippy::too_many_arguments, reason = "operands")]
pub unsafe fn cross_entropy_gradient(
    _isa: Isa,
    x: Matrix,
    cols: usize,
    classes: *const u32,
    lse: *const f32,
    dloss: *const f32,
    dx: MatrixMut,
    range: Range<usize>,
) {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            for col in 0..cols {
                let p = (*x.row(row).add(col) - *lse.add(row)).exp();
                let hot = f32::from(*classes.add(row) as usize == col);
                *dx.row(row).add(col) = (p - hot) * *dloss.add(row);
            }
        }
    }
}

/// `y = softmax(x)` per row.
///
/// # Safety
/// `x` and `y` have `range.end` rows of `cols`; `y` may be `x` itself; nobody else writes to those rows meanwhile.
pub unsafe fn softmax(_isa: Isa, x: Matrix, cols: usize, y: MatrixMut, range: Range<usize>) {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            let values = std::slice::from_raw_parts(x.row(row), cols);
            let max = values.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            let sum: f32 = values.iter().map(|x| (x - max).exp()).sum();
            for col in 0..cols {
                *y.row(row).add(col) = (*x.row(row).add(col) - max).exp() / sum;
            }
        }
    }
}

/// `y = log(softmax(x))` per row.
///
/// # Safety
/// As for [`softmax`].
pub unsafe fn log_softmax(_isa: Isa, x: Matrix, cols: usize, y: MatrixMut, range: Range<usize>) {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            let values = std::slice::from_raw_parts(x.row(row), cols);
            let max = values.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b));
            let sum: f32 = values.iter().map(|x| (x - max).exp()).sum();
            for col in 0..cols {
                *y.row(row).add(col) = *x.row(row).add(col) - max - sum.ln();
            }
        }
    }
}

/// `dx = y * (dy - sum(y * dy))` per row, where `y` is [`softmax`]'s result.
///
/// # Safety
/// As for [`softmax`]; `dx` may be `y` or `dy` itself.
pub unsafe fn softmax_gradient(
    _isa: Isa,
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
) {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            let dot: f32 = (0..cols).map(|col| *y.row(row).add(col) * *dy.row(row).add(col)).sum();
            for col in 0..cols {
                *dx.row(row).add(col) = *y.row(row).add(col) * (*dy.row(row).add(col) - dot);
            }
        }
    }
}

/// `dx = dy - exp(y) * sum(dy)` per row, where `y` is [`log_softmax`]'s result.
///
/// # Safety
/// As for [`softmax`]; `dx` may be `y` or `dy` itself.
pub unsafe fn log_softmax_gradient(
    _isa: Isa,
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
) {
    for row in range {
        // SAFETY: the caller's.
        unsafe {
            let sum: f32 = (0..cols).map(|col| *dy.row(row).add(col)).sum();
            for col in 0..cols {
                *dx.row(row).add(col) = *dy.row(row).add(col) - (*y.row(row).add(col)).exp() * sum;
            }
        }
    }
}
