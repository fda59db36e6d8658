//! The source `synthetic`: samples made up, of any number and size, the same for the same seed.

use aether_core::config::{Fraction, NonNegative};
use serde::Deserialize;

use super::holdout::DEFAULT_SHARE;
use super::{
    Column, DType, DataError, DataSource, DataSpec, Dataset, Encoder, Field, Holdout, Origin, Samples,
};
use crate::random::{Draws, Purpose};

/// How samples come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Recipe {
    /// Normal inputs; targets are a random linear map of them, plus noise. Has an exact solution to find.
    #[default]
    Linear,
    /// Each class is a normal cloud around a random centre; `noise` is its spread.
    Blobs,
    /// Normal inputs, and targets or classes that have nothing to do with them. For measuring speed.
    Noise,
}

/// Samples made up.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Synthetic {
    /// How they come about.
    pub recipe: Recipe,
    /// How many.
    pub samples: u32,
    /// Numbers in an input.
    pub features: usize,
    /// Numbers in a target of a regression.
    pub outputs: usize,
    /// Classes; if not given, `blobs` has 3 and the other recipes make a regression.
    pub classes: Option<u32>,
    /// The standard deviation of the noise: of targets (`linear`, 0.1 if not given) or around centres (`blobs`, 1).
    pub noise: Option<NonNegative>,
    /// The share held out for validation; a fifth if not given.
    pub validation: Option<Fraction>,
    /// Of everything here; else the experiment's.
    pub seed: Option<u64>,
}

impl Default for Synthetic {
    fn default() -> Self {
        Self {
            recipe: Recipe::default(),
            samples: 1024,
            features: 10,
            outputs: 1,
            classes: None,
            noise: None,
            validation: None,
            seed: None,
        }
    }
}

/// Each kind of draw has its own step.
const INPUTS: u64 = 0;
const TEACHER: u64 = 1;
const NOISE: u64 = 2;
const CLASSES: u64 = 3;

/// Centres of blobs lie this far apart, in units of the default noise.
const SPREAD: f32 = 4.0;

impl DataSource for Synthetic {
    fn load(&self, from: &Origin<'_>) -> Result<Dataset, DataError> {
        let name = "synthetic".to_owned();
        let parameter =
            |problem: &str| DataError::Parameter { name: name.clone(), problem: problem.to_owned() };
        if self.samples == 0 || self.features == 0 || self.outputs == 0 {
            return Err(parameter("`samples`, `features` and `outputs` must be at least 1"));
        }
        let classes = match (self.recipe, self.classes) {
            (_, Some(classes)) => Some(classes),
            (Recipe::Blobs, None) => Some(3),
            (Recipe::Linear | Recipe::Noise, None) => None,
        };
        if classes.is_some_and(|classes| classes < 2) {
            return Err(parameter("`classes` must be at least 2"));
        }
        if classes.is_some() && self.outputs != 1 {
            return Err(parameter("`outputs` is for a regression, `classes` for a classification: give one"));
        }
        let count = self.samples as usize;
        if count.checked_mul(self.features.max(self.outputs)).is_none_or(|cells| cells > u32::MAX as usize) {
            return Err(parameter("`samples` times `features` must stay below 2^32"));
        }

        let seed = self.seed.unwrap_or(from.seed);
        let draws = |step| Draws::new(seed, Purpose::Synthetic, step);
        let mut inputs = normals(&draws(INPUTS), count * self.features, 1.0);
        let target = match classes {
            Some(classes) => Column::U32(self.classify(classes, &mut inputs, draws)),
            None => Column::F32(self.regress(&inputs, draws)),
        };
        let shape = if classes.is_some() || self.outputs == 1 { Vec::new() } else { vec![self.outputs] };
        let spec = DataSpec {
            input: Field { shape: vec![self.features], dtype: DType::F32 },
            target: Field { shape, dtype: target.dtype() },
            classes: classes.map(|classes| (0..classes).map(|class| class.to_string()).collect()),
        };
        let share = self.validation.map_or(DEFAULT_SHARE, Fraction::get);
        let holdout = Holdout::random(&name, count, share, seed)?;
        let samples = Samples::new(&name, &spec, Column::F32(inputs), target, count)?;
        let encoder = Encoder::plain(self.features, 1.0);
        Ok(Dataset::of_one(name, spec, samples, holdout, Some(encoder)))
    }
}

impl Synthetic {
    /// `[samples, outputs]`.
    fn regress(&self, inputs: &[f32], draws: impl Fn(u64) -> Draws) -> Vec<f32> {
        let count = self.samples as usize * self.outputs;
        if self.recipe == Recipe::Noise {
            return normals(&draws(NOISE), count, 1.0);
        }
        let mut targets = normals(&draws(NOISE), count, self.noise(0.1));
        let scores = self.teach(inputs, self.outputs, &draws(TEACHER));
        for (target, score) in targets.iter_mut().zip(scores) {
            *target += score;
        }
        targets
    }

    /// The class of each sample. Of blobs it moves the inputs to their centres.
    fn classify(&self, classes: u32, inputs: &mut [f32], draws: impl Fn(u64) -> Draws) -> Vec<u32> {
        match self.recipe {
            Recipe::Noise => {
                let draws = draws(CLASSES);
                (0..self.samples).map(|sample| below(classes, draws.word(sample))).collect()
            }
            Recipe::Blobs => {
                let centres = normals(&draws(TEACHER), classes as usize * self.features, SPREAD);
                let centres: Vec<&[f32]> = centres.chunks_exact(self.features).collect();
                let noise = self.noise(1.0);
                // As many of each class as of any other, give or take one.
                let labels: Vec<u32> = (0..self.samples).map(|sample| sample % classes).collect();
                for (input, &label) in inputs.chunks_exact_mut(self.features).zip(&labels) {
                    for (cell, centre) in input.iter_mut().zip(centres[label as usize]) {
                        *cell = *cell * noise + centre;
                    }
                }
                labels
            }
            Recipe::Linear => {
                let classes = classes as usize;
                let mut scores = self.teach(inputs, classes, &draws(TEACHER));
                let noise = normals(&draws(NOISE), scores.len(), self.noise(0.1));
                for (score, noise) in scores.iter_mut().zip(noise) {
                    *score += noise;
                }
                let highest = |scores: &[f32]| {
                    (0..classes)
                        .fold(0, |best, class| if scores[class] > scores[best] { class } else { best })
                };
                scores.chunks_exact(classes).map(|scores| highest(scores) as u32).collect()
            }
        }
    }

    /// A random linear map of the inputs to `outputs` numbers of variance 1: `[samples, outputs]`.
    fn teach(&self, inputs: &[f32], outputs: usize, draws: &Draws) -> Vec<f32> {
        let deviation = (self.features as f32).sqrt().recip();
        let weights = normals(draws, outputs * self.features, deviation);
        let dot =
            |input: &[f32], weights: &[f32]| -> f32 { input.iter().zip(weights).map(|(x, w)| x * w).sum() };
        let rows = weights.chunks_exact(self.features);
        inputs
            .chunks_exact(self.features)
            .flat_map(|input| rows.clone().map(move |weights| dot(input, weights)))
            .collect()
    }

    fn noise(&self, default: f32) -> f32 {
        self.noise.map_or(default, |noise| noise.get() as f32)
    }
}

fn normals(draws: &Draws, count: usize, deviation: f32) -> Vec<f32> {
    (0..count as u32).map(|index| draws.normal(index) * deviation).collect()
}

/// A uniform number below `bound`, of a uniform word (Lemire 2019, without the rejection: the bias is below
/// `bound / 2^32`).
fn below(bound: u32, word: u32) -> u32 {
    ((u64::from(word) * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::Batch;

    fn all(source: &Synthetic) -> Batch {
        let source = Synthetic { validation: Some(Fraction::new(0.0).unwrap()), ..source.clone() };
        let data = source.load(&Origin { base: Path::new("."), seed: 3 }).unwrap();
        let mut batch = Batch::new(&data.spec);
        data.train.gather(&(0..data.train.len() as u32).collect::<Vec<_>>(), &mut batch);
        batch
    }

    #[test]
    fn blobs_lie_around_as_many_centres() {
        let batch =
            all(&Synthetic { recipe: Recipe::Blobs, samples: 300, features: 2, ..Synthetic::default() });
        let (Column::F32(inputs), Column::U32(labels)) = (&batch.input, &batch.target) else {
            panic!("points and classes")
        };
        for class in 0..3 {
            let points: Vec<&[f32]> =
                inputs.chunks(2).zip(labels).filter(|(_, l)| **l == class).map(|(p, _)| p).collect();
            assert_eq!(points.len(), 100);
            let mean = points.iter().map(|p| p[0]).sum::<f32>() / 100.0;
            let variance = points.iter().map(|p| (p[0] - mean).powi(2)).sum::<f32>() / 100.0;
            assert!((0.6..1.5).contains(&variance), "{variance}");
        }
    }

    #[test]
    fn a_linear_target_without_noise_is_linear() {
        let source =
            Synthetic { noise: Some(NonNegative::ZERO), features: 1, samples: 8, ..Synthetic::default() };
        let batch = all(&source);
        let (Column::F32(inputs), Column::F32(targets)) = (&batch.input, &batch.target) else {
            panic!("numbers")
        };
        let slope = targets[0] / inputs[0];
        assert!(inputs.iter().zip(targets).all(|(x, y)| (x * slope - y).abs() < 1e-5));
    }

    #[test]
    fn noise_uses_every_class_alike() {
        let source = Synthetic {
            recipe: Recipe::Noise,
            classes: Some(10),
            samples: 10_000,
            features: 1,
            ..Synthetic::default()
        };
        let Column::U32(labels) = all(&source).target else { panic!("classes") };
        for class in 0..10 {
            let count = labels.iter().filter(|&&label| label == class).count();
            assert!((880..1120).contains(&count), "{class}: {count}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for source in [
            Synthetic { samples: 0, ..Synthetic::default() },
            Synthetic { classes: Some(1), ..Synthetic::default() },
            Synthetic { samples: u32::MAX, features: 1 << 20, ..Synthetic::default() },
            Synthetic { outputs: 2, classes: Some(3), ..Synthetic::default() },
        ] {
            let error = source.load(&Origin { base: Path::new("."), seed: 0 }).unwrap_err();
            assert!(matches!(error, DataError::Parameter { .. }), "{error}");
        }
    }
}
