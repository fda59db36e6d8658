//! The general product: tasks of register tiles over packed operands.

use super::super::pool::Worker;
use super::Operands;
use super::blocking::{Blocking, SourceB, Split};
use super::dispatch::{Kernels, TileFn};
use super::kernel::Tile;
use super::spec::{Batch, Spec};
use std::ops::Range;
use std::ptr::null;

/// A is packed so many tiles at a time, and of these so many steps of k.
const PACKED_TILES: usize = 8;
const PACKED_DEPTH: usize = 32;

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

/// Places of B to fetch, `stride` apart, one at every so many steps of k (0: none).
struct Next {
    from: *const f32,
    stride: usize,
    every: usize,
}

impl Next {
    const NONE: Next = Next { from: null(), stride: 0, every: 0 };
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

    /// # Safety
    /// As for [`super::Matmul::run`].
    pub(super) unsafe fn run(&self, worker: &Worker<'_>, operands: Operands) {
        let Blocking { tiles, groups, depth, panels, runs, pack_a, .. } = self.blocking;
        if pack_a {
            let runs = Split::at_most(tiles.parts, PACKED_TILES);
            worker.for_each(self.spec.batch_count() * runs.parts, |task| {
                // SAFETY: the caller's contract; each task writes its own rows' part of the scratch.
                unsafe {
                    self.pack_a(
                        &self.product(worker, operands, task / runs.parts),
                        runs.range(task % runs.parts),
                    )
                }
            });
        }
        let tasks = groups.parts * runs.parts;
        worker.for_each(self.spec.batch_count() * tasks, |task| {
            let (group, run) = (task % tasks / runs.parts, task % runs.parts);
            // SAFETY: the caller's contract; each task writes its own rectangle of C and (the first group only) its
            // panel's column sums; a panel of B is packed into the worker's own scratch.
            unsafe {
                let product = self.product(worker, operands, task / tasks);
                for block in 0..depth.parts {
                    for panel in runs.range(run) {
                        self.panel(&product, block, groups.range(group), panels.range(panel));
                    }
                }
                if self.sum_of_a && task == 0 {
                    let (stride, add) = (self.spec.a.col_stride, self.spec.epilogue.accumulate);
                    (self.kernels.column_sums)(operands.a, stride, self.spec.k, 1, operands.column_sums, add);
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

    /// Packs the rows of some register tiles: block of k after block of k, all tiles in each; in it `k` times the rows.
    ///
    /// # Safety
    /// `product` is one of this plan's.
    unsafe fn pack_a(&self, product: &Product, tiles: Range<usize>) {
        let Spec { m, a, .. } = self.spec;
        // Neighbouring tiles share cache lines where the rows are neighbours: there all of them take a few steps of k,
        // then a few more.
        let (pack, stride, most) = if a.row_stride == 1 {
            (self.kernels.pack_copied, a.col_stride, PACKED_DEPTH)
        } else {
            (self.kernels.pack_transposed, a.row_stride, usize::MAX)
        };
        for block in 0..self.blocking.depth.parts {
            let depth = self.blocking.depth.range(block);
            for k in depth.clone().step_by(most) {
                let steps = most.min(depth.end - k);
                for tile in tiles.clone() {
                    let rows = self.blocking.tiles.range(tile);
                    let at = m * depth.start + rows.start * depth.len() + (k - depth.start) * rows.len();
                    // SAFETY: inside A and inside packed A, by the ranges.
                    unsafe {
                        let from = product.operands.a.add(rows.start * a.row_stride + k * a.col_stride);
                        pack(from, stride, rows.len(), steps, product.packed_a.add(at), rows.len());
                    }
                }
            }
        }
    }

    /// Adds block `block` of k to the columns `cols` of the rows of the tiles `tiles`.
    ///
    /// # Safety
    /// `product` is one of this plan's, the ranges are inside; nobody else writes there.
    unsafe fn panel(&self, product: &Product, block: usize, tiles: Range<usize>, cols: Range<usize>) {
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
                let (part, parts) = (index - tiles.start, tiles.len());
                let next = match source {
                    SourceB::Copied if !copy => self.next_rows(product, block, &cols, part - 1, parts - 1),
                    SourceB::Transposed => self.next_columns(product, block, &cols, part, parts),
                    _ => Next::NONE,
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
                    next: next.from,
                    next_row: next.stride,
                    next_every: next.every,
                };
                (self.kernel(rows.len(), registers, copy, cols.len() == width))(&tile);
            }
            if epilogue.column_sums && tiles.start == 0 {
                let sums = operands.column_sums.add(cols.start);
                let add = epilogue.accumulate || !first;
                (self.kernels.column_sums)(b, b_row, depth.len(), cols.len(), sums, add);
            }
        }
    }

    /// Where the B begins that this worker will most likely pack next, and how deep it is: this panel's next block of
    /// k, or the next panel's first. May be past the end.
    fn next_b(&self, product: &Product, block: usize, cols: &Range<usize>) -> (*const f32, usize) {
        let (depth, b) = (self.blocking.depth, self.spec.b);
        let (k, col) = if block + 1 < depth.parts {
            (depth.range(block + 1), cols.start)
        } else {
            (depth.range(0), cols.end)
        };
        (product.operands.b.wrapping_add(k.start * b.row_stride + col * b.col_stride), k.len())
    }

    /// What tile `part` of `parts` should fetch of a B in rows: some of the next block's rows.
    fn next_rows(
        &self,
        product: &Product,
        block: usize,
        cols: &Range<usize>,
        part: usize,
        parts: usize,
    ) -> Next {
        let (stride, depth) = (self.spec.b.row_stride, self.blocking.depth.range(block).len());
        let (next, rows) = self.next_b(product, block, cols);
        let (first, end) = (rows * part / parts, rows * (part + 1) / parts);
        Next {
            from: next.wrapping_add(first * stride),
            stride,
            every: depth.checked_div(end - first).unwrap_or(0),
        }
    }

    /// What tile `part` of `parts` should fetch of a B in columns: a few of the next block's rows of k, in all columns.
    fn next_columns(
        &self,
        product: &Product,
        block: usize,
        cols: &Range<usize>,
        part: usize,
        parts: usize,
    ) -> Next {
        let depth = self.blocking.depth.range(block).len();
        let (next, rows) = self.next_b(product, block, cols);
        let chunk = 2 * self.kernels.lanes;
        let chunks = rows.div_ceil(chunk);
        let mine = part * chunks / parts;
        if part > 0 && (part - 1) * chunks / parts == mine {
            return Next::NONE;
        }
        Next {
            from: next.wrapping_add(mine * chunk),
            stride: self.spec.b.col_stride,
            every: depth / cols.len(),
        }
    }

    fn kernel(&self, rows: usize, registers: usize, copy: bool, full: bool) -> TileFn {
        match (self.kernels.tile)(rows, registers, self.blocking.pack_a, copy, full) {
            Some(kernel) => kernel,
            None => unreachable!("no kernel of {rows} rows and {registers} registers"),
        }
    }
}
