//! Hands text to a stream that perhaps nobody reads, and is held up by nobody.
//!
//! What the stream does not take waits in memory, up to a bound; beyond it the oldest texts go, and how many went is said
//! in their place. Signs of progress also go when nobody takes them at the end, and they never fill a pipe: what the
//! program has to say after them, to the same reader, always finds room. Results wait for their reader.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Write},
    mem,
    os::fd::{AsFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::FileType,
};

/// So much can be written to a pipe that is ready without a wait, if nobody else writes to it (`PIPE_BUF`).
const PIECE: usize = 4096;
/// Unread bytes in a pipe from which on signs of progress wait: a quarter of what a pipe holds.
const ENOUGH: u64 = 16 * 1024;
/// Between two looks at a pipe that has enough.
const LOOK_AGAIN: Duration = Duration::from_millis(1);
/// How long signs of progress wait for a reader at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A stream, and what it has not taken yet.
#[derive(Debug)]
pub(super) struct Outlet {
    stream: File,
    kind: Kind,
    /// Whether the stream is a pipe.
    pipe: bool,
    /// Texts, the oldest first, none of them empty.
    waiting: VecDeque<String>,
    /// Bytes of those.
    bytes: usize,
    /// Bytes of the first one that were written.
    written: usize,
    /// Texts that went unseen since this was last said.
    left_out: u64,
    /// Says that so many texts went unseen.
    notice: fn(u64) -> String,
}

/// What a text is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A sign of progress: whoever does not read it wants none.
    Progress,
    /// A part of the result.
    Result,
}

impl Kind {
    /// Bytes that wait at most.
    fn most(self) -> usize {
        match self {
            Self::Progress => 1 << 20,
            Self::Result => 64 << 20,
        }
    }
}

impl Outlet {
    /// For standard error.
    ///
    /// # Errors
    /// When the process can open no more files.
    pub(super) fn of_progress(notice: fn(u64) -> String) -> io::Result<Self> {
        Ok(Self::new(io::stderr().as_fd().try_clone_to_owned()?, Kind::Progress, notice))
    }

    /// For standard output. Nothing may wait in a buffer before it.
    ///
    /// # Errors
    /// As [`Outlet::of_progress`].
    pub(super) fn of_results(notice: fn(u64) -> String) -> io::Result<Self> {
        Ok(Self::new(io::stdout().as_fd().try_clone_to_owned()?, Kind::Result, notice))
    }

    fn new(stream: OwnedFd, kind: Kind, notice: fn(u64) -> String) -> Self {
        let stat = rustix::fs::fstat(&stream);
        let pipe = stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode).is_fifo());
        let (stream, waiting) = (stream.into(), VecDeque::new());
        Self { stream, kind, pipe, waiting, bytes: 0, written: 0, left_out: 0, notice }
    }

    /// Whether it has taken everything.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds a text, which will be seen as a whole or not at all.
    pub(super) fn say(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        self.bytes += text.len();
        self.waiting.push_back(text);
        // What was begun is finished.
        let begun = usize::from(self.written > 0);
        while self.bytes > self.kind.most() && self.waiting.len() > begun + 1 {
            if let Some(oldest) = self.waiting.remove(begun) {
                self.bytes -= oldest.len();
                self.left_out += 1;
            }
        }
    }

    /// Writes what the stream takes, and waits at most `wait` for it to take everything; `None` for as long as it takes.
    ///
    /// # Errors
    /// When the stream is closed, or a disk full.
    pub(super) fn pass_on(&mut self, wait: Option<Duration>) -> io::Result<()> {
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        loop {
            if self.waiting.is_empty() {
                return Ok(());
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if !self.is_ready(left)? {
                return Ok(());
            }
            if self.has_enough() {
                match left {
                    Some(Duration::ZERO) => return Ok(()),
                    left => thread::sleep(left.map_or(LOOK_AGAIN, |left| left.min(LOOK_AGAIN))),
                }
            } else {
                self.write_piece()?;
            }
        }
    }

    /// Hands over the rest: a result waits for its reader, progress does not wait for long.
    ///
    /// # Errors
    /// As [`Outlet::pass_on`].
    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.kind == Kind::Result {
            return self.pass_on(None);
        }
        self.pass_on(Some(PATIENCE))?;
        if !self.is_idle() {
            self.left_out += self.waiting.len() as u64;
            let broken = if self.written > 0 { "\n" } else { "" };
            let notice = format!("{broken}{}", (self.notice)(self.left_out));
            if self.is_ready(Some(Duration::ZERO))? {
                self.stream.write_all(notice.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Whether the stream takes something within `wait`.
    fn is_ready(&self, wait: Option<Duration>) -> io::Result<bool> {
        // Longer than a `Timespec` can say is as long as it takes.
        let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
        let look = || poll(&mut [PollFd::new(&self.stream, PollFlags::OUT)], wait.as_ref());
        Ok(rustix::io::retry_on_intr(look)? > 0)
    }

    /// Whether a reader has enough to read for signs of progress to wait.
    fn has_enough(&self) -> bool {
        self.kind == Kind::Progress
            && self.pipe
            && rustix::io::ioctl_fionread(&self.stream).is_ok_and(|unread| unread >= ENOUGH)
    }

    /// Writes whole texts that fit a piece together, or a part of one that does not.
    fn write_piece(&mut self) -> io::Result<()> {
        if self.written == 0 && self.left_out > 0 {
            let notice = (self.notice)(mem::take(&mut self.left_out));
            self.bytes += notice.len();
            self.waiting.push_front(notice);
        }
        let mut piece = Vec::with_capacity(PIECE);
        let mut begun = self.written;
        for text in &self.waiting {
            let rest = &text.as_bytes()[mem::take(&mut begun)..];
            if !piece.is_empty() && piece.len() + rest.len() > PIECE {
                break;
            }
            piece.extend_from_slice(&rest[..rest.len().min(PIECE)]);
        }
        let taken = rustix::io::retry_on_intr(|| rustix::io::write(&self.stream, &piece))?;
        let mut taken = self.written + taken;
        while let Some(first) = self.waiting.front()
            && taken >= first.len()
        {
            taken -= first.len();
            self.bytes -= first.len();
            self.waiting.pop_front();
        }
        self.written = taken;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read, pipe};

    use super::*;

    fn notice(left_out: u64) -> String {
        format!("{left_out} left out\n")
    }

    fn outlet(kind: Kind) -> (PipeReader, Outlet) {
        let (reader, writer) = pipe().unwrap();
        (reader, Outlet::new(writer.into(), kind, notice))
    }

    /// What can be read without the writer's end.
    fn unread(reader: &PipeReader) -> u64 {
        rustix::io::ioctl_fionread(reader).unwrap()
    }

    fn lines(first: usize, after: usize) -> Vec<String> {
        (first..after).map(|number| format!("line {number:08}\n")).collect()
    }

    #[test]
    fn progress_that_nobody_reads_fills_no_pipe_and_is_bounded() {
        let (mut reader, mut outlet) = outlet(Kind::Progress);
        let said = lines(0, 200_000);
        for line in &said {
            outlet.say(line.clone());
            outlet.pass_on(Some(Duration::ZERO)).unwrap();
        }
        assert!((ENOUGH..ENOUGH + PIECE as u64).contains(&unread(&reader)), "{}", unread(&reader));
        assert!(outlet.bytes <= Kind::Progress.most());
        // There is room for what the program says at its end.
        let mut other = outlet.stream.try_clone().unwrap();
        other.write_all(&[b'.'; 16 * 1024]).unwrap();
        let heard = thread::spawn(move || {
            let mut heard = String::new();
            reader.read_to_string(&mut heard).unwrap();
            heard
        });
        outlet.finish().unwrap();
        drop(other);
        // A reader who comes late reads the oldest lines, how many are missing, and the newest.
        let heard = heard.join().unwrap().replace('.', "");
        let missing = heard.lines().find_map(|line| line.strip_suffix(" left out"));
        let missing: usize = missing.unwrap().parse().unwrap();
        let known: Vec<&str> = heard.split_inclusive('\n').filter(|line| line.starts_with("line")).collect();
        assert_eq!(known.len() + missing, said.len());
        let before = known.iter().zip(&said).take_while(|(known, said)| known == said).count();
        assert!(before > 1000, "{before}");
        assert_eq!(known[before..], said[before + missing..]);
    }

    #[test]
    fn a_result_waits_for_its_reader() {
        let (mut reader, mut outlet) = outlet(Kind::Result);
        let said = lines(0, 100_000).concat();
        said.split_inclusive('\n').for_each(|line| outlet.say(line.to_owned()));
        outlet.say("x".repeat(3 * PIECE));
        let ends = thread::spawn(move || outlet.finish());
        let mut heard = String::new();
        reader.read_to_string(&mut heard).unwrap();
        assert!(heard == said + &"x".repeat(3 * PIECE));
        ends.join().unwrap().unwrap();
    }

    #[test]
    fn a_reader_who_leaves_is_an_error() {
        let (reader, mut outlet) = outlet(Kind::Progress);
        drop(reader);
        outlet.say("x\n".to_owned());
        assert_eq!(outlet.finish().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
