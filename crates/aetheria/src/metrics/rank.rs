//! Metrics of how well samples are ranked.

use super::classification::samples;
use super::{Measure, Scored};

/// Area under the receiver operating characteristic: how likely a sample of a class scores higher for it than one of
/// another class, ties counting half. Exact, by ranks (Mann & Whitney 1947), so it keeps every score. Of two classes
/// it ranks the second; of more it is the mean of one class against the rest, over the classes that occur.
#[derive(Debug)]
pub(super) struct Auroc {
    classes: usize,
    /// The probability of each class, or of two classes the second's alone.
    scores: Vec<f32>,
    truth: Vec<u32>,
    undefined: bool,
}

impl Auroc {
    pub(super) fn new(classes: usize) -> Self {
        Self { classes, scores: Vec::new(), truth: Vec::new(), undefined: false }
    }

    /// Scores kept for one sample.
    fn width(&self) -> usize {
        if self.classes == 2 { 1 } else { self.classes }
    }
}

/// The area for telling the samples with `true` from the others; `None` if there are no two kinds.
fn area(scored: &mut [(f32, bool)]) -> Option<f64> {
    scored.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let positives = scored.iter().filter(|(_, positive)| *positive).count();
    let negatives = scored.len() - positives;
    if positives == 0 || negatives == 0 {
        return None;
    }
    // Twice the number of pairs in the right order, so that a tie, which counts half, stays whole.
    let (mut below, mut doubled) = (0u64, 0u64);
    for tied in scored.chunk_by(|a, b| a.0 == b.0) {
        let positive = tied.iter().filter(|(_, positive)| *positive).count() as u64;
        let negative = tied.len() as u64 - positive;
        doubled += positive * (2 * below + negative);
        below += negative;
    }
    Some(doubled as f64 / (2.0 * positives as f64 * negatives as f64))
}

impl Measure for Auroc {
    fn update(&mut self, batch: &Scored<'_>) {
        for (logits, class) in samples(batch, self.classes) {
            self.truth.push(class as u32);
            self.undefined |= logits.iter().any(|logit| logit.is_nan());
            if let [no, yes] = logits {
                // Increases with the probability, and does not saturate as it does.
                self.scores.push(yes - no);
                continue;
            }
            let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = logits.iter().map(|&logit| f64::from(logit - highest).exp()).sum();
            let log_sum = sum.ln();
            self.scores.extend(logits.iter().map(|&logit| (f64::from(logit - highest) - log_sum) as f32));
        }
    }

    fn value(&self) -> f64 {
        let width = self.width();
        // Two equal infinities have no difference; such scores have no rank.
        if self.undefined || self.scores.iter().any(|score| score.is_nan()) {
            return f64::NAN;
        }
        let mut scored = Vec::with_capacity(self.truth.len());
        let (mut sum, mut occurring) = (0.0, 0.0);
        for column in 0..width {
            let class = (column + self.classes - width) as u32;
            let own = self.scores.iter().skip(column).step_by(width);
            scored.clear();
            scored.extend(own.zip(&self.truth).map(|(&score, &truth)| (score, truth == class)));
            if let Some(area) = area(&mut scored) {
                sum += area;
                occurring += 1.0;
            }
        }
        sum / occurring
    }

    fn reset(&mut self) {
        self.scores.clear();
        self.truth.clear();
        self.undefined = false;
    }
}
