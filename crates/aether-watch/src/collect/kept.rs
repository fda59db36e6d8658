//! A file that is read again and again.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// More than any file that is read here has.
const LIMIT: usize = 4 << 20;

/// A file kept open, and a buffer that keeps its size.
#[derive(Debug)]
pub(crate) struct Kept {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
}

impl Kept {
    /// Opens it; `None` when that is not possible, or it cannot be read.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Option<Self> {
        let path = path.into();
        let file = File::open(&path).ok()?;
        let mut kept = Self { path, file, buffer: vec![0; 1024] };
        kept.read()?;
        Some(kept)
    }

    /// Its content now; `None` when it cannot be read.
    pub(crate) fn read(&mut self) -> Option<&[u8]> {
        let length = match self.fill() {
            Ok(length) => length,
            // Some drivers want their file opened anew.
            Err(_) => {
                self.file = File::open(&self.path).ok()?;
                self.fill().ok()?
            }
        };
        self.buffer.get(..length)
    }

    /// The same for a file that belongs to what may be gone for good: it is not opened anew.
    pub(crate) fn read_once(&mut self) -> Option<&[u8]> {
        let length = self.fill().ok()?;
        self.buffer.get(..length)
    }

    /// The number that is all the file holds.
    pub(crate) fn number(&mut self) -> Option<u64> {
        crate::collect::fields::number(self.read()?)
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut length = 0;
        loop {
            if length == self.buffer.len() {
                if length >= LIMIT {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                self.buffer.resize(length * 2, 0);
            }
            match self.file.read_at(&mut self.buffer[length..], length as u64) {
                Ok(0) => return Ok(length),
                Ok(n) => {
                    length += n;
                    // A short answer is the end: a second call that says so is spared.
                    if length < self.buffer.len() {
                        return Ok(length);
                    }
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
}

/// The names in a directory; none when it cannot be listed. For setting up, not for sampling.
pub(crate) fn names(directory: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}
