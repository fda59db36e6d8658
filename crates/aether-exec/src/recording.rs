//! Records what a program prints, in two files that grow in step: the bytes as they came, and when and from where each
//! piece of them came. `docs/format.md`, section Output, specifies both.
//!
//! Loss bound: every byte that was read from the program is with the operating system before the next one is read, so
//! `kill -9` of the supervisor loses nothing that it had read. [`Recording::sync`] makes it safe from a power cut.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use aether_core::signal::Nanos;
use aether_ledger::log::frame;

use crate::ExecError;

/// Where a byte came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output, or the terminal.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Stdout, Self::Stderr];

    /// The number in files and in messages.
    pub fn number(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
        }
    }

    /// The stream of a number; unknown ones of a later version count as standard output, so that nothing is hidden.
    pub fn numbered(number: u8) -> Self {
        if number == 2 { Self::Stderr } else { Self::Stdout }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Bytes of one piece in `.times`: time, length, stream.
pub(crate) const PIECE: usize = 13;

/// The two files of one session, open for appending.
#[derive(Debug)]
pub struct Recording {
    raw: Growing,
    times: Growing,
    frame: Vec<u8>,
}

impl Recording {
    /// Makes both files in `directory`, called after `writer`.
    ///
    /// # Errors
    /// When a file exists or cannot be made.
    pub fn create(directory: &Path, writer: &str) -> Result<Self, ExecError> {
        let (raw, times) = paths(directory, writer);
        Ok(Self { raw: Growing::create(raw)?, times: Growing::create(times)?, frame: Vec::new() })
    }

    /// Appends one piece that came from `stream` at `time`: whole, or, when the disk does not take it, not at all.
    ///
    /// # Errors
    /// What the operating system says; both files are then as they were.
    pub fn append(&mut self, time: Nanos, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        self.frame.clear();
        frame::append(&mut self.frame, |payload| {
            payload.extend(time.to_le_bytes());
            payload.extend((bytes.len() as u32).to_le_bytes());
            payload.push(stream.number());
        });
        let before = self.raw.length;
        self.raw.append(bytes)?;
        // The piece is there once its frame is whole: a reader never sees bytes that are taken back.
        self.times.append(&self.frame).inspect_err(|_| self.raw.cut(before))
    }

    /// Bytes recorded.
    pub fn length(&self) -> u64 {
        self.raw.length
    }

    /// The file of the bytes.
    pub fn raw(&self) -> &Path {
        &self.raw.path
    }

    /// The file of the times.
    pub fn times(&self) -> &Path {
        &self.times.path
    }

    /// The same files, for a thread that syncs them.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub(crate) fn files(&self) -> io::Result<[File; 2]> {
        Ok([self.raw.file.try_clone()?, self.times.file.try_clone()?])
    }

    /// Makes what was recorded safe from a power cut.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn sync(&self) -> io::Result<()> {
        self.raw.file.sync_data()?;
        self.times.file.sync_data()
    }
}

/// The paths of a session's two files.
pub(crate) fn paths(directory: &Path, writer: &str) -> (PathBuf, PathBuf) {
    (directory.join(format!("{writer}.raw")), directory.join(format!("{writer}.times")))
}

/// A file that is only appended to, and cut back when an append fails half-way.
#[derive(Debug)]
struct Growing {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Growing {
    fn create(path: PathBuf) -> Result<Self, ExecError> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(&path)
            .map_err(ExecError::file("make the output file", &path))?;
        Ok(Self { file, path, length: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match (&self.file).write_all(bytes) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.cut(self.length);
                Err(error)
            }
        }
    }

    fn cut(&mut self, length: u64) {
        // Making a file shorter needs no room. Should it fail all the same, a reader passes over the torn frame, and
        // the bytes of the piece are shown as having come at an unknown time.
        let _ = self.file.set_len(length);
        self.length = length;
    }
}
