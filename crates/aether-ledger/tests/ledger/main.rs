//! The ledger's tests, one file per promise.

mod child;
mod disk;
mod index;
mod kill;
mod log;
mod merge;
mod processes;
mod support;
