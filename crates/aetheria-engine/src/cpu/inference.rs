//! Prediction alone: a model's outputs for batches of one size, without gradients, targets or state of its own.

#![allow(unsafe_code, reason = "runs kernels on arenas it is given exclusively")]

use std::{num::NonZeroUsize, ops::Range, ptr::null, ptr::null_mut};

use super::{Arena, CpuError, OutOfRange, Pool, isa::Isa, kernel::Pass, program::Program};
use crate::{
    batch::{Column, DataSpec, Field},
    graph::Param,
    model::{Model, describe},
    plan::Layout,
};

/// A model compiled for batches of one size. Shared and read-only: callers bring parameters, threads and memory.
#[derive(Debug)]
pub struct Inference {
    program: Program,
    parameters: Vec<Param>,
    layout: Layout,
    size: usize,
    input: Field,
    outputs: usize,
}

impl Inference {
    /// Compiles `model` for batches of `size` samples of `data`, for at most `threads` workers.
    ///
    /// # Errors
    /// When the model's description is wrong, or there is no kernel for it.
    pub fn new(
        model: &dyn Model,
        data: &DataSpec,
        size: usize,
        threads: NonZeroUsize,
    ) -> Result<Self, CpuError> {
        let described = describe(model, data, size, false)?;
        let parameters = described.graph.params().to_vec();
        let layout = Layout::new(&parameters);
        let wanted = described.prediction();
        let program = Program::new(&described.graph, &wanted, &layout, Isa::detect(), threads.get(), true)?;
        Ok(Self { program, parameters, layout, size, input: data.input.clone(), outputs: data.outputs() })
    }

    /// Samples in a batch.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The parameters that it needs.
    pub fn parameters(&self) -> &[Param] {
        &self.parameters
    }

    /// Where they lie in the arena that [`Inference::predict`] is given.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Elements of memory that a prediction needs.
    pub fn work(&self) -> usize {
        self.program.work
    }

    /// Whether several threads make a prediction faster than one.
    pub fn worth_sharing(&self) -> bool {
        self.program.worth_sharing()
    }

    /// The outputs, `[size, outputs]`, for one batch: the elements `range` of `inputs`. They lie in `work`. Allocates
    /// nothing.
    ///
    /// # Errors
    /// When a number among the inputs names nothing.
    ///
    /// # Panics
    /// When `params` or `work` is shorter than the model needs, or the inputs are no batch of the model's type.
    pub fn predict<'a>(
        &self,
        pool: &mut Pool,
        params: &Arena,
        work: &'a mut Arena,
        inputs: &Column,
        range: Range<usize>,
    ) -> Result<&'a [f32], OutOfRange> {
        assert!(params.len() >= self.layout.len && work.len() >= self.program.work);
        assert!(inputs.dtype() == self.input.dtype && range.len() == self.size * self.input.len());
        let pass = Pass {
            params: params.as_ptr(),
            gradients: null_mut(),
            work: work.pointer(),
            input: self.program.bind_inputs(inputs, range)?,
            target: null(),
            accumulate: false,
            weight: 0.0,
            seed: 0,
            step: 0,
            micro: 0,
        };
        // SAFETY: a prediction's graph has no gradients and reads no targets; the arenas are as long as the plan says,
        // `work` is held exclusively, and the inputs are as many and of the type that the graph was described for.
        pool.run(|worker| unsafe { self.program.run(worker, &pass) });
        Ok(self.program.value(0, self.size * self.outputs, work))
    }
}
