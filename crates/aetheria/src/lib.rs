//! Aetheria trains and predicts. A model describes a graph once; Aetheria differentiates it, fuses it, plans its
//! memory, and then replays the finished step without allocating.

pub mod assembly;
pub mod callback;
pub mod data;
pub mod experiment;
pub mod logger;
pub mod metrics;
pub mod model;
pub mod predict;
pub mod schedule;
pub mod snapshot;
pub mod train;

pub use aetheria_engine::{cpu, graph, optimizer, plan, random, strategy};
