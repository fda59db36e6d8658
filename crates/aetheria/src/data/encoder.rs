//! How raw cells become numbers: fitted on the training split, written into every snapshot, applied again to every
//! later row.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::frame::{Frame, Kind, NanCells, Selection, Slot, Wanted};
use super::roles::missing_column;
use super::{DataError, csv, parquet};

/// What turns a row of cells into a model's input. It serializes to JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    /// The columns of a row that are looked at, in the order of the inputs they become.
    pub features: Vec<Feature>,
    /// Whether columns go by their place instead of their names, because they never had any.
    pub by_place: bool,
}

/// One column and what it becomes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Feature {
    /// One input: `(value - mean) / scale`.
    Number {
        /// The column's name.
        name: String,
        /// Subtracted first; 0 if the column is not standardised.
        mean: f32,
        /// Divided by; 1 if the column is not standardised.
        scale: f32,
    },
    /// One input for each category, 1 for the row's own and 0 for the others.
    Category {
        /// The column's name.
        name: String,
        /// The categories of the training split, sorted.
        categories: Vec<String>,
        /// Whether one more input, the last, stands for all other categories; else they are an error.
        bucket: bool,
    },
}

impl Feature {
    /// The column's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number { name, .. } | Self::Category { name, .. } => name,
        }
    }

    /// How many inputs it becomes.
    pub fn width(&self) -> usize {
        match self {
            Self::Number { .. } => 1,
            Self::Category { categories, bucket, .. } => categories.len() + usize::from(*bucket),
        }
    }
}

/// Encoded rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// How many.
    pub count: usize,
    /// Inputs in a row.
    pub width: usize,
    /// `[count, width]`, row-major.
    pub cells: Vec<f32>,
}

/// How an encoder is fitted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    pub(super) standardize: bool,
    /// Whether categories get a bucket for others.
    pub(super) bucket: bool,
}

impl Encoder {
    /// `count` columns without names, each divided by `scale`.
    pub fn plain(count: usize, scale: f32) -> Self {
        let feature = |place| Feature::Number { name: format!("x{place}"), mean: 0.0, scale };
        Self { features: (0..count).map(feature).collect(), by_place: true }
    }

    /// How many inputs a row becomes.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    /// Encodes a CSV file, or a Parquet file if its name ends in `.parquet`. Columns that are not features are
    /// ignored.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a feature, or has a cell that cannot be encoded.
    pub fn encode_file(&self, path: &Path) -> Result<Rows, DataError> {
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
            let select = |names: &[String]| self.select(path, names);
            return self.apply(parquet::read(path, NanCells::Error, select)?);
        }
        let file = std::fs::File::open(path).map_err(DataError::io(path))?;
        self.encode_csv(path, file)
    }

    /// Encodes a CSV file that messages call `path`. Columns that are not features are ignored.
    ///
    /// # Errors
    /// When the file cannot be read, lacks a feature, or has a cell that cannot be encoded.
    pub fn encode_csv(&self, path: &Path, input: impl Read) -> Result<Rows, DataError> {
        let format = csv::Format { delimiter: None, nan_cells: NanCells::Error, by_place: self.by_place };
        self.apply(csv::read(path, input, format, |names| self.select(path, names))?)
    }

    /// The columns that the features are, among those that there are.
    pub(super) fn select(&self, path: &Path, names: &[String]) -> Result<Selection, DataError> {
        if self.by_place && names.len() != self.features.len() {
            let problem = format!("expected {} columns, found {}", self.features.len(), names.len());
            return Err(DataError::Parameter { name: path.display().to_string(), problem });
        }
        let wanted = |(place, feature): (usize, &Feature)| {
            let name = if self.by_place { &names[place] } else { feature.name() };
            if !names.iter().any(|known| known == name) {
                return Err(missing_column(path, name, names));
            }
            let kind = match feature {
                Feature::Number { .. } => Kind::Number,
                Feature::Category { .. } => Kind::Text,
            };
            Ok(Wanted { name: name.to_owned(), kind: Some(kind) })
        };
        let features = self.features.iter().enumerate().map(wanted).collect::<Result<_, _>>()?;
        Ok(Selection { features, targets: Vec::new() })
    }

    /// Learns means, scales and categories from the rows `rows` of `frame`.
    pub(super) fn fit(frame: &Frame, rows: &[u32], fit: Fit) -> Self {
        let numbers = if fit.standardize { standardization(frame, rows) } else { Vec::new() };
        let feature = |(column, slot): (usize, &Slot)| {
            let name = slot.name.clone();
            match &slot.texts {
                None => {
                    let (mean, scale) = numbers.get(column).copied().unwrap_or((0.0, 1.0));
                    Feature::Number { name, mean, scale }
                }
                Some(texts) => {
                    let mut used = vec![false; texts.len()];
                    for &row in rows {
                        used[frame.cells[row as usize * frame.features.len() + column] as usize] = true;
                    }
                    let used = texts.iter().zip(used).filter_map(|(text, used)| used.then_some(text));
                    let mut categories: Vec<String> = used.map(str::to_owned).collect();
                    categories.sort_unstable();
                    Feature::Category { name, categories, bucket: fit.bucket }
                }
            }
        };
        Self { features: frame.features.iter().enumerate().map(feature).collect(), by_place: false }
    }

    /// Encodes a frame whose columns are this encoder's features.
    pub(super) fn apply(&self, frame: Frame) -> Result<Rows, DataError> {
        let (count, width) = (frame.rows, self.width());
        let codes: Vec<Code> =
            self.features.iter().zip(&frame.features).map(|(f, slot)| Code::new(f, slot)).collect();
        let columns = codes.len();
        if codes.iter().all(|code| matches!(code, Code::Number { .. })) {
            // As many inputs as cells: they take their place, and nothing is copied.
            let mut cells = frame.cells;
            for row in cells.chunks_exact_mut(columns) {
                for (cell, code) in row.iter_mut().zip(&codes) {
                    if let Code::Number { mean, scale } = code {
                        *cell = (*cell - mean) / scale;
                    }
                }
            }
            return Ok(Rows { count, width, cells });
        }
        let mut cells = Vec::with_capacity(count * width);
        for (row, from) in frame.cells.chunks_exact(columns).enumerate() {
            for (column, (&cell, code)) in from.iter().zip(&codes).enumerate() {
                match code {
                    Code::Number { mean, scale } => cells.push((cell - mean) / scale),
                    Code::Category { width, inputs } => {
                        let Some(input) = inputs[cell as usize] else {
                            return Err(self.unseen(&frame, row, column));
                        };
                        let first = cells.len();
                        cells.resize(first + width, 0.0);
                        cells[first + input] = 1.0;
                    }
                }
            }
        }
        Ok(Rows { count, width, cells })
    }

    fn unseen(&self, frame: &Frame, row: usize, column: usize) -> DataError {
        let slot = &frame.features[column];
        let cell = frame.cells[row * frame.features.len() + column];
        let known = match &self.features[column] {
            Feature::Category { categories, .. } => categories.as_slice(),
            Feature::Number { .. } => &[],
        };
        DataError::UnseenCategory {
            path: frame.path.clone(),
            line: frame.lines.of(row),
            column: slot.name.clone(),
            category: slot.texts.as_ref().map(|texts| texts.text(cell).to_owned()).unwrap_or_default(),
            known: super::error::abridged(known),
        }
    }
}

/// How the cells of one column of one frame become inputs.
enum Code {
    Number {
        mean: f32,
        scale: f32,
    },
    Category {
        width: usize,
        /// The input of each text of the frame; `None` was unseen in training.
        inputs: Vec<Option<usize>>,
    },
}

impl Code {
    fn new(feature: &Feature, slot: &Slot) -> Self {
        match feature {
            Feature::Number { mean, scale, .. } => Self::Number { mean: *mean, scale: *scale },
            Feature::Category { categories, bucket, .. } => {
                let other = bucket.then_some(categories.len());
                let input = |text: &str| categories.binary_search_by(|c| c.as_str().cmp(text)).ok().or(other);
                let texts = slot.texts.iter().flat_map(|texts| texts.iter());
                Self::Category { width: feature.width(), inputs: texts.map(input).collect() }
            }
        }
    }
}

/// The mean and the standard deviation (of the population, as scikit-learn's `StandardScaler`) of each column over
/// `rows`; missing cells do not count. A constant column is only centred.
fn standardization(frame: &Frame, rows: &[u32]) -> Vec<(f32, f32)> {
    let columns = frame.features.len();
    let mut counts = vec![0u32; columns];
    let mut means = vec![0.0; columns];
    let mut squares = vec![0.0; columns];
    let row = |row: u32| &frame.cells[row as usize * columns..][..columns];
    for &index in rows {
        for ((&cell, count), mean) in row(index).iter().zip(&mut counts).zip(&mut means) {
            if cell.is_finite() {
                *count += 1;
                *mean += f64::from(cell);
            }
        }
    }
    for (mean, &count) in means.iter_mut().zip(&counts) {
        *mean /= f64::from(count.max(1));
    }
    for &index in rows {
        for ((&cell, mean), square) in row(index).iter().zip(&means).zip(&mut squares) {
            if cell.is_finite() {
                *square += (f64::from(cell) - mean).powi(2);
            }
        }
    }
    let scale = |(square, count): (f64, u32)| {
        let deviation = (square / f64::from(count.max(1))).sqrt() as f32;
        // Not a number of this column is known to more than 24 bits: below that, it is constant but for rounding.
        if deviation > 0.0 { deviation } else { 1.0 }
    };
    means
        .iter()
        .zip(squares.into_iter().zip(counts))
        .map(|(&mean, rest)| (mean as f32, scale(rest)))
        .collect()
}
