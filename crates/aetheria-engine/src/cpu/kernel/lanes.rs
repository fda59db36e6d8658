//! Clusters of elementwise operations.

use std::ptr::{null, null_mut};

use super::{Build, Kernel, KernelError, Pass, part};
use crate::{
    cpu::{
        isa::Isa,
        pool::Worker,
        tape::{Access as TapeAccess, Bindings, Tape, TapeBuilder, Value, Write},
    },
    graph::{Op, Var},
    plan::{Access, Cluster, Operand, Place, Space},
    random::Draws,
};

/// Elements in a task: a few blocks, so that a small cluster is one task and costs no more than a call.
const TASK: usize = 8192;
/// Loads, stores, runtime numbers or masks in one cluster, at most; the planner stays far below.
const MOST: usize = 32;

#[derive(Debug)]
pub(super) struct Lanes {
    overwrite: Tape,
    /// Where some stores are gradients: the same, adding to those.
    accumulate: Option<Tape>,
    inputs: Vec<Place>,
    outputs: Vec<Place>,
    /// How many runtime numbers it reads: all are the loss weight.
    weights: usize,
    /// The numbers of the masks it draws.
    masks: Vec<u32>,
    cost: usize,
}

/// A tape and what it is to be bound to.
struct Draft {
    tape: Tape,
    inputs: Vec<Place>,
    weights: usize,
    masks: Vec<u32>,
}

impl Lanes {
    pub(super) fn new(build: &Build<'_>, cluster: &Cluster) -> Result<Self, KernelError> {
        let outputs: Vec<Place> = cluster.stores.iter().map(|&v| build.place(v)).collect::<Result<_, _>>()?;
        let draft = |accumulate| draft(build, cluster, &outputs, accumulate);
        let adds = outputs.iter().any(|place| place.space == Space::Gradients);
        let accumulate = if adds { Some(draft(true)?.tape) } else { None };
        let Draft { tape, inputs, weights, masks } = draft(false)?;
        if [inputs.len(), outputs.len(), weights, masks.len()].iter().any(|&n| n > MOST) {
            let var = cluster.nodes[0].0;
            return Err(build.error(var, format!("a cluster of more than {MOST} operands")));
        }
        let cost = cluster.rows * cluster.columns * cluster.nodes.len();
        Ok(Self { overwrite: tape, accumulate, inputs, outputs, weights, masks, cost })
    }

    /// Copies a gradient to where gradients lie.
    pub(super) fn delivery(build: &Build<'_>, from: Var, to: Place) -> Result<Self, KernelError> {
        let len = build.graph.node(from).len();
        let tape = |write| {
            let mut tape = TapeBuilder::new(1, len);
            let value = tape.load(TapeAccess::Full { stride: len });
            tape.store(value, len, write);
            tape.finish().map_err(|error| build.error(from, error))
        };
        Ok(Self {
            overwrite: tape(Write::Overwrite)?,
            accumulate: Some(tape(Write::Accumulate)?),
            inputs: vec![build.place(from)?],
            outputs: vec![to],
            weights: 0,
            masks: Vec::new(),
            cost: len,
        })
    }
}

fn draft(
    build: &Build<'_>,
    cluster: &Cluster,
    outputs: &[Place],
    accumulate: bool,
) -> Result<Draft, KernelError> {
    let mut tape = TapeBuilder::new(cluster.rows, cluster.columns);
    let (mut inputs, mut weights, mut masks) = (Vec::new(), 0, Vec::new());
    let mut loaded: Vec<(Operand, Value)> = Vec::new();
    let mut made: Vec<(Var, Value)> = Vec::new();
    for (var, operands) in &cluster.nodes {
        let mut values = Vec::with_capacity(operands.len());
        for &operand in operands {
            let known = match operand {
                Operand::Inside(var) => made.iter().find(|(v, _)| *v == var).map(|(_, value)| *value),
                Operand::Memory(..) => loaded.iter().find(|(o, _)| *o == operand).map(|(_, value)| *value),
            };
            let value = match (known, operand) {
                (Some(value), _) => value,
                (None, Operand::Memory(var, access)) => {
                    inputs.push(build.place(var)?);
                    let value = tape.load(match access {
                        Access::Full => TapeAccess::Full { stride: cluster.columns },
                        Access::Row => TapeAccess::Row,
                        Access::Column => TapeAccess::Column,
                        Access::Scalar => TapeAccess::Scalar,
                    });
                    loaded.push((operand, value));
                    value
                }
                (None, Operand::Inside(inside)) => {
                    return Err(build.error(inside, "it is read before it is made"));
                }
            };
            values.push(value);
        }
        let value = match (&build.graph.node(*var).op, &values[..]) {
            (Op::Constant(bits), _) => tape.constant(f32::from_bits(*bits)),
            (Op::Runtime(_), _) => {
                weights += 1;
                tape.scalar()
            }
            (Op::Keep { keep, part }, _) => {
                masks.push(*part);
                tape.keep(f32::from_bits(*keep))
            }
            (Op::Unary(f), &[x]) => tape.unary(*f, x),
            (Op::Binary(f), &[x, y]) => tape.binary(*f, x, y),
            (other, _) => return Err(build.error(*var, format!("'{}' is not elementwise", other.name()))),
        };
        made.push((*var, value));
    }
    for (store, place) in cluster.stores.iter().zip(outputs) {
        let Some((_, value)) = made.iter().find(|(var, _)| var == store) else {
            return Err(build.error(*store, "it is stored but not made"));
        };
        let adds = accumulate && place.space == Space::Gradients;
        tape.store(*value, cluster.columns, if adds { Write::Accumulate } else { Write::Overwrite });
    }
    let tape = tape.finish().map_err(|error| build.error(cluster.nodes[0].0, error))?;
    Ok(Draft { tape, inputs, weights, masks })
}

impl Kernel for Lanes {
    unsafe fn run(&self, worker: &Worker<'_>, isa: Isa, pass: &Pass) {
        let tape = match &self.accumulate {
            Some(adding) if pass.accumulate => adding,
            _ => &self.overwrite,
        };
        let mut inputs = [null(); MOST];
        let mut outputs = [null_mut(); MOST];
        let mut draws = [pass.draws(0); MOST];
        for (pointer, &place) in inputs.iter_mut().zip(&self.inputs) {
            *pointer = pass.read(place);
        }
        for (pointer, &place) in outputs.iter_mut().zip(&self.outputs) {
            *pointer = pass.write(place);
        }
        for (draws, &mask) in draws.iter_mut().zip(&self.masks) {
            *draws = pass.draws(mask);
        }
        let draws: &[Draws] = &draws[..self.masks.len()];
        let bindings = Bindings {
            inputs: &inputs[..self.inputs.len()],
            outputs: &outputs[..self.outputs.len()],
            scalars: &[pass.weight; MOST][..self.weights],
            draws,
        };
        let elements = tape.elements();
        // The tasks' pointers are rebound inside, for a raw pointer cannot be shared between threads.
        worker.for_each(elements.div_ceil(TASK), |task| {
            // SAFETY: the plan gives every operand room of its shape, and stores do not overlap what is read.
            unsafe { tape.run(isa, part(task, TASK, elements), &bindings) };
        });
    }

    fn cost(&self) -> usize {
        self.cost
    }
}
