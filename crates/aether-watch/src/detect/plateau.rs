//! A loss that no longer falls.

use aether_core::{Event, Level};
use serde_json::json;

use super::{
    Detector, Observed, Role,
    episode::Episode,
    event, short,
    window::{deviation, median},
};

/// Means of so many values are one block, of which so many are kept.
const BLOCKS: usize = 20;
/// Values in the shortest block.
const BLOCK: u32 = 10;

/// Over the second half of the whole run, the loss fell by less than 1 % of its level and less than its noise allows to
/// see. That a run has converged is no trouble, so this is an `info`; that it never got anywhere is a `warning`.
#[derive(Debug)]
pub(crate) struct Plateau {
    blocks: [f64; BLOCKS],
    length: usize,
    /// Values in a block: doubled whenever there are too many blocks.
    size: u32,
    sum: f64,
    count: u32,
    first: Option<f64>,
    episode: Episode,
}

impl Default for Plateau {
    fn default() -> Self {
        Self {
            blocks: [0.0; BLOCKS],
            length: 0,
            size: BLOCK,
            sum: 0.0,
            count: 0,
            first: None,
            episode: Episode::default(),
        }
    }
}

impl Detector for Plateau {
    fn observe(&mut self, seen: &Observed, _: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() {
            return;
        }
        self.sum += seen.value;
        self.count += 1;
        if self.count < self.size {
            return;
        }
        let mean = self.sum / f64::from(self.count);
        (self.sum, self.count) = (0.0, 0);
        let first = *self.first.get_or_insert(mean);
        if self.length == BLOCKS {
            for at in 0..BLOCKS / 2 {
                self.blocks[at] = f64::midpoint(self.blocks[at * 2], self.blocks[at * 2 + 1]);
            }
            self.length = BLOCKS / 2;
            self.size *= 2;
        }
        self.blocks[self.length] = mean;
        self.length += 1;
        // Not before 200 values.
        if self.length < BLOCKS {
            return;
        }
        let mut second = [0.0; BLOCKS / 2];
        second.copy_from_slice(&self.blocks[BLOCKS / 2..]);
        let (mut early, mut late) = (second, second);
        let (early, late) = (median(&mut early[..5]), median(&mut late[5..]));
        let noise = deviation(&mut second);
        let level = early.abs().max(late.abs());
        let fell = early - late;
        let flat = fell < 0.01 * level && fell < 2.0 * noise.max(0.002 * level) && fell > -0.3 * level;
        if self.episode.opens(flat, 1, 1) {
            let never = (first - late).abs() < 0.05 * first.abs();
            let values = self.size * BLOCKS as u32 / 2;
            let name = seen.metric.name();
            let (level, message) = if never {
                let hint = "the learning rate, the data or the model may be wrong";
                (
                    Level::Warning,
                    format!("{name} has not fallen since the beginning ({}): {hint}", short(late)),
                )
            } else {
                (
                    Level::Info,
                    format!("{name} has stopped falling: it stays at {} for {values} values", short(late)),
                )
            };
            let evidence = [("level", json!(late)), ("before", json!(early)), ("values", json!(values))];
            found.push(event("plateau", level, seen, message, &evidence));
        }
    }
}
