//! Runs: one execution of something, from its spec to its outcome.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Artifact, RunId};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// Its process works, or died without a word: see [`Run::pid`].
    Running,
    /// It did what it was asked to.
    Done,
    /// The work failed; [`Run::reason`] says why.
    Failed,
    /// Somebody asked it to stop; it can be resumed.
    Interrupted,
}

impl RunState {
    /// The word in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How the process of a run ended, seen by whoever waited for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// By itself, with this status.
    Exited {
        /// 0 for success.
        code: i32,
    },
    /// By a signal that nobody here sent, such as SIGSEGV.
    Signalled {
        /// The signal's number.
        signal: i32,
    },
    /// Killed by the kernel, for memory.
    OutOfMemory,
    /// Stopped, for its time was up.
    TimedOut,
    /// Stopped, because somebody asked for it.
    Stopped,
}

/// One execution, as `run.json` keeps it. Unknown fields of newer versions are ignored when read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its name for machines.
    pub id: RunId,
    /// Its name for people; need not be unique.
    pub name: String,
    /// The folder it is filed under.
    pub project: String,
    /// What kind of work it is: `train`, ...
    pub kind: String,
    /// Where it stands.
    pub state: RunState,
    /// What was asked for, resolved, in the schema of its kind.
    pub spec: serde_json::Value,
    /// The command line that began it.
    pub command: Vec<String>,
    /// The directory it was begun in.
    pub directory: PathBuf,
    /// The host it runs on.
    pub host: String,
    /// The process that writes it, on that host; when that process is gone and the state is still
    /// [`RunState::Running`], the run has died.
    pub pid: u32,
    /// The start of that process in clock ticks since boot (field 22 of `/proc/PID/stat`), because numbers of
    /// processes are used again.
    pub pid_start: u64,
    /// When it began.
    pub created: Timestamp,
    /// When it ended, if it has.
    pub ended: Option<Timestamp>,
    /// Why it ended, in a sentence, when that needs saying.
    pub reason: Option<String>,
    /// How often it was taken up again.
    pub resumed: u32,
    /// What it left.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// How its process ended, if somebody waited for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What it ran in: version of the code, host, devices, packages, environment variables (secrets masked).
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub environment: serde_json::Map<String, serde_json::Value>,
}
