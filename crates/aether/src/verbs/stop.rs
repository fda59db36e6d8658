//! `stop`: ends runs with all their processes.

use std::time::Duration;

use aether_core::{RunId, RunState};
use aether_exec::{signals, stop};
use aether_ledger::{Entry, Index, RunDirectory, Standing};
use serde::Serialize;

use crate::{cli, context::Context, failure::Failure, span, text};

/// A run that was stopped.
#[derive(Debug, Serialize)]
pub(crate) struct Stopped {
    /// The run.
    pub(crate) run: RunId,
    /// Its name.
    pub(crate) name: String,
    /// Where it stands now.
    pub(crate) state: Standing,
}

pub(super) fn run(args: &cli::Stop, context: &mut Context<'_>) -> Result<(), Failure> {
    let signal = if args.kill { "KILL" } else { &args.signal };
    let signal = signals::parse(signal).ok_or_else(|| {
        Failure::request(format!("--signal {}: no such signal; try TERM, INT or 15", text::escape(signal)))
    })?;
    let grace = if args.kill { Duration::ZERO } else { span::parse("--timeout", &args.timeout)? };
    // All names are looked up before anything is stopped.
    let mut doomed: Vec<RunDirectory> = Vec::new();
    for Entry { directory, .. } in Index::find_all_in(&context.home()?, &args.runs)? {
        let run = directory.run()?;
        let standing = directory.standing(&run);
        if !standing.may_live() {
            let message = format!("run {} does not run any more: it is {standing}", run.id);
            return Err(Failure::request(message));
        }
        if !doomed.contains(&directory) {
            doomed.push(directory);
        }
    }
    for directory in doomed {
        stop::stop(&directory, signal, grace)?;
        let run = directory.run()?;
        if run.state == RunState::Running {
            context.note(&format!("run {} said nothing about its end", run.id));
        }
        let state = directory.standing(&run);
        context.render().stopped(&Stopped { run: run.id, name: run.name, state })?;
    }
    Ok(())
}
