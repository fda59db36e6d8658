//! `watch`: says what is going wrong in a run, as it is found.

use std::{thread, time::Duration};

use aether_core::{Event, Run, signal};
use aether_ledger::{Index, RunDirectory};
use aether_watch::{Watcher, Word};
use jiff::Timestamp;

use crate::{
    alerting::Alerting,
    cli,
    context::Context,
    failure::Failure,
    stop,
    verbs::logs::{LogEntry, LogSaid},
    watching,
};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn run(args: &cli::Watch, context: &mut Context<'_>) -> Result<(), Failure> {
    let home = context.home()?;
    let directory = Index::find_in(&home, &args.run)?.directory;
    let file = watching::file(args.rules.as_deref(), &home)?;
    let run = directory.run()?;
    let alive = directory.standing(&run).may_live();
    if !alive && directory.logs()?.is_empty() && directory.series().is_dir() {
        let hint = context.hint(&format!("logs {} --events", run.id));
        return Err(Failure::request(format!(
            "the logs of run {} were removed after they had been compacted, and only logs can be looked at again; `{hint}` shows what was found while it ran",
            run.id
        )));
    }
    let mut watcher = Watcher::new(directory.clone(), &run, alive, &file);
    let alerting = alive.then(|| Alerting::begin(home.path(), &run)).transpose()?;
    // Ctrl-C ends the watching in order: what was seen is written down.
    let stop = stop::on_signals().map_err(|e| Failure::work(format!("cannot listen for signals: {e}")))?;
    let mut found = Vec::new();
    loop {
        // Asked before looking: what the run says before it ends is then surely seen.
        let go_on = alive && !stop.requested() && may_live(&directory)?;
        let looked = if go_on { watcher.look(&mut found) } else { watcher.look_back(&mut found) };
        for found in found.drain(..) {
            show(found.time, found.event.clone(), context)?;
            if found.word != Word::Others
                && let Some(Err(reason)) = alerting.as_ref().map(|alerting| alerting.raise(&found.event))
            {
                context.note(&reason);
            }
            if alive && found.word == Word::Ours {
                for event in watching::carry_out(&found, &run) {
                    watcher.note(signal::now(), &event)?;
                    show(signal::now(), event, context)?;
                }
            }
        }
        looked?;
        context.render().flush()?;
        if !go_on {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

fn may_live(directory: &RunDirectory) -> Result<bool, Failure> {
    let run: Run = directory.run()?;
    Ok(directory.standing(&run).may_live())
}

fn show(time: signal::Nanos, event: Event, context: &mut Context<'_>) -> Result<(), Failure> {
    let time = Timestamp::from_nanosecond(i128::from(time)).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(context.render().log(&LogEntry { time: Some(time), said: LogSaid::Event(event) })?)
}
