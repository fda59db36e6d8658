//! Contents by their digest: what runs leave and take, each kept once.
//!
//! A blob's name is the SHA-256 of its bytes, so it never changes, two writers of one content cannot disagree, and
//! damage can be seen. It is written beside, synced and renamed: it is there whole or not at all.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    str::FromStr,
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{LedgerError, part::Part};

/// So much is read at once.
const CHUNK: usize = 256 * 1024;

/// The SHA-256 of a content. As text: 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let wrong = || LedgerError::Digest(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Digest {
    type Error = LedgerError;

    fn try_from(text: String) -> Result<Self, LedgerError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

/// A content that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub digest: Digest,
    /// Its length.
    pub bytes: u64,
    /// When it was last put.
    pub put: SystemTime,
}

/// The contents of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blobs {
    root: PathBuf,
}

impl Blobs {
    pub(crate) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory of all blobs.
    pub fn directory(&self) -> &Path {
        &self.root
    }

    /// Where the content of a digest lies, if it is kept.
    pub fn path(&self, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(name)
    }

    /// Keeps these bytes.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put(&self, bytes: &[u8]) -> Result<Blob, LedgerError> {
        self.put_from(bytes)
    }

    /// Keeps the content that a file has now.
    ///
    /// # Errors
    /// When it cannot be read, or its content not be written.
    pub fn put_file(&self, path: &Path) -> Result<Blob, LedgerError> {
        let file = File::open(path).map_err(LedgerError::io("open", path))?;
        self.store(file, LedgerError::io("read", path))
    }

    /// Keeps all that a reader gives, which is read once and never held in memory.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn put_from(&self, reader: impl Read) -> Result<Blob, LedgerError> {
        self.store(reader, LedgerError::io("read the content for", &self.root))
    }

    fn store(
        &self,
        mut reader: impl Read,
        unreadable: impl FnOnce(io::Error) -> LedgerError,
    ) -> Result<Blob, LedgerError> {
        fs::create_dir_all(&self.root).map_err(LedgerError::io("make", &self.root))?;
        let mut part = Part::create(&self.root).map_err(LedgerError::io("make a file in", &self.root))?;
        let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => &buffer[..read],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(unreadable(e)),
            };
            hash.update(read);
            bytes += read.len() as u64;
            part.file.write_all(read).map_err(LedgerError::io("write", &part.path))?;
        }
        let digest = Digest(hash.finalize().into());
        let path = self.path(digest);
        let now = SystemTime::now();
        // One of another length is damaged, and is replaced.
        if fs::metadata(&path).is_ok_and(|m| m.len() == bytes) {
            // Young again, so that nobody removes what is about to be named. A blob of another user stays as it is.
            let _ = File::open(&path).and_then(|file| file.set_modified(now));
        } else {
            part.publish(&path).map_err(LedgerError::io("write", &path))?;
        }
        Ok(Blob { digest, bytes, put: now })
    }

    /// Opens a content to read it. Its length is not checked: [`Blobs::verify`] does.
    ///
    /// # Errors
    /// When it is not kept or cannot be read.
    pub fn open(&self, digest: Digest) -> Result<File, LedgerError> {
        let path = self.path(digest);
        File::open(&path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => LedgerError::NoBlob { digest, home: self.home() },
            _ => LedgerError::io("open", path)(e),
        })
    }

    /// Reads a content into `out`, and makes sure that it is the one of its name; its length.
    ///
    /// # Errors
    /// When it is not kept, is damaged, or cannot be read or written. What was written by then is to be thrown away.
    pub fn copy(&self, digest: Digest, mut out: impl Write) -> Result<u64, LedgerError> {
        let mut file = self.open(digest)?;
        let path = self.path(digest);
        let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
        loop {
            let read = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => &buffer[..read],
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(LedgerError::io("read", path)(e)),
            };
            hash.update(read);
            bytes += read.len() as u64;
            out.write_all(read).map_err(LedgerError::io("copy", &path))?;
        }
        let found = Digest(hash.finalize().into());
        if found == digest { Ok(bytes) } else { Err(LedgerError::DamagedBlob { path, found }) }
    }

    /// Makes sure that a content is the one of its name; its length.
    ///
    /// # Errors
    /// When it is not kept, is damaged, or cannot be read.
    pub fn verify(&self, digest: Digest) -> Result<u64, LedgerError> {
        self.copy(digest, io::sink())
    }

    /// The length of a content; `None` when it is not kept.
    pub fn length(&self, digest: Digest) -> Option<u64> {
        fs::metadata(self.path(digest)).ok().map(|m| m.len())
    }

    /// All contents, in no order.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub fn list(&self) -> Result<Vec<Blob>, LedgerError> {
        let mut found = Vec::new();
        for (path, metadata) in self.files()? {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            if let Some(digest) = name {
                let put = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push(Blob { digest, bytes: metadata.len(), put });
            }
        }
        Ok(found)
    }

    /// Every file below, with what is known of it.
    pub(crate) fn files(&self) -> Result<Vec<(PathBuf, fs::Metadata)>, LedgerError> {
        let mut found = Vec::new();
        let mut directories = vec![self.root.clone()];
        while let Some(directory) = directories.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(LedgerError::io("list", directory)(e)),
            };
            for entry in entries {
                let entry = entry.map_err(LedgerError::io("list", &directory))?;
                // It may go while it is looked at.
                let Ok(metadata) = entry.metadata() else { continue };
                if metadata.is_dir() {
                    directories.push(entry.path());
                } else {
                    found.push((entry.path(), metadata));
                }
            }
        }
        Ok(found)
    }

    fn home(&self) -> PathBuf {
        self.root.parent().unwrap_or(Path::new(".")).to_owned()
    }
}
