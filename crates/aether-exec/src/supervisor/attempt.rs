//! One attempt: a program that was started, and what it prints.

use std::{collections::VecDeque, io, os::fd::OwnedFd};

use aether_core::{Level, atomic, signal};
use rustix::io::{Errno, read, write};
use serde_json::json;

use super::{clients::Clients, journal::Journal, syncer::Syncer};
use crate::{
    child::Program,
    protocol::Said,
    recording::{Recording, Stream},
};

/// So much is read from the program at once.
const CHUNK: usize = 64 * 1024;
/// Typed keys that the program has not read wait up to so many bytes; then the clients wait.
const TYPED: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) program: Program,
    recording: Recording,
    syncer: Syncer,
    typed: VecDeque<u8>,
    /// Bytes that could not be recorded since the last that could.
    lost: u64,
    /// Whether the clients have heard that output is not kept; a disk that is full at times is said once.
    told: bool,
    buffer: Vec<u8>,
}

impl Attempt {
    pub(super) fn new(program: Program, recording: Recording) -> Self {
        let syncer = Syncer::of(&recording);
        Self {
            program,
            recording,
            syncer,
            typed: VecDeque::new(),
            lost: 0,
            told: false,
            buffer: vec![0; CHUNK],
        }
    }

    /// Reads once what a stream has; whether it may have more later.
    pub(super) fn hear(&mut self, stream: Stream, clients: &mut Clients, journal: &mut Journal) -> bool {
        let Some((_, fd)) = self.program.outputs.iter().find(|(known, _)| *known == stream) else {
            return false;
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let open = match read(fd, &mut buffer) {
            Ok(0) => false,
            Ok(length) => {
                self.keep(stream, &buffer[..length], clients, journal);
                true
            }
            Err(Errno::AGAIN | Errno::INTR) => true,
            // A terminal says so when its other side is closed.
            Err(_) => false,
        };
        self.buffer = buffer;
        if !open {
            self.close(stream);
        }
        open
    }

    /// Records some bytes and says so; what the disk does not take goes to the clients alone.
    fn keep(&mut self, stream: Stream, bytes: &[u8], clients: &mut Clients, journal: &mut Journal) {
        match self.recording.append(signal::now(), stream, bytes) {
            Ok(()) => {
                self.syncer.touch();
                clients.grew(self.recording.length());
                if self.lost > 0 {
                    self.tell_lost(journal);
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.told, true) {
                    let text = format!(
                        "output is shown but not kept for now: cannot write {}: {error}; make room",
                        self.recording.raw().display()
                    );
                    clients.say(&Said::Note { text });
                }
                self.lost += bytes.len() as u64;
                clients.pass(stream, bytes);
            }
        }
    }

    /// Says in the log how much was not kept.
    pub(super) fn tell_lost(&mut self, journal: &mut Journal) {
        let lost = std::mem::take(&mut self.lost);
        if lost > 0 {
            let message = format!("{lost} bytes of output could not be kept: the disk took nothing");
            journal.event("output_lost", Level::Warning, message, json!({ "bytes": lost }));
        }
    }

    /// Closes our end of a stream.
    pub(super) fn close(&mut self, stream: Stream) {
        self.program.outputs.retain(|(known, _)| *known != stream);
    }

    /// Reads what is there now that the program has ended. Whoever inherited its streams may go on for ever; what was
    /// written before is what is waited for.
    pub(super) fn drain(&mut self, clients: &mut Clients, journal: &mut Journal) {
        let streams: Vec<Stream> = self.program.outputs.iter().map(|(stream, _)| *stream).collect();
        for stream in streams {
            if stream == Stream::Stdout && self.program.terminal.is_some() {
                // Its terminal ends with the session's first process: after what is left comes an error.
                while self.wait_readable(stream) && self.hear(stream, clients, journal) {}
                continue;
            }
            let mut left = self.available(stream);
            while left > 0 && self.hear(stream, clients, journal) {
                left = left.saturating_sub(CHUNK as u64).min(self.available(stream));
            }
        }
    }

    fn output(&self, stream: Stream) -> Option<&OwnedFd> {
        self.program.outputs.iter().find(|(known, _)| *known == stream).map(|(_, fd)| fd)
    }

    fn available(&self, stream: Stream) -> u64 {
        self.output(stream).and_then(|fd| rustix::io::ioctl_fionread(fd).ok()).unwrap_or(0)
    }

    /// Whether there is something to read, or an end, within a moment.
    fn wait_readable(&self, stream: Stream) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let Some(fd) = self.output(stream) else { return false };
        let moment = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&moment)).is_ok_and(|ready| ready > 0)
    }

    /// Takes typed keys for the program's terminal.
    pub(super) fn type_in(&mut self, typed: &[u8]) {
        if self.program.terminal.is_some() {
            self.typed.extend(typed);
            self.write_typed();
        }
    }

    /// Hands the terminal the keys that it takes now.
    pub(super) fn write_typed(&mut self) {
        let Some(terminal) = &self.program.terminal else { return };
        while !self.typed.is_empty() {
            match write(terminal, self.typed.as_slices().0) {
                Ok(written) if written > 0 => drop(self.typed.drain(..written)),
                _ => return,
            }
        }
    }

    /// The terminal, when keys wait for it.
    pub(super) fn wants_typing(&self) -> Option<&OwnedFd> {
        self.program.terminal.as_ref().filter(|_| !self.typed.is_empty())
    }

    /// Whether clients should be kept from typing more.
    pub(super) fn typed_ahead(&self) -> bool {
        self.typed.len() > TYPED
    }

    /// Makes the recording safe, if anything of it is not.
    pub(super) fn sync(&self) -> io::Result<()> {
        if !self.syncer.is_dirty() {
            return Ok(());
        }
        self.recording.sync()?;
        self.recording.raw().parent().map_or(Ok(()), atomic::sync_directory)
    }
}
