//! The one way in which a file that matters is replaced: written beside its destination, synced, renamed, and the
//! directory synced. After a power cut the destination holds the old content or the new, never a part of either.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A file in the making. It holds its destination, so it can only be published beside where it was written: a rename
/// across file systems, which is a copy and can tear, is impossible. Dropped unpublished, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    file: Option<File>,
    beside: PathBuf,
    destination: PathBuf,
}

impl AtomicFile {
    /// Begins a new content for `destination`, whose directory must exist.
    ///
    /// # Errors
    /// When the directory does not take a new file.
    pub fn create(destination: impl Into<PathBuf>) -> io::Result<Self> {
        // What the process's mask takes from that, as of every file.
        Self::begin(destination.into(), 0o666)
    }

    /// The same for a secret: from its first byte on, nobody but the owner may read or write it.
    ///
    /// # Errors
    /// As [`AtomicFile::create`].
    pub fn create_private(destination: impl Into<PathBuf>) -> io::Result<Self> {
        Self::begin(destination.into(), 0o600)
    }

    fn begin(destination: PathBuf, mode: u32) -> io::Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let name = destination
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the destination has no file name"))?;
        // The process and a count keep two writers of one destination apart; the leading dot keeps it out of listings.
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let beside = destination.with_file_name(format!(
            ".{}.{}.{serial}.part",
            name.to_string_lossy(),
            std::process::id()
        ));
        // What a crash left under this name has its own mode, and others may have it open.
        let _ = fs::remove_file(&beside);
        let file = File::options().write(true).create_new(true).mode(mode).open(&beside)?;
        Ok(Self { file: Some(file), beside, destination })
    }

    /// Where it will be published.
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Syncs the content, gives it its name and syncs the directory.
    ///
    /// # Errors
    /// When any of the three fails; the destination then holds what it held before.
    pub fn publish(mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        fs::rename(&self.beside, &self.destination)?;
        self.beside.clear();
        sync_directory(self.destination.parent().unwrap_or(Path::new(".")))
    }

    /// Replaces `destination` by `content` in one call.
    ///
    /// # Errors
    /// As [`AtomicFile::create`] and [`AtomicFile::publish`].
    pub fn write(destination: impl Into<PathBuf>, content: &[u8]) -> io::Result<()> {
        Self::create(destination)?.publish_all(content)
    }

    /// Replaces `destination` by a secret in one call.
    ///
    /// # Errors
    /// As [`AtomicFile::create_private`] and [`AtomicFile::publish`].
    pub fn write_private(destination: impl Into<PathBuf>, content: &[u8]) -> io::Result<()> {
        Self::create_private(destination)?.publish_all(content)
    }

    fn publish_all(mut self, content: &[u8]) -> io::Result<()> {
        self.write_all(content)?;
        self.publish()
    }
}

/// Makes the names in `directory` survive a power cut.
///
/// # Errors
/// When the directory cannot be opened or synced.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.beside.as_os_str().is_empty() {
            // Nothing more can be done about a leftover than to leave it: its name says that it is one.
            let _ = fs::remove_file(&self.beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn published_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.json");
        AtomicFile::write(&path, b"old").unwrap();
        let mut half = AtomicFile::create(&path).unwrap();
        half.write_all(b"ne").unwrap();
        drop(half);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        AtomicFile::write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no leftover");
    }

    #[test]
    fn a_secret_is_its_owners_alone_from_the_first_byte_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        // What earlier processes with this one's number left, open to all.
        for serial in 0..64 {
            let left = dir.path().join(format!(".key.{}.{serial}.part", std::process::id()));
            fs::write(&left, "left").unwrap();
            fs::set_permissions(&left, fs::Permissions::from_mode(0o666)).unwrap();
        }
        let secret = AtomicFile::create_private(&path).unwrap();
        assert_eq!(mode(&secret.beside), 0o600);
        secret.publish_all(b"secret").unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"secret".to_vec()));
        AtomicFile::write_private(&path, b"other").unwrap();
        assert_eq!((mode(&path), fs::read(&path).unwrap()), (0o600, b"other".to_vec()));
    }
}
