//! The cross-entropy of a softmax over each row with the class of that row, and its gradient. A NaN in a row makes the
//! row's loss NaN.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use crate::cpu::elementary::{exp, log};
use crate::cpu::isa::Isa;
use crate::cpu::lanes::{Kernel, Lanes, WIDTH, dispatch, pieces};
use crate::cpu::matrix::{Matrix, MatrixMut};
use crate::cpu::reduce::max_along;

/// A class index that names no column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "sample {row} of the batch has class {class}, but the model has {classes} outputs (classes 0 to {}): \
     give the model more outputs or mend the labels",
    classes.saturating_sub(1)
)]
pub struct BadClass {
    /// The row of the batch.
    pub row: usize,
    /// Its class.
    pub class: u32,
    /// The columns.
    pub classes: usize,
}

/// `losses[row] = logsumexp(x) - x[class]` for the rows `range`; saves `logsumexp(x)` of each row for the gradient.
///
/// # Errors
/// On a class that is no column; the range's results are void then.
///
/// # Safety
/// `x` has `range.end` rows of `cols`; `classes`, `losses` and `lse` hold `range.end` elements, and nobody else writes
/// to those of `range` meanwhile.
pub unsafe fn cross_entropy(
    isa: Isa,
    x: Matrix,
    cols: usize,
    classes: *const u32,
    losses: *mut f32,
    lse: *mut f32,
    range: Range<usize>,
) -> Result<(), BadClass> {
    dispatch(isa, Forward { x, cols, classes, losses, lse, range })
}

/// `dx = (softmax(x) - onehot(class)) * dlosses[row]` for the rows `range`, with `lse` as [`cross_entropy`] saved it.
///
/// # Safety
/// As for [`cross_entropy`], which has accepted the classes; `dx` may be `x` itself.
#[allow(clippy::too_many_arguments, reason = "operands")]
pub unsafe fn cross_entropy_gradient(
    isa: Isa,
    x: Matrix,
    cols: usize,
    classes: *const u32,
    lse: *const f32,
    dlosses: *const f32,
    dx: MatrixMut,
    range: Range<usize>,
) {
    dispatch(isa, Backward { x, cols, classes, lse, dlosses, dx, range });
}

struct Forward {
    x: Matrix,
    cols: usize,
    classes: *const u32,
    losses: *mut f32,
    lse: *mut f32,
    range: Range<usize>,
}

impl Kernel for Forward {
    type Output = Result<(), BadClass>;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> Result<(), BadClass> {
        let Forward { x, cols, classes, losses, lse, range } = self;
        // Sixteen rows share one logarithm.
        for (at, count) in pieces(range.len()) {
            let first = range.start + at;
            let [mut largest, mut sum, mut target] = [[1.0; WIDTH]; 3];
            for lane in 0..count {
                // SAFETY: the caller's rows; the class is a column.
                unsafe {
                    let class = *classes.add(first + lane);
                    if class as usize >= cols {
                        return Err(BadClass { row: first + lane, class, classes: cols });
                    }
                    let row = x.row(first + lane);
                    (largest[lane], sum[lane]) = largest_and_sum::<V>(row, cols);
                    target[lane] = *row.add(class as usize);
                }
            }
            // SAFETY: arrays of sixteen, and the caller's rows.
            unsafe {
                let [largest, sum, target] = [largest, sum, target].map(|lanes| V::load(lanes.as_ptr()));
                let log_sum = log(sum);
                largest.add(log_sum).store_up_to(lse.add(first), count);
                // In this order a small loss keeps its digits: the target is the largest then.
                largest.sub(target).add(log_sum).store_up_to(losses.add(first), count);
            }
        }
        Ok(())
    }
}

struct Backward {
    x: Matrix,
    cols: usize,
    classes: *const u32,
    lse: *const f32,
    dlosses: *const f32,
    dx: MatrixMut,
    range: Range<usize>,
}

/// A 1 that can be loaded into any lane.
static ONE_HOT: [f32; 2 * WIDTH - 1] = {
    let mut lanes = [0.0; 2 * WIDTH - 1];
    lanes[WIDTH - 1] = 1.0;
    lanes
};

impl Kernel for Backward {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        for row in self.range {
            // SAFETY: the caller's rows; the window of sixteen lies inside the static for every lane.
            unsafe {
                let (from, to) = (self.x.row(row), self.dx.row(row));
                let class = *self.classes.add(row) as usize;
                let (lse, dloss) = (V::splat(*self.lse.add(row)), V::splat(*self.dlosses.add(row)));
                for (at, count) in pieces(self.cols) {
                    let mut p = exp(V::load_up_to(from.add(at), count).sub(lse));
                    if at == class / WIDTH * WIDTH {
                        p = p.sub(V::load(ONE_HOT.as_ptr().add(WIDTH - 1 - class % WIDTH)));
                    }
                    p.mul(dloss).store_up_to(to.add(at), count);
                }
            }
        }
    }
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
