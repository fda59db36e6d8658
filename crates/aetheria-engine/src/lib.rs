//! Aetheria's engine. A model describes a graph once ([`model`], [`graph`]); it is differentiated, fused and given a
//! place in memory ([`plan`]), becomes kernels ([`cpu`]), and is replayed without allocating behind a [`strategy`].
//! Knows no file, no data set and no loop.

pub mod batch;
pub mod cpu;
pub mod graph;
pub mod model;
pub mod optimizer;
pub mod plan;
pub mod random;
pub mod strategy;
