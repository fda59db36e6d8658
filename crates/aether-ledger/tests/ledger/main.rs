//! The ledger's tests, one file per promise.

mod index;
mod log;
mod merge;
mod support;
