//! A graph made ready to run on the CPU for one batch size.

use std::ops::Range;

use super::{
    Arena,
    isa::Isa,
    kernel::{self, Kernel, KernelError, Pass},
    pool::Worker,
};
use crate::{
    batch::{Batch, Column},
    graph::{Graph, Op, Var},
    plan::{Layout, Place, Plan, Space, Wanted},
};

/// Below this many operations a pass is run by one thread: waking and waiting for others would cost more.
const WORTH_SHARING: usize = 3_000_000;

/// What made a step, for messages.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) op: String,
    pub(super) layer: String,
    /// What it writes: where, and in which shape.
    pub(super) results: Vec<(Place, Vec<usize>)>,
}

/// Kernels in the order of their execution, and what they need.
#[derive(Debug)]
pub(super) struct Program {
    kernels: Vec<Box<dyn Kernel>>,
    labels: Vec<Label>,
    values: Vec<Place>,
    cost: usize,
    isa: Isa,
    /// Samples in a batch.
    batch: usize,
    /// Elements of the work arena.
    pub(super) work: usize,
    /// Numbers in the inputs, and in the targets, must be below these.
    bounds: [Option<usize>; 2],
}

/// What a batch brings, checked against the bounds of a program.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) input: *const f32,
    pub(super) target: *const f32,
}

/// A class number or token that the model has no place for.
#[derive(Debug, thiserror::Error)]
#[error("sample {sample} of a batch has {side} {number}, but the model knows only 0 to {}", bound - 1)]
pub struct OutOfRange {
    side: &'static str,
    sample: usize,
    number: u32,
    bound: usize,
}

impl OutOfRange {
    /// The same, with the place of a number turned into that of its sample.
    fn in_samples_of(self, width: usize) -> Self {
        Self { sample: self.sample / width.max(1), ..self }
    }
}

impl Program {
    /// Plans `graph` and prepares its kernels for at most `threads` workers. Without `fused`, each operation is a
    /// step of its own, with a label.
    pub(super) fn new(
        graph: &Graph,
        wanted: &Wanted,
        layout: &Layout,
        isa: Isa,
        threads: usize,
        fused: bool,
    ) -> Result<Self, KernelError> {
        let plan = Plan::new(graph, wanted, layout, fused, |step| kernel::scratch(graph, isa, threads, step));
        let kernels = (0..plan.steps.len())
            .map(|number| kernel::prepare(graph, &plan, isa, number))
            .collect::<Result<Vec<_>, _>>()?;
        let label = |var: Var| {
            let node = graph.node(var);
            let side = if node.backward { " (backward)" } else { "" };
            let results = plan.place(var).map(|place| (place, node.shape.clone())).into_iter().collect();
            Label {
                op: format!("{}{side}", node.op.name()),
                layer: graph.layer(node.layer).to_owned(),
                results,
            }
        };
        let labels = plan
            .steps
            .iter()
            .map(|step| match step.writes()[..] {
                [] => Label { op: String::new(), layer: String::new(), results: Vec::new() },
                [var, ..] => label(var),
            })
            .collect();
        Ok(Self {
            cost: kernels.iter().map(|kernel| kernel.cost()).sum(),
            kernels,
            labels,
            values: wanted.values.iter().filter_map(|&var| plan.place(var)).collect(),
            isa,
            batch: graph.batch(),
            work: plan.work,
            bounds: bounds(graph),
        })
    }

    /// Whether several threads make a pass faster than one.
    pub(super) fn worth_sharing(&self) -> bool {
        self.cost >= WORTH_SHARING
    }

    /// The wanted value number `index`, of `len` elements, in the work arena after a pass.
    pub(super) fn value<'a>(&self, index: usize, len: usize, work: &'a Arena) -> &'a [f32] {
        let offset = self.values[index].offset;
        &work[offset..offset + len]
    }

    pub(super) fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// Checks that every number in the batch names something.
    pub(super) fn bind(&self, batch: &Batch) -> Result<Bound, OutOfRange> {
        let side = |which, column: &Column| {
            let width = column.len() / batch.size.max(1);
            self.bind_column(which, column, 0..column.len()).map_err(|error| error.in_samples_of(width))
        };
        Ok(Bound { input: side(0, &batch.input)?, target: side(1, &batch.target)? })
    }

    /// The same for a part of a column of inputs.
    pub(super) fn bind_inputs(&self, column: &Column, range: Range<usize>) -> Result<*const f32, OutOfRange> {
        let width = range.len() / self.batch.max(1);
        self.bind_column(0, column, range).map_err(|error| error.in_samples_of(width))
    }

    fn bind_column(
        &self,
        which: usize,
        column: &Column,
        range: Range<usize>,
    ) -> Result<*const f32, OutOfRange> {
        match (column, self.bounds[which]) {
            (Column::F32(values), _) => Ok(values[range].as_ptr()),
            (Column::U32(numbers), None) => Ok(numbers[range].as_ptr().cast()),
            (Column::U32(numbers), Some(bound)) => {
                let numbers = &numbers[range];
                let largest = numbers.iter().copied().max().unwrap_or(0);
                if (largest as usize) < bound {
                    return Ok(numbers.as_ptr().cast());
                }
                let sample = numbers.iter().position(|&n| n == largest).unwrap_or(0);
                Err(OutOfRange { side: ["input", "class"][which], sample, number: largest, bound })
            }
        }
    }

    /// Runs one worker's part of a pass.
    ///
    /// # Safety
    /// As [`Kernel::run`]; the batch was bound by [`Program::bind`] and has the size and types the graph was
    /// described for.
    #[allow(unsafe_code, reason = "passes the caller's promise on")]
    pub(super) unsafe fn run(&self, worker: &Worker<'_>, pass: &Pass) {
        for kernel in &self.kernels {
            // SAFETY: the caller's promise.
            unsafe { kernel.run(worker, self.isa, pass) };
        }
    }

    /// Runs one worker's part of step `number` alone.
    ///
    /// # Safety
    /// As [`Program::run`].
    #[allow(unsafe_code, reason = "passes the caller's promise on")]
    pub(super) unsafe fn run_step(&self, worker: &Worker<'_>, pass: &Pass, number: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.kernels[number].run(worker, self.isa, pass) };
    }
}

/// The numbers of classes or table rows that inputs and targets index.
fn bounds(graph: &Graph) -> [Option<usize>; 2] {
    let mut bounds: [Option<usize>; 2] = [None, None];
    for node in graph.nodes() {
        let (index, bound) = match node.op {
            Op::CrossEntropy => (node.inputs[1], graph.shape(node.inputs[0])[1]),
            Op::Gather => (node.inputs[1], graph.shape(node.inputs[0])[0]),
            _ => continue,
        };
        let mut source = graph.node(index);
        while source.op == Op::Reshape {
            source = graph.node(source.inputs[0]);
        }
        let side = match source.op {
            Op::Input => 0,
            Op::Target => 1,
            _ => continue,
        };
        bounds[side] = Some(bounds[side].map_or(bound, |other| other.min(bound)));
    }
    bounds
}

/// Where in the arenas of a pass a place of `len` elements lies, for reading after the pass.
pub(super) fn slice<'a>(
    place: Place,
    len: usize,
    params: &'a Arena,
    gradients: &'a Arena,
    work: &'a Arena,
) -> &'a [f32] {
    let arena = match place.space {
        Space::Params => params,
        Space::Gradients => gradients,
        Space::Work | Space::Input | Space::Target => work,
    };
    &arena[place.offset..place.offset + len]
}
