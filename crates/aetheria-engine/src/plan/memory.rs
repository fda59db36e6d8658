//! Where values lie: each in the lowest gap of the work arena that is free from the step that writes it to the last
//! step that reads it (greedy by size, Pisarchyk & Lee 2020).

use super::{ALIGNMENT, Layout, Place, Space, Step, Wanted};
use crate::graph::{Graph, Node, Op, Var};

/// What [`assign`] decides.
#[derive(Debug)]
pub(super) struct Memory {
    /// The length of the work arena.
    pub(super) work: usize,
    /// For each node that is its own base, its place.
    pub(super) places: Vec<Option<Place>>,
    /// For each step, the place of its temporary room.
    pub(super) scratch: Vec<usize>,
}

/// Something that needs room in the work arena from step `from` to step `to`.
#[derive(Debug, Clone, Copy)]
struct Tenant {
    len: usize,
    from: usize,
    to: usize,
    offset: usize,
}

/// Elements that a value takes in memory: those of its shape, and for cross entropy, behind them, each row's
/// logarithm of summed exponentials, which its gradient needs again.
fn stored_len(node: &Node) -> usize {
    if node.op == Op::CrossEntropy { 2 * node.len() } else { node.len() }
}

/// Adds the steps that leave in their arena those gradients that cannot simply be written there: those that also
/// serve otherwise (in a later pass of a window the arena holds a sum), and those made by steps that cannot add.
pub(super) fn deliver(graph: &Graph, bases: &[Var], steps: &mut Vec<Step>, wanted: &Wanted, layout: &Layout) {
    let Some(gradients) = &wanted.gradients else { return };
    for (param, gradient) in gradients.params.iter().enumerate() {
        let Some(from) = gradient.map(|g| bases[g.index()]) else { continue };
        if !in_place(graph, bases, steps, wanted, from) {
            let to = Place { space: Space::Gradients, offset: layout.offsets[param] };
            steps.push(Step::Deliver { from, to });
        }
    }
}

/// Whether the step that makes the gradient `from` can itself leave it in its arena.
pub(super) fn in_place(graph: &Graph, bases: &[Var], steps: &[Step], wanted: &Wanted, from: Var) -> bool {
    let asked = wanted.gradients.iter().flat_map(|g| g.params.iter().flatten());
    let asked = asked.chain(&wanted.values).filter(|g| bases[g.index()] == from).count();
    let maker = steps.iter().find(|step| step.writes().contains(&from));
    let adds = match maker {
        Some(Step::Product { .. } | Step::Lanes(_)) => true,
        Some(Step::Single(var)) => matches!(graph.node(*var).op, Op::Fold { .. }),
        Some(Step::Deliver { .. }) | None => false,
    };
    adds && asked == 1 && !steps.iter().any(|step| step.reads(graph, bases).contains(&from))
}

/// Gives every value that is written down its place, and every step its temporary room.
pub(super) fn assign(
    graph: &Graph,
    steps: &[Step],
    bases: &[Var],
    wanted: &Wanted,
    layout: &Layout,
    scratch: &[usize],
) -> Memory {
    let mut places: Vec<Option<Place>> = vec![None; bases.len()];
    for (index, node) in graph.nodes().iter().enumerate() {
        places[index] = match node.op {
            Op::Input => Some(Place { space: Space::Input, offset: 0 }),
            Op::Target => Some(Place { space: Space::Target, offset: 0 }),
            Op::Param(number) => Some(Place { space: Space::Params, offset: layout.offsets[number] }),
            _ => None,
        };
    }
    let delivered: Vec<Var> = steps
        .iter()
        .filter_map(|step| if let Step::Deliver { from, .. } = step { Some(*from) } else { None })
        .collect();
    let gradients = wanted.gradients.iter().flat_map(|g| g.params.iter().enumerate());
    for (param, gradient) in gradients {
        if let Some(base) = gradient.map(|g| bases[g.index()])
            && !delivered.contains(&base)
        {
            places[base.index()] = Some(Place { space: Space::Gradients, offset: layout.offsets[param] });
        }
    }
    let end = steps.len();
    let mut tenants = Vec::new();
    let mut tenant_of = vec![None; bases.len()];
    for (number, step) in steps.iter().enumerate() {
        for var in step.writes() {
            if places[var.index()].is_none() {
                tenant_of[var.index()] = Some(tenants.len());
                tenants.push(Tenant {
                    len: stored_len(graph.node(var)),
                    from: number,
                    to: number,
                    offset: 0,
                });
            }
        }
    }
    for (number, step) in steps.iter().enumerate() {
        for var in step.reads(graph, bases) {
            if let Some(tenant) = tenant_of[var.index()] {
                tenants[tenant].to = number;
            }
        }
    }
    for var in &wanted.values {
        if let Some(tenant) = tenant_of[bases[var.index()].index()] {
            tenants[tenant].to = end;
        }
    }
    let values = tenants.len();
    tenants.extend(scratch.iter().enumerate().map(|(step, &len)| Tenant {
        len,
        from: step,
        to: step,
        offset: 0,
    }));
    let work = settle(&mut tenants);
    for (index, tenant) in tenant_of.iter().enumerate() {
        if let Some(tenant) = tenant {
            places[index] = Some(Place { space: Space::Work, offset: tenants[*tenant].offset });
        }
    }
    Memory { work, places, scratch: tenants[values..].iter().map(|t| t.offset).collect() }
}

/// Finds an offset for each tenant so that no two overlap in both time and room; returns the length of it all.
fn settle(tenants: &mut [Tenant]) -> usize {
    let mut order: Vec<usize> = (0..tenants.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(tenants[i].len));
    let mut settled: Vec<Tenant> = Vec::with_capacity(tenants.len());
    let mut total = 0;
    for index in order {
        let tenant = tenants[index];
        let mut neighbours: Vec<&Tenant> =
            settled.iter().filter(|t| t.from <= tenant.to && tenant.from <= t.to).collect();
        neighbours.sort_by_key(|t| t.offset);
        let mut offset = 0;
        for neighbour in neighbours {
            if offset + tenant.len <= neighbour.offset {
                break;
            }
            offset = offset.max((neighbour.offset + neighbour.len).next_multiple_of(ALIGNMENT));
        }
        tenants[index].offset = offset;
        settled.push(tenants[index]);
        total = total.max(offset + tenant.len);
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nobody_shares_a_bed(lives in prop::collection::vec((1usize..100, 0usize..20, 0usize..6), 1..40)) {
            let mut tenants: Vec<Tenant> =
                lives.iter().map(|&(len, from, span)| Tenant { len, from, to: from + span, offset: 0 }).collect();
            let total = settle(&mut tenants);
            for (i, a) in tenants.iter().enumerate() {
                prop_assert!(a.offset + a.len <= total && a.offset % ALIGNMENT == 0);
                for b in &tenants[..i] {
                    let meet = a.from <= b.to && b.from <= a.to;
                    prop_assert!(!meet || a.offset + a.len <= b.offset || b.offset + b.len <= a.offset);
                }
            }
        }
    }
}
