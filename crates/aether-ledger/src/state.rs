//! How far a run's logs were read: what a reader must know to go on from there.

use std::collections::BTreeMap;

use aether_core::signal::Nanos;
use serde::{Deserialize, Serialize};

use crate::{LogDamage, Summary, TimedEvent, run_reader::Rewind};

/// How far all logs of a run were read, and what was said beside points.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The series' names, in the order in which they were found.
    pub(crate) names: Vec<String>,
    /// How each series stands, where that is kept here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) summaries: BTreeMap<String, Summary>,
    /// The logs, in the order in which they were found.
    pub(crate) logs: Vec<LogState>,
    pub(crate) rewinds: Vec<Rewind>,
    /// Each with its session.
    pub(crate) events: Vec<(u32, TimedEvent)>,
    pub(crate) damage: Vec<LogDamage>,
}

/// How far one log was read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LogState {
    /// The file's name.
    pub(crate) file: String,
    pub(crate) session: u32,
    pub(crate) start: Nanos,
    /// The bytes that were read: whole frames.
    pub(crate) offset: u64,
    /// Which series, by its place among the names, each number of a metric stands for.
    pub(crate) metrics: Vec<(u32, u32)>,
    /// The metrics' numbers that each set's number stands for.
    pub(crate) sets: Vec<(u32, Vec<u32>)>,
}

impl State {
    /// How many bytes of logs were read.
    pub(crate) fn covered(&self) -> u64 {
        self.logs.iter().map(|log| log.offset).sum()
    }
}
