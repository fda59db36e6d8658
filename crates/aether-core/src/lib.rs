//! What every other crate of Aether shares: the three nouns ([`run`], [`signal`], [`artifact`]), identifiers, the one
//! way in which YAML is read ([`config`]), registries, and the one way in which files that matter are written
//! ([`atomic`]).

pub mod artifact;
pub mod atomic;
pub mod config;
pub mod id;
pub mod registry;
pub mod run;
pub mod signal;
pub mod suggest;

pub use artifact::Artifact;
pub use atomic::AtomicFile;
pub use config::ConfigError;
pub use id::RunId;
pub use registry::{Registry, RegistryError};
pub use run::{Outcome, Run, RunState};
pub use signal::{Bus, Event, Level, Listener, Metric, Signal};
