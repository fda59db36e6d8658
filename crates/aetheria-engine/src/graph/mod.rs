//! The graph: what a model describes, before anything is computed.
//!
//! A graph is a list of [`Node`]s in an order in which every node follows its inputs. Shapes are concrete, the batch
//! dimension included: a model is described once for each batch size that occurs (the full one, and the short last
//! one), always with the same parameters. Nodes are pure, so equal nodes are one node.

mod build;
mod grad;
mod layer;
mod loss;
pub mod op;

use std::collections::HashMap;

pub use build::GraphError;
pub use grad::Gradients;
pub use layer::Activation;
pub use op::Op;

use crate::batch::DType;

/// The value of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(pub(crate) u32);

impl Var {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation on the values of earlier nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// From what.
    pub inputs: Vec<Var>,
    /// The shape of its value; `[]` is a scalar.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub dtype: DType,
    /// The layer that asked for it, as a number of [`Graph::layer`].
    pub layer: u32,
    /// Whether it was added by differentiation.
    pub backward: bool,
}

impl Node {
    /// Elements in its value.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether its value has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The first values of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// One number everywhere.
    Constant(f32),
    /// Uniform between minus and plus this bound.
    Uniform(f32),
    /// Normal with mean 0 and this standard deviation.
    Normal(f32),
}

/// A tensor that training changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// `fc1.weight`, ...: unique within a model.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first values.
    pub init: Init,
}

/// A description of a computation, and the means to extend it.
#[derive(Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    params: Vec<Param>,
    layers: Vec<String>,
    /// The path of layers that is being described.
    scope: Vec<String>,
    layer: u32,
    backward: bool,
    training: bool,
    batch: usize,
    masks: u32,
    known: HashMap<(Op, Vec<Var>, Vec<usize>), Var>,
    error: Option<GraphError>,
}

impl Graph {
    /// An empty graph over batches of `batch` samples. In one that is not for `training`, dropout passes its input
    /// through.
    pub fn new(batch: usize, training: bool) -> Self {
        Self {
            nodes: Vec::new(),
            params: Vec::new(),
            layers: vec![String::new()],
            scope: Vec::new(),
            layer: 0,
            backward: false,
            training,
            batch,
            masks: 0,
            known: HashMap::new(),
            error: None,
        }
    }

    /// Samples in a batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Whether it is described for training, not for evaluation.
    pub fn training(&self) -> bool {
        self.training
    }

    /// All nodes, each after its inputs.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node that makes `var`.
    pub fn node(&self, var: Var) -> &Node {
        &self.nodes[var.index()]
    }

    /// The shape of `var`.
    pub fn shape(&self, var: Var) -> &[usize] {
        &self.node(var).shape
    }

    /// All parameters, in the order in which they were asked for.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The name of a layer; the empty name is the model itself.
    pub fn layer(&self, layer: u32) -> &str {
        &self.layers[layer as usize]
    }

    /// The first thing that was wrong with the description.
    ///
    /// # Errors
    /// That thing.
    pub fn check(&self) -> Result<(), GraphError> {
        self.error.clone().map_or(Ok(()), Err)
    }
}
