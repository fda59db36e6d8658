//! Looks at a run while it goes: samples the machine ([`collect`]), finds what is going wrong in what the run says.
//!
//! It depends on nothing that trains or supervises: whoever does connects it.

pub mod collect;

pub use collect::{Collector, Collectors, Sample, Sources};
