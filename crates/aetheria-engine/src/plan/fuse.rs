//! Which operations are computed together.
//!
//! Elementwise operations on equally many elements are joined greedily into clusters: an operation joins the cluster
//! of one of its operands unless some other operand can only be computed after that cluster, or that cluster is of the
//! forward pass and the operation of the backward one: it would have to be written down, such as ReLU's mask, and lie
//! there until it is read, and the cluster would be none that a product can absorb. Reshapes cost nothing and are looked
//! through; constants, dropout masks and broadcasts are computed where they are read. Last, a cluster
//! that is no more than the usual end of a matrix product (bias, ReLU, ReLU's mask) becomes that product's epilogue.

use super::{Place, Wanted, memory::in_place, order::Ancestors};
use crate::graph::{
    Graph, Node, Op, Var,
    op::{Binary, Fold, Unary},
};

/// How a cluster, which runs over `rows` by `columns`, reads a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// An element for each element.
    Full,
    /// One element a column, the same for every row.
    Row,
    /// One element a row, the same for every column.
    Column,
    /// One element for all.
    Scalar,
}

/// Something an operation in a cluster reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// What another operation of the cluster makes, or a constant, runtime number or mask.
    Inside(Var),
    /// A value that lies in memory.
    Memory(Var, Access),
}

/// Elementwise operations that run together, block by block.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// The operations in order, with what they read. Constants, runtime numbers and masks stand among them.
    pub nodes: Vec<(Var, Vec<Operand>)>,
    /// Which of their values are written down.
    pub stores: Vec<Var>,
    /// The space they run over.
    pub rows: usize,
    /// See `rows`.
    pub columns: usize,
}

/// What is done to the elements of a matrix product before they are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epilogue {
    /// Added to each row.
    pub bias: Option<Var>,
    /// Negative sums become 0.
    pub relu: bool,
    /// Where this value, of the result's shape, is not above 0 the result is multiplied by 0.
    pub mask: Option<Var>,
    /// The value that results.
    pub result: Var,
    /// The sums of the right operand's columns, a value of its own: with `Xᵀ dY`, the gradient of the bias.
    pub column_sums: Option<Var>,
}

impl Epilogue {
    fn none(result: Var) -> Self {
        Self { bias: None, relu: false, mask: None, result, column_sums: None }
    }
}

/// One thing to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A matrix product and its end.
    Product {
        /// The product.
        product: Var,
        /// Its end.
        epilogue: Epilogue,
    },
    /// Elementwise operations.
    Lanes(Cluster),
    /// Any other operation.
    Single(Var),
    /// Leaves a gradient that also serves otherwise in the gradients' arena.
    Deliver {
        /// The gradient.
        from: Var,
        /// Where that parameter's gradient lies.
        to: Place,
    },
}

impl Step {
    /// The values it writes down.
    pub fn writes(&self) -> Vec<Var> {
        match self {
            Self::Product { epilogue, .. } => {
                std::iter::once(epilogue.result).chain(epilogue.column_sums).collect()
            }
            Self::Lanes(cluster) => cluster.stores.clone(),
            Self::Single(var) => vec![*var],
            Self::Deliver { .. } => Vec::new(),
        }
    }

    /// The values it reads.
    pub fn reads(&self, graph: &Graph, bases: &[Var]) -> Vec<Var> {
        let based = |var: &Var| bases[var.index()];
        match self {
            Self::Product { product, epilogue } => {
                let operands = graph.node(*product).inputs.iter();
                operands.map(based).chain(epilogue.bias).chain(epilogue.mask).collect()
            }
            Self::Lanes(cluster) => {
                let operands = cluster.nodes.iter().flat_map(|(_, operands)| operands);
                let memory = |operand: &Operand| match operand {
                    Operand::Memory(var, _) => Some(*var),
                    Operand::Inside(_) => None,
                };
                operands.filter_map(memory).collect()
            }
            Self::Single(var) => graph.node(*var).inputs.iter().map(based).collect(),
            Self::Deliver { from, .. } => vec![*from],
        }
    }
}

/// More operations than this in one cluster would spill its blocks out of the first-level cache.
const MOST_NODES: usize = 24;
/// More values in memory than this and the hardware no longer prefetches them all.
const MOST_OPERANDS: usize = 8;

/// A cluster in the making. Unwritten broadcasts stand in it under their own names.
#[derive(Debug, Default)]
struct Draft {
    nodes: Vec<(Var, Vec<Operand>)>,
    memory: Vec<Var>,
    len: usize,
    /// Whether it belongs to the backward pass.
    backward: bool,
    /// The column counts that suit all of its broadcasts; `None` while any does.
    columns: Option<Vec<usize>>,
}

struct Fusion<'g> {
    graph: &'g Graph,
    bases: &'g [Var],
    fused: bool,
    /// Nodes that are computed where they are read but must be written down all the same.
    solid: Vec<bool>,
    steps: Vec<Step>,
    drafts: Vec<Option<Draft>>,
    step_of: Vec<Option<usize>>,
    ancestors: Ancestors,
}

/// For each node, the node whose memory it is a view of: itself, unless it is a reshape.
pub(super) fn bases(graph: &Graph) -> Vec<Var> {
    let base =
        |(i, node): (usize, &Node)| if node.op == Op::Reshape { node.inputs[0] } else { Var(i as u32) };
    graph.nodes().iter().enumerate().map(base).collect()
}

/// The steps, in no particular order, that leave `wanted` behind.
pub(super) fn steps(graph: &Graph, bases: &[Var], wanted: &Wanted, fused: bool) -> Vec<Step> {
    let gradients = wanted.gradients.iter().flat_map(|g| g.params.iter().flatten());
    let roots: Vec<Var> = gradients.chain(&wanted.values).map(|v| bases[v.index()]).collect();
    let live = live(graph, &roots);
    let mut fusion = Fusion {
        graph,
        bases,
        fused,
        solid: solid(graph, bases, &live, &roots),
        steps: Vec::new(),
        drafts: Vec::new(),
        step_of: vec![None; graph.nodes().len()],
        ancestors: Ancestors::default(),
    };
    for index in (0..live.len()).filter(|&i| live[i]) {
        fusion.place(Var(index as u32));
    }
    let mut steps = absorb(graph, bases, fusion.finish(&roots), &roots, fused);
    if fused {
        absorb_sums(graph, bases, &mut steps, wanted);
    }
    steps
}

/// Which nodes the roots depend on.
fn live(graph: &Graph, roots: &[Var]) -> Vec<bool> {
    let mut live = vec![false; graph.nodes().len()];
    for root in roots {
        live[root.index()] = true;
    }
    for index in (0..live.len()).rev() {
        if live[index] {
            for input in &graph.nodes()[index].inputs {
                live[input.index()] = true;
            }
        }
    }
    live
}

/// Whether a node is computed wherever it is read.
fn is_lazy(op: &Op) -> bool {
    matches!(op, Op::Constant(_) | Op::Runtime(_) | Op::Keep { .. } | Op::Broadcast)
}

fn is_lane(op: &Op) -> bool {
    matches!(op, Op::Unary(_) | Op::Binary(_))
}

/// Lazy nodes that something other than a cluster reads.
fn solid(graph: &Graph, bases: &[Var], live: &[bool], roots: &[Var]) -> Vec<bool> {
    let mut solid = vec![false; live.len()];
    for root in roots {
        solid[root.index()] = true;
    }
    for (_, node) in graph.nodes().iter().enumerate().filter(|(i, _)| live[*i]) {
        if !is_lane(&node.op) && node.op != Op::Reshape {
            for input in &node.inputs {
                solid[bases[input.index()].index()] = true;
            }
        }
    }
    solid
}

impl Fusion<'_> {
    fn base(&self, var: Var) -> Var {
        self.bases[var.index()]
    }

    /// Finds the step for one node whose inputs have theirs.
    fn place(&mut self, var: Var) {
        let op = &self.graph.node(var).op;
        match op {
            Op::Input | Op::Target | Op::Param(_) | Op::Reshape => {}
            Op::Constant(_) | Op::Runtime(_) | Op::Keep { .. } => {
                if self.solid[var.index()] {
                    self.open_draft(var);
                }
            }
            Op::Broadcast => {
                if self.solid[var.index()] {
                    self.single(var);
                }
            }
            Op::Unary(_) | Op::Binary(_) => self.place_lane(var),
            _ => self.single(var),
        }
    }

    fn new_step(&mut self, var: Var, step: Step, draft: Option<Draft>, after: &[usize]) {
        let number = self.steps.len();
        self.steps.push(step);
        self.drafts.push(draft);
        self.step_of[var.index()] = Some(number);
        self.ancestors.add(number, after);
    }

    fn single(&mut self, var: Var) {
        let after: Vec<usize> =
            self.graph.node(var).inputs.iter().filter_map(|&i| self.step_of[self.base(i).index()]).collect();
        self.new_step(var, Step::Single(var), None, &after);
    }

    fn open_draft(&mut self, var: Var) {
        let node = self.graph.node(var);
        let draft = Draft { len: node.len(), backward: node.backward, ..Draft::default() };
        self.new_step(var, Step::Single(var), Some(draft), &[]);
        let step = self.steps.len() - 1;
        self.admit(step, var);
    }

    /// The step that must run before `var` can be read as an operand of a cluster.
    fn source(&self, var: Var) -> Option<usize> {
        let base = self.base(var);
        let node = self.graph.node(base);
        match node.op {
            Op::Broadcast if self.step_of[base.index()].is_none() => {
                self.step_of[self.base(node.inputs[0]).index()]
            }
            _ => self.step_of[base.index()],
        }
    }

    fn place_lane(&mut self, var: Var) {
        let node = self.graph.node(var);
        let sources: Vec<usize> = node.inputs.iter().filter_map(|&i| self.source(i)).collect();
        let joinable = |step: &usize| {
            self.drafts[*step].as_ref().is_some_and(|d| d.len == node.len() && d.backward == node.backward)
        };
        let mut candidates: Vec<usize> = sources.iter().copied().filter(joinable).collect();
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        let home = candidates.into_iter().find(|&home| {
            self.fused
                && sources.iter().all(|&s| s == home || !self.ancestors.depends(s, home))
                && self.drafts[home].as_ref().is_some_and(|draft| self.fits(draft, var))
        });
        match home {
            Some(home) => {
                let after: Vec<usize> = sources.into_iter().filter(|&s| s != home).collect();
                self.ancestors.grow(home, &after);
                self.step_of[var.index()] = Some(home);
                self.admit(home, var);
            }
            None => {
                // A broadcast that no cluster could read in place is written down first.
                let mut broadcasts: Vec<Var> = Vec::new();
                let mut columns = None;
                for &input in &node.inputs {
                    let base = self.base(input);
                    if self.graph.node(base).op == Op::Broadcast && self.step_of[base.index()].is_none() {
                        match narrowed(&columns, &accesses(self.graph, base)) {
                            Ok(narrower) => columns = narrower,
                            Err(()) => broadcasts.push(base),
                        }
                    }
                }
                for base in broadcasts {
                    self.single(base);
                }
                let after: Vec<usize> = node.inputs.iter().filter_map(|&i| self.source(i)).collect();
                let draft = Draft { len: node.len(), backward: node.backward, ..Draft::default() };
                self.new_step(var, Step::Single(var), Some(draft), &after);
                let step = self.steps.len() - 1;
                self.admit(step, var);
            }
        }
    }

    /// Whether `var` can be computed in a cluster besides what it holds.
    fn fits(&self, draft: &Draft, var: Var) -> bool {
        let mut columns = draft.columns.clone();
        let mut memory = draft.memory.clone();
        for &input in &self.graph.node(var).inputs {
            let base = self.base(input);
            let node = self.graph.node(base);
            if draft.nodes.iter().any(|(inside, _)| *inside == base) {
                continue;
            }
            let lazy = is_lazy(&node.op) && self.step_of[base.index()].is_none();
            if lazy && node.op != Op::Broadcast {
                continue;
            }
            if lazy {
                match narrowed(&columns, &accesses(self.graph, base)) {
                    Ok(narrower) => columns = narrower,
                    Err(()) => return false,
                }
            }
            if !memory.contains(&base) {
                memory.push(base);
            }
        }
        memory.len() <= MOST_OPERANDS && draft.nodes.len() < MOST_NODES
    }

    /// Puts `var` into the cluster `step`.
    fn admit(&mut self, step: usize, var: Var) {
        let graph = self.graph;
        let Some(mut draft) = self.drafts[step].take() else { return };
        let mut operands = Vec::new();
        for &input in &graph.node(var).inputs {
            let base = self.base(input);
            let node = graph.node(base);
            if draft.nodes.iter().any(|(inside, _)| *inside == base) {
                operands.push(Operand::Inside(base));
            } else if self.step_of[base.index()].is_none() && node.op == Op::Broadcast {
                if let Ok(columns) = narrowed(&draft.columns, &accesses(graph, base)) {
                    draft.columns = columns;
                }
                // Row, column or scalar: decided when the columns are.
                operands.push(Operand::Memory(base, Access::Full));
                if !draft.memory.contains(&base) {
                    draft.memory.push(base);
                }
            } else if self.step_of[base.index()].is_none() && is_lazy(&node.op) {
                draft.nodes.push((base, Vec::new()));
                operands.push(Operand::Inside(base));
            } else {
                operands.push(Operand::Memory(base, Access::Full));
                if !draft.memory.contains(&base) {
                    draft.memory.push(base);
                }
            }
        }
        draft.nodes.push((var, operands));
        self.drafts[step] = Some(draft);
    }

    /// Turns the drafts into clusters, now that it is known who reads their values.
    fn finish(self, roots: &[Var]) -> Vec<Step> {
        let mut stored = vec![false; self.step_of.len()];
        for root in roots {
            stored[root.index()] = true;
        }
        for (step, draft) in self.steps.iter().zip(&self.drafts) {
            let read: Vec<Var> = match (step, draft) {
                (_, Some(draft)) => draft.memory.iter().map(|&v| self.behind(v)).collect(),
                (step, None) => step.reads(self.graph, self.bases),
            };
            for var in read {
                stored[var.index()] = true;
            }
        }
        let finished = |(step, draft): (&Step, &Option<Draft>)| match draft {
            Some(draft) => Step::Lanes(self.cluster(draft, &stored)),
            None => step.clone(),
        };
        self.steps.iter().zip(&self.drafts).map(finished).collect()
    }

    /// The value in memory behind an operand: that of an unwritten broadcast is its input's.
    fn behind(&self, var: Var) -> Var {
        let node = self.graph.node(var);
        let unwritten = node.op == Op::Broadcast && self.step_of[var.index()].is_none();
        if unwritten { self.base(node.inputs[0]) } else { var }
    }

    fn cluster(&self, draft: &Draft, stored: &[bool]) -> Cluster {
        let last = draft.nodes.last().map(|(var, _)| *var);
        let natural = last.and_then(|v| self.graph.shape(v).last().copied()).unwrap_or(1).max(1);
        let columns = draft.columns.as_ref().and_then(|c| c.first().copied()).unwrap_or(natural);
        let resolve = |operand: &Operand| match *operand {
            Operand::Memory(var, _) if self.behind(var) != var => {
                let (_, access) = accesses(self.graph, var)
                    .into_iter()
                    .find(|(c, _)| c.is_none_or(|c| c == columns))
                    .unwrap_or((None, Access::Scalar));
                Operand::Memory(self.behind(var), access)
            }
            other => other,
        };
        let nodes =
            draft.nodes.iter().map(|(v, operands)| (*v, operands.iter().map(resolve).collect())).collect();
        let own = |v: &Var| stored[v.index()] && self.step_of[v.index()].is_some();
        let stores = draft.nodes.iter().map(|(v, _)| *v).filter(own).collect();
        Cluster { nodes, stores, rows: draft.len / columns, columns }
    }
}

/// The column counts that suit both; an error if none does.
fn narrowed(
    columns: &Option<Vec<usize>>,
    accesses: &[(Option<usize>, Access)],
) -> Result<Option<Vec<usize>>, ()> {
    if accesses.iter().any(|(columns, _)| columns.is_none()) {
        return Ok(columns.clone());
    }
    let offered = accesses.iter().filter_map(|(columns, _)| *columns);
    let both: Vec<usize> = match columns {
        None => offered.collect(),
        Some(columns) => offered.filter(|c| columns.contains(c)).collect(),
    };
    if both.is_empty() { Err(()) } else { Ok(Some(both)) }
}

/// In which ways a broadcast can be read in place over how many columns; `None` is any number.
fn accesses(graph: &Graph, broadcast: Var) -> Vec<(Option<usize>, Access)> {
    let node = graph.node(broadcast);
    let (from, to) = (graph.shape(node.inputs[0]), &node.shape[..]);
    if from.iter().all(|&d| d == 1) {
        return vec![(None, Access::Scalar)];
    }
    let mut ways = Vec::new();
    for split in 0..=to.len() {
        let columns = to[split..].iter().product();
        let repeated = |range: std::ops::Range<usize>| from[range].iter().all(|&d| d == 1);
        let kept = |range: std::ops::Range<usize>| from[range.clone()] == to[range];
        if repeated(0..split) && kept(split..to.len()) {
            ways.push((Some(columns), Access::Row));
        } else if kept(0..split) && repeated(split..to.len()) {
            ways.push((Some(columns), Access::Column));
        }
    }
    ways
}

/// Makes every matrix product a step with an epilogue: that of a cluster that only ends it, if `fused`, else none.
fn absorb(graph: &Graph, bases: &[Var], steps: Vec<Step>, roots: &[Var], fused: bool) -> Vec<Step> {
    let mut readers = vec![0; graph.nodes().len()];
    for var in steps.iter().flat_map(|step| step.reads(graph, bases)).chain(roots.iter().copied()) {
        readers[var.index()] += 1;
    }
    let absorbed: Vec<Option<(Var, Epilogue)>> = steps
        .iter()
        .map(|step| match step {
            Step::Lanes(cluster) if fused => {
                ending(graph, cluster).filter(|(product, _)| readers[product.index()] == 1)
            }
            _ => None,
        })
        .collect();
    let gone: Vec<Var> = absorbed.iter().flatten().map(|(product, _)| *product).collect();
    steps
        .into_iter()
        .zip(absorbed)
        .filter_map(|(step, absorbed)| match (step, absorbed) {
            (_, Some((product, epilogue))) => Some(Step::Product { product, epilogue }),
            (Step::Single(var), None) if matches!(graph.node(var).op, Op::MatMul { .. }) => {
                let epilogue = Epilogue::none(var);
                (!gone.contains(&var)).then_some(Step::Product { product: var, epilogue })
            }
            (step, None) => Some(step),
        })
        .collect()
}

/// Makes the sum of a matrix's rows part of the product that reads the matrix anyway, where both are gradients: the
/// bias's and the weight's.
fn absorb_sums(graph: &Graph, bases: &[Var], steps: &mut Vec<Step>, wanted: &Wanted) {
    let gradients = wanted.gradients.iter().flat_map(|g| g.params.iter().flatten());
    let gradients: Vec<Var> = gradients.map(|g| bases[g.index()]).collect();
    let mut absorbed = Vec::new();
    for at in 0..steps.len() {
        let Step::Product { product, epilogue } = &steps[at] else { continue };
        let node = graph.node(*product);
        let right = bases[node.inputs[1].index()];
        let plain = node.op == Op::MatMul { transpose: [true, false] } && node.shape.len() == 2;
        // Both are then added to what is there, or neither.
        let added = |var: Var| gradients.contains(&var) && in_place(graph, bases, steps, wanted, var);
        if !plain || !added(epilogue.result) {
            continue;
        }
        let sums = steps.iter().find_map(|step| match step {
            Step::Single(var) if added(*var) && !absorbed.contains(var) => {
                let fold = graph.node(*var);
                let suits = fold.op == Op::Fold { fold: Fold::Sum, axis: 0 }
                    && bases[fold.inputs[0].index()] == right
                    && graph.shape(fold.inputs[0]) == graph.shape(node.inputs[1]);
                suits.then_some(*var)
            }
            _ => None,
        });
        if let (Some(sums), Step::Product { epilogue, .. }) = (sums, &mut steps[at]) {
            epilogue.column_sums = Some(sums);
            absorbed.push(sums);
        }
    }
    steps.retain(|step| !matches!(step, Step::Single(var) if absorbed.contains(var)));
}

/// The product and the epilogue that a cluster is, if it is one: `[+ bias] [relu]` or `* step(y)`.
fn ending(graph: &Graph, cluster: &Cluster) -> Option<(Var, Epilogue)> {
    let (&[result], (first, operands)) = (&cluster.stores[..], cluster.nodes.first()?) else { return None };
    let product = |operand: &Operand| match *operand {
        Operand::Memory(var, Access::Full) => {
            // The rows of a product are the rows of the cluster, or a bias would go astray.
            let suits = matches!(graph.node(var).op, Op::MatMul { .. })
                && graph.shape(var).last() == Some(&cluster.columns);
            suits.then_some(var)
        }
        _ => None,
    };
    let mut epilogue = Epilogue::none(result);
    let mut rest = &cluster.nodes[1..];
    let source = match (&graph.node(*first).op, &operands[..]) {
        (Op::Binary(Binary::Add), [x, Operand::Memory(bias, Access::Row)])
        | (Op::Binary(Binary::Add), [Operand::Memory(bias, Access::Row), x]) => {
            epilogue.bias = Some(*bias);
            product(x)?
        }
        (Op::Unary(Unary::Relu), [x]) => {
            epilogue.relu = true;
            product(x)?
        }
        (Op::Unary(Unary::Step), [Operand::Memory(y, Access::Full)]) => {
            let [(last, operands)] = rest else { return None };
            rest = &[];
            epilogue.mask = Some(*y);
            match (&graph.node(*last).op, &operands[..]) {
                (Op::Binary(Binary::Mul), [x, Operand::Inside(mask)])
                | (Op::Binary(Binary::Mul), [Operand::Inside(mask), x])
                    if mask == first =>
                {
                    product(x)?
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    match rest {
        [] => {}
        [(last, operands)] if epilogue.bias.is_some() && operands[..] == [Operand::Inside(*first)] => {
            epilogue.relu = graph.node(*last).op == Op::Unary(Unary::Relu);
            if !epilogue.relu {
                return None;
            }
        }
        _ => return None,
    }
    (epilogue.mask != Some(source)).then_some((source, epilogue))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::{DType, Field},
        graph::Activation,
    };

    #[test]
    fn biases_relu_and_its_mask_are_ends_of_products() {
        let mut graph = Graph::new(8, true);
        let mut x = graph.input(&Field { shape: vec![5], dtype: DType::F32 });
        for (name, outputs) in [("fc1", 6), ("fc2", 7)] {
            x = graph.linear(name, x, outputs);
            x = graph.activate(Activation::Relu, x);
        }
        let logits = graph.linear("fc3", x, 4);
        let classes = graph.target(&Field { shape: vec![], dtype: DType::U32 });
        let losses = graph.cross_entropy(logits, classes);
        let wanted = Wanted { gradients: Some(graph.differentiate(losses)), values: vec![losses] };
        let steps = steps(&graph, &bases(&graph), &wanted, true);
        let ends: Vec<Epilogue> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Product { epilogue, .. } => Some(*epilogue),
                // The losses' weights.
                Step::Lanes(cluster) if cluster.rows * cluster.columns > 8 => panic!("{cluster:?}"),
                _ => None,
            })
            .collect();
        let count = |holds: fn(&Epilogue) -> bool| ends.iter().filter(|&end| holds(end)).count();
        assert_eq!(ends.len(), 8, "three forward, three by weights, two by inputs");
        assert_eq!(count(|end| end.bias.is_some()), 3);
        assert_eq!(count(|end| end.relu), 2);
        assert_eq!(count(|end| end.mask.is_some()), 2);
        assert_eq!(count(|end| end.column_sums.is_some()), 3);
    }
}
