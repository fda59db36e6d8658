//! Matrix products: `C = epilogue(A · B)` in f32, on the shapes of training: batches times weights, and their
//! gradients.
//!
//! # How it is blocked
//!
//! The scheme is BLIS's (Van Zee and van de Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS Functionality",
//! ACM TOMS 41(3), 2015), bent towards products that are not square and not large.
//!
//! - **Register tile.** A kernel keeps a small rectangle of C in registers (14 rows of 2 registers with AVX-512) and
//!   runs along k: at each step it loads one row of B (2 registers), and for each row of C broadcasts one element of A
//!   and multiplies it in. C is read and written once for each block of k, whatever else happens.
//! - **Depth.** k is cut into even blocks of at most some hundred, so that the B that a tile reads (a *panel*: as wide
//!   as the tile, as deep as the block) stays in the first-level cache while all tiles below each other use it.
//! - **Heights.** The rows of C are cut evenly (64 rows are 13 + 13 + 13 + 13 + 12 rather than 4 x 14 + 8), and there
//!   is a kernel for each height. Nothing is padded. Past the right edge lanes are masked.
//! - **Tasks.** A task is a panel's columns of C, over all or a group of the tiles. Tasks are what threads share out.
//!
//! # What is packed, and when
//!
//! Rows that are a power of two apart fall into the same few sets of a cache, and into a page each. Packing cures that
//! and costs a pass over the operand, which for a small product is most of the time. So:
//!
//! - **B in rows** (weights, in the forward pass; the output's gradient, for the weights' gradient) is read in place
//!   where a panel has few tiles. Otherwise the first tile of a panel *copies what it reads anyway*: two stores next to
//!   28 multiplications cost nothing, and fetching some rows ahead hides the memory behind them.
//! - **B in columns** (weights, in the backward pass) is transposed, panel by panel, by the task that needs it.
//! - **A** is packed into tiles' rows (`k` times the tile's height: the kernel then reads it front to back with fixed
//!   offsets) by all workers before the tasks, where there are enough panels and rows to use it again; else read in
//!   place.
//! - While a tile is computed, the C that it will write and the B that its worker will pack next are fetched, a line at
//!   a time between the multiplications.
//! - **Few rows** (up to 6; prediction) use wide tiles: more of B at a time, for there B is all there is to read.
//! - **A single column or row along k** is one dot product for each result (`dots`). A single column across k is the
//!   transposed problem: a row times a matrix.
//!
//! # The bits
//!
//! Every choice depends on the spec and the instruction set, never on the threads. An element of C is summed by one
//! task, along k from front to back within a block, block after block. No zero is skipped: 0 · NaN is NaN.

#![allow(
    unsafe_code,
    reason = "kernels read and write memory that the planner laid out, through raw pointers"
)]

mod blocked;
mod blocking;
mod dispatch;
mod dots;
mod kernel;
mod spec;
#[cfg(test)]
mod tests;
mod vector;

use super::isa::Isa;
use super::pool::Worker;
use blocked::Blocked;
use blocking::Blocking;
use dispatch::Kernels;
use dots::Dots;
pub use spec::{Batch, Epilogue, Layout, Spec};
use std::ptr::{null, null_mut};

/// A product made ready: how it is blocked, which operands are packed, how many tasks. Made once, run at every step.
#[derive(Clone, Debug)]
pub struct Matmul {
    isa: Isa,
    spec: Spec,
    method: Method,
}

#[derive(Clone, Debug)]
enum Method {
    Blocked(Blocked),
    /// The transposed problem: C is a column, which is a row of the transposed C, and A and B change places.
    Transposed(Blocked),
    Dots(Dots),
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
        let kernels = Kernels::of(isa);
        let blocked = |spec| Blocked::new(kernels, spec, Blocking::choose(kernels, &spec));
        let method = if let Some(dots) = Dots::new(kernels, spec) {
            Method::Dots(dots)
        } else if let Some(transposed) = spec.column_as_row() {
            Method::Transposed(blocked(transposed).with_sum_of_a(spec.epilogue.column_sums))
        } else {
            Method::Blocked(blocked(spec))
        };
        Matmul { isa, spec, method }
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
        match &self.method {
            Method::Blocked(blocked) | Method::Transposed(blocked) => blocked.scratch_len(threads),
            Method::Dots(_) => 0,
        }
    }

    /// Computes the product. Every worker of the pool calls it with the same operands; when it returns, C is ready
    /// for all of them. The bits of the result depend on the spec and the instructions only.
    ///
    /// # Safety
    /// - Every matrix and vector that the spec names lies whole in memory that is valid for as long as any worker is
    ///   here, initialised where it is read, and aligned for its type.
    /// - What is written (C, column sums, scratch) overlaps nothing else that is named, and nobody else
    ///   reads or writes it meanwhile.
    /// - All workers of the pool make this call, with equal arguments.
    pub unsafe fn run(&self, worker: &Worker<'_>, operands: Operands) {
        let Operands { a, b, .. } = operands;
        // SAFETY: the caller's contract.
        unsafe {
            match &self.method {
                Method::Blocked(blocked) => blocked.run(worker, operands),
                Method::Transposed(blocked) => blocked.run(worker, Operands { a: b, b: a, ..operands }),
                Method::Dots(dots) => dots.run(worker, operands),
            }
        }
    }
}
