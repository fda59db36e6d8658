//! What tells data sets apart: XXH64 of all they hold.

use std::hash::Hasher;

use twox_hash::XxHash64;

use super::{Column, DataSpec, Samples};

/// Gathers what a data set holds.
pub(super) struct Fingerprint(XxHash64);

impl Fingerprint {
    pub(super) fn new(spec: &DataSpec) -> Self {
        let mut hasher = XxHash64::with_seed(0);
        for field in [&spec.input, &spec.target] {
            for &size in [field.shape.len()].iter().chain(&field.shape) {
                hasher.write(&(size as u64).to_le_bytes());
            }
        }
        for class in spec.classes.iter().flatten() {
            hasher.write(class.as_bytes());
            hasher.write(&[0]);
        }
        Self(hasher)
    }

    pub(super) fn samples(&mut self, samples: &Samples) {
        for column in [samples.input(), samples.target()] {
            match column {
                Column::F32(cells) => self.words(cells, |cell| cell.to_bits()),
                Column::U32(cells) => self.words(cells, |cell| cell),
            }
        }
    }

    pub(super) fn rows(&mut self, rows: &[u32]) {
        self.words(rows, |row| row);
    }

    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn words<T: Copy>(&mut self, cells: &[T], word: impl Fn(T) -> u32) {
        self.0.write(&(cells.len() as u64).to_le_bytes());
        // Through a block on the stack: the same bytes on every machine, at the speed of a copy.
        let mut block = [0; 4096];
        for cells in cells.chunks(block.len() / 4) {
            for (bytes, &cell) in block.chunks_exact_mut(4).zip(cells) {
                bytes.copy_from_slice(&word(cell).to_le_bytes());
            }
            self.0.write(&block[..4 * cells.len()]);
        }
    }
}
