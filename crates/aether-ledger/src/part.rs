//! A file in the making whose name, or the time to make that name safe, comes later than
//! [`AtomicFile`](aether_core::AtomicFile) has it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use aether_core::atomic;

/// Dropped without a name, it goes.
pub(crate) struct Part {
    pub(crate) file: File,
    pub(crate) path: PathBuf,
}

impl Part {
    /// Begins a file in `directory`.
    pub(crate) fn create(directory: &Path) -> io::Result<Self> {
        static SERIAL: AtomicU32 = AtomicU32::new(0);
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".new.{}.{serial}.part", std::process::id()));
        let file = File::options().write(true).create(true).truncate(true).open(&path)?;
        Ok(Self { file, path })
    }

    /// Syncs the content and gives it its name, on the same file system. Until the directory is synced, a power cut may
    /// bring back what had the name before, whole.
    pub(crate) fn name(self, destination: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, destination)
    }

    /// Gives it its name while its content is not synced: for what replaces nothing. Who gets the file syncs it.
    pub(crate) fn name_unsynced(self, destination: &Path) -> io::Result<File> {
        let file = self.file.try_clone()?;
        fs::rename(&self.path, destination)?;
        Ok(file)
    }

    /// As [`Part::name`], in a directory that is made if it is not there, and with a name that survives a power cut.
    pub(crate) fn publish(self, destination: &Path) -> io::Result<()> {
        let directory = destination.parent().unwrap_or(Path::new("."));
        if !directory.is_dir() {
            match fs::create_dir(directory) {
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
                _ => atomic::sync_directory(directory.parent().unwrap_or(Path::new(".")))?,
            }
        }
        self.name(destination)?;
        atomic::sync_directory(directory)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Named, it is not there any more.
        let _ = fs::remove_file(&self.path);
    }
}
