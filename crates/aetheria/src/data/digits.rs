//! The source `digits`: 1,797 images of handwritten digits, embedded in the program. `digits/README.md` says where they
//! come from and under which licence.

use std::path::Path;

use aether_core::config::Fraction;
use serde::Deserialize;

use super::holdout::DEFAULT_SHARE;
use super::{
    Column, DType, DataError, DataSource, DataSpec, Dataset, Encoder, Feature, Field, Holdout, Origin,
    Samples,
};

const CSV: &[u8] = include_bytes!("digits/digits.csv");

/// The brightest pixel; inputs are divided by it.
const BRIGHTEST: f32 = 16.0;

/// UCI's optical recognition of handwritten digits: images of 8x8 pixels as 64 inputs from 0 to 1, and ten classes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Digits {
    /// The share held out for validation, the same of each class; a fifth if not given.
    pub validation: Option<Fraction>,
    /// Of what is held out; else the experiment's.
    pub seed: Option<u64>,
}

impl DataSource for Digits {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        let name = "digits".to_owned();
        let (names, mut pixels, labels) = parse(CSV).ok_or_else(|| DataError::Malformed {
            path: Path::new("digits.csv").to_owned(),
            format: "digits",
            problem: "the program itself is damaged: install it again".to_owned(),
        })?;
        for pixel in &mut pixels {
            *pixel /= BRIGHTEST;
        }
        let share = self.validation.map_or(DEFAULT_SHARE, Fraction::get);
        let holdout = Holdout::stratified(&name, &labels, share, self.seed.unwrap_or(from.seed))?;
        let spec = DataSpec {
            input: Field { shape: vec![names.len()], dtype: DType::F32 },
            target: Field { shape: Vec::new(), dtype: DType::U32 },
            classes: Some((0..10).map(|digit| digit.to_string()).collect()),
        };
        let feature = |name: &str| Feature::Number { name: name.to_owned(), mean: 0.0, scale: BRIGHTEST };
        let encoder = Encoder { features: names.iter().map(|name| feature(name)).collect(), by_place: false };
        let count = labels.len();
        let samples = Samples::new(&name, &spec, Column::F32(pixels), Column::U32(labels), count)?;
        Ok(Dataset::of_one(name, spec, samples, holdout, Some(encoder)))
    }
}

/// The names of the pixels, the pixels and the digits. The general reader is five times slower, and every start of
/// the program waits for this.
fn parse(csv: &[u8]) -> Option<(Vec<&str>, Vec<f32>, Vec<u32>)> {
    let end = csv.iter().position(|&byte| byte == b'\n')?;
    let mut names: Vec<&str> = std::str::from_utf8(&csv[..end]).ok()?.split(',').collect();
    names.pop()?;
    let (mut pixels, mut labels) = (Vec::with_capacity(csv.len() / 2), Vec::new());
    let mut number = 0;
    for &byte in &csv[end + 1..] {
        match byte {
            b'0'..=b'9' => number = number * 10 + u32::from(byte - b'0'),
            b',' => pixels.push(std::mem::take(&mut number) as f32),
            b'\n' => labels.push(std::mem::take(&mut number)),
            _ => return None,
        }
    }
    (pixels.len() == labels.len() * names.len()).then_some((names, pixels, labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Batch;

    fn load(seed: u64) -> Dataset {
        Digits::default().load(&Origin { base: Path::new("."), seed }).unwrap()
    }

    #[test]
    fn all_images_with_their_digits() {
        let digits = load(0);
        let validation = digits.validation.as_ref().unwrap();
        assert_eq!(digits.train.len() + validation.len(), 1797);
        assert_eq!(validation.len(), 359);
        let mut batch = Batch::new(&digits.spec);
        // As the first sample of UCI's file: `0,0,5,13,9,1,0,0,...` is a 0.
        digits.train.gather(&[0], &mut batch);
        let Column::F32(pixels) = &batch.input else { panic!("pixels are real numbers") };
        assert_eq!(pixels[..6], [0.0, 0.0, 5.0 / 16.0, 13.0 / 16.0, 9.0 / 16.0, 1.0 / 16.0]);
        assert_eq!(batch.target, Column::U32(vec![0]));
    }

    #[test]
    fn the_split_follows_the_seed() {
        assert_eq!(load(1).fingerprint, load(1).fingerprint);
        assert_ne!(load(1).fingerprint, load(2).fingerprint);
    }

    /// The general reader, encoder included, sees the same.
    #[test]
    fn read_as_any_csv_file() {
        let digits = load(0);
        let rows = digits.encoder.as_ref().unwrap().encode_csv(Path::new("digits.csv"), CSV).unwrap();
        let (_, pixels, _) = parse(CSV).unwrap();
        assert_eq!((rows.count, rows.width), (1797, 64));
        assert!(rows.cells.iter().zip(&pixels).all(|(ours, pixel)| *ours == pixel / BRIGHTEST));
    }
}
