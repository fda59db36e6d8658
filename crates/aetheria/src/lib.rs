//! Aetheria trains and predicts. A model describes a graph once; Aetheria differentiates it, fuses it, plans its
//! memory, and then replays the finished step without allocating.

pub mod assembly;
pub mod callback;
pub mod cpu;
pub mod data;
pub mod experiment;
pub mod graph;
pub mod logger;
pub mod metrics;
pub mod model;
pub mod optimizer;
pub mod plan;
pub mod predict;
pub mod random;
pub mod schedule;
pub mod snapshot;
pub mod strategy;
pub mod train;
