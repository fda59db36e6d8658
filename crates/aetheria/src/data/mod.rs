//! Data: sources make data sets, data sets have splits, splits fill batches.

mod classes;
mod csv;
mod digits;
mod encoder;
mod error;
mod file;
mod fingerprint;
mod frame;
mod holdout;
mod npy;
mod number;
mod numpy;
mod order;
mod parquet;
mod records;
mod roles;
mod source;
mod synthetic;
mod table;

use std::sync::Arc;

pub use aetheria_engine::batch::{Batch, Column, DType, DataSpec, Field};
pub use digits::Digits;
pub use encoder::{Encoder, Feature, Rows};
pub use error::DataError;
pub use file::{Csv, Parquet, TableOptions, Unknown};
pub use frame::NanCells;
pub use holdout::{DEFAULT_SHARE, Holdout, Validation};
pub use numpy::Arrays;
pub use order::{Order, Sampler};
pub use roles::{OneOrMore, Task};
pub use source::{DataSource, Origin, Sources};
pub use synthetic::{Recipe, Synthetic};
pub use table::{Samples, Table};

use fingerprint::Fingerprint;

/// A part of a data set, by sample number.
pub trait Split: Send + Sync {
    /// How many samples it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Replaces the content of `batch` by the samples `indices`, in that order. Once the buffers are as large as
    /// they get, this does not allocate.
    fn gather(&self, indices: &[u32], batch: &mut Batch);
}

/// Everything a training needs to know of its data.
#[derive(Clone)]
pub struct Dataset {
    /// What it is called in messages.
    pub name: String,
    /// What a model must know of it.
    pub spec: DataSpec,
    /// What is learned from.
    pub train: Arc<dyn Split>,
    /// What is measured on.
    pub validation: Option<Arc<dyn Split>>,
    /// A hash of what it holds: a snapshot remembers it, so that a resume on other data is noticed.
    pub fingerprint: u64,
    /// How raw rows became inputs, for later predictions; `None` where there are no rows of cells.
    pub encoder: Option<Encoder>,
}

impl Dataset {
    /// A data set of samples in memory, of which `holdout` says what is learned from and what is measured on.
    pub fn of_one(
        name: String,
        spec: DataSpec,
        samples: Samples,
        holdout: Holdout,
        encoder: Option<Encoder>,
    ) -> Self {
        let mut fingerprint = Fingerprint::new(&spec);
        fingerprint.samples(&samples);
        fingerprint.rows(&holdout.validation);
        let samples = Arc::new(samples);
        let (train, validation): (Arc<dyn Split>, Option<Arc<dyn Split>>) = if holdout.validation.is_empty() {
            (Arc::new(Table::all(samples)), None)
        } else {
            let validation = Table::some(Arc::clone(&samples), holdout.validation);
            (Arc::new(Table::some(samples, holdout.train)), Some(Arc::new(validation)))
        };
        Self { name, spec, train, validation, fingerprint: fingerprint.finish(), encoder }
    }

    /// A data set in memory that learns from all of `train` and is measured on all of `validation`.
    pub fn of_two(
        name: String,
        spec: DataSpec,
        train: Samples,
        validation: Samples,
        encoder: Option<Encoder>,
    ) -> Self {
        let mut fingerprint = Fingerprint::new(&spec);
        fingerprint.samples(&train);
        fingerprint.samples(&validation);
        Self {
            name,
            spec,
            train: Arc::new(Table::all(Arc::new(train))),
            validation: Some(Arc::new(Table::all(Arc::new(validation)))),
            fingerprint: fingerprint.finish(),
            encoder,
        }
    }

    /// Refuses a batch larger than the training split.
    ///
    /// # Errors
    /// [`DataError::SmallerThanBatch`].
    pub fn check_batch_size(&self, batch_size: usize) -> Result<(), DataError> {
        let samples = self.train.len();
        if samples < batch_size {
            return Err(DataError::SmallerThanBatch { name: self.name.clone(), samples, batch_size });
        }
        Ok(())
    }
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset")
            .field("name", &self.name)
            .field("spec", &self.spec)
            .field("train", &self.train.len())
            .field("validation", &self.validation.as_ref().map(|v| v.len()))
            .finish_non_exhaustive()
    }
}
