//! What `watch` does about what it finds.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use aether_core::{Event, Level, Run};
use aether_ledger::Home;
use aether_watch::{
    AlertsFile, Found,
    rules::{Action, INTERVALS, WatchFile},
};
use rustix::process::{Pid, Signal};

use crate::{cli, failure::Failure, span};

/// What is watched for, as the options of a verb say; `None` for nothing.
///
/// # Errors
/// When a file cannot be read or is wrong, that of the alerts included: a mistake is said now, not when something goes
/// wrong.
pub(crate) fn asked(options: &cli::Watching, home: &Home) -> Result<Option<WatchFile>, Failure> {
    if options.no_watch {
        return Ok(None);
    }
    let mut file = file(options.rules.as_deref(), home)?;
    AlertsFile::of_home(home.path())?;
    if let Some(text) = &options.interval {
        let asked = span::parse("--interval", text)?;
        if !INTERVALS.contains(&asked) {
            return Err(Failure::request(format!("--interval {text}: must be from 100ms to 1h")));
        }
        file.interval = asked;
    }
    Ok(Some(file))
}

/// What is watched for: what `named` says, else the file in the home; nothing special where there is none.
///
/// # Errors
/// When it cannot be read or is wrong.
pub(crate) fn file(named: Option<&Path>, home: &Home) -> Result<WatchFile, Failure> {
    if let Some(path) = named {
        return Ok(WatchFile::load(path)?);
    }
    let path = home.path().join("watch.yaml");
    if path.is_file() { Ok(WatchFile::load(&path)?) } else { Ok(WatchFile::default()) }
}

/// Does what a rule wants done. Returns what there is to say about it.
pub(crate) fn carry_out(found: &Found, run: &Run) -> Vec<Event> {
    let mut said = Vec::new();
    for action in &found.then {
        let (what, done) = match action {
            // It was just said.
            Action::Alert => continue,
            Action::Stop => ("stop the run".to_owned(), process(run).and_then(|pid| tell(pid, Signal::TERM))),
            Action::Snapshot => ("write a snapshot".to_owned(), snapshot(run)),
            Action::Run(command) => (format!("run `{command}`"), shell(command, found, run)),
        };
        let (level, message) = match done {
            Ok(()) => (Level::Info, format!("asked to {what}")),
            Err(error) => (Level::Error, format!("cannot {what}: {error}")),
        };
        let (kind, step) = ("action".to_owned(), found.event.step);
        said.push(Event { kind, level, step, message, fields: serde_json::Map::new() });
    }
    said
}

/// Asks a training to write a snapshot at its next step.
fn snapshot(run: &Run) -> io::Result<()> {
    let pid = process(run)?;
    // The signal would end a process that does not await it.
    if run.kind != "train" || !awaits(pid, Signal::USR1) {
        let reason = "only a training can; a program of your own can be told by `run: COMMAND`";
        return Err(io::Error::other(reason));
    }
    tell(pid, Signal::USR1)
}

/// The run's process, if it is on this host.
fn process(run: &Run) -> io::Result<Pid> {
    let host = rustix::system::uname();
    if host.nodename().to_string_lossy() != run.host.as_str() {
        return Err(io::Error::other(format!("it runs on {}", run.host)));
    }
    let pid = i32::try_from(run.pid).ok().and_then(Pid::from_raw);
    pid.ok_or_else(|| io::Error::other("it has no process"))
}

fn tell(pid: Pid, signal: Signal) -> io::Result<()> {
    Ok(rustix::process::kill_process(pid, signal)?)
}

/// Whether a process has a handler for `signal` (`SigCgt` of `/proc/PID/status`, a bit for each).
fn awaits(pid: Pid, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    caught >> (signal.as_raw() - 1) & 1 == 1
}

/// Begins a command, which goes on by itself.
fn shell(command: &str, found: &Found, run: &Run) -> io::Result<()> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("AETHER_RUN_ID", run.id.as_str())
        .env("AETHER_ALERT_KIND", &found.event.kind)
        .env("AETHER_ALERT_MESSAGE", &found.event.message)
        .env("AETHER_ALERT_STEP", found.event.step.to_string())
        .stdin(Stdio::null())
        // Standard output is for results.
        .stdout(io::stderr())
        .spawn()?;
    thread::Builder::new().name("command".to_owned()).spawn(move || child.wait())?;
    Ok(())
}
