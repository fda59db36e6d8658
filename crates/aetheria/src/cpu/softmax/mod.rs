//! Softmax, its logarithm and the cross-entropy on it, row by row. A NaN in a row makes the whole row NaN.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

mod cross_entropy;

use std::ops::Range;

use crate::cpu::elementary::{exp, log};
use crate::cpu::isa::Isa;
use crate::cpu::lanes::{Kernel, Lanes, WIDTH, dispatch, pieces};
use crate::cpu::matrix::{Matrix, MatrixMut};
use crate::cpu::reduce::max_along;

pub use cross_entropy::{BadClass, cross_entropy, cross_entropy_gradient};

/// `y = softmax(x)` per row.
///
/// # Safety
/// `x` and `y` have `range.end` rows of `cols`; `y` may be `x` itself; nobody else writes to those rows meanwhile.
pub unsafe fn softmax(isa: Isa, x: Matrix, cols: usize, y: MatrixMut, range: Range<usize>) {
    dispatch(isa, Softmax { x, cols, y, range });
}

/// `y = log(softmax(x))` per row.
///
/// # Safety
/// As for [`softmax`].
pub unsafe fn log_softmax(isa: Isa, x: Matrix, cols: usize, y: MatrixMut, range: Range<usize>) {
    dispatch(isa, LogSoftmax { x, cols, y, range });
}

/// `dx = y * (dy - sum(y * dy))` per row, where `y` is [`softmax`]'s result.
///
/// # Safety
/// As for [`softmax`]; `dx` may be `y` or `dy` itself.
pub unsafe fn softmax_gradient(
    isa: Isa,
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
) {
    dispatch(isa, SoftmaxGradient { y, dy, cols, dx, range });
}

/// `dx = dy - exp(y) * sum(dy)` per row, where `y` is [`log_softmax`]'s result.
///
/// # Safety
/// As for [`softmax`]; `dx` may be `y` or `dy` itself.
pub unsafe fn log_softmax_gradient(
    isa: Isa,
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
) {
    dispatch(isa, LogSoftmaxGradient { y, dy, cols, dx, range });
}

/// The largest element of a row, and the sum of `exp(x - largest)` over it.
///
/// # Safety
/// The row has `cols` elements, here and below, and the machine the instructions of `V`.
#[inline(always)]
unsafe fn largest_and_sum<V: Lanes>(x: *const f32, cols: usize) -> (f32, f32) {
    // SAFETY: the caller's.
    unsafe {
        let largest = max_along::<V>(x, cols);
        let mut sum = V::splat(0.0).wide_zero();
        for (at, count) in pieces(cols) {
            let e = exp(V::load_up_to(x.add(at), count).sub(V::splat(largest)));
            sum = if count < WIDTH { e.first_or(count, 0.0) } else { e }.add_wide(sum);
        }
        (largest, V::wide_sum(sum) as f32)
    }
}

/// `to = f(vector number)` over a row, `f` given the place and length of each vector.
#[inline(always)]
unsafe fn write_row<V: Lanes>(to: *mut f32, cols: usize, f: impl Fn(usize, usize) -> V) {
    for (at, count) in pieces(cols) {
        // SAFETY: the caller's.
        unsafe { f(at, count).store_up_to(to.add(at), count) };
    }
}

struct Softmax {
    x: Matrix,
    cols: usize,
    y: MatrixMut,
    range: Range<usize>,
}

impl Kernel for Softmax {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for row in self.range {
            // SAFETY: the caller's rows.
            unsafe {
                let x = self.x.row(row);
                let (largest, sum) = largest_and_sum::<V>(x, self.cols);
                let (largest, sum) = (V::splat(largest), V::splat(sum));
                write_row(self.y.row(row), self.cols, |at, count| {
                    exp(V::load_up_to(x.add(at), count).sub(largest)).div(sum)
                });
            }
        }
    }
}

struct LogSoftmax {
    x: Matrix,
    cols: usize,
    y: MatrixMut,
    range: Range<usize>,
}

impl Kernel for LogSoftmax {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for row in self.range {
            // SAFETY: the caller's rows.
            unsafe {
                let x = self.x.row(row);
                let (largest, sum) = largest_and_sum::<V>(x, self.cols);
                let (largest, log_sum) = (V::splat(largest), log(V::splat(sum)));
                write_row(self.y.row(row), self.cols, |at, count| {
                    V::load_up_to(x.add(at), count).sub(largest).sub(log_sum)
                });
            }
        }
    }
}

struct SoftmaxGradient {
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
}

impl Kernel for SoftmaxGradient {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for row in self.range {
            // SAFETY: the caller's rows.
            unsafe {
                let (y, dy) = (self.y.row(row), self.dy.row(row));
                let load = |from: *const f32, at: usize, count| V::load_up_to(from.add(at), count);
                let mut dot = V::splat(0.0).wide_zero();
                for (at, count) in pieces(self.cols) {
                    dot = load(y, at, count).mul(load(dy, at, count)).add_wide(dot);
                }
                let dot = V::splat(V::wide_sum(dot) as f32);
                write_row(self.dx.row(row), self.cols, |at, count| {
                    load(y, at, count).mul(load(dy, at, count).sub(dot))
                });
            }
        }
    }
}

struct LogSoftmaxGradient {
    y: Matrix,
    dy: Matrix,
    cols: usize,
    dx: MatrixMut,
    range: Range<usize>,
}

impl Kernel for LogSoftmaxGradient {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for row in self.range {
            // SAFETY: the caller's rows.
            unsafe {
                let (y, dy) = (self.y.row(row), self.dy.row(row));
                let load = |from: *const f32, at: usize, count| V::load_up_to(from.add(at), count);
                let mut sum = V::splat(0.0).wide_zero();
                for (at, count) in pieces(self.cols) {
                    sum = load(dy, at, count).add_wide(sum);
                }
                let sum = V::splat(V::wide_sum(sum) as f32);
                write_row(self.dx.row(row), self.cols, |at, count| {
                    load(dy, at, count).sub(exp(load(y, at, count)).mul(sum))
                });
            }
        }
    }
}
