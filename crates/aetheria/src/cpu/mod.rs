//! The CPU: threads, kernels and the executor that replays a plan on them.

pub mod copy;
pub mod gather;
pub mod isa;
pub mod matmul;
pub mod matrix;
pub mod optimize;
pub mod pool;
pub mod reduce;
pub mod softmax;
pub mod tape;
