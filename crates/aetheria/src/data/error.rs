//! What can be wrong with data, and what to do about it.

use std::path::PathBuf;

/// Why data cannot be read or cannot be learned from. Lines are counted from 1, as editors do.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has no content.
    #[error("{} is empty: expected a header line with column names, then one sample a line", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// The file has a header and nothing else.
    #[error("{} has a header but no samples", path.display())]
    NoSamples {
        /// Which file.
        path: PathBuf,
    },
    /// The first line holds numbers only.
    #[error("{}: line 1 holds only numbers: add a header line with column names above it", path.display())]
    NoHeader {
        /// Which file.
        path: PathBuf,
    },
    /// A column that is needed does not exist.
    #[error("{} has no column `{column}`{}; it has {available}", path.display(), nearest(nearby))]
    MissingColumn {
        /// Which file.
        path: PathBuf,
        /// The column asked for.
        column: String,
        /// The most similar name there is.
        nearby: Option<String>,
        /// The columns there are.
        available: String,
    },
    /// Two columns have one name.
    #[error("{} has two columns named `{column}`: rename one in the header", path.display())]
    DuplicateColumn {
        /// Which file.
        path: PathBuf,
        /// Their name.
        column: String,
    },
    /// One column is given two roles that exclude each other, or one role twice.
    #[error("column `{column}` is listed as {first} and as {second}: list it once")]
    RoleConflict {
        /// Which column.
        column: String,
        /// One role.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Nothing is left to learn from.
    #[error("{} has no feature columns: every column is a target or ignored", path.display())]
    NoFeatures {
        /// Which file.
        path: PathBuf,
    },
    /// A line has more or fewer cells than the header.
    #[error("{} line {line}: {found} cells, but the header has {expected}: mend the line, or quote cells that hold the delimiter", path.display())]
    Ragged {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// Cells in the line.
        found: usize,
        /// Cells in the header.
        expected: usize,
    },
    /// A file that is not text.
    #[error("{} line {line}, column `{column}`: not UTF-8: convert the file (iconv -t utf-8)", path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
    },
    /// A cell of a numeric column is no number.
    #[error("{} line {line}, column `{column}`: `{text}` is not a number: mend it, or list `{column}` under `categorical` or `ignore`", path.display())]
    NotANumber {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A cell is empty, `NaN`, `NA` or the like.
    #[error("{} line {line}, column `{column}`: {}: fill it in, drop the line, or set `nan_cells: keep`", path.display(), missing(text))]
    MissingValue {
        /// Which file.
        path: PathBuf,
        /// Which line (of a Parquet file, which row).
        line: u64,
        /// Which column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A cell is infinite, or too large for 32 bits.
    #[error("{} line {line}, column `{column}`: `{text}` is not finite as a 32-bit number: mend it, or set `nan_cells: keep`", path.display())]
    InfiniteValue {
        /// Which file.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// Which column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A class that training never saw.
    #[error("{} line {line}: class `{class}` of `{column}` does not occur in the training split, so it cannot be learned: the classes there are {known}", path.display())]
    UnseenClass {
        /// Which file.
        path: PathBuf,
        /// Its first line with that class.
        line: u64,
        /// The target column.
        column: String,
        /// The class.
        class: String,
        /// The classes of the training split.
        known: String,
    },
    /// A category that training never saw.
    #[error("{} line {line}, column `{column}`: category `{category}` does not occur in the training split: train with `unknown: bucket` to accept such, or mend it ({known})", path.display())]
    UnseenCategory {
        /// Which file.
        path: PathBuf,
        /// Its first line with that category.
        line: u64,
        /// Which column.
        column: String,
        /// The category.
        category: String,
        /// The categories of the training split.
        known: String,
    },
    /// A column has too many different texts.
    #[error(
        "column `{column}` holds more than {limit} different texts: list it under `ignore`, or mend the cells of it that should be numbers"
    )]
    TooManyCategories {
        /// Which column.
        column: String,
        /// As many are allowed: a feature's categories become an input each.
        limit: usize,
    },
    /// Every training sample is of the same class.
    #[error("{}: every training sample has the class `{class}` in `{column}`: nothing can be learned from one class; check `target`", path.display())]
    OneClass {
        /// Which file.
        path: PathBuf,
        /// The target column.
        column: String,
        /// That class.
        class: String,
    },
    /// The validation split would be empty, or the training split.
    #[error("{name}: `validation: {fraction}` of {samples} samples leaves {} empty: give another fraction", if *fraction > 0.5 { "training" } else { "validation" })]
    EmptySplit {
        /// The data set.
        name: String,
        /// The fraction asked for.
        fraction: f64,
        /// How many samples there are.
        samples: usize,
    },
    /// Fewer training samples than one batch takes.
    #[error(
        "{name} has {samples} training samples, fewer than one batch of {batch_size}: set `batch_size` to {samples} or less"
    )]
    SmallerThanBatch {
        /// The data set.
        name: String,
        /// How many training samples there are.
        samples: usize,
        /// Samples in a batch.
        batch_size: usize,
    },
    /// Columns that do not hold the samples they should.
    #[error("{name}: its {side} column holds {found} elements of {count} samples: expected {expected}")]
    Shape {
        /// The data set.
        name: String,
        /// `input` or `target`.
        side: &'static str,
        /// Elements in the column, and their type.
        found: String,
        /// How many samples there should be.
        count: usize,
        /// Elements expected, and their type.
        expected: String,
    },
    /// More samples than can be numbered.
    #[error("{name} has {samples} samples: at most {} can be numbered", u32::MAX)]
    TooManySamples {
        /// The data set.
        name: String,
        /// How many samples there are.
        samples: usize,
    },
    /// A parameter that makes no sense for this data.
    #[error("{name}: {problem}")]
    Parameter {
        /// The data set.
        name: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A file that is not what its kind promises.
    #[error("{} is not a readable {format} file: {problem}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// `Parquet`, `npy`, `npz`.
        format: &'static str,
        /// What the reader says.
        problem: String,
    },
    /// A column or array whose type cannot become numbers.
    #[error("{}: {what} is {found}, which is not supported: {fix}", path.display())]
    UnsupportedType {
        /// Which file.
        path: PathBuf,
        /// Which column or array.
        what: String,
        /// Its type or shape.
        found: String,
        /// What to do instead.
        fix: String,
    },
    /// An element of an array is NaN or infinite, or too large for 32 bits.
    #[error("{}: `{array}` is {value} at {index:?}: mend it, or set `nan_cells: keep`", path.display())]
    NotFinite {
        /// Which file.
        path: PathBuf,
        /// Which array.
        array: String,
        /// Where, row-major.
        index: Vec<usize>,
        /// What stands there.
        value: f64,
    },
    /// An archive without the array asked for.
    #[error("{} has no array `{key}`; it has {available}", path.display())]
    MissingArray {
        /// Which file.
        path: PathBuf,
        /// The array asked for.
        key: String,
        /// The arrays there are.
        available: String,
    },
}

impl DataError {
    pub(crate) fn io(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}

fn nearest(nearby: &Option<String>) -> String {
    nearby.as_ref().map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

fn missing(text: &str) -> String {
    if text.is_empty() { "the cell is empty".to_owned() } else { format!("`{text}` is no value") }
}

/// The first of `names`, for a message.
pub(super) fn abridged(names: &[impl AsRef<str>]) -> String {
    const SHOWN: usize = 12;
    let mut list =
        names.iter().take(SHOWN).map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        list.push_str(&format!(" and {} more", names.len() - SHOWN));
    }
    list
}
