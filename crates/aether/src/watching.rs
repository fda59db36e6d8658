//! What `watch` does about what it finds.

use std::{
    io,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use aether_core::{Event, Level, Run};
use aether_ledger::Home;
use aether_watch::{
    Found,
    rules::{Action, WatchFile},
};

use crate::failure::Failure;

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
            Action::Stop => ("stop the run".to_owned(), stop(run)),
            Action::Snapshot => {
                let reason =
                    "nothing but the run itself can write one; `stop` has a training write one and end";
                ("write a snapshot".to_owned(), Err(io::Error::other(reason)))
            }
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

/// Asks the run's process to end in order, as Ctrl-C does.
fn stop(run: &Run) -> io::Result<()> {
    let host = rustix::system::uname();
    if host.nodename().to_string_lossy() != run.host.as_str() {
        return Err(io::Error::other(format!("it runs on {}", run.host)));
    }
    let pid = i32::try_from(run.pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("it has no process"))?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::TERM)?)
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
