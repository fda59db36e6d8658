//! Runs any command as a run: a supervisor of its own session starts it, records what it prints, passes signals and
//! input on, and says how it ended. Whoever looks on is a client that may come and go.
//!
//! [`launch`] forks the supervisor; [`client`] is what the user sees. What the program prints goes to files
//! ([`recording`]), and clients read those ([`playback`]): the socket between the two carries only lengths, input and
//! requests ([`protocol`]). This crate knows nothing of the command line.

mod child;
pub mod client;
mod error;
mod facts;
pub mod launch;
mod oom;
pub mod outcome;
pub mod playback;
pub mod protocol;
pub mod recording;
pub mod signals;
pub mod socket;
pub mod spec;
pub mod stop;
mod supervisor;
mod terminal;
pub mod tree;

pub use error::ExecError;
pub use facts::secrets;
pub use spec::Spec;
pub use supervisor::{
    hooks::{Closing, Hooks, NoHooks, Started},
    journal::Journal,
};
