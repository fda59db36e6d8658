//! `logs`: what a run's command printed, or what the run said, from its beginning, and as it goes.

use std::{thread, time::Duration};

use aether_core::{Event, Level, signal::Nanos};
use aether_ledger::{Index, RunDirectory, RunReader, Said};
use jiff::Timestamp;
use serde::Serialize;

use super::output;
use crate::{cli, context::Context, failure::Failure, render::Value};

/// How long a follower waits before it looks again.
const PAUSE: Duration = Duration::from_millis(200);

/// One line of a log.
#[derive(Debug, Serialize)]
pub(crate) struct LogEntry {
    /// When it was said, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<Timestamp>,
    /// What was said.
    #[serde(flatten)]
    pub(crate) said: LogSaid,
}

impl LogEntry {
    /// The line of an event.
    pub(crate) fn event(time: Nanos, event: Event) -> Self {
        Self { time: Some(timestamp(time)), said: LogSaid::Event(event) }
    }
}

/// What was said.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum LogSaid {
    /// Something that happened.
    Event(Event),
    /// A value of a metric.
    Point {
        /// The metric's name.
        metric: String,
        /// The step.
        step: u64,
        /// The value.
        value: Value,
    },
    /// The run was taken up again.
    Rewind {
        /// What was said before about later steps is void.
        rewind: u64,
    },
    /// Something could not be read.
    Damage {
        /// What, and why.
        damage: String,
    },
}

pub(super) fn run(args: &cli::Logs, context: &mut Context<'_>) -> Result<(), Failure> {
    let directory = Index::find_in(&context.home()?, &args.run)?.directory;
    let asked_for_events = args.events || args.points || args.level.is_some();
    if !asked_for_events && directory.run()?.kind == "command" {
        return output::print(args, &directory, context);
    }
    let mut reader = RunReader::unread(directory.clone());
    loop {
        // Asked before reading: what a process says before it ends is then surely read.
        let alive = args.follow && may_live(&directory)?;
        let heard = print(args, &mut reader, context)?;
        context.render().flush()?;
        if !alive {
            for damage in reader.series_damage() {
                let said = LogSaid::Damage { damage: damage.to_string() };
                context.render().log(&LogEntry { time: None, said })?;
            }
            return Ok(());
        }
        if !heard {
            thread::sleep(PAUSE);
        }
    }
}

fn may_live(directory: &RunDirectory) -> Result<bool, Failure> {
    Ok(directory.standing(&directory.run()?).may_live())
}

/// Prints what was added; whether there was anything.
fn print(args: &cli::Logs, reader: &mut RunReader, context: &mut Context<'_>) -> Result<bool, Failure> {
    let least = match args.level.as_deref() {
        Some("error") => Level::Error,
        Some("warning") => Level::Warning,
        _ => Level::Info,
    };
    // The reader cannot be stopped from here; after the first failure nothing more is printed.
    let mut printed = Ok(());
    let heard = reader.poll(|said| {
        let entry = match said {
            Said::Event(timed) if timed.event.level >= least => {
                Some((Some(timed.time), LogSaid::Event(timed.event.clone())))
            }
            Said::Point { metric, point } if args.points => {
                let said =
                    LogSaid::Point { metric: metric.to_owned(), step: point.step, value: Value(point.value) };
                Some((Some(point.time), said))
            }
            Said::Rewind { time, step } if least == Level::Info => {
                Some((Some(time), LogSaid::Rewind { rewind: step }))
            }
            Said::Damage(damage) => Some((None, LogSaid::Damage { damage: damage.to_string() })),
            _ => None,
        };
        if let Some((time, said)) = entry
            && printed.is_ok()
        {
            printed = context.render().log(&LogEntry { time: time.map(timestamp), said });
        }
    })?;
    printed?;
    Ok(heard)
}

fn timestamp(time: Nanos) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time)).unwrap_or(Timestamp::UNIX_EPOCH)
}
