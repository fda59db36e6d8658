//! Strided copies: permute, slice, concatenate, materialise a broadcast.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

use super::isa::Isa;
use super::lanes::{Kernel, Lanes, WIDTH, dispatch, pieces};

/// The most dimensions a copy can have.
pub const MAX_DIMS: usize = 6;

/// Elements in a piece of a long run.
const LONG: usize = 4096;

/// Target rows in a piece of a transposition: four cache lines of each source line.
const STRIP: usize = 4 * WIDTH;

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

/// A dimension: how many elements, and how far apart they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dim {
    len: usize,
    source: usize,
    target: usize,
}

const ONCE: Dim = Dim { len: 1, source: 0, target: 0 };

/// What is done at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inner {
    /// Elements side by side in both.
    Run { len: usize },
    /// One element many times, side by side.
    Repeat { len: usize },
    /// A matrix whose rows lie side by side in the source, and whose columns do in the target.
    Transpose { rows: Dim, columns: Dim },
    /// Anything else.
    Scatter(Dim),
}

/// A planned copy: `target[i . target_strides] = source[i . source_strides]` for every index `i` of a shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StridedCopy {
    /// Slowest first.
    outer: [Dim; MAX_DIMS],
    inner: Inner,
    /// Pieces that the inner part is cut into.
    cuts: usize,
    pieces: usize,
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
        let repeats = |&dim: &usize| shape[dim] > 1 && target[dim] == 0;
        if let (Some(dim), false) = ((0..shape.len()).find(repeats), shape.contains(&0)) {
            return Err(CopyError::Overlap(dim));
        }
        let dims =
            (0..shape.len()).map(|dim| Dim { len: shape[dim], source: source[dim], target: target[dim] });
        let mut dims = merge(dims.filter(|dim| dim.len != 1).collect());
        let inner = take_inner(&mut dims);
        let cuts = match inner {
            Inner::Run { len } | Inner::Repeat { len } => len.div_ceil(LONG),
            Inner::Transpose { rows, .. } => rows.len.div_ceil(STRIP),
            Inner::Scatter(dim) => usize::from(dim.len > 0),
        };
        let pieces = dims.iter().map(|dim| dim.len).product::<usize>() * cuts;
        let mut outer = [ONCE; MAX_DIMS];
        outer[MAX_DIMS - dims.len()..].copy_from_slice(&dims);
        Ok(Self { outer, inner, cuts, pieces })
    }

    /// How many pieces of about equal work it consists of: a task copies any range of them.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// Copies the pieces `range`.
    ///
    /// # Panics
    /// If there are not so many.
    ///
    /// # Safety
    /// Both hold what the strides reach, apart from each other, and nobody else writes to those of `range` meanwhile.
    pub unsafe fn run(&self, isa: Isa, source: *const f32, target: *mut f32, range: Range<usize>) {
        assert!(range.end <= self.pieces, "{range:?} of {} pieces", self.pieces);
        dispatch(isa, Run { copy: self, source, target, range });
    }
}

/// Sorts the dimensions by their distance in the target, so that it is written in order, and joins those that follow
/// each other without a gap in both.
fn merge(mut dims: Vec<Dim>) -> Vec<Dim> {
    dims.sort_by_key(|dim| std::cmp::Reverse(dim.target));
    let mut merged: Vec<Dim> = Vec::new();
    for dim in dims {
        match merged.last_mut() {
            Some(slow) if slow.source == dim.source * dim.len && slow.target == dim.target * dim.len => {
                *slow = Dim { len: slow.len * dim.len, ..dim };
            }
            _ => merged.push(dim),
        }
    }
    merged
}

fn take_inner(dims: &mut Vec<Dim>) -> Inner {
    let Some(last) = dims.pop() else {
        return Inner::Run { len: 1 };
    };
    match (last.source, last.target) {
        (1, 1) => Inner::Run { len: last.len },
        (0, 1) => Inner::Repeat { len: last.len },
        (_, 1) => match dims.iter().position(|dim| dim.source == 1) {
            Some(at) => Inner::Transpose { rows: dims.remove(at), columns: last },
            None => Inner::Scatter(last),
        },
        _ => Inner::Scatter(last),
    }
}

struct Run<'a> {
    copy: &'a StridedCopy,
    source: *const f32,
    target: *mut f32,
    range: Range<usize>,
}

impl Kernel for Run<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) {
        let StridedCopy { outer, inner, cuts, .. } = self.copy;
        let Range { start, end } = self.range;
        if start == end {
            return;
        }
        let mut index = [0; MAX_DIMS];
        let mut rest = start / cuts;
        for (index, dim) in index.iter_mut().zip(outer).rev() {
            *index = rest % dim.len;
            rest /= dim.len;
        }
        let mut cut = start % cuts;
        for _ in start..end {
            let place = |stride: fn(&Dim) -> usize| {
                index.iter().zip(outer).map(|(i, dim)| i * stride(dim)).sum::<usize>()
            };
            // SAFETY: the caller's arrays hold what the strides reach.
            unsafe {
                let source = self.source.add(place(|dim| dim.source));
                let target = self.target.add(place(|dim| dim.target));
                copy_piece::<V>(*inner, cut, source, target);
            }
            cut += 1;
            if cut == *cuts {
                cut = 0;
                for (index, dim) in index.iter_mut().zip(outer).rev() {
                    *index += 1;
                    if *index < dim.len {
                        break;
                    }
                    *index = 0;
                }
            }
        }
    }
}

/// # Safety
/// Both hold the inner part.
#[inline(always)]
unsafe fn copy_piece<V: Lanes>(inner: Inner, cut: usize, source: *const f32, target: *mut f32) {
    // SAFETY: the caller's.
    unsafe {
        match inner {
            Inner::Run { len } => {
                let (at, count) = (cut * LONG, (len - cut * LONG).min(LONG));
                std::ptr::copy_nonoverlapping(source.add(at), target.add(at), count);
            }
            Inner::Repeat { len } => {
                let (at, count) = (cut * LONG, (len - cut * LONG).min(LONG));
                let value = V::splat(*source);
                for (more, count) in pieces(count) {
                    value.store_up_to(target.add(at + more), count);
                }
            }
            Inner::Transpose { rows, columns } => {
                let first = cut * STRIP;
                for (column, width) in pieces(columns.len) {
                    for (more, count) in pieces((rows.len - first).min(STRIP)) {
                        let from = source.add(first + more + column * columns.source);
                        let to = target.add((first + more) * rows.target + column);
                        transpose::<V>(from, columns.source, width, to, rows.target, count);
                    }
                }
            }
            Inner::Scatter(dim) => {
                for i in 0..dim.len {
                    *target.add(i * dim.target) = *source.add(i * dim.source);
                }
            }
        }
    }
}

/// Turns up to sixteen source lines of up to sixteen elements into as many target lines: `lines` in the source, each
/// `from_stride` after the other, become `count` in the target.
///
/// # Safety
/// Both hold them.
#[inline(always)]
unsafe fn transpose<V: Lanes>(
    from: *const f32,
    from_stride: usize,
    lines: usize,
    to: *mut f32,
    to_stride: usize,
    count: usize,
) {
    // SAFETY: the caller's; both sides go through sixteen lines of sixteen.
    unsafe {
        let mut block = [V::splat(0.0); WIDTH];
        for (line, vector) in block.iter_mut().enumerate().take(lines) {
            *vector = V::load_up_to(from.add(line * from_stride), count);
        }
        let block = V::transpose(block);
        for (line, vector) in block.iter().enumerate().take(count) {
            vector.store_up_to(to.add(line * to_stride), lines);
        }
    }
}
