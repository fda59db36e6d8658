//! Removes runs. A run is renamed first, which is one step, so that it is there whole or not at all; its files go then.

use std::{fs, io, path::Path};

use aether_core::RunId;

use super::{Index, cache};
use crate::LedgerError;

/// Begins the name of a run that is being removed. With a dot, so that it is in no listing.
const REMOVED: &str = ".removed-";

impl Index {
    /// Removes a run with all the files in its directory. A run that may be alive is refused, but for `force`.
    ///
    /// # Errors
    /// When there is no such run, it may be alive, is just being resumed, or its files cannot be removed.
    pub fn remove(&mut self, id: RunId, force: bool) -> Result<(), LedgerError> {
        let directory = self.find_one(id.as_str())?.directory.clone();
        let claim = directory.claim()?;
        // It may have been resumed since the index was refreshed.
        let run = directory.run()?;
        if !force && directory.standing(&run).may_live() {
            return Err(LedgerError::Alive { id, host: run.host, pid: run.pid });
        }
        let project = directory.path().parent().unwrap_or(Path::new(".")).to_owned();
        let removed = project.join(format!("{REMOVED}{id}"));
        fs::rename(directory.path(), &removed)
            .map_err(|e| self.home.refused("remove", directory.path(), e))?;
        drop(claim);
        self.entries.retain(|entry| entry.id != id);
        self.cache.store(&[], &[cache::key(&directory)]);
        let outcome = match fs::remove_dir_all(&removed) {
            // Another process sweeps.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome.map_err(LedgerError::io("remove", &removed)),
        };
        sweep(&project);
        outcome
    }
}

/// Removes what a crash left of earlier removals, and the project when it is empty. It is no matter if that fails: the
/// next removal tries again.
fn sweep(project: &Path) {
    let left = fs::read_dir(project).into_iter().flatten().flatten();
    for entry in left.filter(|entry| entry.file_name().to_string_lossy().starts_with(REMOVED)) {
        let _ = fs::remove_dir_all(entry.path());
    }
    let _ = fs::remove_dir(project);
}
