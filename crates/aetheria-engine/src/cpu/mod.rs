//! The CPU: threads, kernels and the executor that replays a plan on them.

mod arena;
pub mod copy;
pub mod cross_entropy;
mod elementary;
pub mod gather;
mod inference;
pub mod isa;
mod kernel;
mod lanes;
mod locate;
pub mod matmul;
pub mod matrix;
pub mod optimize;
pub mod pool;
mod program;
pub mod reduce;
mod strategy;
pub mod tape;
mod update;

pub use arena::Arena;
pub use inference::Inference;
pub use kernel::KernelError;
pub use pool::Pool;
pub use program::OutOfRange;
pub use strategy::{Cpu, CpuError};
