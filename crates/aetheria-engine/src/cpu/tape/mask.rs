//! Dropout masks, drawn by element number.

use std::ops::Range;

use crate::random::{Draws, GROUP, unit};

/// Calls `write(at, values)` with the mask of consecutive elements until those of `range` are covered; `at` counts
/// from the range's beginning.
#[inline(always)]
pub(super) fn fill(draws: &Draws, keep: f32, range: Range<usize>, mut write: impl FnMut(usize, &[f32])) {
    let scale = 1.0 / keep;
    let mut next = range.start;
    while next < range.end {
        let group = next / GROUP;
        let words = draws.group(group as u32);
        let values = words.map(|word| if unit(word) < keep { scale } else { 0.0 });
        let end = range.end.min((group + 1) * GROUP);
        write(next - range.start, &values[next % GROUP..][..end - next]);
        next = end;
    }
}
