//! The order of steps.

use crate::graph::{Graph, Var};

use super::Step;

/// Which steps each step needs, directly or through others.
#[derive(Debug, Default)]
pub(super) struct Ancestors(Vec<Vec<u64>>);

impl Ancestors {
    /// Adds step `number`, the next one, which needs the steps `after`.
    pub(super) fn add(&mut self, number: usize, after: &[usize]) {
        self.0.push(Vec::new());
        self.grow(number, after);
    }

    /// Whether `step` needs `other`.
    pub(super) fn depends(&self, step: usize, other: usize) -> bool {
        self.0[step].get(other / 64).is_some_and(|word| word >> (other % 64) & 1 == 1)
    }

    /// Step `number` also needs the steps `after`, and so does whatever needs it.
    pub(super) fn grow(&mut self, number: usize, after: &[usize]) {
        let mut new: Vec<u64> = Vec::new();
        for &step in after {
            merge(&mut new, &self.0[step]);
            merge(&mut new, &bit(step));
        }
        for step in 0..self.0.len() {
            if step == number || self.depends(step, number) {
                merge(&mut self.0[step], &new);
            }
        }
    }
}

fn bit(step: usize) -> Vec<u64> {
    let mut words = vec![0; step / 64 + 1];
    words[step / 64] = 1 << (step % 64);
    words
}

fn merge(into: &mut Vec<u64>, from: &[u64]) {
    if into.len() < from.len() {
        into.resize(from.len(), 0);
    }
    for (to, from) in into.iter_mut().zip(from) {
        *to |= from;
    }
}

/// The steps in an order in which each follows what it needs: among those that could be next, the one whose first
/// operation was described first.
pub(super) fn ordered(graph: &Graph, steps: Vec<Step>, bases: &[Var]) -> Vec<Step> {
    let mut maker = vec![None; graph.nodes().len()];
    for (number, step) in steps.iter().enumerate() {
        for var in step.writes() {
            maker[var.index()] = Some(number);
        }
    }
    let first = |step: &Step| match step {
        Step::Product { epilogue, .. } => epilogue.result.index(),
        Step::Lanes(cluster) => cluster.nodes.first().map_or(0, |(var, _)| var.index()),
        Step::Single(var) | Step::Deliver { from: var, .. } => var.index(),
    };
    let needs: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| step.reads(graph, bases).iter().filter_map(|var| maker[var.index()]).collect())
        .collect();
    let mut waiting: Vec<usize> = (0..steps.len()).collect();
    waiting.sort_by_key(|&step| first(&steps[step]));
    let mut done = vec![false; steps.len()];
    let mut order = Vec::with_capacity(steps.len());
    while let Some(at) = waiting.iter().position(|&step| needs[step].iter().all(|&n| done[n])) {
        let step = waiting.remove(at);
        done[step] = true;
        order.push(step);
    }
    debug_assert!(waiting.is_empty(), "steps need each other in a circle");
    order.into_iter().map(|step| steps[step].clone()).collect()
}
