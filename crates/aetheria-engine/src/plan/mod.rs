//! The plan: which steps compute a graph, in which order, and where every value lies.
//!
//! Planning knows no device. It joins elementwise operations into [`Cluster`]s and into the ends of matrix products
//! (`fuse`), orders what is left, and gives each value that must exist a place in one of a few flat arenas
//! (`memory`). A device turns each step into one kernel and replays them.

mod fuse;
mod memory;
mod order;

pub use fuse::{Access, Cluster, Epilogue, Operand, Step};

use crate::graph::{Gradients, Graph, Param, Var};

/// Every place begins at a multiple of this many elements: 64 bytes, a cache line and the widest vector.
pub const ALIGNMENT: usize = 16;

/// Where the parameters lie in their arena; gradients and each slot of optimizer state are laid out alike. The gaps
/// between parameters are and stay 0.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The first element of each parameter.
    pub offsets: Vec<usize>,
    /// The length of the arena in elements.
    pub len: usize,
}

impl Layout {
    /// One after the other.
    pub fn new(params: &[Param]) -> Self {
        let mut len = 0;
        let place = |param: &Param| {
            let offset = len;
            len += param.shape.iter().product::<usize>().next_multiple_of(ALIGNMENT);
            offset
        };
        Self { offsets: params.iter().map(place).collect(), len }
    }
}

/// An arena, or what the caller brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    /// All parameters.
    Params,
    /// All gradients.
    Gradients,
    /// Values of one pass.
    Work,
    /// The batch's inputs.
    Input,
    /// The batch's targets.
    Target,
}

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In which arena.
    pub space: Space,
    /// At which element.
    pub offset: usize,
}

/// What a plan is to leave behind.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Gradients, to be left in (or, in later passes of a window, added to) their arena.
    pub gradients: Option<Gradients>,
    /// Values to be left in the work arena.
    pub values: Vec<Var>,
}

/// Steps in the order of their execution, and the place of every value they read or write.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to do.
    pub steps: Vec<Step>,
    /// The length of the work arena in elements.
    pub work: usize,
    /// For each step, the place of its temporary room.
    pub scratch: Vec<usize>,
    places: Vec<Option<Place>>,
    /// For each node, the node whose memory it is a view of.
    bases: Vec<Var>,
}

impl Plan {
    /// Plans what leaves `wanted` behind. `scratch` tells how many elements of temporary room a step needs. Without
    /// `fused`, every operation is a step of its own, for finding out which one goes wrong.
    pub fn new(
        graph: &Graph,
        wanted: &Wanted,
        layout: &Layout,
        fused: bool,
        scratch: impl Fn(&Step) -> usize,
    ) -> Self {
        let bases = fuse::bases(graph);
        let mut steps = fuse::steps(graph, &bases, wanted, fused);
        memory::deliver(graph, &bases, &mut steps, wanted, layout);
        let steps = order::ordered(graph, steps, &bases);
        let scratch: Vec<usize> = steps.iter().map(scratch).collect();
        let memory = memory::assign(graph, &steps, &bases, wanted, layout, &scratch);
        Self { steps, work: memory.work, scratch: memory.scratch, places: memory.places, bases }
    }

    /// Where the value of `var` lies, if it is ever written down.
    pub fn place(&self, var: Var) -> Option<Place> {
        self.places[self.bases[var.index()].index()]
    }
}
