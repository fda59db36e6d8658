//! Reads a log, also while it is being written, and whatever its bytes are.
//!
//! A log ends where no whole frame follows: that is normal, a reader stops there and looks again later. Where frames
//! follow, what stands before them is damage: the reader reports it and goes on at the first byte after the damage's
//! first at which a whole frame of a known kind begins.

use std::{fs::File, io, os::unix::fs::FileExt, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    frame::{self, Front, HEAD},
    record::{self, Record, Unreadable},
};
use crate::LedgerError;

/// So much is read at once.
const CHUNK: usize = 256 * 1024;

/// How much may be hashed in search of the next frame, beyond 64 times the bytes searched: a file made to look like
/// beginnings of frames everywhere would else take hours.
const SEARCH: u64 = 64 << 20;

/// A part of a log that says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Damage {
    /// Its first byte in the file.
    pub from: u64,
    /// The first byte after it.
    pub to: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What a reader comes upon.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// A record.
    Record(Record),
    /// Bytes that were passed over.
    Damage(Damage),
}

/// What a log is read from.
pub trait Source {
    /// Reads some bytes at `offset` into `buffer`; returns how many, 0 where there are none yet.
    ///
    /// # Errors
    /// When the source cannot be read.
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// There is nothing more for now: gives back what is held to read.
    fn rest(&mut self) {}
}

/// A log's file, open only while there is something to read, so that a run of a thousand sessions needs no thousand
/// open files.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Option<File>,
}

impl Source for LogFile {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(&self.path)?),
        };
        FileExt::read_at(file, buffer, offset)
    }

    fn rest(&mut self) {
        self.file = None;
    }
}

impl Source for &[u8] {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.get(offset..)).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }
}

/// Reads one log from its beginning to where it ends for now, and on from there when called again.
#[derive(Debug)]
pub struct LogReader<S = LogFile> {
    source: S,
    /// For messages.
    path: PathBuf,
    buffer: Vec<u8>,
    /// Where the buffer begins in the log.
    start: u64,
    /// The next byte of the buffer to look at.
    at: usize,
}

impl LogReader {
    /// A reader at the beginning of the log at `path`, which is opened when it is read.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::over(LogFile { path: path.clone(), file: None }, path)
    }

    /// A reader of the log at `path` from `offset`, where a frame begins.
    pub(crate) fn from(path: impl Into<PathBuf>, offset: u64) -> Self {
        Self { start: offset, ..Self::new(path) }
    }
}

impl<S: Source> LogReader<S> {
    /// A reader at the beginning of `source`, which messages call `path`.
    pub fn over(source: S, path: impl Into<PathBuf>) -> Self {
        Self { source, path: path.into(), buffer: Vec::new(), start: 0, at: 0 }
    }

    /// How far it has read: the next byte in the log.
    pub fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Reads on. `None`: the log ends here for now.
    ///
    /// # Errors
    /// When the file cannot be read, or is of a newer format.
    #[expect(clippy::should_implement_trait, reason = "an iterator that ended would not be asked again")]
    pub fn next(&mut self) -> Result<Option<Entry>, LedgerError> {
        loop {
            let (length, read) = match frame::front(&self.buffer[self.at..]) {
                Front::Whole(payload) => (HEAD + payload.len(), record::read(payload)),
                Front::Damaged => return self.pass_damage(false),
                Front::Partial => {
                    if self.fill()? {
                        continue;
                    }
                    return if self.at == self.buffer.len() { Ok(None) } else { self.pass_damage(true) };
                }
            };
            let from = self.offset();
            self.at += length;
            match read {
                Ok(Some(record)) => return Ok(Some(Entry::Record(record))),
                Ok(None) => {}
                Err(Unreadable::Newer(found)) => {
                    return Err(LedgerError::NewerLog { path: self.path.clone(), found });
                }
                Err(Unreadable::Malformed(reason)) => {
                    return Ok(Some(Entry::Damage(Damage { from, to: self.offset(), reason })));
                }
            }
        }
    }

    /// Looks for the next whole frame. Without one the log ends before the damage: that may be a frame which is just
    /// being written. `ended`: there is no more of the file than is in the buffer.
    fn pass_damage(&mut self, mut ended: bool) -> Result<Option<Entry>, LedgerError> {
        let from = self.offset();
        let mut hashed = 0;
        self.at += 1;
        let reason = loop {
            let here = &self.buffer[self.at..];
            match frame::front(here) {
                // A frame of an unknown kind is not believed here: it could be anything.
                Front::Whole([kind, ..]) if record::is_known(*kind) => break "damaged bytes",
                Front::Partial => {
                    let nothing = here.is_empty();
                    if !ended {
                        ended = !self.fill()?;
                        continue;
                    }
                    if nothing {
                        self.seek(from);
                        return Ok(None);
                    }
                }
                Front::Damaged | Front::Whole(_) => hashed += claimed_length(here),
            }
            self.at += 1;
            if hashed > SEARCH + 64 * (self.offset() - from) {
                self.at = self.buffer.len();
                while self.fill()? {
                    self.at = self.buffer.len();
                }
                break "damaged bytes that look like frames everywhere: not searched to their end";
            }
        };
        Ok(Some(Entry::Damage(Damage { from, to: self.offset(), reason: reason.to_owned() })))
    }

    /// Reads more of the log behind the buffer's end, and forgets what is before the next byte. `false`: there is no
    /// more for now.
    fn fill(&mut self) -> Result<bool, LedgerError> {
        self.buffer.drain(..self.at);
        self.start += self.at as u64;
        self.at = 0;
        let held = self.buffer.len();
        self.buffer.resize(held + CHUNK, 0);
        let read = loop {
            match self.source.read_at(&mut self.buffer[held..], self.start + held as u64) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(held + *read.as_ref().unwrap_or(&0));
        let read = read.map_err(LedgerError::io("read the log", &self.path))?;
        if read == 0 {
            self.source.rest();
            self.buffer.shrink_to_fit();
        }
        Ok(read > 0)
    }

    fn seek(&mut self, offset: u64) {
        self.buffer.clear();
        self.start = offset;
        self.at = 0;
    }
}

/// What was hashed to find that no frame begins here.
fn claimed_length(bytes: &[u8]) -> u64 {
    match *bytes {
        [a, b, c, d, ..] => {
            Some(u32::from_le_bytes([a, b, c, d]).into()).filter(|&n| n <= frame::LONGEST as u64).unwrap_or(0)
        }
        _ => 0,
    }
}
