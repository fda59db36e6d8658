//! Runs that leave and come back, through our own code and through the tools themselves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking, and says what it skips"
)]

mod frames;
mod neptune;
mod peers;
mod readers;
mod round_trips;
mod servers;
mod support;
