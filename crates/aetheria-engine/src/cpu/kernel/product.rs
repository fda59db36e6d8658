//! Matrix products.

use super::{Build, Kernel, KernelError, Pass};
use crate::{
    cpu::{
        isa::Isa,
        matmul::{Batch, Epilogue as Ending, Layout, Matmul, Operands, Spec},
        pool::Worker,
    },
    graph::{Graph, Op, Var},
    plan::{Epilogue, Place, Space},
};
use std::ptr::{null, null_mut};

#[derive(Debug)]
pub(super) struct Product {
    overwrite: Matmul,
    /// Where the result is a gradient: the same, adding.
    accumulate: Option<Matmul>,
    a: Place,
    b: Place,
    c: Place,
    bias: Option<Place>,
    mask: Option<Place>,
    sums: Option<Place>,
    scratch: Place,
}

/// The product as the kernels want it told.
fn spec(graph: &Graph, product: Var, epilogue: &Epilogue, accumulate: bool) -> Spec {
    let node = graph.node(product);
    let transpose = if let Op::MatMul { transpose } = node.op { transpose } else { [false, false] };
    let (left, right) = (graph.shape(node.inputs[0]), graph.shape(node.inputs[1]));
    let rank = node.shape.len();
    let layout = |shape: &[usize], transposed: bool| {
        let stride = shape[rank - 1];
        if transposed { Layout::columns(stride) } else { Layout::rows(stride) }
    };
    let (m, n) = (node.shape[rank - 2], node.shape[rank - 1]);
    let k = if transpose[0] { left[rank - 2] } else { left[rank - 1] };
    let count = node.shape[..rank - 2].iter().product();
    let batch = Batch { count, a_stride: m * k, b_stride: k * n, c_stride: m * n };
    Spec {
        a: layout(left, transpose[0]),
        b: layout(right, transpose[1]),
        epilogue: Ending {
            bias: epilogue.bias.is_some(),
            accumulate,
            relu: epilogue.relu,
            mask: epilogue.mask.map(|_| n),
            column_sums: epilogue.column_sums.is_some(),
        },
        batch: [if count == 1 { Batch::ONE } else { batch }, Batch::ONE],
        ..Spec::dense(m, n, k)
    }
}

pub(super) fn scratch(graph: &Graph, isa: Isa, threads: usize, product: Var, epilogue: &Epilogue) -> usize {
    let room = |accumulate| Matmul::new(isa, spec(graph, product, epilogue, accumulate)).scratch_len(threads);
    room(false).max(room(true))
}

impl Product {
    pub(super) fn new(
        build: &Build<'_>,
        product: Var,
        epilogue: &Epilogue,
        scratch: usize,
    ) -> Result<Self, KernelError> {
        let inputs = &build.graph.node(product).inputs;
        let optional = |var: Option<Var>| var.map(|v| build.place(v)).transpose();
        let c = build.place(epilogue.result)?;
        let plan = |accumulate| Matmul::new(build.isa, spec(build.graph, product, epilogue, accumulate));
        Ok(Self {
            overwrite: plan(false),
            accumulate: (c.space == Space::Gradients).then(|| plan(true)),
            a: build.place(inputs[0])?,
            b: build.place(inputs[1])?,
            c,
            bias: optional(epilogue.bias)?,
            mask: optional(epilogue.mask)?,
            sums: optional(epilogue.column_sums)?,
            scratch: Place { space: Space::Work, offset: scratch },
        })
    }
}

impl Kernel for Product {
    unsafe fn run(&self, worker: &Worker<'_>, _isa: Isa, pass: &Pass) {
        let matmul = match &self.accumulate {
            Some(adding) if pass.accumulate => adding,
            _ => &self.overwrite,
        };
        let operands = Operands {
            a: pass.read(self.a),
            b: pass.read(self.b),
            c: pass.write(self.c),
            bias: self.bias.map_or(null(), |place| pass.read(place)),
            mask: self.mask.map_or(null(), |place| pass.read(place)),
            column_sums: self.sums.map_or(null_mut(), |place| pass.write(place)),
            scratch: pass.write(self.scratch),
        };
        // SAFETY: the plan gives each of them room of its shape, apart from the others, until this step is done; all
        // workers run the same kernels.
        unsafe { matmul.run(worker, operands) };
    }

    fn cost(&self) -> usize {
        self.overwrite.spec().flops() as usize
    }
}
