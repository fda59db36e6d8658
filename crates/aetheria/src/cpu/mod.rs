//! The CPU: threads, kernels and the executor that replays a plan on them.
