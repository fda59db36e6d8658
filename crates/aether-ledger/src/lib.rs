//! Aether's memory: every run's directory, its append-only logs of signals, and an index over all of them.
//!
//! The files are the truth: [`RunWriter`] keeps `run.json`, [`SignalLog`] appends what a run says. [`RunReader`] merges
//! a run's logs into series and events. [`Index`] answers questions about all runs from a cache that can be thrown
//! away. `docs/format.md` specifies every file.

mod artifacts;
mod blobs;
mod compact;
mod described;
mod error;
pub mod gc;
mod home;
pub mod index;
mod lineage;
pub mod log;
mod mend;
mod numbers;
mod owner;
mod parameters;
mod part;
mod process;
mod query;
mod run_directory;
mod run_reader;
mod run_writer;
mod series;
mod standing;
mod state;

pub use artifacts::{Direction, NamedBlob};
pub use blobs::{Blob, Blobs, Digest};
pub use compact::{Compacted, compact, drop_covered_logs};
pub use described::Described;
pub use error::LedgerError;
pub use home::Home;
pub use index::{Changes, Details, Entry, Filter, Index, NameOf, Named, Sort};
pub use lineage::{Lineage, Relative, Who};
pub use log::writer::SignalLog;
pub use mend::mend;
pub use parameters::flatten;
pub use query::{Query, QueryError};
pub use run_directory::RunDirectory;
pub use run_reader::{LogDamage, RunReader, Said, TimedEvent};
pub use run_writer::{NewRun, RunWriter};
pub use series::{Extent, Node, Point, Range, Series, Summary, Window};
pub use standing::Standing;
