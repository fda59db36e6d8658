//! Turns what is said into frames.

use aether_core::Metric;

use super::{
    frame,
    queue::Item,
    record::{self, Header, LoggedPoint, PointsWriter},
};

/// A block of points is closed at this length, so that damage to one frame costs little.
const LONGEST_BLOCK: usize = 60 * 1024;

/// Gathers points into blocks, and gives every metric its name before its first point.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    frames: Vec<u8>,
    points: PointsWriter,
    /// By a metric's index: whether its name is written.
    named: Vec<bool>,
    /// The last step that anything was said about.
    step: u64,
}

impl Encoder {
    pub(super) fn new(header: &Header) -> Self {
        let mut encoder = Self::default();
        frame::append(&mut encoder.frames, |out| header.write(out));
        encoder
    }

    pub(super) fn take(&mut self, item: Item) {
        match item {
            Item::Point { metric, step, time, value } => {
                self.name(metric);
                // A metric's index is its number: both are this process's alone.
                self.points.push(LoggedPoint { metric: metric.index() as u32, step, time, value });
                self.step = step;
                if self.points.len() >= LONGEST_BLOCK {
                    self.close_block();
                }
            }
            Item::Rewind { time, step } => {
                self.close_block();
                frame::append(&mut self.frames, |out| record::write_rewind(out, time, step));
                self.step = step;
            }
            Item::Event(event) => {
                self.close_block();
                frame::append(&mut self.frames, |out| record::write_event(out, event.time, &event.event));
                self.step = event.event.step;
            }
        }
    }

    /// The last step that anything was said about.
    pub(super) fn step(&self) -> u64 {
        self.step
    }

    /// Bytes waiting to be taken.
    pub(super) fn len(&self) -> usize {
        self.frames.len() + self.points.len()
    }

    /// Moves all frames, the block in the making as the last, to the end of `out`.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.close_block();
        out.append(&mut self.frames);
    }

    fn close_block(&mut self) {
        if self.points.len() > 0 {
            frame::append(&mut self.frames, |out| self.points.finish(out));
        }
    }

    fn name(&mut self, metric: Metric) {
        let index = metric.index();
        if index >= self.named.len() {
            self.named.resize(index + 1, false);
        }
        if !self.named[index] {
            self.named[index] = true;
            // It may stand before points that were said earlier: they are in the block that is closed later.
            frame::append(&mut self.frames, |out| record::write_metric(out, index as u32, metric.name()));
        }
    }
}
