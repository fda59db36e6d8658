//! The `aether` command line as a library, so that a program of one's own can add models, data sources, listeners and
//! callbacks to it.

pub mod plot;
