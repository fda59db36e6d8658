//! Folding one axis.

use super::{Build, Kernel, KernelError, Pass, part};
use crate::{
    cpu::{isa::Isa, pool::Worker, reduce::Reduction},
    graph::{Var, op::Fold},
    plan::{Place, Space},
};

/// Elements read in a task.
const TASK: usize = 16_384;

#[derive(Debug)]
pub(super) struct FoldAxis {
    reduction: Reduction,
    x: Place,
    y: Place,
    /// Results made in a task.
    results: usize,
}

impl FoldAxis {
    pub(super) fn new(build: &Build<'_>, var: Var, fold: Fold, axis: usize) -> Result<Self, KernelError> {
        let input = build.graph.node(var).inputs[0];
        let shape = build.graph.shape(input);
        let mid = shape[axis];
        let inner: usize = shape[axis + 1..].iter().product();
        let outer = shape[..axis].iter().product();
        let reduction = Reduction { fold, outer, mid, inner, outer_stride: mid * inner, mid_stride: inner };
        // Whole cache lines of results, so that tasks do not share them.
        let results = (TASK / mid.max(1)).max(1).next_multiple_of(16);
        Ok(Self { reduction, x: build.place(input)?, y: build.place(var)?, results })
    }
}

impl Kernel for FoldAxis {
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass) {
        let len = self.reduction.results();
        let accumulate = pass.accumulate && self.y.space == Space::Gradients;
        worker.for_each(len.div_ceil(self.results), |task| {
            let range = part(task, self.results, len);
            // SAFETY: the plan gives both room of their shapes, apart from each other.
            unsafe { self.reduction.run(isa, pass.read(self.x), pass.write(self.y), range, accumulate) };
        });
    }

    fn cost(&self) -> usize {
        self.reduction.results() * self.reduction.mid
    }
}
