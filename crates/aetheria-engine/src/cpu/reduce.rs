//! Folds with a fixed order: it depends on the shape alone, so neither threads nor tasks change a bit.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use super::isa::Isa;
use super::lanes::{Kernel, Lanes, WIDTH, dispatch, pieces};
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
    pub unsafe fn run(&self, isa: Isa, x: *const f32, y: *mut f32, range: Range<usize>, accumulate: bool) {
        assert!(range.end <= self.results(), "{range:?} of {} results", self.results());
        dispatch(isa, Run { reduction: self, x, y, range, accumulate });
    }
}

/// Terms that are added in a tree of f32 before they go to f64: conversion costs more than addition.
const TREE: usize = 8;

struct Run<'a> {
    reduction: &'a Reduction,
    x: *const f32,
    y: *mut f32,
    range: Range<usize>,
    accumulate: bool,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let Reduction { fold, mid, inner, outer_stride, mid_stride, .. } = *self.reduction;
        // SAFETY: the caller's arrays hold what the strides reach and all results.
        unsafe {
            if inner == 1 && mid_stride == 1 {
                for result in self.range.clone() {
                    let x = self.x.add(result * outer_stride);
                    let value = match fold {
                        Fold::Sum => sum_along::<V>(x, mid),
                        Fold::Max => max_along::<V>(x, mid),
                    };
                    self.put(V::splat(value), result, 1);
                }
                return;
            }
            let mut result = self.range.start;
            while result < self.range.end {
                let (outer, column) = (result / inner, result % inner);
                let columns = (self.range.end - result).min(inner - column);
                let x = self.x.add(outer * outer_stride + column);
                let mut at = 0;
                while columns - at >= 4 * WIDTH {
                    let values = match fold {
                        Fold::Sum => sum_across::<V, 4>(x.add(at), mid, mid_stride, WIDTH),
                        Fold::Max => max_across::<V, 4>(x.add(at), mid, mid_stride, WIDTH),
                    };
                    for (vector, value) in values.into_iter().enumerate() {
                        self.put(value, result + at + vector * WIDTH, WIDTH);
                    }
                    at += 4 * WIDTH;
                }
                for (more, count) in pieces(columns - at) {
                    let [value] = match fold {
                        Fold::Sum => sum_across::<V, 1>(x.add(at + more), mid, mid_stride, count),
                        Fold::Max => max_across::<V, 1>(x.add(at + more), mid, mid_stride, count),
                    };
                    self.put(value, result + at + more, count);
                }
                result += columns;
            }
        }
    }
}

impl Run<'_> {
    /// # Safety
    /// `count` results from `result` on are the caller's.
    #[inline(always)]
    unsafe fn put<V: Lanes>(&self, value: V, result: usize, count: usize) {
        // SAFETY: the caller's.
        unsafe {
            let place = self.y.add(result);
            let value = match (self.accumulate, self.reduction.fold) {
                (false, _) => value,
                (true, Fold::Sum) => V::load_up_to(place, count).add(value),
                (true, Fold::Max) => V::load_up_to(place, count).max(value),
            };
            value.store_up_to(place, count);
        }
    }
}

#[inline(always)]
fn tree<V: Lanes>(x: [V; TREE]) -> V {
    x[0].add(x[1]).add(x[2].add(x[3])).add(x[4].add(x[5]).add(x[6].add(x[7])))
}

/// The sum of `n` elements side by side.
#[inline(always)]
unsafe fn sum_along<V: Lanes>(x: *const f32, n: usize) -> f32 {
    let whole = n / (TREE * WIDTH) * (TREE * WIDTH);
    // SAFETY: the caller's elements.
    unsafe {
        let mut sum = V::splat(0.0).wide_zero();
        for at in (0..whole).step_by(TREE * WIDTH) {
            sum = tree(std::array::from_fn::<V, TREE, _>(|i| V::load(x.add(at + i * WIDTH)))).add_wide(sum);
        }
        for (more, count) in pieces(n - whole) {
            sum = V::load_up_to(x.add(whole + more), count).add_wide(sum);
        }
        V::wide_sum(sum) as f32
    }
}

/// The largest of elements, told one vector after the other, and whether one was NaN.
#[derive(Clone, Copy)]
struct Largest<V: Lanes> {
    largest: V,
    nan: V::Mask,
}

impl<V: Lanes> Largest<V> {
    /// # Safety
    /// The machine has the instructions of `V`.
    #[inline(always)]
    unsafe fn new() -> Self {
        // SAFETY: the caller's.
        let largest = unsafe { V::splat(f32::NEG_INFINITY) };
        Self { largest, nan: largest.unordered(largest) }
    }

    #[inline(always)]
    fn with(self, x: V) -> Self {
        Self { largest: x.max_or_second(self.largest), nan: V::either(self.nan, x.unordered(x)) }
    }

    #[inline(always)]
    fn get(self) -> V {
        V::select(self.nan, self.largest.constant(f32::NAN), self.largest)
    }
}

/// The largest of `n` elements side by side.
#[inline(always)]
pub(super) unsafe fn max_along<V: Lanes>(x: *const f32, n: usize) -> f32 {
    // SAFETY: the caller's elements.
    unsafe {
        let mut largest = Largest::<V>::new();
        for (at, count) in pieces(n) {
            let x = V::load_up_to(x.add(at), count);
            largest = largest.with(if count < WIDTH { x.first_or(count, f32::NEG_INFINITY) } else { x });
        }
        largest.get().largest()
    }
}

/// The sums of `n` rows, for `N` vectors side by side, the last one of `count` lanes.
#[inline(always)]
unsafe fn sum_across<V: Lanes, const N: usize>(
    x: *const f32,
    n: usize,
    stride: usize,
    count: usize,
) -> [V; N] {
    // SAFETY: the caller's rows.
    unsafe {
        let at = |row: usize, vector: usize| V::load_up_to(x.add(row * stride + vector * WIDTH), count);
        let mut sums = [V::splat(0.0).wide_zero(); N];
        let whole = n / TREE * TREE;
        for row in (0..whole).step_by(TREE) {
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = tree(std::array::from_fn::<V, TREE, _>(|i| at(row + i, vector))).add_wide(*sum);
            }
        }
        for row in whole..n {
            for (vector, sum) in sums.iter_mut().enumerate() {
                *sum = at(row, vector).add_wide(*sum);
            }
        }
        sums.map(|sum| V::narrow(sum))
    }
}

/// The maxima of `n` rows, for `N` vectors side by side, the last one of `count` lanes.
#[inline(always)]
unsafe fn max_across<V: Lanes, const N: usize>(
    x: *const f32,
    n: usize,
    stride: usize,
    count: usize,
) -> [V; N] {
    // SAFETY: the caller's rows.
    unsafe {
        let mut largest = [Largest::<V>::new(); N];
        for row in 0..n {
            for (vector, largest) in largest.iter_mut().enumerate() {
                *largest = largest.with(V::load_up_to(x.add(row * stride + vector * WIDTH), count));
            }
        }
        largest.map(|largest| largest.get())
    }
}

/// The sum of the squares, in f64, so that it overflows only where f64 does.
pub fn sum_squares(isa: Isa, x: &[f32]) -> f64 {
    dispatch(isa, SumSquares(x))
}

struct SumSquares<'a>(&'a [f32]);

impl Kernel for SumSquares<'_> {
    type Output = f64;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> f64 {
        let pairs = self.0.chunks_exact(2 * WIDTH);
        let rest = pairs.remainder();
        // SAFETY: inside the slice.
        unsafe {
            // Two sums, so that one addition need not wait for the other.
            let mut sums = [V::splat(0.0).wide_zero(); 2];
            for pair in pairs {
                sums[0] = V::load(pair.as_ptr()).square_add_wide(sums[0]);
                sums[1] = V::load(pair.as_ptr().add(WIDTH)).square_add_wide(sums[1]);
            }
            for (at, count) in pieces(rest.len()) {
                sums[0] = V::load_up_to(rest.as_ptr().add(at), count).square_add_wide(sums[0]);
            }
            V::wide_sum(V::wide_add(sums[0], sums[1]))
        }
    }
}

/// Where the first NaN or infinity is.
pub fn first_non_finite(isa: Isa, x: &[f32]) -> Option<usize> {
    /// So few that the second look is cheap, so many that the first one is seldom interrupted.
    const BLOCK: usize = 1024;
    x.chunks(BLOCK).enumerate().find_map(|(block, x)| match dispatch(isa, AllFinite(x)) {
        true => None,
        false => x.iter().position(|x| !x.is_finite()).map(|at| block * BLOCK + at),
    })
}

struct AllFinite<'a>(&'a [f32]);

impl Kernel for AllFinite<'_> {
    type Output = bool;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> bool {
        let quads = self.0.chunks_exact(4 * WIDTH);
        let rest = quads.remainder();
        // SAFETY: inside the slice.
        unsafe {
            // x - x is 0, or NaN, which sticks.
            let mut sums = [V::splat(0.0); 4];
            for quad in quads {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    let x = V::load(quad.as_ptr().add(vector * WIDTH));
                    *sum = sum.add(x.sub(x));
                }
            }
            for (at, count) in pieces(rest.len()) {
                let x = V::load_up_to(rest.as_ptr().add(at), count);
                sums[0] = sums[0].add(x.sub(x));
            }
            let sum = sums[0].add(sums[1]).add(sums[2].add(sums[3]));
            !V::any(sum.unordered(sum))
        }
    }
}
