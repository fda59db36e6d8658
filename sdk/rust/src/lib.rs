//! Logs what a Rust program says about its run, for [Aether](https://docs.rs/aether) to show: metrics, events, artifacts.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! let run = aether_client::Run::begin("my-project", "first try")?;
//! for step in 0..100 {
//!     run.log(step, &[("loss", 1.0 / (step + 1) as f64)])?;
//! }
//! run.artifact("model.bin".as_ref(), "model", "model")?;
//! run.finish()
//! # }
//! ```
//!
//! Below `aether run` it logs into that run; else it begins a run of its own. It writes the log of Aether's
//! `docs/format.md` itself. Every call is one `write`: what was said survives `kill -9`; [`Run::sync`] and the run's end
//! make it survive a power cut. A [`Run`] can be shared by threads; a forked child continues in a log of its own.

mod directory;
mod json;
mod log;
mod masking;
mod sha256;

use std::{
    env, fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

pub use json::{Value, fields};

use directory::Owned;
use log::Log;

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something to know.
    Info,
    /// Something to look at.
    Warning,
    /// Something that failed.
    Error,
}

/// A run that this program says something about. Dropped without [`Run::finish`], a run of its own counts as failed if
/// its thread panics, and as done otherwise.
#[derive(Debug)]
pub struct Run {
    home: PathBuf,
    directory: PathBuf,
    session: u32,
    /// None below `aether run`, where the record is the supervisor's.
    owned: Option<Owned>,
    log: Mutex<Log>,
}

impl Run {
    /// The run of `aether run` that this program is in, else a new one of that project and name.
    ///
    /// # Errors
    /// When the home or the log cannot be written.
    pub fn begin(project: &str, name: &str) -> io::Result<Self> {
        let (directory, session, owned) = match variable("AETHER_RUN_DIR") {
            Some(directory) => {
                let session = env::var("AETHER_SESSION").ok().and_then(|s| s.parse().ok()).unwrap_or(0);
                (PathBuf::from(directory), session, None)
            }
            None => {
                let owned = Owned::create(&directory::home()?, project, name)?;
                (owned.directory.clone(), 0, Some(owned))
            }
        };
        // The home is three levels above a run.
        let home = match variable("AETHER_HOME") {
            Some(home) => PathBuf::from(home),
            None => directory.ancestors().nth(3).unwrap_or(&directory).to_owned(),
        };
        let log = Mutex::new(Log::create(&directory, session)?);
        Ok(Self { home, directory, session, owned, log })
    }

    /// The run's directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Says values of metrics at a step, all with the time now.
    ///
    /// # Errors
    /// When the log cannot be written; it stays readable, and the next call tries again.
    pub fn log(&self, step: u64, values: &[(&str, f64)]) -> io::Result<()> {
        self.locked()?.points(step, now(), values)
    }

    /// Says that something happened. `kind` is a short `snake_case` word; the kinds `config`, `summary`, `tags`, `text`,
    /// `image`, `histogram` and `alert` mean what `docs/format.md` says.
    ///
    /// # Errors
    /// As [`Run::log`].
    pub fn event(
        &self,
        kind: &str,
        level: Level,
        step: u64,
        message: &str,
        fields: Vec<(String, Value)>,
    ) -> io::Result<()> {
        self.locked()?.event(now(), kind, level, step, message, fields)
    }

    /// Keeps a file: copies it into the home under its SHA-256, once however often it is said, and says so. Returns the
    /// digest.
    ///
    /// # Errors
    /// When the file cannot be read, or the home or the log not written.
    pub fn artifact(&self, path: &Path, name: &str, kind: &str) -> io::Result<String> {
        let (digest, bytes) = self.keep(path)?;
        let fields = vec![
            ("name".to_owned(), name.into()),
            ("kind".to_owned(), kind.into()),
            ("digest".to_owned(), digest.as_str().into()),
            ("bytes".to_owned(), (bytes as i64).into()),
            ("direction".to_owned(), "output".into()),
        ];
        self.event("artifact", Level::Info, 0, &format!("Artifact {name}"), fields)?;
        Ok(digest)
    }

    fn keep(&self, path: &Path) -> io::Result<(String, u64)> {
        let blobs = self.home.join("blobs");
        fs::create_dir_all(&blobs)?;
        // Hashed while it is copied, so that what is kept is what was hashed, even of a file that is changing.
        let part = blobs.join(format!(".new.{}.{}.part", std::process::id(), now()));
        let copied = copy(path, &part).and_then(|(digest, bytes)| {
            let shelf = blobs.join(&digest[..2]);
            fs::create_dir_all(&shelf)?;
            fs::rename(&part, shelf.join(&digest))?;
            fs::File::open(&shelf)?.sync_all()?;
            Ok((digest, bytes))
        });
        if copied.is_err() {
            // What failed is said; a leftover has a name that says that it is one.
            let _ = fs::remove_file(&part);
        }
        copied
    }

    /// Returns when all that was said before survives a power cut.
    ///
    /// # Errors
    /// When the log cannot be synced.
    pub fn sync(&self) -> io::Result<()> {
        self.locked()?.sync()
    }

    /// Ends the run well. Below `aether run`, that is seen by the supervisor.
    ///
    /// # Errors
    /// When the log cannot be synced or the record not written.
    pub fn finish(mut self) -> io::Result<()> {
        self.end("done", None)
    }

    /// Ends the run as failed, for this reason.
    ///
    /// # Errors
    /// As [`Run::finish`].
    pub fn fail(mut self, reason: &str) -> io::Result<()> {
        self.end("failed", Some(reason))
    }

    fn end(&mut self, state: &str, reason: Option<&str>) -> io::Result<()> {
        self.sync()?;
        match self.owned.take() {
            Some(owned) => owned.end(state, reason),
            None => Ok(()),
        }
    }

    /// The log of this process: a forked child must not write into its parent's.
    fn locked(&self) -> io::Result<MutexGuard<'_, Log>> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if !log.is_this_process() {
            *log = Log::create(&self.directory, self.session)?;
        }
        Ok(log)
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let state = if std::thread::panicking() { "failed" } else { "done" };
        let reason = std::thread::panicking().then_some("the program panicked");
        // Nobody is left to be told.
        let _ = self.end(state, reason);
    }
}

/// Copies a file and syncs the copy; its SHA-256 and length.
fn copy(from: &Path, to: &Path) -> io::Result<(String, u64)> {
    let (mut from, mut to) = (fs::File::open(from)?, fs::File::create(to)?);
    let (mut hash, mut bytes, mut buffer) = (sha256::Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            to.sync_all()?;
            return Ok((hash.finish(), bytes));
        }
        hash.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        bytes += n as u64;
    }
}

fn variable(name: &str) -> Option<std::ffi::OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Nanoseconds since 1970, UTC.
fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}
