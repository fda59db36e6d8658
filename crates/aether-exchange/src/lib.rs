//! Passes runs on to the tools that people already have, and takes over what those have gathered.
//!
//! [`export`] has one file for each format that a run can leave in; all of them hear a run through the same
//! [`Exporter`](export::Exporter), from its beginning or as it goes. [`import`] has one file for each that a run can come
//! from; all of them end in a [`ForeignRun`](import::ForeignRun), which is written into the ledger once, however often
//! it is asked for. Every point is kept, NaN and infinities included; what cannot be kept is said.

mod error;
pub mod export;
mod http;
pub mod import;
pub mod proto;
pub mod tfrecord;
mod times;
pub mod wandb_log;

pub use error::ExchangeError;
