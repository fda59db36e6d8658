//! The sources `csv` and `parquet`: a table in a file.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::classes::{self, Classes};
use super::csv;
use super::encoder::{Encoder, Fit};
use super::frame::{Frame, Kind, NanCells, Selection, Slot, Wanted};
use super::holdout::DEFAULT_SHARE;
use super::parquet;
use super::roles::{OneOrMore, Roles, Task, missing_column};
use super::{
    Column, DType, DataError, DataSource, DataSpec, Dataset, Field, Holdout, Origin, Samples, Validation,
};

/// What happens to a category that the training split does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// An error that names it.
    #[default]
    Error,
    /// It goes into an input of its own, together with all others like it.
    Bucket,
}

/// A table in a CSV file.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Csv(pub TableOptions);

/// A table in a Parquet file.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Parquet(pub TableOptions);

impl DataSource for Csv {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        TableFile { format: FileFormat::Csv, options: &self.0 }.load(from)
    }
}

impl DataSource for Parquet {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        TableFile { format: FileFormat::Parquet, options: &self.0 }.load(from)
    }
}

/// Where a table is and what its columns are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableOptions {
    /// The file, from the experiment's directory.
    pub path: PathBuf,
    /// The column, or the columns, to predict.
    pub target: OneOrMore,
    /// The columns to predict from; all others if not given.
    pub features: Option<Vec<String>>,
    /// Columns to leave out.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Features that are categories though they may look like numbers. Text is always a category.
    #[serde(default)]
    pub categorical: Vec<String>,
    /// What the target is; as it looks if not given.
    pub task: Option<Task>,
    /// Whether features that are numbers get mean 0 and standard deviation 1, as of the training split.
    #[serde(default = "yes")]
    pub standardize: bool,
    /// What to measure on; a fifth of the samples if not given.
    pub validation: Option<Validation>,
    /// Whether each class gives the same share to validation.
    #[serde(default = "yes")]
    pub stratify: bool,
    /// What happens to a category that the training split does not have.
    #[serde(default)]
    pub unknown: Unknown,
    /// What happens to cells that are missing or infinite.
    #[serde(default)]
    pub nan_cells: NanCells,
    /// Of what is held out; else the experiment's.
    pub seed: Option<u64>,
    /// What separates the cells of a CSV file; if not given, the one of `,`, `;`, tab and `|` that its header uses
    /// most.
    pub delimiter: Option<char>,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Copy)]
enum FileFormat {
    Csv,
    Parquet,
}

/// A table in a file of either kind.
struct TableFile<'a> {
    format: FileFormat,
    options: &'a TableOptions,
}

impl TableFile<'_> {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        let options = self.options;
        let path = from.resolve(&options.path);
        let name = options.path.display().to_string();
        let roles = Roles {
            target: options.target.names(),
            features: options.features.as_deref(),
            ignore: &options.ignore,
            categorical: &options.categorical,
            task: options.task,
        };
        let mut frame = self.read(&path, |names| roles.select(&path, names))?;
        let classify = match options.task {
            Some(task) => task == Task::Classification,
            None => classes::looks_like_classes(&frame),
        };
        if classify {
            classes::numbers_to_texts(&mut frame)?;
        }
        let holdout = self.holdout(&name, &frame, classify, options.seed.unwrap_or(from.seed))?;

        let classes = classify.then(|| Classes::fit(&frame, &holdout.train)).transpose()?;
        let bucket = options.unknown == Unknown::Bucket;
        let encoder = Encoder::fit(&frame, &holdout.train, Fit { standardize: options.standardize, bucket });
        let spec = spec(&encoder, frame.targets.len(), classes.as_ref());
        let validation = match &options.validation {
            None | Some(Validation::Share(_)) => None,
            Some(Validation::File(other)) => {
                let path = from.resolve(other);
                let frame = self.read_again(&path, &frame, classify)?;
                Some(encode(&path.display().to_string(), &spec, &encoder, classes.as_ref(), frame)?)
            }
        };
        let samples = encode(&name, &spec, &encoder, classes.as_ref(), frame)?;
        Ok(match validation {
            Some(validation) => Dataset::of_two(name, spec, samples, validation, Some(encoder)),
            None => Dataset::of_one(name, spec, samples, holdout, Some(encoder)),
        })
    }

    fn read(
        &self,
        path: &Path,
        select: impl FnOnce(&[String]) -> Result<Selection, DataError>,
    ) -> Result<Frame, DataError> {
        let nan_cells = self.options.nan_cells;
        let delimiter = match self.options.delimiter {
            None => None,
            Some(delimiter) if delimiter.is_ascii() => Some(delimiter as u8),
            Some(_) => return Err(self.bad_delimiter("must be an ASCII character")),
        };
        match self.format {
            FileFormat::Csv => {
                csv::read_file(path, csv::Format { delimiter, nan_cells, by_place: false }, select)
            }
            FileFormat::Parquet if delimiter.is_some() => Err(self.bad_delimiter("is for CSV files")),
            FileFormat::Parquet => parquet::read(path, nan_cells, select),
        }
    }

    fn bad_delimiter(&self, why: &str) -> DataError {
        let name = self.options.path.display().to_string();
        DataError::Parameter { name, problem: format!("`delimiter` {why}") }
    }

    /// Reads the same columns of another file.
    fn read_again(&self, path: &Path, first: &Frame, classify: bool) -> Result<Frame, DataError> {
        let mut frame = self.read(path, |names| {
            let same = |slots: &[Slot]| {
                let wanted = |slot: &Slot| {
                    if !names.contains(&slot.name) {
                        return Err(missing_column(path, &slot.name, names));
                    }
                    let kind = if slot.texts.is_some() { Kind::Text } else { Kind::Number };
                    Ok(Wanted { name: slot.name.clone(), kind: Some(kind) })
                };
                slots.iter().map(wanted).collect::<Result<_, DataError>>()
            };
            Ok(Selection { features: same(&first.features)?, targets: same(&first.targets)? })
        })?;
        if classify {
            classes::numbers_to_texts(&mut frame)?;
        }
        Ok(frame)
    }

    fn holdout(&self, name: &str, frame: &Frame, classify: bool, seed: u64) -> Result<Holdout, DataError> {
        let fraction = match &self.options.validation {
            None => DEFAULT_SHARE,
            Some(Validation::Share(fraction)) => fraction.get(),
            Some(Validation::File(_)) => 0.0,
        };
        if classify && self.options.stratify && frame.targets.len() == 1 {
            // Before they are classes, texts are numbered by their first use.
            let classes: Vec<u32> = frame.target_cells.iter().map(|&cell| cell as u32).collect();
            Holdout::stratified(name, &classes, fraction, seed)
        } else {
            Holdout::random(name, frame.rows, fraction, seed)
        }
    }
}

fn spec(encoder: &Encoder, targets: usize, classes: Option<&Classes>) -> DataSpec {
    let target = match (classes, targets) {
        (Some(_), _) => Field { shape: Vec::new(), dtype: DType::U32 },
        (None, 1) => Field { shape: Vec::new(), dtype: DType::F32 },
        (None, targets) => Field { shape: vec![targets], dtype: DType::F32 },
    };
    DataSpec {
        input: Field { shape: vec![encoder.width()], dtype: DType::F32 },
        target,
        classes: classes.map(|classes| classes.names.clone()),
    }
}

fn encode(
    name: &str,
    spec: &DataSpec,
    encoder: &Encoder,
    classes: Option<&Classes>,
    mut frame: Frame,
) -> Result<Samples, DataError> {
    let target = match classes {
        Some(classes) => Column::U32(classes.apply(&frame)?),
        None => Column::F32(std::mem::take(&mut frame.target_cells)),
    };
    let rows = encoder.apply(frame)?;
    Samples::new(name, spec, Column::F32(rows.cells), target, rows.count)
}
