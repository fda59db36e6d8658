//! Samples in memory, and the splits that are parts of them without a copy.

use std::{hint::black_box, sync::Arc};

use super::{Batch, Column, DataError, DataSpec, Split};

/// All samples of a data set, row-major.
#[derive(Debug)]
pub struct Samples {
    input: Column,
    target: Column,
    input_len: usize,
    target_len: usize,
    count: usize,
}

impl Samples {
    /// The samples of the data set `name`, as `spec` says: each column must hold `count` of them.
    ///
    /// # Errors
    /// When a column holds more, fewer or other elements, or when 32 bits cannot number the samples.
    pub fn new(
        name: &str,
        spec: &DataSpec,
        input: Column,
        target: Column,
        count: usize,
    ) -> Result<Self, DataError> {
        if u32::try_from(count).is_err() {
            return Err(DataError::TooManySamples { name: name.to_owned(), samples: count });
        }
        for (side, field, column) in [("input", &spec.input, &input), ("target", &spec.target, &target)] {
            let expected = count.checked_mul(field.len());
            if Some(column.len()) != expected || column.dtype() != field.dtype {
                return Err(DataError::Shape {
                    name: name.to_owned(),
                    side,
                    found: format!("{} {:?}", column.len(), column.dtype()),
                    count,
                    expected: format!("{} of {} each, {:?}", count, field.len(), field.dtype),
                });
            }
        }
        Ok(Self { input, target, input_len: spec.input.len(), target_len: spec.target.len(), count })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// `[count, input...]`.
    pub fn input(&self) -> &Column {
        &self.input
    }

    /// `[count, target...]`.
    pub fn target(&self) -> &Column {
        &self.target
    }
}

/// Some of the samples in memory, or all.
#[derive(Debug, Clone)]
pub struct Table {
    samples: Arc<Samples>,
    /// The samples that belong to it, in its own order; `None` is all.
    rows: Option<Vec<u32>>,
}

impl Table {
    /// All of `samples`.
    pub fn all(samples: Arc<Samples>) -> Self {
        Self { samples, rows: None }
    }

    /// Those of `samples` that `rows` numbers, in that order.
    ///
    /// # Panics
    /// If there is no such sample.
    pub fn some(samples: Arc<Samples>, rows: Vec<u32>) -> Self {
        assert!(
            rows.iter().all(|&row| (row as usize) < samples.count),
            "a split of samples that do not exist"
        );
        Self { samples, rows: Some(rows) }
    }
}

impl Split for Table {
    fn len(&self) -> usize {
        self.rows.as_ref().map_or(self.samples.count, Vec::len)
    }

    fn gather(&self, indices: &[u32], batch: &mut Batch) {
        batch.size = indices.len();
        let rows = self.rows.as_deref();
        gather(&self.samples.input, self.samples.input_len, rows, indices, &mut batch.input);
        gather(&self.samples.target, self.samples.target_len, rows, indices, &mut batch.target);
    }
}

fn gather(from: &Column, len: usize, rows: Option<&[u32]>, indices: &[u32], to: &mut Column) {
    match (from, to) {
        (Column::F32(from), Column::F32(to)) => copy(from, len, rows, indices, to),
        (Column::U32(from), Column::U32(to)) => copy(from, len, rows, indices, to),
        // A batch made for another data set takes this one's type once.
        (from, to) => {
            *to = Column::new(from.dtype());
            gather(from, len, rows, indices, to);
        }
    }
}

fn copy<T: Copy + Default>(from: &[T], len: usize, rows: Option<&[u32]>, indices: &[u32], to: &mut Vec<T>) {
    // A batch as large as the last one keeps its length, so nothing is written twice.
    to.resize(indices.len() * len, T::default());
    if len == 0 {
        return;
    }
    let row = |index: u32| rows.map_or(index, |rows| rows[index as usize]) as usize;
    if len == 1 {
        for (&index, to) in indices.iter().zip(to) {
            *to = from[row(index)];
        }
        return;
    }
    // Loads that wait for nothing else wait for the memory together; copies, a call each, come one after the other.
    for &index in indices {
        black_box(from[row(index) * len]);
    }
    for (&index, to) in indices.iter().zip(to.chunks_exact_mut(len)) {
        to.copy_from_slice(&from[row(index) * len..][..len]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{DType, Field};

    fn samples() -> Arc<Samples> {
        let spec = DataSpec {
            input: Field { shape: vec![2], dtype: DType::F32 },
            target: Field { shape: vec![], dtype: DType::U32 },
            classes: Some(vec!["a".into(), "b".into()]),
        };
        let input = Column::F32((0..8u8).map(f32::from).collect());
        Arc::new(Samples::new("test", &spec, input, Column::U32(vec![0, 1, 1, 0]), 4).unwrap())
    }

    #[test]
    fn a_batch_holds_the_samples_asked_for() {
        let table = Table::some(samples(), vec![3, 1]);
        let mut batch = Batch { size: 0, input: Column::new(DType::F32), target: Column::new(DType::F32) };
        table.gather(&[1, 0, 1], &mut batch);
        assert_eq!(batch.size, 3);
        assert_eq!(batch.input, Column::F32(vec![2.0, 3.0, 6.0, 7.0, 2.0, 3.0]));
        assert_eq!(batch.target, Column::U32(vec![1, 0, 1]));
    }

    #[test]
    fn a_full_batch_is_filled_again_in_place() {
        let table = Table::all(samples());
        let mut batch = Batch { size: 0, input: Column::new(DType::F32), target: Column::new(DType::U32) };
        table.gather(&[0, 1, 2, 3], &mut batch);
        let before = match &batch.input {
            Column::F32(cells) => cells.as_ptr(),
            Column::U32(_) => panic!("inputs are real numbers"),
        };
        table.gather(&[3, 2], &mut batch);
        table.gather(&[3, 2, 1, 0], &mut batch);
        assert!(matches!(&batch.input, Column::F32(cells) if cells.as_ptr() == before));
    }

    #[test]
    #[should_panic(expected = "samples that do not exist")]
    fn a_row_that_does_not_exist_is_refused() {
        let _ = Table::some(samples(), vec![4]);
    }
}
