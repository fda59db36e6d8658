//! A file of columns, read but not yet encoded: one number for each cell.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DataError;

/// The most categories a feature may have: each becomes an input.
const MOST_CATEGORIES: usize = 1024;

/// The most classes a target may have; whole numbers up to it are exact in 32 bits.
const MOST_CLASSES: usize = 1 << 20;

/// What to do with cells that are missing or infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NanCells {
    /// Refuse the file, naming the cell.
    #[default]
    Error,
    /// Take missing ones as NaN and infinite ones as they are; the NaN policy of the training meets them.
    Keep,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
}

/// A column that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) name: String,
    /// `None`: as its cells look.
    pub(super) kind: Option<Kind>,
}

/// The columns that are asked for.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    pub(super) features: Vec<Wanted>,
    pub(super) targets: Vec<Wanted>,
}

/// One column of a frame.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) name: String,
    /// Its place in the file.
    pub(super) source: usize,
    /// The texts of a text column; `None` is a column of numbers.
    pub(super) texts: Option<Dictionary>,
}

/// Distinct texts in the order of their first use. Cells of a text column are places in it, exact in 32 bits.
#[derive(Debug)]
pub(super) struct Dictionary {
    places: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    limit: usize,
}

impl Dictionary {
    fn new(limit: usize) -> Self {
        Self { places: HashMap::new(), texts: Vec::new(), limit }
    }

    /// An empty one for classes.
    pub(super) fn of_classes() -> Self {
        Self::new(MOST_CLASSES)
    }

    /// The cell that stands for `text`, in the column that messages call `column`.
    pub(super) fn cell(&mut self, text: &str, column: &str) -> Result<f32, DataError> {
        if let Some(&place) = self.places.get(text) {
            return Ok(place as f32);
        }
        let place = self.texts.len();
        if place == self.limit {
            return Err(DataError::TooManyCategories { column: column.to_owned(), limit: self.limit });
        }
        self.places.insert(text.into(), place as u32);
        self.texts.push(text.into());
        Ok(place as f32)
    }

    /// The text that `cell` stands for.
    pub(super) fn text(&self, cell: f32) -> &str {
        &self.texts[cell as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}

impl Slot {
    pub(super) fn feature(name: &str, source: usize, kind: Kind) -> Self {
        Self::new(name, source, kind, MOST_CATEGORIES)
    }

    pub(super) fn target(name: &str, source: usize, kind: Kind) -> Self {
        Self::new(name, source, kind, MOST_CLASSES)
    }

    fn new(name: &str, source: usize, kind: Kind, limit: usize) -> Self {
        let texts = (kind == Kind::Text).then(|| Dictionary::new(limit));
        Self { name: name.to_owned(), source, texts }
    }
}

/// Which line each row stands in. Rows mostly follow each other line by line, so only the exceptions are kept.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Rows from which on `line - row` is another number, and that number.
    offsets: Vec<(usize, u64)>,
}

impl Lines {
    pub(super) fn push(&mut self, row: usize, line: u64) {
        let offset = line.saturating_sub(row as u64);
        if self.offsets.last().is_none_or(|&(_, last)| last != offset) {
            self.offsets.push((row, offset));
        }
    }

    pub(super) fn of(&self, row: usize) -> u64 {
        let before = self.offsets.partition_point(|&(first, _)| first <= row);
        let offset = before.checked_sub(1).map_or(1, |place| self.offsets[place].1);
        row as u64 + offset
    }
}

/// Columns of a file in memory.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) path: PathBuf,
    pub(super) rows: usize,
    pub(super) lines: Lines,
    pub(super) features: Vec<Slot>,
    pub(super) targets: Vec<Slot>,
    /// `[rows, features]`, row-major.
    pub(super) cells: Vec<f32>,
    /// `[rows, targets]`, row-major.
    pub(super) target_cells: Vec<f32>,
}

impl Frame {
    pub(super) fn new(path: &Path, features: Vec<Slot>, targets: Vec<Slot>) -> Self {
        Self {
            path: path.to_owned(),
            rows: 0,
            lines: Lines::default(),
            features,
            targets,
            cells: Vec::new(),
            target_cells: Vec::new(),
        }
    }

    /// Refuses a frame without rows.
    pub(super) fn filled(self) -> Result<Self, DataError> {
        if self.rows == 0 {
            return Err(DataError::NoSamples { path: self.path });
        }
        Ok(self)
    }
}

/// Where a cell stands, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) path: &'a Path,
    pub(super) line: u64,
    pub(super) column: &'a str,
}

impl Cell<'_> {
    pub(super) fn not_a_number(self, text: &str) -> DataError {
        let (path, line, column) = self.owned();
        DataError::NotANumber { path, line, column, text: text.to_owned() }
    }

    pub(super) fn missing(self, text: &str) -> DataError {
        let (path, line, column) = self.owned();
        DataError::MissingValue { path, line, column, text: text.to_owned() }
    }

    pub(super) fn infinite(self, text: &str) -> DataError {
        let (path, line, column) = self.owned();
        DataError::InfiniteValue { path, line, column, text: text.to_owned() }
    }

    pub(super) fn not_text(self) -> DataError {
        let (path, line, column) = self.owned();
        DataError::NotText { path, line, column }
    }

    fn owned(self) -> (PathBuf, u64, String) {
        (self.path.to_owned(), self.line, self.column.to_owned())
    }
}
