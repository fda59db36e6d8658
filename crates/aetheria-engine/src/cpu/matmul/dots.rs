//! A product with a single row or column whose operands both lie along k: one dot product for each result.

use super::super::pool::Worker;
use super::Operands;
use super::dispatch::Kernels;
use super::spec::{Batch, Spec};

/// Results of a task at most, and how many are computed before they are stored.
const RESULTS: usize = 64;
/// A task reads at least this many floats of the matrix, if there are so many.
const TASK_FLOATS: usize = 1 << 14;

/// A matrix times a vector: `m == 1` (the matrix is B) or `n == 1` (it is A).
#[derive(Clone, Debug)]
pub(super) struct Dots {
    kernels: &'static Kernels,
    spec: Spec,
    results: usize,
    per_task: usize,
}

impl Dots {
    /// Nothing, where the spec is not of this kind.
    pub(super) fn new(kernels: &'static Kernels, spec: Spec) -> Option<Self> {
        let along_k = spec.k > 1 && spec.a.col_stride == 1 && spec.b.row_stride == 1;
        if !along_k || spec.m.min(spec.n) != 1 {
            return None;
        }
        let per_task = (TASK_FLOATS / spec.k).clamp(1, RESULTS);
        Some(Dots { kernels, spec, results: spec.m.max(spec.n), per_task })
    }

    fn tasks_each(&self) -> usize {
        self.results.div_ceil(self.per_task)
    }

    pub(super) fn tasks(&self) -> usize {
        self.spec.batch_count() * self.tasks_each()
    }

    /// # Safety
    /// As for [`super::Matmul::run`].
    pub(super) unsafe fn run(&self, worker: &Worker<'_>, operands: Operands) {
        let (spec, [outer, inner]) = (&self.spec, self.spec.batch);
        worker.for_each(self.tasks(), |task| {
            let (batch, part) = (task / self.tasks_each(), task % self.tasks_each());
            let at = |stride: fn(Batch) -> usize| {
                batch / inner.count * stride(outer) + batch % inner.count * stride(inner)
            };
            // SAFETY: the caller's contract; each task stores its own results.
            unsafe {
                let a = operands.a.add(at(|batch| batch.a_stride));
                let b = operands.b.add(at(|batch| batch.b_stride));
                self.part(a, b, operands, at(|batch| batch.c_stride), part * self.per_task);
                if spec.epilogue.column_sums && part == 0 {
                    self.column_sums(b, operands.column_sums);
                }
            }
        });
    }

    /// Computes the results from `start` on, of one task.
    ///
    /// # Safety
    /// As for [`Self::run`], with `a` and `b` of one product of the batch and `offset` where its C starts.
    unsafe fn part(&self, a: *const f32, b: *const f32, operands: Operands, offset: usize, start: usize) {
        let Spec { n, k, epilogue, c_row_stride, .. } = self.spec;
        let count = self.per_task.min(self.results - start);
        let mut results = [0.0; RESULTS];
        // From one result to the next: down a column, or along a row.
        let step = |row_stride: usize| if n == 1 { row_stride } else { 1 };
        let (matrix, stride, vector) =
            if n == 1 { (a, self.spec.a.row_stride, b) } else { (b, self.spec.b.col_stride, a) };
        // SAFETY: all indices are below the number of results.
        unsafe {
            (self.kernels.dots)(matrix.add(start * stride), stride, count, vector, k, results.as_mut_ptr());
            for (i, &product) in (start..).zip(&results[..count]) {
                let mut x = product;
                if epilogue.bias {
                    x += *operands.bias.add(if n == 1 { 0 } else { i });
                }
                let to = operands.c.add(offset + i * step(c_row_stride));
                if epilogue.accumulate {
                    x += *to;
                }
                if epilogue.relu && x < 0.0 {
                    x = 0.0;
                }
                if let Some(stride) = epilogue.mask {
                    let open = *operands.mask.add(offset + i * step(stride)) > 0.0;
                    x = if open { x } else { 0.0 };
                }
                *to = x;
            }
        }
    }

    /// Sums B's columns.
    ///
    /// # Safety
    /// `b` is the product's B and `sums` has `n` floats.
    unsafe fn column_sums(&self, b: *const f32, sums: *mut f32) {
        let Spec { n, k, epilogue, .. } = self.spec;
        for j in 0..n {
            // SAFETY: column j of B is k neighbours; `sums` has n floats.
            unsafe {
                let column = b.add(j * self.spec.b.col_stride);
                (self.kernels.column_sums)(column, 1, k, 1, sums.add(j), epilogue.accumulate);
            }
        }
    }
}
