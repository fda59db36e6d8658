//! What a supervised program printed, as `logs` prints it.

use std::{path::Path, thread, time::Duration};

use aether_exec::{
    playback::{self, Piece, Playback},
    recording::Stream,
};
use aether_ledger::RunDirectory;
use jiff::Timestamp;

use crate::{cli, context::Context, failure::Failure, render::Format};

/// How long a follower waits before it looks again.
const PAUSE: Duration = Duration::from_millis(100);
/// A line longer than this is printed in parts, where lines are what is printed.
const LONGEST: usize = 64 * 1024;

/// Some output: bytes as they came, or a line of its own.
#[derive(Debug)]
pub(crate) struct Output<'a> {
    /// When it came, if that is known.
    pub(crate) time: Option<Timestamp>,
    /// From where.
    pub(crate) stream: Stream,
    /// What: with the newline, if it is a line that ended.
    pub(crate) bytes: &'a [u8],
    /// Whether the time is to be shown to a person.
    pub(crate) timed: bool,
}

/// Prints what the run's program printed, all sessions one after the other.
pub(super) fn print(
    args: &cli::Logs,
    directory: &RunDirectory,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let mut printer = Printer::new(args, context.format);
    let mut done = 0;
    let mut current: Option<Playback> = None;
    loop {
        // Asked before reading: what is printed before the run ends is then surely read.
        let alive = args.follow && directory.standing(&directory.run()?).may_live();
        let sessions = playback::sessions(&directory.output()).map_err(|e| unread(directory, &e))?;
        let mut heard = false;
        loop {
            if current.is_none() {
                let Some(raw) = sessions.get(done) else { break };
                current =
                    Some(open(raw, args.tail, &sessions[done + 1..]).map_err(|e| unread(directory, &e))?);
            }
            let Some(playback) = &mut current else { break };
            // The writer of an earlier session is gone, and so is everybody's once the run has ended.
            let over = done + 1 < sessions.len() || !alive;
            loop {
                let next = match playback.next(u64::MAX).map_err(|e| unread(directory, &e))? {
                    Some((piece, bytes)) => Some((piece, bytes.to_vec())),
                    None if over => {
                        let rest = playback.rest().map_err(|e| unread(directory, &e))?;
                        rest.map(|(piece, bytes)| (piece, bytes.to_vec()))
                    }
                    None => None,
                };
                let Some((piece, bytes)) = next else { break };
                heard = true;
                printer.print(piece, &bytes, context)?;
            }
            if !over {
                break;
            }
            current = None;
            done += 1;
        }
        context.render().flush()?;
        if !alive {
            printer.finish(context)?;
            return Ok(());
        }
        if !heard {
            thread::sleep(PAUSE);
        }
    }
}

fn unread(directory: &RunDirectory, error: &std::io::Error) -> Failure {
    Failure::work(format!("cannot read the output of run {}: {error}", directory.id()))
}

/// Opens a session; with a tail, the last session begins late and those before it are passed over.
fn open(raw: &Path, tail: Option<usize>, later: &[std::path::PathBuf]) -> std::io::Result<Playback> {
    let mut playback = Playback::open(raw)?;
    if let Some(lines) = tail {
        playback.skip_to_last(if later.is_empty() { lines } else { 0 })?;
    }
    Ok(playback)
}

/// Bytes as they came, or gathered into lines where times or objects are asked for.
struct Printer {
    only: Option<Stream>,
    lines: bool,
    timed: bool,
    open: [(Option<Timestamp>, Vec<u8>); 2],
}

impl Printer {
    fn new(args: &cli::Logs, format: Format) -> Self {
        let only = match (args.stdout, args.stderr) {
            (true, false) => Some(Stream::Stdout),
            (false, true) => Some(Stream::Stderr),
            _ => None,
        };
        Self {
            only,
            lines: args.times || format == Format::Json,
            timed: args.times,
            open: Default::default(),
        }
    }

    fn print(&mut self, piece: Piece, bytes: &[u8], context: &mut Context<'_>) -> Result<(), Failure> {
        let stream = piece.stream;
        if self.only.is_some_and(|only| only != stream) {
            return Ok(());
        }
        let time = piece.time.and_then(|time| Timestamp::from_nanosecond(i128::from(time)).ok());
        if !self.lines {
            context.render().output(&Output { time, stream, bytes, timed: false })?;
            return Ok(());
        }
        for part in bytes.split_inclusive(|&b| b == b'\n') {
            let (begun, line) = &mut self.open[usize::from(stream.number() - 1)];
            if line.is_empty() {
                *begun = time;
            }
            line.extend(part);
            if part.ends_with(b"\n") || line.len() >= LONGEST {
                self.end_line(stream, context)?;
            }
        }
        Ok(())
    }

    /// Prints the line that is open: what a terminal would have shown of it in the end.
    fn end_line(&mut self, stream: Stream, context: &mut Context<'_>) -> Result<(), Failure> {
        let (time, line) = std::mem::take(&mut self.open[usize::from(stream.number() - 1)]);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let shown = line.iter().rposition(|&b| b == b'\r').map_or(line, |at| &line[at + 1..]);
        context.render().output(&Output { time, stream, bytes: shown, timed: self.timed })?;
        Ok(())
    }

    /// Prints lines that never ended.
    fn finish(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        for stream in Stream::ALL {
            if !self.open[usize::from(stream.number() - 1)].1.is_empty() {
                self.end_line(stream, context)?;
            }
        }
        context.render().flush()?;
        Ok(())
    }
}
