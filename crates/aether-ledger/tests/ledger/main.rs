//! The ledger's tests, one file per promise.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests may panic too")]

mod blobs;
mod catch_up;
mod child;
mod compact;
mod disk;
mod gc;
mod index;
mod kill;
mod listed;
mod log;
mod merge;
mod odd_input;
mod processes;
mod query;
mod support;
mod window;
