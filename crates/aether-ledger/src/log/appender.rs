//! Appends frames to a file so that its end is always that of a whole frame, or torn by a crash alone. What cannot be
//! written stays in memory and is tried again.

use std::{fs::File, io, os::unix::fs::FileExt};

use super::frame;

/// What the appender needs of a file; another one stands in for it in tests.
pub(super) trait Storage {
    /// Writes some of `bytes` at `offset`; returns how many.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Cuts the file at `length`.
    fn cut(&self, length: u64) -> io::Result<()>;
}

impl Storage for File {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

/// The end of a log.
#[derive(Debug)]
pub(super) struct Appender<S> {
    storage: S,
    /// The file's length: the end of its last whole frame.
    end: u64,
    /// Whole frames that are not in the file yet.
    pub(super) unwritten: Vec<u8>,
}

impl<S: Storage> Appender<S> {
    /// Begins at the front of an empty file.
    pub(super) fn new(storage: S) -> Self {
        Self { storage, end: 0, unwritten: Vec::new() }
    }

    /// Writes what is unwritten. When that fails, the frames that are whole in the file are kept, one that is torn is
    /// cut off, and the rest stays unwritten.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let mut written = 0;
        let outcome = loop {
            if written == self.unwritten.len() {
                break Ok(());
            }
            match self.storage.write_at(&self.unwritten[written..], self.end + written as u64) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => written += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(e),
            }
        };
        let whole = if outcome.is_ok() { written } else { frame::whole_within(&self.unwritten, written) };
        self.unwritten.drain(..whole);
        self.end += whole as u64;
        if whole < written {
            // If this fails too, the torn frame is overwritten by the next attempt, and readers stop before it.
            let _ = self.storage.cut(self.end);
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    /// A disk that takes `room` bytes at most, a few at a time.
    struct SmallDisk {
        bytes: RefCell<Vec<u8>>,
        room: Cell<usize>,
    }

    impl Storage for &SmallDisk {
        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
            let mut file = self.bytes.borrow_mut();
            let offset = offset as usize;
            assert!(offset <= file.len(), "no holes");
            let n = bytes.len().min(5).min(self.room.get().saturating_sub(offset));
            if n == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            file.truncate(offset);
            file.extend(&bytes[..n]);
            Ok(n)
        }

        fn cut(&self, length: u64) -> io::Result<()> {
            self.bytes.borrow_mut().truncate(length as usize);
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_leaves_whole_frames_and_loses_none() {
        let mut frames = Vec::new();
        for payload in ["one", "twenty-two", "3"] {
            frame::append(&mut frames, |out| out.extend(payload.as_bytes()));
        }
        for room in 0..frames.len() {
            let disk = SmallDisk { bytes: RefCell::default(), room: Cell::new(room) };
            let mut appender = Appender::new(&disk);
            appender.unwritten.extend(&frames);
            assert_eq!(appender.write().unwrap_err().kind(), io::ErrorKind::StorageFull);
            let length = disk.bytes.borrow().len();
            assert_eq!(length, frame::whole_within(&frames, room), "room {room}");
            disk.room.set(usize::MAX);
            appender.write().unwrap();
            assert_eq!(*disk.bytes.borrow(), frames, "room {room}");
        }
    }
}
