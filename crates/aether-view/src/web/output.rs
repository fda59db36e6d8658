//! What a run's program printed, in lines: from a byte on, or those before one, and on as it grows.
//!
//! A byte's place is counted through all sessions of the run. A line is known by the place of its first byte. What a
//! terminal would have overwritten (up to a carriage return) is left out; escapes stay in the text.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::PathBuf,
};

use aether_core::signal::Nanos;
use aether_exec::{
    playback::{self, Playback},
    recording::Stream,
};
use aether_ledger::RunDirectory;
use jiff::Timestamp;
use serde::Serialize;

use super::answer::Fault;

/// A longer line is told in parts.
const LONGEST: usize = 64 * 1024;
/// So much is looked at for one answer: who searches goes on from its end.
const SCANNED: u64 = 64 << 20;
/// So much is read at once to find where lines begin.
const CHUNK: u64 = 64 * 1024;

/// Which lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Of this stream only.
    pub(crate) only: Option<Stream>,
    /// With this text, whatever the case of its letters.
    pub(crate) search: Option<String>,
}

impl Wanted {
    fn takes(&self, stream: Stream, text: &str) -> bool {
        self.only.is_none_or(|only| only == stream)
            && self.search.as_ref().is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) at: u64,
    time: Option<Timestamp>,
    stream: &'static str,
    pub(crate) text: String,
    /// It has not ended yet: the next answer's open lines take its place.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) open: bool,
}

/// Some lines.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lines {
    pub(crate) lines: Vec<Line>,
    /// Where the first of them begins.
    pub(crate) start: u64,
    /// Where to go on.
    pub(crate) end: u64,
    /// How much there is.
    pub(crate) size: u64,
}

/// A session's file in the row of all of them.
#[derive(Debug, Clone, PartialEq)]
struct Session {
    raw: PathBuf,
    begin: u64,
    length: u64,
}

/// Reads lines, and goes on where it stopped.
#[derive(Debug)]
pub(crate) struct Reader {
    directory: RunDirectory,
    /// The session that is being read.
    current: Option<(usize, Playback)>,
    place: u64,
    open: [Open; 2],
}

/// A line of a stream that has not ended.
#[derive(Debug, Default)]
struct Open {
    at: u64,
    time: Option<Nanos>,
    bytes: Vec<u8>,
    /// A carriage return was its last byte.
    returned: bool,
}

impl Reader {
    /// Reads from the byte at `place` on.
    pub(crate) fn from(directory: RunDirectory, place: u64) -> Self {
        Self { directory, current: None, place, open: Default::default() }
    }

    /// Reads so many lines, or what there is, up to the byte at `until`. `over`: nothing will be added to what is
    /// there.
    pub(crate) fn read(
        &mut self,
        most: usize,
        until: u64,
        wanted: &Wanted,
        over: bool,
    ) -> Result<Lines, Fault> {
        let read = self.try_read(most, until, wanted, over);
        read.map_err(|e| {
            let run = self.directory.id();
            Fault::work(format!("cannot read the output of run {run}: {e}"), "look at the disk")
        })
    }

    fn try_read(&mut self, most: usize, until: u64, wanted: &Wanted, over: bool) -> io::Result<Lines> {
        let sessions = sessions(&self.directory)?;
        let size = sessions.last().map_or(0, |last| last.begin + last.length);
        let start = self.open_from().unwrap_or(self.place);
        let mut lines = Lines { lines: Vec::new(), start, end: start, size };
        let begun = self.place;
        let stopped = 'all: loop {
            let Some((at, session)) =
                sessions.iter().enumerate().find(|(_, s)| self.place < s.begin + s.length)
            else {
                break false;
            };
            if self.current.as_ref().is_none_or(|(current, _)| *current != at) {
                let mut playback = Playback::open(&session.raw)?;
                playback.skip_to(self.place.saturating_sub(session.begin))?;
                self.place = self.place.max(session.begin);
                self.current = Some((at, playback));
            }
            let closed = over || at + 1 < sessions.len();
            let Some((_, playback)) = &mut self.current else { break false };
            let limit = until.saturating_sub(session.begin).min(session.length);
            let mut next = playback.next(limit)?.map(|(piece, bytes)| (piece, bytes.to_vec()));
            if next.is_none() && closed && playback.at() < limit {
                next = playback.rest()?.map(|(piece, bytes)| (piece, bytes.to_vec()));
            }
            let Some((piece, bytes)) = next else { break false };
            for byte in bytes {
                if self.place >= until {
                    break 'all false;
                }
                if let Some(line) = self.take(byte, piece.stream, piece.time) {
                    lines.lines.extend(Some(line).filter(|line| wanted.takes(piece.stream, &line.text)));
                    if lines.lines.len() >= most {
                        break 'all true;
                    }
                }
            }
            if self.place - begun >= SCANNED {
                break true;
            }
        };
        let whole = stopped || over || self.place >= until;
        if stopped {
            // The rest of the piece is read again from where this stopped.
            self.current = None;
        }
        for stream in Stream::ALL {
            let open = &mut self.open[usize::from(stream.number() - 1)];
            if open.bytes.is_empty() {
                continue;
            }
            let mut line = open.line(stream);
            line.open = !whole;
            if whole {
                *open = Open::default();
            }
            lines.lines.extend(Some(line).filter(|line| wanted.takes(stream, &line.text)));
        }
        lines.end = self.open_from().unwrap_or(self.place);
        lines.size = size.max(lines.end);
        Ok(lines)
    }

    /// Where the first line begins that has not ended.
    fn open_from(&self) -> Option<u64> {
        self.open.iter().filter(|open| !open.bytes.is_empty()).map(|open| open.at).min()
    }

    /// Takes the next byte; the line that it ends.
    fn take(&mut self, byte: u8, stream: Stream, time: Option<Nanos>) -> Option<Line> {
        let place = self.place;
        self.place += 1;
        let open = &mut self.open[usize::from(stream.number() - 1)];
        if open.bytes.is_empty() || (open.returned && byte != b'\n') {
            *open = Open { at: place, time, ..Open::default() };
        }
        open.returned = byte == b'\r';
        open.bytes.push(byte);
        if byte == b'\n' || open.bytes.len() >= LONGEST {
            let line = open.line(stream);
            *open = Open::default();
            return Some(line);
        }
        None
    }
}

impl Open {
    fn line(&self, stream: Stream) -> Line {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        Line {
            at: self.at,
            time: self.time.and_then(|time| Timestamp::from_nanosecond(i128::from(time)).ok()),
            stream: stream.as_str(),
            text: String::from_utf8_lossy(text).into_owned(),
            open: false,
        }
    }
}

/// Where the last `lines` lines before the byte at `before` begin.
pub(crate) fn begin_of_last(directory: &RunDirectory, before: u64, lines: usize) -> Result<u64, Fault> {
    let failed = |e: io::Error| {
        Fault::work(format!("cannot read the output of run {}: {e}", directory.id()), "look at the disk")
    };
    let mut left = lines;
    let sessions = sessions(directory).map_err(failed)?;
    for session in sessions.iter().rev().filter(|session| session.begin < before) {
        let file = File::open(&session.raw).map_err(failed)?;
        let mut at = session.length.min(before - session.begin);
        // What ends a line at the very end is part of the last one.
        let end = at;
        let mut buffer = vec![0; CHUNK as usize];
        while at > 0 {
            let size = at.min(CHUNK) as usize;
            at -= size as u64;
            file.read_exact_at(&mut buffer[..size], at).map_err(failed)?;
            for i in (0..size).rev() {
                let place = at + i as u64;
                if buffer[i] == b'\n' && place + 1 < end {
                    left = left.saturating_sub(1);
                    if left == 0 {
                        return Ok(session.begin + place + 1);
                    }
                }
            }
        }
        // The session's first line.
        left = left.saturating_sub(1);
        if left == 0 {
            return Ok(session.begin);
        }
    }
    Ok(0)
}

/// How many bytes there are.
pub(crate) fn size(directory: &RunDirectory) -> u64 {
    sessions(directory).ok().and_then(|all| all.last().map(|last| last.begin + last.length)).unwrap_or(0)
}

fn sessions(directory: &RunDirectory) -> io::Result<Vec<Session>> {
    let mut begin = 0;
    playback::sessions(&directory.output())?
        .into_iter()
        .map(|raw| {
            let length = fs::metadata(&raw)?.len();
            let session = Session { raw, begin, length };
            begin += length;
            Ok(session)
        })
        .collect()
}
