//! Training: a state machine that drives a [`Strategy`](crate::strategy::Strategy) over a data set.
//!
//! It knows no hardware, which is the strategy's matter, and no listener: it says what happens on a
//! [`Bus`](aether_core::Bus). All it remembers is a [`Progress`], which a snapshot writes down at any point.
//!
//! ```text
//!            +--------------------------------------------+
//!            v                                            |
//!   +-> Accumulate --window full--> Update --+--> EndEpoch -+
//!   |     |    ^                      |      |      ^
//!   |     +----+ next batch           v      |      |
//!   +--------------------------- (Validate) -+------+
//! ```
//!
//! A NaN or an infinity found in `Accumulate` or `Update` drops the window, rolls back or halts (see
//! [`NonFinitePolicy`]); the goal, a stop request and a due snapshot are looked at between two phases.
//!
//! What it says: points `train/loss`, `train/grad_norm`, `train/learning_rate` each `log_every_steps` steps,
//! `train/epoch_loss` each epoch, `val/loss` and `val/METRIC` each validation; events `started`, `resumed`, `epoch`,
//! `best`, `snapshot`, `snapshot_failed`, `log_failed`, `non_finite`, `window_skipped`, `rolled_back`, `interrupted`,
//! `stopped_early`, `finished`, `failed`.

mod accumulate;
mod epoch;
mod error;
mod event;
mod interrupt;
mod monitor;
mod non_finite;
mod orchestrator;
mod outcome;
mod progress;
mod resume;
mod rollback;
mod save;
mod settings;
mod stop;
mod update;
mod validate;
mod window;

pub use error::TrainError;
pub use monitor::{Best, EarlyStopping, Monitor, Patience};
pub use orchestrator::{Orchestrator, Parts};
pub use outcome::{Outcome, Report};
pub use progress::{Phase, Progress, Said};
pub use settings::{Every, NonFinitePolicy, OnFailure, Settings, SnapshotPlan};
pub use stop::{SnapshotFlag, StopFlag};
pub use window::{Window, Windows};
