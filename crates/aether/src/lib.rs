//! The `aether` command line as a library, so that a program of one's own can add models, data sources, listeners and
//! callbacks to it.

mod alerting;
mod app;
mod beside;
mod cli;
mod context;
mod failure;
mod live;
mod lookout;
pub mod plot;
mod python;
mod render;
mod snapshots;
mod span;
mod stop;
mod text;
mod training;
mod verbs;
mod watching;

pub use app::App;
