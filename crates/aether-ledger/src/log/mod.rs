//! The log of signals: what one writing process says about one run, appended to one file.

pub mod record;
pub mod writer;
