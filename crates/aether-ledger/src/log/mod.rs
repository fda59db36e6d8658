//! The log of signals: what one writing process says about one run, appended to one file.
//!
//! A log is a row of frames ([`frame`]), each with one record ([`record`]) as its payload. `docs/format.md` specifies
//! both, so that a client in any language can write them.

mod appender;
mod encoder;
pub mod frame;
mod queue;
pub mod reader;
pub mod record;
#[cfg(test)]
mod specification;
mod threads;
mod varint;
pub mod writer;
