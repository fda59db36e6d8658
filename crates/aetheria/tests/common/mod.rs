//! What several tests of the engine share.
#![allow(dead_code, reason = "each test uses a part")]

use std::{num::NonZeroUsize, sync::Arc};

use aetheria::{
    cpu::Cpu,
    data::{Batch, Column, DType, DataSpec, Field},
    graph::{Graph, Var},
    model::Model,
    optimizer::Optimizer,
    random::{Draws, Purpose},
    strategy::{Pass, Strategy},
};

/// A model that is no more than a function.
pub(crate) struct Network<F>(pub(crate) F);

impl<F: Fn(&mut Graph, Var) -> Var + Send + Sync> Model for Network<F> {
    fn forward(&self, graph: &mut Graph, input: Var, _data: &DataSpec) -> Var {
        (self.0)(graph, input)
    }
}

/// `inputs` numbers in, `outputs` numbers out.
pub(crate) fn regression(inputs: usize, outputs: usize) -> DataSpec {
    DataSpec {
        input: Field { shape: vec![inputs], dtype: DType::F32 },
        target: Field { shape: vec![outputs], dtype: DType::F32 },
        classes: None,
    }
}

/// `inputs` numbers in, one of `classes` out.
pub(crate) fn classification(inputs: usize, classes: usize) -> DataSpec {
    DataSpec {
        input: Field { shape: vec![inputs], dtype: DType::F32 },
        target: Field { shape: vec![], dtype: DType::U32 },
        classes: Some((0..classes).map(|c| c.to_string()).collect()),
    }
}

/// Normal inputs and targets, or uniform classes.
pub(crate) fn batch(spec: &DataSpec, size: usize, seed: u64) -> Batch {
    let draws = |part| Draws::new(seed, Purpose::Synthetic, 0).part(part);
    let normal = |part, len| (0..len).map(|i| draws(part).normal(i as u32)).collect::<Vec<f32>>();
    let below =
        |part, len, bound| (0..len).map(|i| draws(part).word(i as u32) % bound as u32).collect::<Vec<u32>>();
    let input = match spec.input.dtype {
        DType::F32 => Column::F32(normal(1, size * spec.input.len())),
        DType::U32 => Column::U32(below(1, size * spec.input.len(), 5)),
    };
    let target = match &spec.classes {
        Some(classes) => Column::U32(below(2, size * spec.target.len(), classes.len())),
        None => Column::F32(normal(2, size * spec.target.len())),
    };
    Batch { size, input, target }
}

pub(crate) fn cpu<F>(network: F, spec: &DataSpec, optimizer: Optimizer, size: usize, threads: usize) -> Cpu
where
    F: Fn(&mut Graph, Var) -> Var + Send + Sync + 'static,
{
    let threads = NonZeroUsize::new(threads).unwrap();
    Cpu::new(Arc::new(Network(network)), spec.clone(), optimizer, 3, size, threads).unwrap()
}

pub(crate) fn adam() -> Optimizer {
    Optimizer::Adam(Default::default())
}

/// The first pass of a window of one batch.
pub(crate) fn pass(step: u64, size: usize) -> Pass {
    Pass { step, micro: 0, weight: 1.0 / size as f32 }
}

/// All of the state, by name.
pub(crate) fn state(cpu: &Cpu, mid_window: bool) -> Vec<(String, Vec<usize>, Vec<f32>)> {
    cpu.state(mid_window).into_iter().map(|t| (t.name, t.shape, t.data.to_vec())).collect()
}

/// Puts a state back.
pub(crate) fn restore(cpu: &mut Cpu, state: &[(String, Vec<usize>, Vec<f32>)]) {
    let find = |name: &str| {
        state.iter().find(|(n, ..)| n == name).map(|(_, shape, values)| (shape.clone(), values.clone()))
    };
    cpu.restore(&find).unwrap();
}
