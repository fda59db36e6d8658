//! Chromium by its command line, where it is installed: prints a page, or takes a picture of it.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// What it may be called.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The size of a picture, in pixels.
const SIZE: &str = "1280,1800";

/// So much of the page's own time it has to draw, in milliseconds: not of ours.
const TIME: &str = "20000";

/// A browser that is installed.
#[derive(Debug)]
pub(crate) struct Chromium {
    program: PathBuf,
}

/// A page that it can show, in a directory that goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Shown {
    program: PathBuf,
    directory: PathBuf,
}

impl Chromium {
    /// Looks for it in the path.
    ///
    /// # Errors
    /// When it is not there.
    pub(crate) fn find() -> Result<Self, Failure> {
        let path = env::var_os("PATH").unwrap_or_default();
        let places = env::split_paths(&path).flat_map(|place| NAMES.map(|name| place.join(name)));
        let found = places.into_iter().find(|place| place.is_file());
        found.map(|program| Self { program }).ok_or_else(|| {
            Failure::request(
                "there is no Chromium to print with; install it (Debian: apt-get install chromium), or write the page \
                 with -o and print it from a browser",
            )
        })
    }

    /// Takes a page to show it.
    ///
    /// # Errors
    /// When there is no room for it.
    pub(crate) fn show(self, page: &str) -> Result<Shown, Failure> {
        let directory = env::temp_dir().join(format!("aether-report-{}", std::process::id()));
        let failed = |e: io::Error| {
            Failure::work(format!(
                "cannot write in {}: {e}; set TMPDIR to a directory with room",
                directory.display()
            ))
        };
        // Nobody else's: a name in a shared directory may be anybody's trap.
        fs::DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        let shown = Shown { program: self.program, directory: directory.clone() };
        fs::write(directory.join("report.html"), page).map_err(failed)?;
        Ok(shown)
    }
}

impl Shown {
    /// Prints the page to a PDF file.
    ///
    /// # Errors
    /// When the browser does not.
    pub(crate) fn print(&self, file: &Path) -> Result<(), Failure> {
        self.ask("--print-to-pdf=", "report.pdf", &["--no-pdf-header-footer"], file)
    }

    /// Takes a picture of the page's upper part to a PNG file.
    ///
    /// # Errors
    /// When the browser does not.
    pub(crate) fn picture(&self, file: &Path) -> Result<(), Failure> {
        let size = format!("--window-size={SIZE}");
        self.ask("--screenshot=", "report.png", &["--hide-scrollbars", &size], file)
    }

    fn ask(&self, what: &str, name: &str, options: &[&str], file: &Path) -> Result<(), Failure> {
        let made = self.directory.join(name);
        let mut command = Command::new(&self.program);
        command
            .args(["--headless", "--disable-gpu", "--disable-extensions", "--no-first-run"])
            .arg(format!("--virtual-time-budget={TIME}"))
            .arg(format!("--user-data-dir={}", self.directory.join("profile").display()))
            .arg(format!("{what}{}", made.display()))
            .args(options);
        // It refuses to work for root with its sandbox. What it shows is made here, and loads nothing.
        if rustix::process::geteuid().is_root() {
            command.arg("--no-sandbox");
        }
        command
            .arg(self.directory.join("report.html"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let failed = |why: String| Failure::work(format!("{} made no {name}: {why}", self.program.display()));
        let done = command.output().map_err(|e| failed(e.to_string()))?;
        if !made.is_file() {
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            return Err(failed(said.lines().last().unwrap_or("it said nothing").to_owned()));
        }
        fs::copy(&made, file)
            .map(drop)
            .map_err(|e| Failure::work(format!("cannot write {}: {e}; name another file", file.display())))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // It is a temporary file's place: whoever cleans those takes it.
        let _ = fs::remove_dir_all(&self.directory);
    }
}
