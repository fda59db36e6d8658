//! The general product: tasks of register tiles over packed operands.

use super::super::pool::Worker;
use super::Operands;
use super::blocking::{Blocking, SourceB};
use super::dispatch::{Kernels, TileFn};
use super::kernel::Tile;
use super::spec::{Batch, Spec};
use std::ops::Range;
use std::ptr::{null, null_mut};

/// A product whose blocking is settled.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    kernels: &'static Kernels,
    spec: Spec,
    blocking: Blocking,
    /// In a transposed problem (m = 1) the column to be summed is A.
    sum_of_a: bool,
}

/// One product of the batch, as a worker sees it.
struct Product {
    operands: Operands,
    packed_a: *mut f32,
    packed_b: *mut f32,
}

/// Rows of B to fetch, one at every so many steps of k (0: none).
struct Next {
    from: *const f32,
    every: usize,
}

impl Blocked {
    pub(super) fn new(kernels: &'static Kernels, spec: Spec, blocking: Blocking) -> Self {
        Blocked { kernels, spec, blocking, sum_of_a: false }
    }

    pub(super) fn with_sum_of_a(self, sum_of_a: bool) -> Self {
        Blocked { sum_of_a, ..self }
    }

    pub(super) fn scratch_len(&self, threads: usize) -> usize {
        self.blocking.packed_a_len(&self.spec) + threads * self.blocking.packed_b_len()
    }

    pub(super) fn tasks(&self) -> usize {
        self.spec.batch_count() * self.blocking.groups.parts * self.blocking.runs.parts
    }

    /// # Safety
    /// As for [`super::Matmul::run`].
    pub(super) unsafe fn run(&self, worker: &Worker<'_>, operands: Operands) {
        let Blocking { tiles, groups, depth, panels, runs, pack_a, .. } = self.blocking;
        if pack_a {
            worker.for_each(self.spec.batch_count() * tiles.parts, |task| {
                // SAFETY: the caller's contract; each task writes its own rows' part of the scratch.
                unsafe {
                    self.pack_a(&self.product(worker, operands, task / tiles.parts), task % tiles.parts)
                }
            });
        }
        let tasks = groups.parts * runs.parts;
        worker.for_each(self.spec.batch_count() * tasks, |task| {
            let (group, run) = (task % tasks / runs.parts, task % runs.parts);
            // SAFETY: the caller's contract; each task writes its own rectangle of C, its own partial sum, and (the
            // first group only) its panel's column sums; a panel of B is packed into the worker's own scratch.
            unsafe {
                let mut squares = 0.0;
                let product = self.product(worker, operands, task / tasks);
                for block in 0..depth.parts {
                    for panel in runs.range(run) {
                        self.panel(&product, block, groups.range(group), panels.range(panel), &mut squares);
                    }
                }
                if self.sum_of_a && task == 0 {
                    let (stride, add) = (self.spec.a.col_stride, self.spec.epilogue.accumulate);
                    (self.kernels.column_sums)(operands.a, stride, self.spec.k, 1, operands.column_sums, add);
                    squares += f64::from(*operands.column_sums).powi(2);
                }
                if self.spec.epilogue.sum_squares {
                    *operands.partials.add(task) = squares;
                }
            }
        });
    }

    /// # Safety
    /// As for [`super::Matmul::run`], with `batch` less than the batch's count.
    unsafe fn product(&self, worker: &Worker<'_>, operands: Operands, batch: usize) -> Product {
        let (spec, [outer, inner]) = (&self.spec, self.spec.batch);
        let at = |stride: fn(Batch) -> usize| {
            batch / inner.count * stride(outer) + batch % inner.count * stride(inner)
        };
        let Operands { a, b, c, mask, scratch, .. } = operands;
        let packed_a = if self.blocking.pack_a { batch * spec.m * spec.k } else { 0 };
        let packed_b = self.blocking.packed_a_len(spec) + worker.index() * self.blocking.packed_b_len();
        // A null pointer stays null, and is not used.
        let operands = Operands {
            a: a.wrapping_add(at(|batch| batch.a_stride)),
            b: b.wrapping_add(at(|batch| batch.b_stride)),
            c: c.wrapping_add(at(|batch| batch.c_stride)),
            mask: mask.wrapping_add(if spec.epilogue.mask.is_some() {
                at(|batch| batch.c_stride)
            } else {
                0
            }),
            ..operands
        };
        Product {
            operands,
            packed_a: scratch.wrapping_add(packed_a),
            packed_b: scratch.wrapping_add(packed_b),
        }
    }

    /// Packs the rows of one register tile: block of k after block of k, all tiles in each; in it `k` times the rows.
    ///
    /// # Safety
    /// `product` is one of this plan's.
    unsafe fn pack_a(&self, product: &Product, tile: usize) {
        let Spec { m, a, .. } = self.spec;
        let rows = self.blocking.tiles.range(tile);
        for block in 0..self.blocking.depth.parts {
            let depth = self.blocking.depth.range(block);
            // SAFETY: inside A and inside packed A, by the ranges.
            unsafe {
                let from = product.operands.a.add(rows.start * a.row_stride + depth.start * a.col_stride);
                let to = product.packed_a.add(m * depth.start + rows.start * depth.len());
                if a.row_stride == 1 {
                    (self.kernels.pack_copied)(from, a.col_stride, rows.len(), depth.len(), to, rows.len());
                } else {
                    (self.kernels.pack_transposed)(
                        from,
                        a.row_stride,
                        rows.len(),
                        depth.len(),
                        to,
                        rows.len(),
                    );
                }
            }
        }
    }

    /// Adds block `block` of k to the columns `cols` of the rows of the tiles `tiles`.
    ///
    /// # Safety
    /// `product` is one of this plan's, the ranges are inside; nobody else writes there.
    unsafe fn panel(
        &self,
        product: &Product,
        block: usize,
        tiles: Range<usize>,
        cols: Range<usize>,
        squares: &mut f64,
    ) {
        let (spec, blocking) = (&self.spec, &self.blocking);
        let (operands, epilogue) = (&product.operands, &spec.epilogue);
        let depth = blocking.depth.range(block);
        let (first, last) = (block == 0, block + 1 == blocking.depth.parts);
        let registers = cols.len().div_ceil(self.kernels.lanes);
        let width = registers * self.kernels.lanes;
        let source =
            if registers == 1 && blocking.b == SourceB::Copied { SourceB::InPlace } else { blocking.b };
        // SAFETY: all offsets are inside the matrices, by the ranges; the panel fits the worker's packed B.
        unsafe {
            let in_place = operands.b.add(depth.start * spec.b.row_stride + cols.start * spec.b.col_stride);
            let (b, b_row) = match source {
                SourceB::InPlace => (in_place, spec.b.row_stride),
                SourceB::Copied | SourceB::Transposed => (product.packed_b.cast_const(), width),
            };
            if source == SourceB::Transposed {
                let (stride, to) = (spec.b.col_stride, product.packed_b);
                (self.kernels.pack_transposed)(in_place, stride, cols.len(), depth.len(), to, width);
            }
            for index in tiles.clone() {
                let rows = blocking.tiles.range(index);
                let copy = source == SourceB::Copied && index == tiles.start;
                let (a, a_row, a_col) = if blocking.pack_a {
                    let at = spec.m * depth.start + rows.start * depth.len();
                    (product.packed_a.add(at).cast_const(), 1, rows.len())
                } else {
                    let at = rows.start * spec.a.row_stride + depth.start * spec.a.col_stride;
                    (operands.a.add(at), spec.a.row_stride, spec.a.col_stride)
                };
                let next = if source == SourceB::Copied && !copy {
                    self.next_b(product, block, &cols, index - tiles.start - 1, tiles.len() - 1)
                } else {
                    Next { from: null(), every: 0 }
                };
                let at = |stride: usize| rows.start * stride + cols.start;
                let tile = Tile {
                    k: depth.len(),
                    a,
                    a_row,
                    a_col,
                    b: if copy { in_place } else { b },
                    b_row: if copy { spec.b.row_stride } else { b_row },
                    packed_b: product.packed_b,
                    c: operands.c.add(at(spec.c_row_stride)),
                    c_row: spec.c_row_stride,
                    cols: cols.len(),
                    bias: if epilogue.bias && first { operands.bias.add(cols.start) } else { null() },
                    add_c: epilogue.accumulate || !first,
                    relu: epilogue.relu && last,
                    gate: match epilogue.mask {
                        Some(stride) if last => operands.mask.add(at(stride)),
                        _ => null(),
                    },
                    gate_row: epilogue.mask.unwrap_or(0),
                    squares: if epilogue.sum_squares && last { squares } else { null_mut() },
                    next: next.from,
                    next_row: spec.b.row_stride,
                    next_every: next.every,
                };
                (self.kernel(rows.len(), registers, copy, cols.len() == width))(&tile);
            }
            if epilogue.column_sums && tiles.start == 0 {
                let sums = operands.column_sums.add(cols.start);
                let add = epilogue.accumulate || !first;
                (self.kernels.column_sums)(b, b_row, depth.len(), cols.len(), sums, add);
                if last && epilogue.sum_squares {
                    *squares += (0..cols.len()).map(|j| f64::from(*sums.add(j)).powi(2)).sum::<f64>();
                }
            }
        }
    }

    /// What tile `part` of `parts` should fetch of the B that this worker will most likely copy next, and how often:
    /// this panel's next block of k, or the next panel's first.
    fn next_b(
        &self,
        product: &Product,
        block: usize,
        cols: &Range<usize>,
        part: usize,
        parts: usize,
    ) -> Next {
        let (stride, depth) = (self.spec.b.row_stride, self.blocking.depth);
        let (start, at, rows) = if block + 1 < depth.parts {
            (depth.range(block + 1).start, cols.start, depth.range(block + 1).len())
        } else {
            (0, cols.end, depth.range(0).len())
        };
        let (first, end) = (rows * part / parts, rows * (part + 1) / parts);
        let from = product.operands.b.wrapping_add((start + first) * stride + at);
        Next { from, every: depth.range(block).len().checked_div(end - first).unwrap_or(0) }
    }

    fn kernel(&self, rows: usize, registers: usize, copy: bool, full: bool) -> TileFn {
        match (self.kernels.tile)(rows, registers, self.blocking.pack_a, copy, full) {
            Some(kernel) => kernel,
            None => unreachable!("no kernel of {rows} rows and {registers} registers"),
        }
    }
}
