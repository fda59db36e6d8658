//! Metrics of predicted classes.

use super::{Measure, Scored};
use crate::data::Column;

/// Each sample's logits and true class.
pub(super) fn samples<'a>(batch: &Scored<'a>, classes: usize) -> impl Iterator<Item = (&'a [f32], usize)> {
    let target: &[u32] = match batch.target {
        Column::U32(target) => target,
        Column::F32(_) => &[],
    };
    batch.outputs.chunks_exact(classes).zip(target.iter().map(|&class| class as usize))
}

/// How many classes the model ranks above `class`; of equal ones the first counts as higher, as in an arg-max.
/// `None` if a logit is NaN.
fn rank(logits: &[f32], class: usize) -> Option<usize> {
    let own = *logits.get(class)?;
    let mut above = 0;
    for (other, &logit) in logits.iter().enumerate() {
        if logit.is_nan() {
            return None;
        }
        above += usize::from(logit > own || (logit == own && other < class));
    }
    Some(above)
}

/// The part of samples whose true class is among the `k` highest.
#[derive(Debug)]
pub(super) struct TopK {
    k: usize,
    classes: usize,
    hits: f64,
    count: u64,
}

impl TopK {
    pub(super) fn new(k: usize, classes: usize) -> Self {
        Self { k, classes, hits: 0.0, count: 0 }
    }
}

impl Measure for TopK {
    fn update(&mut self, batch: &Scored<'_>) {
        for (logits, class) in samples(batch, self.classes) {
            self.count += 1;
            self.hits += rank(logits, class).map_or(f64::NAN, |above| f64::from(u8::from(above < self.k)));
        }
    }

    fn value(&self) -> f64 {
        self.hits / self.count as f64
    }

    fn reset(&mut self) {
        *self = Self::new(self.k, self.classes);
    }
}

/// What is averaged over the classes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Summary {
    Precision,
    Recall,
    F1,
}

/// Unweighted mean over the classes that occur, as true or as predicted ones; a class for which the ratio is 0/0
/// counts as 0 (scikit-learn's `average="macro", zero_division=0`).
#[derive(Debug)]
pub(super) struct Confusion {
    summary: Summary,
    counts: Vec<Counts>,
    undefined: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    hits: u64,
    actual: u64,
    predicted: u64,
}

impl Confusion {
    pub(super) fn new(summary: Summary, classes: usize) -> Self {
        Self { summary, counts: vec![Counts::default(); classes], undefined: false }
    }
}

/// The class of the highest logit, the first of equal ones; `None` if a logit is NaN.
fn predicted(logits: &[f32]) -> Option<usize> {
    let mut best = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit.is_nan() {
            return None;
        }
        if logit > logits[best] {
            best = class;
        }
    }
    Some(best)
}

impl Measure for Confusion {
    fn update(&mut self, batch: &Scored<'_>) {
        for (logits, class) in samples(batch, self.counts.len()) {
            match (predicted(logits), class < self.counts.len()) {
                (Some(guess), true) => {
                    self.counts[class].actual += 1;
                    self.counts[guess].predicted += 1;
                    self.counts[guess].hits += u64::from(guess == class);
                }
                _ => self.undefined = true,
            }
        }
    }

    fn value(&self) -> f64 {
        if self.undefined {
            return f64::NAN;
        }
        let (mut sum, mut occurring) = (0.0, 0.0);
        for &Counts { hits, actual, predicted } in &self.counts {
            if actual + predicted == 0 {
                continue;
            }
            let (part, whole) = match self.summary {
                Summary::Precision => (hits, predicted),
                Summary::Recall => (hits, actual),
                Summary::F1 => (2 * hits, actual + predicted),
            };
            occurring += 1.0;
            if whole > 0 {
                sum += part as f64 / whole as f64;
            }
        }
        sum / occurring
    }

    fn reset(&mut self) {
        *self = Self::new(self.summary, self.counts.len());
    }
}
