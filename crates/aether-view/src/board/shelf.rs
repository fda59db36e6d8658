//! The boards of a home: `$AETHER_HOME/boards/NAME.yaml`.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aether_core::{AtomicFile, ConfigError, suggest};
use aether_ledger::Home;

use super::{Board, arranged};

/// Where a home keeps its boards.
#[derive(Debug, Clone)]
pub struct Boards {
    directory: PathBuf,
}

/// Why a board was not read, kept or removed.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A name that is no file's.
    #[error(
        "'{}' cannot name a board; use up to 100 letters, digits, spaces, and - _ . inside", .0.escape_debug()
    )]
    Name(String),
    /// There is no such board.
    #[error("there is no board '{}'{help}", name.escape_debug())]
    Unknown {
        /// What it was called.
        name: String,
        /// What there is.
        help: String,
    },
    /// The file says something that is not allowed.
    #[error(transparent)]
    Content(#[from] ConfigError),
    /// The file could not be read or written.
    #[error("cannot {doing} the board {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ShelfError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { doing, path, source }
    }
}

impl Boards {
    /// Those of `home`.
    pub fn of(home: &Home) -> Self {
        Self { directory: home.path().join("boards") }
    }

    /// The file of a board, which need not be there. No name leads out of the home.
    ///
    /// # Errors
    /// When the name is not one.
    pub fn path(&self, name: &str) -> Result<PathBuf, ShelfError> {
        let fits = (1..=100).contains(&name.len())
            && !name.starts_with(['.', '-', ' '])
            && !name.ends_with(' ')
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' '));
        if !fits {
            return Err(ShelfError::Name(name.to_owned()));
        }
        Ok(self.directory.join(format!("{name}.yaml")))
    }

    /// Their names, ascending.
    ///
    /// # Errors
    /// When the directory cannot be listed; without one there are none.
    pub fn names(&self) -> Result<Vec<String>, ShelfError> {
        let listed = match fs::read_dir(&self.directory) {
            Ok(listed) => listed,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(ShelfError::io("list", &self.directory)(e)),
        };
        let mut names = Vec::new();
        for entry in listed {
            let entry = entry.map_err(ShelfError::io("list", &self.directory))?;
            let name = entry.file_name().into_string().ok();
            let name = name.as_deref().and_then(|name| name.strip_suffix(".yaml"));
            names.extend(name.filter(|name| self.path(name).is_ok()).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// The text of a board's file.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn text(&self, name: &str) -> Result<String, ShelfError> {
        let path = self.path(name)?;
        match fs::read_to_string(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(self.unknown(name)),
            text => text.map_err(ShelfError::io("read", &path)),
        }
    }

    /// A board.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or is no board.
    pub fn load(&self, name: &str) -> Result<Board, ShelfError> {
        let text = self.text(name)?;
        Ok(Board::parse(&self.path(name)?.display().to_string(), &text)?)
    }

    /// Keeps a board, in place of the one that had its name. Where nothing but the places of its panels changed, the rest
    /// of its file stays as somebody wrote it; else the file is written anew.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, name: &str, board: &Board) -> Result<(), ShelfError> {
        let kept = self.text(name).ok().and_then(|text| arranged(&text, board));
        self.save_text(name, &kept.map_or_else(|| board.to_yaml(), Ok)?)
    }

    /// Whether [`save`](Self::save) would lose something that somebody wrote into the file: comments, or how it is laid
    /// out.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn loses(&self, name: &str, board: &Board) -> Result<bool, ShelfError> {
        let text = match self.text(name) {
            Err(ShelfError::Unknown { .. }) => return Ok(false),
            text => text?,
        };
        let plain = |text: &str| Board::parse(name, text).and_then(|now| now.to_yaml());
        Ok(arranged(&text, board).is_none() && !plain(&text).is_ok_and(|plain| plain == text))
    }

    /// Keeps a board as somebody wrote it, comments and all, once it was read as one.
    ///
    /// # Errors
    /// When it is no board, or cannot be written.
    pub fn save_text(&self, name: &str, text: &str) -> Result<(), ShelfError> {
        Board::parse(&format!("{name}.yaml"), text)?;
        let path = self.path(name)?;
        fs::create_dir_all(&self.directory).map_err(ShelfError::io("make the directory of", &path))?;
        AtomicFile::write(&path, text.as_bytes()).map_err(ShelfError::io("write", &path))
    }

    /// Removes a board.
    ///
    /// # Errors
    /// When there is none, or it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), ShelfError> {
        let path = self.path(name)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Err(self.unknown(name)),
            removed => removed.map_err(ShelfError::io("remove", &path)),
        }
    }

    fn unknown(&self, name: &str) -> ShelfError {
        let names = self.names().unwrap_or_default();
        let help = match suggest::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("; did you mean '{near}'?"),
            None if names.is_empty() => "; a home's boards are the files boards/NAME.yaml in it".to_owned(),
            None => format!("; there are {}", names.join(", ")),
        };
        ShelfError::Unknown { name: name.to_owned(), help }
    }
}
