//! What every other crate of Aether shares: the three nouns ([`run`], [`signal`], [`artifact`]), identifiers, and
//! the one way in which files that matter are written ([`atomic`]).

pub mod artifact;
pub mod atomic;
pub mod id;
pub mod run;
pub mod signal;

pub use artifact::Artifact;
pub use atomic::AtomicFile;
pub use id::RunId;
pub use run::{Run, RunState};
pub use signal::{Bus, Event, Level, Listener, Metric, Signal};
