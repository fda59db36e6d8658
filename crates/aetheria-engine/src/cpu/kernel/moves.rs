//! Steps that only move elements: copies in another order, rows by number.

use super::{Build, Kernel, KernelError, Pass, part};
use crate::{
    cpu::{copy::StridedCopy, gather, isa::Isa, pool::Worker},
    graph::{Op, Var},
    plan::Place,
};

/// Elements moved in a task.
const TASK: usize = 8192;

/// A permutation or a repetition, written down.
#[derive(Debug)]
pub(super) struct Copy {
    copy: StridedCopy,
    from: Place,
    to: Place,
    len: usize,
}

impl Copy {
    pub(super) fn new(build: &Build<'_>, var: Var) -> Result<Self, KernelError> {
        let node = build.graph.node(var);
        let input = build.graph.shape(node.inputs[0]);
        let strides = row_major(input);
        let source: Vec<usize> = match &node.op {
            Op::Permute(axes) => axes.iter().map(|&a| strides[a]).collect(),
            _ => strides.iter().zip(input).map(|(&s, &d)| if d == 1 { 0 } else { s }).collect(),
        };
        let copy = StridedCopy::new(&node.shape, &source, &row_major(&node.shape))
            .map_err(|error| build.error(var, error))?;
        let (from, to) = (build.place(node.inputs[0])?, build.place(var)?);
        Ok(Self { copy, from, to, len: node.len() })
    }
}

/// Elements from one to the next in each dimension of a dense tensor.
fn row_major(shape: &[usize]) -> Vec<usize> {
    (0..shape.len()).map(|i| shape[i + 1..].iter().product()).collect()
}

impl Kernel for Copy {
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass) {
        let pieces = self.copy.pieces();
        let size = (TASK * pieces / self.len.max(1)).max(1);
        worker.for_each(pieces.div_ceil(size), |task| {
            let range = part(task, size, pieces);
            // SAFETY: the plan gives both room of their shapes, apart from each other.
            unsafe { self.copy.run(isa, pass.read(self.from), pass.write(self.to), range) };
        });
    }

    fn cost(&self) -> usize {
        self.len
    }
}

/// What both directions share.
#[derive(Debug)]
struct Table {
    numbers: Place,
    count: usize,
    rows: usize,
    width: usize,
}

/// Rows of a table.
#[derive(Debug)]
pub(super) struct Gather {
    table: Table,
    from: Place,
    to: Place,
}

impl Gather {
    pub(super) fn new(build: &Build<'_>, var: Var) -> Result<Self, KernelError> {
        let inputs = &build.graph.node(var).inputs;
        let shape = build.graph.shape(inputs[0]);
        let count = build.graph.node(inputs[1]).len();
        let table = Table { numbers: build.place(inputs[1])?, count, rows: shape[0], width: shape[1] };
        Ok(Self { table, from: build.place(inputs[0])?, to: build.place(var)? })
    }
}

impl Kernel for Gather {
    unsafe fn run(&self, worker: &Worker<'_>, _isa: Isa, pass: &Pass) {
        let Table { numbers, count, rows, width } = self.table;
        let size = (TASK / width.max(1)).max(1);
        worker.for_each(count.div_ceil(size), |task| {
            let range = part(task, size, count);
            // SAFETY: the plan gives each room of its shape; the numbers were checked, so there is no error to see.
            let _ = unsafe {
                let numbers = std::slice::from_raw_parts(pass.read(numbers).cast(), count);
                gather::gather(pass.read(self.from), rows, width, numbers, pass.write(self.to), range)
            };
        });
    }

    fn cost(&self) -> usize {
        self.table.count * self.table.width
    }
}

/// The gradient of [`Gather`]: each task owns some rows of the table and adds to them in the order of the numbers.
#[derive(Debug)]
pub(super) struct ScatterAdd {
    table: Table,
    from: Place,
    to: Place,
}

impl ScatterAdd {
    pub(super) fn new(build: &Build<'_>, var: Var) -> Result<Self, KernelError> {
        let node = build.graph.node(var);
        let count = build.graph.node(node.inputs[0]).len();
        let (rows, width) = (node.shape[0], node.shape[1]);
        let table = Table { numbers: build.place(node.inputs[0])?, count, rows, width };
        Ok(Self { table, from: build.place(node.inputs[1])?, to: build.place(var)? })
    }
}

impl Kernel for ScatterAdd {
    unsafe fn run(&self, worker: &Worker<'_>, _isa: Isa, pass: &Pass) {
        let Table { numbers, count, rows, width } = self.table;
        let size = rows.div_ceil(4 * worker.count()).max(1);
        worker.for_each(rows.div_ceil(size), |task| {
            let owned = part(task, size, rows);
            // SAFETY: the plan gives each room of its shape; a row is owned by one task; the numbers were checked.
            unsafe {
                let table = pass.write(self.to);
                std::slice::from_raw_parts_mut(table.add(owned.start * width), owned.len() * width).fill(0.0);
                let numbers = std::slice::from_raw_parts(pass.read(numbers).cast(), count);
                gather::scatter_add(table, width, numbers, pass.read(self.from), owned);
            }
        });
    }

    fn cost(&self) -> usize {
        self.table.count * self.table.width + self.table.rows * self.table.width
    }
}
