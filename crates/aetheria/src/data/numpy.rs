//! The sources `npy` and `npz`: NumPy arrays in files of their own or in one archive.

use std::path::{Path, PathBuf};

use aether_core::config::{Fraction, Positive};
use serde::Deserialize;

use super::frame::NanCells;
use super::holdout::DEFAULT_SHARE;
use super::npy::{self, Array};
use super::{
    Column, DType, DataError, DataSource, DataSpec, Dataset, Encoder, Field, Holdout, Origin, Samples, Task,
};

/// NumPy arrays: inputs `[samples, ...]` and targets `[samples]` or `[samples, values]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrays {
    /// The `.npz` archive; if not given, every array is a `.npy` file.
    pub path: Option<PathBuf>,
    /// The inputs: an array of the archive (`x` if not given) or a file.
    pub input: Option<String>,
    /// The targets: an array of the archive (`y` if not given) or a file.
    pub target: Option<String>,
    /// The share held out for validation if there are no arrays for it; a fifth if not given.
    pub validation: Option<Fraction>,
    /// The inputs to measure on.
    pub validation_input: Option<String>,
    /// The targets to measure on.
    pub validation_target: Option<String>,
    /// What inputs are divided by: 255 for the bytes of images.
    pub scale: Option<Positive>,
    /// What the target is; if not given, whole numbers and booleans are classes.
    pub task: Option<Task>,
    /// Whether each class gives the same share to validation.
    #[serde(default = "yes")]
    pub stratify: bool,
    /// What happens to elements that are NaN or infinite.
    #[serde(default)]
    pub nan_cells: NanCells,
    /// Of what is held out; else the experiment's.
    pub seed: Option<u64>,
}

fn yes() -> bool {
    true
}

/// An array and the file that messages name.
struct Named {
    path: PathBuf,
    name: String,
    array: Array,
}

impl DataSource for Arrays {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        let input = self.read(from, self.input.as_deref(), "x", "input")?;
        let target = self.read(from, self.target.as_deref(), "y", "target")?;
        let name = self.path.as_deref().unwrap_or(Path::new(&input.name)).display().to_string();
        let classify = self.task.map_or(target.array.whole, |task| task == Task::Classification);
        let shape = self.check(&input, &target, classify)?;
        let samples = input.array.shape[0];

        let other = match (&self.validation_input, &self.validation_target) {
            (Some(input), Some(target)) => Some((
                self.read(from, Some(input), "", "validation_input")?,
                self.read(from, Some(target), "", "validation_target")?,
            )),
            (None, None) => None,
            _ => {
                let problem = "`validation_input` and `validation_target` go together".to_owned();
                return Err(DataError::Parameter { name, problem });
            }
        };
        let seed = self.seed.unwrap_or(from.seed);
        let share = match (&other, self.validation) {
            (Some(_), _) => 0.0,
            (None, None) => DEFAULT_SHARE,
            (None, Some(share)) => share.get(),
        };
        let distinct = classify.then(|| distinct(&target.array.cells));
        let holdout = match &distinct {
            Some(distinct) if self.stratify => {
                Holdout::stratified(&name, &numbers(&target, distinct)?, share, seed)?
            }
            _ => Holdout::random(&name, samples, share, seed)?,
        };
        let classes = match distinct {
            Some(_) => {
                let cells = holdout.train.iter().map(|&row| target.array.cells[row as usize]);
                Some(self::distinct(&cells.collect::<Vec<_>>()))
            }
            None => None,
        };
        if let Some([class]) = classes.as_deref() {
            let (path, column) = (target.path.clone(), target.name.clone());
            return Err(DataError::OneClass { path, column, class: class.to_string() });
        }

        let values = target.array.shape.get(1..).unwrap_or_default();
        let spec = DataSpec {
            input: Field { shape, dtype: DType::F32 },
            target: match classes {
                Some(_) => Field { shape: Vec::new(), dtype: DType::U32 },
                None => Field { shape: values.to_vec(), dtype: DType::F32 },
            },
            classes: classes.as_ref().map(|classes| classes.iter().map(f64::to_string).collect()),
        };
        let scale = self.scale.map_or(1.0, |scale| scale.get() as f32);
        let encoder = Encoder::plain(spec.input.len(), scale);
        let encode = |input: Named, target: Named| {
            let count = input.array.shape[0];
            let target = match &classes {
                Some(classes) => Column::U32(numbers(&target, classes)?),
                None => Column::F32(target.array.cells.iter().map(|&cell| cell as f32).collect()),
            };
            let input = input.array.cells.into_iter().map(|cell| cell as f32 / scale).collect();
            Samples::new(&name, &spec, Column::F32(input), target, count)
        };
        let validation = match other {
            Some((other_input, other_target)) => {
                let shape = self.check(&other_input, &other_target, classify)?;
                if shape != spec.input.shape {
                    let what = format!("`{}`", other_input.name);
                    let found = format!("of shape {:?} each sample", shape);
                    let fix = format!("the inputs learned from are {:?}", spec.input.shape);
                    return Err(DataError::UnsupportedType { path: other_input.path, what, found, fix });
                }
                Some(encode(other_input, other_target)?)
            }
            None => None,
        };
        let samples = encode(input, target)?;
        Ok(match validation {
            Some(validation) => Dataset::of_two(name, spec, samples, validation, Some(encoder)),
            None => Dataset::of_one(name, spec, samples, holdout, Some(encoder)),
        })
    }
}

impl Arrays {
    fn read(
        &self,
        from: &Origin<'_>,
        name: Option<&str>,
        default: &str,
        key: &str,
    ) -> Result<Named, DataError> {
        match (&self.path, name) {
            (Some(archive), name) => {
                let (path, name) = (from.resolve(archive), name.unwrap_or(default).to_owned());
                let array = npy::read_archive(&path, &name)?;
                Ok(Named { path, name, array })
            }
            (None, Some(file)) => {
                let path = from.resolve(Path::new(file));
                let array = npy::read_file(&path)?;
                Ok(Named { path, name: file.to_owned(), array })
            }
            (None, None) => {
                let problem = format!("`{key}` must name a .npy file, or `path` an .npz archive");
                Err(DataError::Parameter { name: "npy".to_owned(), problem })
            }
        }
    }

    /// Refuses arrays that are not samples and their targets; returns the shape of an input.
    fn check(&self, input: &Named, target: &Named, classify: bool) -> Result<Vec<usize>, DataError> {
        let unsupported = |array: &Named, fix: &str| {
            let (what, found) = (format!("`{}`", array.name), format!("of shape {:?}", array.array.shape));
            Err(DataError::UnsupportedType { path: array.path.clone(), what, found, fix: fix.to_owned() })
        };
        let [samples, shape @ ..] = input.array.shape.as_slice() else {
            return unsupported(input, "inputs are [samples, ...]");
        };
        if *samples == 0 {
            return Err(DataError::NoSamples { path: input.path.clone() });
        }
        if input.array.cells.is_empty() {
            return unsupported(input, "a sample needs at least one number");
        }
        match target.array.shape.as_slice() {
            [targets] | [targets, 1] if targets == samples => {}
            [targets, _] if targets == samples && !classify => {}
            _ if classify => {
                return unsupported(target, &format!("classes are [{samples}], one for each input"));
            }
            _ => {
                return unsupported(target, &format!("targets are [{samples}] or [{samples}, values]"));
            }
        }
        for array in [input, target] {
            let bad = array.array.cells.iter().position(|&cell| !(cell as f32).is_finite());
            // A class has to be a number even where inputs may be anything.
            let kept = self.nan_cells == NanCells::Keep && !(classify && std::ptr::eq(array, target));
            if let Some(place) = bad.filter(|_| !kept) {
                return Err(DataError::NotFinite {
                    path: array.path.clone(),
                    array: array.name.clone(),
                    index: index(place, &array.array.shape),
                    value: array.array.cells[place],
                });
            }
        }
        Ok(if shape.is_empty() { vec![1] } else { shape.to_vec() })
    }
}

/// The different numbers, sorted.
fn distinct(cells: &[f64]) -> Vec<f64> {
    let mut distinct = cells.to_vec();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    distinct
}

/// The place of each target among `classes`.
fn numbers(target: &Named, classes: &[f64]) -> Result<Vec<u32>, DataError> {
    let number = |(row, cell): (usize, &f64)| {
        let place = classes.binary_search_by(|class| class.total_cmp(cell));
        place.map(|class| class as u32).map_err(|_| DataError::UnseenClass {
            path: target.path.clone(),
            line: row as u64,
            column: target.name.clone(),
            class: cell.to_string(),
            known: super::error::abridged(&classes.iter().map(f64::to_string).collect::<Vec<_>>()),
        })
    };
    target.array.cells.iter().enumerate().map(number).collect()
}

/// Where the element number `place` stands.
fn index(mut place: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (index, &size) in index.iter_mut().zip(shape).rev() {
        *index = place % size;
        place /= size;
    }
    index
}
