//! Who of several that watch one run does something about it: one at a time.
//!
//! Each keeps a lock while it watches, so that a process that dies leaves nothing behind, and another takes over. Where
//! the file system has no locks everybody does everything: then things are said, or done, twice.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io,
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use crate::rules::Action;

/// The claims of one watcher on one run.
#[derive(Debug)]
pub(crate) struct Claims {
    /// The directory of the run's logs.
    signals: PathBuf,
    /// Whoever has it samples the machine, and speaks for the detectors. None: not, or not yet.
    machine: Option<Held>,
    rules: HashMap<String, Held>,
}

/// Something claimed, until this is dropped; without a lock where there are none.
#[derive(Debug)]
struct Held(#[expect(dead_code, reason = "holds the lock")] Option<File>);

impl Claims {
    pub(crate) fn on(signals: PathBuf) -> Self {
        Self { signals, machine: None, rules: HashMap::new() }
    }

    /// Whether this watcher is the one that samples, now at the latest.
    pub(crate) fn machine(&mut self) -> bool {
        if self.machine.is_none() {
            self.machine = lock(File::open(&self.signals));
        }
        self.machine.is_some()
    }

    /// Whether this watcher is the one that does `then` when `when` holds, now at the latest. A rule of another file is
    /// another one, unless it says the same.
    pub(crate) fn rule(&mut self, when: &str, then: &[Action]) -> bool {
        let digest = Sha256::digest(format!("{when}\0{then:?}"));
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        if !self.rules.contains_key(&name) {
            let path = self.signals.join(format!("rule-{name}.lock"));
            let file = File::options().create(true).truncate(false).write(true).open(path);
            let Some(held) = lock(file) else { return false };
            self.rules.insert(name, held);
        }
        true
    }
}

/// None: somebody else has it.
fn lock(file: io::Result<File>) -> Option<Held> {
    // What cannot be opened cannot be locked by anybody.
    let Ok(file) = file else { return Some(Held(None)) };
    match file.try_lock() {
        Ok(()) => Some(Held(Some(file))),
        Err(TryLockError::WouldBlock) => None,
        Err(TryLockError::Error(_)) => Some(Held(None)),
    }
}
