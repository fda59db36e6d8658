//! Cross entropy with class numbers, and its gradient.

use super::{Build, Kernel, KernelError, Pass, part};
use crate::{
    cpu::{
        cross_entropy::{cross_entropy, cross_entropy_gradient},
        isa::Isa,
        matrix::{Matrix, MatrixMut},
        pool::Worker,
    },
    graph::Var,
    plan::Place,
};

/// Elements in a task.
const TASK: usize = 4096;

/// What both read.
#[derive(Debug)]
struct Rows {
    logits: Place,
    classes: Place,
    losses: Place,
    rows: usize,
    columns: usize,
}

impl Rows {
    fn new(build: &Build<'_>, logits: Var, classes: Var, losses: Var) -> Result<Self, KernelError> {
        let shape = build.graph.shape(logits);
        let place = |var| build.place(var);
        Ok(Self {
            logits: place(logits)?,
            classes: place(classes)?,
            losses: place(losses)?,
            rows: shape[0],
            columns: shape[1],
        })
    }

    fn task(&self) -> usize {
        (TASK / self.columns.max(1)).max(1)
    }

    fn logits(&self, pass: &Pass) -> Matrix {
        Matrix { data: pass.read(self.logits), stride: self.columns }
    }

    fn each(&self, worker: &Worker<'_>, run: impl Fn(std::ops::Range<usize>)) {
        let size = self.task();
        worker.for_each(self.rows.div_ceil(size), |task| run(part(task, size, self.rows)));
    }

    fn cost(&self) -> usize {
        // An exponential is some twenty operations.
        20 * self.rows * self.columns
    }
}

#[derive(Debug)]
pub(super) struct CrossEntropy(Rows);

impl CrossEntropy {
    pub(super) fn new(build: &Build<'_>, var: Var) -> Result<Self, KernelError> {
        let inputs = &build.graph.node(var).inputs;
        Ok(Self(Rows::new(build, inputs[0], inputs[1], var)?))
    }
}

impl Kernel for CrossEntropy {
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass) {
        let Rows { columns, rows, .. } = self.0;
        self.0.each(worker, |range| {
            let losses = pass.write(self.0.losses);
            // SAFETY: the plan gives the losses room for two numbers a row, and the others theirs; the classes were
            // checked, so there is no error to see.
            let _ = unsafe {
                let (classes, lse) = (pass.read(self.0.classes).cast(), losses.add(rows));
                cross_entropy(isa, self.0.logits(pass), columns, classes, losses, lse, range)
            };
        });
    }

    fn cost(&self) -> usize {
        self.0.cost()
    }
}

#[derive(Debug)]
pub(super) struct CrossEntropyGrad {
    rows: Rows,
    outer: Place,
    result: Place,
}

impl CrossEntropyGrad {
    pub(super) fn new(build: &Build<'_>, var: Var) -> Result<Self, KernelError> {
        let inputs = &build.graph.node(var).inputs;
        Ok(Self {
            rows: Rows::new(build, inputs[0], inputs[1], inputs[2])?,
            outer: build.place(inputs[3])?,
            result: build.place(var)?,
        })
    }
}

impl Kernel for CrossEntropyGrad {
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass) {
        let Rows { columns, rows, .. } = self.rows;
        self.rows.each(worker, |range| {
            let result = MatrixMut { data: pass.write(self.result), stride: columns };
            // SAFETY: the plan gives each room of its shape; behind the losses stands what the forward pass saved.
            unsafe {
                let (classes, lse) =
                    (pass.read(self.rows.classes).cast(), pass.read(self.rows.losses).add(rows));
                let outer = pass.read(self.outer);
                cross_entropy_gradient(
                    isa,
                    self.rows.logits(pass),
                    columns,
                    classes,
                    lse,
                    outer,
                    result,
                    range,
                );
            }
        });
    }

    fn cost(&self) -> usize {
        self.rows.cost()
    }
}
