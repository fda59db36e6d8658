//! The graph: what a model describes once.

pub mod op;
