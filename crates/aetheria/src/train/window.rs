//! How an epoch is cut into batches and windows.
//!
//! A window is the run of batches whose gradients make one optimizer step. The last window of an epoch may have fewer
//! batches and its last batch fewer samples; both are known ahead, so every sample counts the same.

/// The cut of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    samples: u64,
    batch_size: u64,
    batches: u64,
    per_window: u64,
}

/// One window of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its first batch, counted from the epoch's beginning.
    pub first: u64,
    /// How many batches it has.
    pub batches: u32,
    /// How many samples they have together.
    pub samples: u64,
}

impl Windows {
    /// Cuts `samples` samples into `batches` batches of `batch_size` and these into windows of `per_window`.
    pub fn new(samples: usize, batch_size: usize, batches: u64, per_window: u32) -> Self {
        Self {
            samples: samples as u64,
            batch_size: batch_size as u64,
            batches,
            per_window: u64::from(per_window.max(1)),
        }
    }

    /// Batches in an epoch.
    pub fn batches(&self) -> u64 {
        self.batches
    }

    /// Optimizer steps in an epoch.
    pub fn steps(&self) -> u64 {
        self.batches.div_ceil(self.per_window)
    }

    /// The window that batch `batch` of an epoch belongs to.
    pub fn of(&self, batch: u64) -> Window {
        let first = batch - batch % self.per_window;
        let end = (first + self.per_window).min(self.batches);
        let samples = (end * self.batch_size).min(self.samples) - (first * self.batch_size).min(self.samples);
        Window { first, batches: (end - first) as u32, samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_in_one_window() {
        for (samples, batch_size, per_window) in
            [(103, 10, 4), (100, 10, 4), (7, 10, 3), (12, 4, 1), (12, 4, 3)]
        {
            let batches = (samples as u64).div_ceil(batch_size as u64);
            let windows = Windows::new(samples, batch_size, batches, per_window);
            let (mut batch, mut seen, mut count) = (0, 0, 0);
            while batch < batches {
                let window = windows.of(batch);
                assert_eq!(window.first, batch);
                for inside in batch..batch + u64::from(window.batches) {
                    assert_eq!(windows.of(inside), window);
                }
                batch += u64::from(window.batches);
                seen += window.samples;
                count += 1;
            }
            assert_eq!((seen, count), (samples as u64, windows.steps()));
        }
    }

    #[test]
    fn a_dropped_batch_is_in_none() {
        let windows = Windows::new(103, 10, 10, 4);
        assert_eq!(windows.of(9), Window { first: 8, batches: 2, samples: 20 });
    }
}
