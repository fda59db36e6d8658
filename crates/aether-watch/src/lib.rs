//! Looks at a run while it goes: samples the machine ([`collect`]) and finds what is going wrong ([`detect`]), by rules of
//! one's own too ([`rules`]). A [`Watcher`] does both for one run. [`alert`] tells somebody.
//!
//! It depends on nothing that trains or supervises: whoever does connects it.

pub mod alert;
mod claim;
pub mod collect;
pub mod detect;
mod ear;
mod goal;
mod heard;
pub mod rules;
mod tail;
mod thin;
mod watcher;

pub use alert::{Alerts, AlertsFile, RunFacts};
pub use collect::{Collector, Collectors, Sample, Sources, Unit};
pub use detect::{Detectors, Limits, Observed};
pub use ear::Ear;
pub use watcher::{Found, Watcher, Word};
