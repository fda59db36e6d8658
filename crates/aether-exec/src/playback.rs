//! Reads what was recorded, from the beginning or from the last lines, while it may still grow.

use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{self, ErrorKind},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use aether_core::signal::Nanos;
use aether_ledger::log::frame::{self, Front, HEAD};

use crate::recording::{PIECE, Stream, paths};

/// So much is read at once.
const CHUNK: usize = 64 * 1024;

/// Some bytes that came together; a piece as it was recorded may be read in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// When; unknown where the record of the times ends early.
    pub time: Option<Nanos>,
    /// From where.
    pub stream: Stream,
}

/// A reader of the two files of one session.
#[derive(Debug)]
pub struct Playback {
    raw: File,
    times: File,
    /// Where the next frame begins.
    times_at: u64,
    /// Where the next byte is.
    at: u64,
    /// Pieces that are known and not read to their end: how many bytes of them are left.
    pieces: VecDeque<(Piece, u64)>,
    buffer: Vec<u8>,
}

impl Playback {
    /// Opens the files of the session that `raw` belongs to.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn open(raw: &Path) -> io::Result<Self> {
        let times = raw.with_extension("times");
        Ok(Self {
            raw: File::open(raw)?,
            times: File::open(times)?,
            times_at: 0,
            at: 0,
            pieces: VecDeque::new(),
            buffer: Vec::new(),
        })
    }

    /// Skips all but the last `lines` lines of what is there now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn skip_to_last(&mut self, lines: usize) -> io::Result<()> {
        self.skip_to(last_lines(&self.raw, lines)?)
    }

    /// Skips to the byte at `target`, if it is behind the next one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn skip_to(&mut self, target: u64) -> io::Result<()> {
        while self.at < target {
            if self.pieces.is_empty() && !self.load()? {
                break;
            }
            self.advance(target - self.at);
        }
        self.at = self.at.max(target);
        Ok(())
    }

    /// Where the next byte is.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The next bytes of which it is known when they came, at most up to the offset `until`. `None`: there are none
    /// now.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn next(&mut self, until: u64) -> io::Result<Option<(Piece, &[u8])>> {
        if self.at >= until || (self.pieces.is_empty() && !self.load()?) {
            return Ok(None);
        }
        let Some(&(piece, left)) = self.pieces.front() else { return Ok(None) };
        self.read(piece, left.min(until - self.at))
    }

    /// What the bytes have beyond the record of their times: for a session whose writer is gone.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn rest(&mut self) -> io::Result<Option<(Piece, &[u8])>> {
        self.read(Piece { time: None, stream: Stream::Stdout }, CHUNK as u64)
    }

    fn read(&mut self, piece: Piece, most: u64) -> io::Result<Option<(Piece, &[u8])>> {
        self.buffer.resize(CHUNK.min(most as usize), 0);
        let read = retry(|| self.raw.read_at(&mut self.buffer, self.at))?;
        self.advance(read as u64);
        Ok((read > 0).then(|| (piece, &self.buffer[..read])))
    }

    fn advance(&mut self, mut by: u64) {
        while by > 0 {
            let Some((_, left)) = self.pieces.front_mut() else {
                self.at += by;
                return;
            };
            let step = by.min(*left);
            *left -= step;
            self.at += step;
            by -= step;
            if *left == 0 {
                self.pieces.pop_front();
            }
        }
    }

    /// Reads whole frames of `.times`; whether there were any. A frame that is not whole yet is read next time; behind
    /// a damaged one nothing is known of where pieces begin, so all that follows has no time.
    fn load(&mut self) -> io::Result<bool> {
        let mut bytes = vec![0; CHUNK];
        loop {
            let read = retry(|| self.times.read_at(&mut bytes, self.times_at))?;
            let mut used = 0;
            while let Front::Whole(payload) = frame::front(&bytes[used..read]) {
                used += HEAD + payload.len();
                self.pieces.extend(payload.chunks_exact(PIECE).filter_map(piece));
            }
            self.times_at += used as u64;
            if !self.pieces.is_empty() {
                return Ok(true);
            }
            // A frame longer than the buffer, which other writers may make.
            if used == 0 && read == bytes.len() && matches!(frame::front(&bytes[..read]), Front::Partial) {
                bytes.resize(read * 2, 0);
            } else if used == 0 {
                return Ok(false);
            }
        }
    }
}

fn piece(bytes: &[u8]) -> Option<(Piece, u64)> {
    let (time, rest) = bytes.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let piece = Piece { time: Some(i64::from_le_bytes(*time)), stream: Stream::numbered(*rest.first()?) };
    let length = u64::from(u32::from_le_bytes(*length));
    (length > 0).then_some((piece, length))
}

/// The offset at which the last `lines` lines begin. A newline at the very end ends the last line.
fn last_lines(file: &File, lines: usize) -> io::Result<u64> {
    let end = file.metadata()?.len();
    let mut buffer = vec![0; CHUNK];
    let (mut at, mut found) = (end, 0);
    while at > 0 {
        let size = at.min(CHUNK as u64) as usize;
        at -= size as u64;
        file.read_exact_at(&mut buffer[..size], at)?;
        for i in (0..size).rev() {
            let place = at + i as u64;
            if buffer[i] == b'\n' && place + 1 < end {
                found += 1;
                if found == lines {
                    return Ok(place + 1);
                }
            }
        }
    }
    Ok(if lines == 0 { end } else { 0 })
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// The `.raw` files of a run's sessions in `directory`, in the order in which the sessions began.
///
/// # Errors
/// When the directory exists and cannot be listed.
pub fn sessions(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let Some(writer) = path.file_stem().and_then(|s| s.to_str()) else { continue };
        if path.extension().is_some_and(|e| e == "raw") && paths(directory, writer).1.is_file() {
            // `<host>-<pid>-<start>`
            let start: i64 = writer.rsplit('-').next().and_then(|s| s.parse().ok()).unwrap_or(0);
            found.push((start, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;

    fn everything(playback: &mut Playback) -> Vec<(Option<Nanos>, Stream, Vec<u8>)> {
        let mut all = Vec::new();
        while let Some((piece, bytes)) = playback.next(u64::MAX).unwrap() {
            all.push((piece.time, piece.stream, bytes.to_vec()));
        }
        while let Some((piece, bytes)) = playback.rest().unwrap() {
            all.push((piece.time, piece.stream, bytes.to_vec()));
        }
        all
    }

    fn recorded(directory: &Path) -> Recording {
        let mut recording = Recording::create(directory, "host-1-7").unwrap();
        recording.append(10, Stream::Stdout, b"one\ntwo\n").unwrap();
        recording.append(20, Stream::Stderr, b"oops\n").unwrap();
        recording.append(30, Stream::Stdout, b"three").unwrap();
        recording
    }

    #[test]
    fn what_was_recorded_comes_back_with_times_and_streams() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recorded(dir.path());
        let mut playback = Playback::open(recording.raw()).unwrap();
        assert_eq!(
            everything(&mut playback),
            [
                (Some(10), Stream::Stdout, b"one\ntwo\n".to_vec()),
                (Some(20), Stream::Stderr, b"oops\n".to_vec()),
                (Some(30), Stream::Stdout, b"three".to_vec()),
            ]
        );
        assert_eq!(sessions(dir.path()).unwrap(), [recording.raw()]);
    }

    #[test]
    fn no_further_than_was_announced() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recorded(dir.path());
        let mut playback = Playback::open(recording.raw()).unwrap();
        assert_eq!(playback.next(3).unwrap().unwrap().1, b"one");
        assert_eq!(playback.next(3).unwrap(), None);
        assert_eq!(playback.next(8).unwrap().unwrap().1, b"\ntwo\n");
    }

    #[test]
    fn the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recorded(dir.path());
        for (lines, expected) in
            [(0, ""), (1, "three"), (2, "oops\nthree"), (3, "two\noops\nthree"), (9, "one\ntwo\noops\nthree")]
        {
            let mut playback = Playback::open(recording.raw()).unwrap();
            playback.skip_to_last(lines).unwrap();
            let bytes: Vec<u8> = everything(&mut playback).into_iter().flat_map(|p| p.2).collect();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected, "{lines}");
        }
    }

    /// However the two files were cut, every byte of the raw one is read, once and in order, and no time is wrong.
    #[test]
    fn torn_at_every_byte() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recorded(dir.path());
        let raw = fs::read(recording.raw()).unwrap();
        let times = fs::read(recording.times()).unwrap();
        let whole = everything(&mut Playback::open(recording.raw()).unwrap());
        for cut in 0..=times.len() {
            fs::write(recording.times(), &times[..cut]).unwrap();
            let torn = everything(&mut Playback::open(recording.raw()).unwrap());
            let bytes: Vec<u8> = torn.iter().flat_map(|p| p.2.clone()).collect();
            assert_eq!(bytes, raw, "cut at {cut}");
            let timed = torn.iter().take_while(|p| p.0.is_some()).count();
            assert_eq!(torn[..timed], whole[..timed], "cut at {cut}");
            assert_eq!(timed, cut / (HEAD + PIECE), "cut at {cut}");
        }
        for cut in 0..=raw.len() {
            fs::write(recording.times(), &times).unwrap();
            fs::write(recording.raw(), &raw[..cut]).unwrap();
            let torn = everything(&mut Playback::open(recording.raw()).unwrap());
            assert_eq!(torn.iter().flat_map(|p| p.2.clone()).collect::<Vec<u8>>(), &raw[..cut]);
        }
    }

    #[test]
    fn a_flipped_bit_costs_times_and_no_byte() {
        let dir = tempfile::tempdir().unwrap();
        let recording = recorded(dir.path());
        let raw = fs::read(recording.raw()).unwrap();
        let times = fs::read(recording.times()).unwrap();
        for bit in 0..times.len() * 8 {
            let mut flipped = times.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            fs::write(recording.times(), &flipped).unwrap();
            let read = everything(&mut Playback::open(recording.raw()).unwrap());
            assert_eq!(read.iter().flat_map(|p| p.2.clone()).collect::<Vec<u8>>(), raw, "bit {bit}");
        }
    }
}
