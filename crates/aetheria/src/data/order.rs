//! The order of samples is a pure function of (seed, epoch, position), so training seeks to any batch of any epoch in
//! constant time: a resume needs no replay and no stored permutation.
//!
//! A Feistel network permutes the smallest power of two that holds all samples; a result outside them is permuted
//! again until it falls inside (cycle walking: Black & Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).

use std::ops::Range;

use crate::random::{Draws, Purpose};

/// Each round mixes one half of the bits into the other. Four would do for long halves (Luby & Rackoff 1988), but with a
/// dozen samples a half has two bits, and there only six pass the tests below.
const ROUNDS: usize = 6;

/// A permutation of `0..samples`.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    samples: u32,
    /// Bits of the low and of the high half.
    low: u32,
    high: u32,
    /// What each round adds and what it multiplies by.
    keys: [(u32, u32); ROUNDS],
}

impl Order {
    /// The order in which `epoch` visits `samples` samples.
    pub fn shuffled(seed: u64, epoch: u64, samples: u32) -> Self {
        Self::new(&Draws::new(seed, Purpose::Shuffle, epoch), samples)
    }

    /// The permutation of `samples` samples that `draws` keys.
    pub fn new(draws: &Draws, samples: u32) -> Self {
        // Two bits at least, so that neither half is empty.
        let bits = (u32::BITS - samples.saturating_sub(1).leading_zeros()).max(2);
        let mut words = [0; 2 * ROUNDS];
        for (block, words) in (0..).zip(words.chunks_exact_mut(4)) {
            words.copy_from_slice(&draws.block(block));
        }
        let keys = std::array::from_fn(|round| (words[2 * round], words[2 * round + 1] | 1));
        Self { samples, low: bits / 2, high: bits - bits / 2, keys }
    }

    /// The sample at `position`, which must be below the number of samples.
    #[inline]
    pub fn at(&self, position: u32) -> u32 {
        debug_assert!(position < self.samples);
        self.walk(self.permute(position))
    }

    /// Appends the samples at `positions` to the empty `indices`.
    fn fill(&self, positions: Range<u32>, indices: &mut Vec<u32>) {
        // Two loops, the first without a branch: half of all branches on random numbers are mispredicted.
        indices.extend(positions.map(|position| self.permute(position)));
        for index in indices {
            *index = self.walk(*index);
        }
    }

    /// Permutes until the result is a sample.
    #[inline]
    fn walk(&self, mut index: u32) -> u32 {
        while index >= self.samples {
            index = self.permute(index);
        }
        index
    }

    #[inline]
    fn permute(&self, index: u32) -> u32 {
        let (mut low, mut high) = (index & ((1 << self.low) - 1), index >> self.low);
        for pair in self.keys.chunks_exact(2) {
            high ^= mix(low, pair[0]) >> (u32::BITS - self.high);
            low ^= mix(high, pair[1]) >> (u32::BITS - self.low);
        }
        high << self.low | low
    }
}

/// The upper bits of a product depend on all bits of both factors.
#[inline]
fn mix(half: u32, (add, multiply): (u32, u32)) -> u32 {
    let word = half.wrapping_add(add).wrapping_mul(multiply);
    (word ^ (word >> 15)).wrapping_mul(0x9E37_79B1)
}

/// Says which samples make up each batch; it has no state.
#[derive(Debug, Clone, Copy)]
pub struct Sampler {
    samples: u32,
    batch_size: u32,
    /// The seed of the order; `None` visits the samples as they are stored.
    seed: Option<u64>,
    drop_last: bool,
}

impl Sampler {
    /// Batches of `batch_size` out of `samples` samples, each epoch in its own random order.
    pub fn shuffled(seed: u64, samples: usize, batch_size: usize) -> Self {
        Self { seed: Some(seed), ..Self::sequential(samples, batch_size) }
    }

    /// Batches of `batch_size` out of `samples` samples, each epoch in the stored order.
    pub fn sequential(samples: usize, batch_size: usize) -> Self {
        // A split numbers its samples with 32 bits, and an empty batch would never end an epoch.
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { samples: clamp(samples), batch_size: clamp(batch_size).max(1), seed: None, drop_last: false }
    }

    /// Whether to leave out the last batch of an epoch when it is short.
    #[must_use]
    pub fn drop_last(self, drop_last: bool) -> Self {
        Self { drop_last, ..self }
    }

    /// Batches in an epoch.
    pub fn batches(&self) -> u64 {
        let batches = if self.drop_last {
            self.samples / self.batch_size
        } else {
            self.samples.div_ceil(self.batch_size)
        };
        u64::from(batches)
    }

    /// Replaces the content of `indices` by the samples of batch `batch` of epoch `epoch`, both counted from 0. Past
    /// the epoch's end they are none.
    pub fn fill(&self, epoch: u64, batch: u64, indices: &mut Vec<u32>) {
        indices.clear();
        if batch >= self.batches() {
            return;
        }
        // Below `samples`, so it fits.
        let first = batch as u32 * self.batch_size;
        let positions = first..first.saturating_add(self.batch_size).min(self.samples);
        match self.seed {
            Some(seed) => Order::shuffled(seed, epoch, self.samples).fill(positions, indices),
            None => indices.extend(positions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_permuted() {
        for samples in 1..2000 {
            let order = Order::shuffled(3, u64::from(samples), samples);
            let mut seen = vec![false; samples as usize];
            for position in 0..samples {
                assert!(!std::mem::replace(&mut seen[order.at(position) as usize], true), "{samples}");
            }
        }
    }

    #[test]
    fn the_largest_size_stays_in_range() {
        let order = Order::shuffled(1, 0, u32::MAX);
        for position in [0, 1, 1 << 31, u32::MAX - 1] {
            assert!(order.at(position) < u32::MAX);
        }
    }

    /// Chi-square of where each position goes over many epochs: the mean of `(observed - expected)^2 / expected` is
    /// near 1 for a random permutation.
    #[test]
    fn every_sample_is_as_likely_at_every_position() {
        for samples in [10u32, 16, 37] {
            let epochs = 4000;
            let mut counts = vec![0u32; (samples * samples) as usize];
            for epoch in 0..epochs {
                let order = Order::shuffled(11, epoch, samples);
                for position in 0..samples {
                    counts[(position * samples + order.at(position)) as usize] += 1;
                }
            }
            let expected = epochs as f64 / f64::from(samples);
            let chi: f64 = counts.iter().map(|&n| (f64::from(n) - expected).powi(2) / expected).sum();
            let mean = chi / f64::from(samples * samples);
            assert!((0.8..1.2).contains(&mean), "{samples}: {mean}");
        }
    }

    /// Neighbours in the order are no nearer to each other than chance has them: a third of the range on average.
    #[test]
    fn neighbours_are_far_apart() {
        let samples = 1437;
        for epoch in 0..20 {
            let order = Order::shuffled(5, epoch, samples);
            let sum: u64 = (1..samples).map(|p| u64::from(order.at(p).abs_diff(order.at(p - 1)))).sum();
            let mean = sum as f64 / f64::from(samples - 1) / f64::from(samples);
            assert!((0.30..0.37).contains(&mean), "epoch {epoch}: {mean}");
        }
    }

    #[test]
    fn batches_cut_the_epoch() {
        let sampler = Sampler::shuffled(9, 103, 25);
        assert_eq!(sampler.batches(), 5);
        let (mut all, mut batch) = (Vec::new(), Vec::new());
        for number in 0..5 {
            sampler.fill(2, number, &mut batch);
            all.extend_from_slice(&batch);
        }
        assert_eq!(batch.len(), 3);
        sampler.fill(2, 5, &mut batch);
        assert!(batch.is_empty());
        let order = Order::shuffled(9, 2, 103);
        assert_eq!(all, (0..103).map(|position| order.at(position)).collect::<Vec<_>>());
        assert_eq!(sampler.drop_last(true).batches(), 4);
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let order = |seed, epoch| {
            let order = Order::shuffled(seed, epoch, 1000);
            (0..1000).map(|position| order.at(position)).collect::<Vec<_>>()
        };
        assert_ne!(order(1, 0), order(1, 1));
        assert_ne!(order(1, 0), order(2, 0));
        assert_eq!(order(1, 5), order(1, 5));
    }
}
