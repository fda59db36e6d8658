//! Matrix products: `C = epilogue(A · B)` in f32.

#![allow(
    unsafe_code,
    reason = "kernels read and write memory that the planner laid out, through raw pointers"
)]

mod spec;

use super::isa::Isa;
use super::pool::Worker;
pub use spec::{Batch, Epilogue, Layout, Spec};
use std::ptr::{null, null_mut};

/// A product made ready: how it is blocked, which operands are packed, how many tasks. Made once, run at every step.
#[derive(Clone, Debug)]
pub struct Matmul {
    isa: Isa,
    spec: Spec,
}

/// Where a product's matrices are. Those that its [`Spec`] does not name may be null.
#[derive(Clone, Copy, Debug)]
pub struct Operands {
    /// A.
    pub a: *const f32,
    /// B.
    pub b: *const f32,
    /// C.
    pub c: *mut f32,
    /// With [`Epilogue::bias`]: `n` floats.
    pub bias: *const f32,
    /// With [`Epilogue::mask`]: a matrix of C's shape.
    pub mask: *const f32,
    /// With [`Epilogue::sum_squares`]: [`Matmul::partials_len`] doubles.
    pub partials: *mut f64,
    /// With [`Epilogue::column_sums`]: `n` floats.
    pub column_sums: *mut f32,
    /// [`Matmul::scratch_len`] floats that nobody else uses during the run; their contents mean nothing before or
    /// after. Best aligned to 64 bytes.
    pub scratch: *mut f32,
}

// SAFETY: pointers only; whoever uses them (`Matmul::run`) states what they must point to.
unsafe impl Send for Operands {}
// SAFETY: as above.
unsafe impl Sync for Operands {}

impl Default for Operands {
    fn default() -> Self {
        Operands {
            a: null(),
            b: null(),
            c: null_mut(),
            bias: null(),
            mask: null(),
            partials: null_mut(),
            column_sums: null_mut(),
            scratch: null_mut(),
        }
    }
}

impl Matmul {
    /// Makes the plan of a product for the given instructions.
    ///
    /// # Panics
    /// When `isa` is not available on this machine, or the spec is not one that the kernels can do: neither A nor B
    /// may have two non-unit strides, and results must not overlap.
    pub fn new(isa: Isa, spec: Spec) -> Self {
        assert!(isa.is_available(), "this machine has no {}", isa.name());
        spec.check();
        Matmul { isa, spec }
    }

    /// What it computes.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The instructions it uses.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// How many floats of scratch a run on `threads` workers needs.
    pub fn scratch_len(&self, threads: usize) -> usize {
        let _ = threads;
        0
    }

    /// How many partial sums [`Epilogue::sum_squares`] writes: 0 without it, and independent of the threads. Their
    /// sum in order is the sum of squares.
    pub fn partials_len(&self) -> usize {
        if self.spec.epilogue.sum_squares { self.spec.m * self.spec.batch_count() } else { 0 }
    }

    /// Computes the product. Every worker of the pool calls it with the same operands; when it returns, C is ready
    /// for all of them. The bits of the result depend on the spec and the instructions only.
    ///
    /// # Safety
    /// - Every matrix and vector that the spec names lies whole in memory that is valid for as long as any worker is
    ///   here, initialised where it is read, and aligned for its type.
    /// - What is written (C, partials, column sums, scratch) overlaps nothing else that is named, and nobody else
    ///   reads or writes it meanwhile.
    /// - All workers of the pool make this call, with equal arguments.
    pub unsafe fn run(&self, worker: &Worker<'_>, operands: Operands) {
        let s = &self.spec;
        let Operands { a, b, c, bias, mask, partials, column_sums, .. } = operands;
        let [outer, inner] = s.batch;
        worker.for_each(s.m * s.batch_count(), |task| {
            let (batch, i) = (task / s.m, task % s.m);
            let (x, y) = (batch / inner.count, batch % inner.count);
            let at = |outer: usize, inner: usize| x * outer + y * inner;
            // SAFETY: all indices are inside the matrices that the caller vouches for, and row `i` of C belongs to
            // this task alone.
            unsafe {
                let a = a.add(at(outer.a_stride, inner.a_stride));
                let b = b.add(at(outer.b_stride, inner.b_stride));
                let c = c.add(at(outer.c_stride, inner.c_stride) + i * s.c_row_stride);
                let mut squares = 0.0;
                for j in 0..s.n {
                    let mut sum = if s.epilogue.bias { *bias.add(j) } else { 0.0 };
                    for p in 0..s.k {
                        sum += *a.add(i * s.a.row_stride + p * s.a.col_stride)
                            * *b.add(p * s.b.row_stride + j * s.b.col_stride);
                    }
                    if s.epilogue.accumulate {
                        sum += *c.add(j);
                    }
                    if s.epilogue.relu && sum < 0.0 {
                        sum = 0.0;
                    }
                    if let Some(stride) = s.epilogue.mask {
                        let open = *mask.add(at(outer.c_stride, inner.c_stride) + i * stride + j) > 0.0;
                        sum = if open { sum } else { 0.0 };
                    }
                    *c.add(j) = sum;
                    squares += f64::from(sum) * f64::from(sum);
                    if s.epilogue.column_sums && i == 0 {
                        let sum: f32 =
                            (0..s.k).map(|p| *b.add(p * s.b.row_stride + j * s.b.col_stride)).sum();
                        let old = if s.epilogue.accumulate { *column_sums.add(j) } else { 0.0 };
                        *column_sums.add(j) = old + sum;
                        squares += f64::from(old + sum).powi(2);
                    }
                }
                if s.epilogue.sum_squares {
                    *partials.add(task) = squares;
                }
            }
        });
    }
}
