//! Where a run stands, as views show it: what `run.json` says, corrected by whether its process still lives.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use aether_core::{Run, RunState};
use serde::{Deserialize, Serialize};

use crate::process::{self, Process};

/// How long a running run of another host may be silent before nothing is claimed about it.
const SILENCE: Duration = Duration::from_secs(300);

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Its process works; on another host: it wrote within the last five minutes.
    Running,
    /// It did what it was asked to.
    Done,
    /// The work failed.
    Failed,
    /// Somebody asked it to stop; it can be resumed.
    Interrupted,
    /// Its process ended without a word: killed, or the machine went down. It can be resumed.
    Died,
    /// It belongs to another host and has been silent: it may be alive or dead.
    Unknown,
}

impl Standing {
    /// Judges a run by its record and by when it last wrote anything.
    pub fn of(run: &Run, last_written: SystemTime) -> Self {
        Self::of_state(run.state, &run.host, run.pid, run.pid_start, last_written)
    }

    pub(crate) fn of_state(
        state: RunState,
        host: &str,
        pid: u32,
        pid_start: u64,
        last_written: SystemTime,
    ) -> Self {
        match state {
            RunState::Done => Self::Done,
            RunState::Failed => Self::Failed,
            RunState::Interrupted => Self::Interrupted,
            RunState::Running => Self::of_running(host, pid, pid_start, last_written),
        }
    }

    fn of_running(host: &str, pid: u32, pid_start: u64, last_written: SystemTime) -> Self {
        if host == process::host() {
            return if (Process { pid, start: pid_start }).lives() { Self::Running } else { Self::Died };
        }
        // A time in the future, by another clock, is recent.
        match last_written.elapsed() {
            Ok(silent) if silent > SILENCE => Self::Unknown,
            _ => Self::Running,
        }
    }

    /// The word in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Died => "died",
            Self::Unknown => "unknown",
        }
    }

    /// Whether its process may still be writing.
    pub fn may_live(self) -> bool {
        matches!(self, Self::Running | Self::Unknown)
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_hosts_run_is_judged_by_its_silence() {
        let now = SystemTime::now();
        let of = |written| Standing::of_running("another host", 1, 1, written);
        assert_eq!(of(now), Standing::Running);
        assert_eq!(of(now + SILENCE), Standing::Running);
        assert_eq!(of(now - SILENCE - Duration::from_secs(1)), Standing::Unknown);
    }

    #[test]
    fn a_run_of_this_host_is_judged_by_its_process() {
        let this = Process::this();
        let of = |start| Standing::of_running(&process::host(), this.pid, start, SystemTime::UNIX_EPOCH);
        assert_eq!((of(this.start), of(this.start + 1)), (Standing::Running, Standing::Died));
    }
}
