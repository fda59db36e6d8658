//! Stops a run: asks its supervisor, or, where it has none, signals its process.

use std::{
    thread,
    time::{Duration, Instant},
};

use aether_ledger::RunDirectory;
use rustix::process::{Pid, Signal, kill_process};

use crate::{ExecError, protocol::Asked, socket};

/// How often it is looked whether a run has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Asks the run in `directory` to end by `signal`, and kills what is left of it after `grace`. Returns when it has
/// ended; whether it had to be killed is in its record.
///
/// # Errors
/// When the run's record cannot be read, nobody can be asked, or it does not end.
pub fn stop(directory: &RunDirectory, signal: i32, grace: Duration) -> Result<(), ExecError> {
    let run = directory.run()?;
    match socket::connect(&run) {
        Ok(mut supervisor) => {
            let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
            let asked = supervisor.send(&Asked::Stop { signal, grace_ms });
            asked.map_err(ExecError::system("ask the supervisor to stop the run"))?;
            if !ends(directory, grace.saturating_add(Duration::from_secs(30)))? {
                let reason = "its supervisor was asked and the run did not end".to_owned();
                return Err(ExecError::Unreachable { id: run.id, reason });
            }
        }
        // Without a supervisor, the process that writes the record is the one that works.
        Err(_) if directory.standing(&run) == aether_ledger::Standing::Running => {
            kill(run.pid, Signal::from_named_raw(signal).unwrap_or(Signal::TERM))?;
            if !ends(directory, grace)? {
                kill(run.pid, Signal::KILL)?;
                ends(directory, Duration::from_secs(10))?;
            }
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn kill(pid: u32, signal: Signal) -> Result<(), ExecError> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match kill_process(pid, signal) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(ExecError::system("signal the run's process")(error)),
    }
}

/// Whether the run ends within `time`.
fn ends(directory: &RunDirectory, time: Duration) -> Result<bool, ExecError> {
    let until = Instant::now() + time;
    loop {
        if !directory.standing(&directory.run()?).may_live() {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        thread::sleep(LOOK_AGAIN);
    }
}
