//! What a step of a plan becomes on the CPU: a kernel that all workers run together.
//!
//! Every kernel splits its work into tasks by the shapes alone, and makes each element of its result in one task, so
//! that results are the same however many workers there are.

#![allow(
    unsafe_code,
    reason = "kernels read and write the arenas through raw pointers, at the places of the plan"
)]

mod classes;
mod fold;
mod lanes;
mod moves;
mod product;

use std::fmt::Debug;

use super::{isa::Isa, pool::Worker};
use crate::{
    graph::{Graph, Op, Var},
    plan::{Place, Plan, Space, Step},
    random::{Draws, Purpose},
};

/// What all kernels of one pass share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    /// The first element of each space.
    pub(super) params: *const f32,
    pub(super) gradients: *mut f32,
    pub(super) work: *mut f32,
    pub(super) input: *const f32,
    pub(super) target: *const f32,
    /// Whether gradients are added to those of earlier passes.
    pub(super) accumulate: bool,
    /// [`crate::graph::op::Runtime::Weight`].
    pub(super) weight: f32,
    /// What numbers the random draws.
    pub(super) seed: u64,
    pub(super) step: u64,
    pub(super) micro: u32,
}

// SAFETY: the pointers are into arenas that the pass's owner holds exclusively while workers run, and every kernel
// writes an element in one task only.
unsafe impl Sync for Pass {}

impl Pass {
    /// Where a value is read.
    fn read(&self, place: Place) -> *const f32 {
        let base = match place.space {
            Space::Params => self.params,
            Space::Gradients => self.gradients.cast_const(),
            Space::Work => self.work.cast_const(),
            Space::Input => self.input,
            Space::Target => self.target,
        };
        base.wrapping_add(place.offset)
    }

    /// Where a value is written; only gradients and the pass's own values ever are.
    fn write(&self, place: Place) -> *mut f32 {
        let base = if place.space == Space::Gradients { self.gradients } else { self.work };
        base.wrapping_add(place.offset)
    }

    /// The draws of a dropout mask. A window may have 2^16 passes before masks repeat.
    fn draws(&self, part: u32) -> Draws {
        Draws::new(self.seed, Purpose::Dropout, self.step << 16 | u64::from(self.micro & 0xffff)).part(part)
    }
}

/// One step, made ready.
pub(super) trait Kernel: Debug + Send + Sync {
    /// Does this worker's part of the step, and returns when all have done theirs.
    ///
    /// # Safety
    /// The pass's spaces are as long as the plan says, nobody else writes to them meanwhile, and every worker makes
    /// this call. Class numbers and table rows in them are within their bounds.
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass);

    /// Roughly what it costs in floating-point operations.
    fn cost(&self) -> usize;
}

/// A step cannot be made ready.
#[derive(Debug, thiserror::Error)]
#[error("the CPU cannot compute '{op}' of layer '{layer}': {reason}")]
pub struct KernelError {
    /// What.
    pub op: &'static str,
    /// Where.
    pub layer: String,
    /// Why not.
    pub reason: String,
}

/// What kernels are made from.
struct Build<'a> {
    graph: &'a Graph,
    plan: &'a Plan,
    isa: Isa,
}

impl Build<'_> {
    fn place(&self, var: Var) -> Result<Place, KernelError> {
        self.plan.place(var).ok_or_else(|| self.error(var, "its value has no place"))
    }

    fn error(&self, var: Var, reason: impl ToString) -> KernelError {
        let node = self.graph.node(var);
        let layer = self.graph.layer(node.layer).to_owned();
        KernelError { op: node.op.name(), layer, reason: reason.to_string() }
    }
}

/// Temporary room that a step needs, in elements, with `threads` workers.
pub(super) fn scratch(graph: &Graph, isa: Isa, threads: usize, step: &Step) -> usize {
    match step {
        Step::Product { product, epilogue } => product::scratch(graph, isa, threads, *product, epilogue),
        _ => 0,
    }
}

/// Makes step number `number` of a plan ready.
pub(super) fn prepare(
    graph: &Graph,
    plan: &Plan,
    isa: Isa,
    number: usize,
) -> Result<Box<dyn Kernel>, KernelError> {
    let build = Build { graph, plan, isa };
    Ok(match &plan.steps[number] {
        Step::Product { product, epilogue } => {
            Box::new(product::Product::new(&build, *product, epilogue, plan.scratch[number])?)
        }
        Step::Lanes(cluster) => Box::new(lanes::Lanes::new(&build, cluster)?),
        Step::Deliver { from, to } => Box::new(lanes::Lanes::delivery(&build, *from, *to)?),
        Step::Single(var) => match &graph.node(*var).op {
            Op::Fold { fold, axis } => Box::new(fold::FoldAxis::new(&build, *var, *fold, *axis)?),
            Op::CrossEntropy => Box::new(classes::CrossEntropy::new(&build, *var)?),
            Op::CrossEntropyGrad => Box::new(classes::CrossEntropyGrad::new(&build, *var)?),
            Op::Gather => Box::new(moves::Gather::new(&build, *var)?),
            Op::ScatterAdd => Box::new(moves::ScatterAdd::new(&build, *var)?),
            Op::Broadcast | Op::Permute(_) => Box::new(moves::Copy::new(&build, *var)?),
            other => return Err(build.error(*var, format!("no kernel makes '{}' alone", other.name()))),
        },
    })
}

/// Task `task` of `0..len` split into runs of `size`.
fn part(task: usize, size: usize, len: usize) -> std::ops::Range<usize> {
    task * size..((task + 1) * size).min(len)
}
