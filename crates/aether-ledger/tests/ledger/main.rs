//! The ledger's tests, one file per promise.

mod log;
mod merge;
mod support;
