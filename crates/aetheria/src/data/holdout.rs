//! Which samples are held out for validation: a pure function of the seed.

use std::path::PathBuf;

use aether_core::config::Fraction;
use serde::Deserialize;

use super::{DataError, Order};
use crate::random::{Draws, Purpose};

/// What a data set is measured on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "must be a fraction from 0 to 1, or the path of a file")]
pub enum Validation {
    /// A share of the samples, held out at random.
    Share(Fraction),
    /// Another file.
    File(PathBuf),
}

/// The share that is held out unless the experiment says another.
pub const DEFAULT_SHARE: f64 = 0.2;

/// The samples learned from and those measured on, each in the stored order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdout {
    /// What is learned from.
    pub train: Vec<u32>,
    /// What is measured on.
    pub validation: Vec<u32>,
}

impl Holdout {
    /// Holds out the share `fraction` of the samples `0..samples` of the data set `name`, at random. A fraction of 0
    /// holds out none.
    ///
    /// # Errors
    /// When the fraction is not from 0 to 1, or when it leaves one side empty.
    pub fn random(name: &str, samples: usize, fraction: f64, seed: u64) -> Result<Self, DataError> {
        let total = total(name, samples, fraction)?;
        let order = order(samples, seed);
        let mut held_out = vec![false; samples];
        for position in 0..total as u32 {
            held_out[order.at(position) as usize] = true;
        }
        Ok(Self::divide(&held_out))
    }

    /// As [`random`](Self::random), with the same share of each class; `classes` has the class of each sample. At
    /// least one sample of each class is learned from.
    ///
    /// # Errors
    /// As [`random`](Self::random).
    pub fn stratified(name: &str, classes: &[u32], fraction: f64, seed: u64) -> Result<Self, DataError> {
        let samples = classes.len();
        let total = total(name, samples, fraction)?;
        let mut quotas = quotas(classes, fraction, total);
        let order = order(samples, seed);
        let mut held_out = vec![false; samples];
        for position in 0..samples as u32 {
            let sample = order.at(position) as usize;
            let quota = &mut quotas[classes[sample] as usize];
            if *quota > 0 {
                *quota -= 1;
                held_out[sample] = true;
            }
        }
        Ok(Self::divide(&held_out))
    }

    fn divide(held_out: &[bool]) -> Self {
        let (validation, train) = (0..).zip(held_out).partition::<Vec<(u32, &bool)>, _>(|(_, held)| **held);
        let numbers = |side: Vec<(u32, &bool)>| side.into_iter().map(|(sample, _)| sample).collect();
        Self { train: numbers(train), validation: numbers(validation) }
    }
}

fn order(samples: usize, seed: u64) -> Order {
    // More samples than 32 bits can number are refused where a table is made.
    Order::new(&Draws::new(seed, Purpose::Holdout, 0), u32::try_from(samples).unwrap_or(u32::MAX))
}

fn total(name: &str, samples: usize, fraction: f64) -> Result<usize, DataError> {
    if !(0.0..=1.0).contains(&fraction) {
        let problem = format!("`validation: {fraction}`: expected a fraction from 0 to 1");
        return Err(DataError::Parameter { name: name.to_owned(), problem });
    }
    let total = (samples as f64 * fraction).round() as usize;
    if total == samples || (total == 0 && fraction > 0.0) {
        return Err(DataError::EmptySplit { name: name.to_owned(), fraction, samples });
    }
    Ok(total)
}

/// How many of each class to hold out: the whole part of its share, and of what is then missing to `total` one more
/// where the rest is largest (Hamilton's method).
fn quotas(classes: &[u32], fraction: f64, total: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = vec![0; classes.iter().max().map_or(0, |&class| class as usize + 1)];
    for &class in classes {
        sizes[class as usize] += 1;
    }
    let share = |size: usize| size as f64 * fraction;
    let mut quotas: Vec<usize> = sizes.iter().map(|&size| share(size) as usize).collect();
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    by_rest.sort_by(|&a, &b| share(sizes[b]).fract().total_cmp(&share(sizes[a]).fract()));
    let mut missing = total.saturating_sub(quotas.iter().sum());
    for class in by_rest {
        if missing > 0 && quotas[class] + 1 < sizes[class] {
            quotas[class] += 1;
            missing -= 1;
        }
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_asked_for_and_nothing_twice() {
        let split = Holdout::random("test", 103, 0.2, 7).unwrap();
        assert_eq!(split.validation.len(), 21);
        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..103).collect::<Vec<_>>());
        assert_eq!(split, Holdout::random("test", 103, 0.2, 7).unwrap());
        assert_ne!(split, Holdout::random("test", 103, 0.2, 8).unwrap());
    }

    #[test]
    fn each_class_gives_its_share() {
        let classes: Vec<u32> = (0..200).map(|i| u32::from(i % 10 == 0) + 2 * u32::from(i == 5)).collect();
        let split = Holdout::stratified("test", &classes, 0.25, 1).unwrap();
        let count = |rows: &[u32], class| rows.iter().filter(|&&r| classes[r as usize] == class).count();
        assert_eq!(split.validation.len(), 50);
        assert_eq!(count(&split.validation, 1), 5);
        assert_eq!(count(&split.train, 2), 1);
    }

    #[test]
    fn an_empty_side_is_refused() {
        for fraction in [0.01, 0.99, 1.0] {
            let error = Holdout::random("test", 10, fraction, 0).unwrap_err();
            assert!(matches!(error, DataError::EmptySplit { .. }), "{fraction}: {error}");
        }
        assert!(matches!(Holdout::random("test", 10, -0.5, 0), Err(DataError::Parameter { .. })));
        assert!(Holdout::random("test", 10, 0.0, 0).unwrap().validation.is_empty());
    }
}
