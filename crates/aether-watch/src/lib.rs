//! Looks at a run while it goes: samples the machine ([`collect`]) and finds what is going wrong ([`detect`]).
//!
//! It depends on nothing that trains or supervises: whoever does connects it.

pub mod collect;
pub mod detect;

pub use collect::{Collector, Collectors, Sample, Sources};
pub use detect::{Detectors, Limits, Observed};
