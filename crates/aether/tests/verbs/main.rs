//! The command line as its users meet it: one file per verb, and what all verbs share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod alerts;
mod artifacts;
mod compact;
mod compare;
mod completions;
mod conventions;
mod dash;
mod export;
mod gc;
mod harness;
mod help;
mod import;
mod lineage;
mod live;
mod logs;
mod plot;
mod predict;
mod ps;
mod pty;
mod report;
mod resume;
mod rm;
mod run;
mod runs;
mod show;
mod stop;
mod top;
mod train;
mod watch;
