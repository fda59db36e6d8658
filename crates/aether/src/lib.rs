//! The `aether` command line as a library, so that a program of one's own can add models, data sources, listeners and
//! callbacks to it.

mod alerting;
mod app;
mod beside;
mod chromium;
mod cli;
mod context;
mod failure;
mod live;
mod lookout;
mod python;
mod render;
mod snapshots;
mod span;
mod stop;
mod training;
mod verbs;
mod watching;

use aether_view::text;

pub use app::App;
