//! How a product is cut into tasks and tiles, and which operands are packed. See the page in [`super`].

use super::dispatch::Kernels;
use super::spec::Spec;
use std::ops::Range;

/// The longest block of k: B's block of two registers (32 KiB) stays in the first-level cache.
const DEPTH: usize = 256;
/// Up to this k a tile's time is that of storing it, and wide tiles store longer runs.
const SHALLOW: usize = 16;
/// With few rows a B of at least so many floats is streamed: so many rows at a time, in so many columns.
const STREAMED: usize = 1 << 17;
const STREAM_ROWS: usize = 32;
const STREAM_COLUMNS: usize = 256;
/// A task's rows of A, packed, stay in the second-level cache: in floats.
const TASK_A: usize = 1 << 18;
/// The most floats of A that are packed beforehand; a larger A is read in place.
const PACKED_A: usize = 1 << 22;
/// Tasks enough for a fair share to each of a few dozen threads, where they are not too small.
const TASKS: usize = 32;
/// A task has at least this many multiplications: about a microsecond, several times what handing it out costs.
const TASK_PRODUCTS: usize = 1 << 15;

/// A length cut into parts whose lengths differ by one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Split {
    len: usize,
    pub(super) parts: usize,
}

impl Split {
    /// As few parts as can be, none longer than `most`.
    pub(super) fn at_most(len: usize, most: usize) -> Self {
        Split { len, parts: len.div_ceil(most).max(1) }
    }

    pub(super) fn range(self, part: usize) -> Range<usize> {
        self.len * part / self.parts..self.len * (part + 1) / self.parts
    }

    /// The length of the longest part.
    pub(super) fn longest(self) -> usize {
        self.len.div_ceil(self.parts)
    }
}

/// C's columns cut into panels: wide ones first, as far as they go, then narrow ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Panels {
    n: usize,
    wide: usize,
    wide_count: usize,
    narrow: usize,
    pub(super) count: usize,
}

impl Panels {
    fn new(n: usize, wide: usize, narrow: usize) -> Self {
        let wide_count = n / wide;
        let count = wide_count + (n - wide_count * wide).div_ceil(narrow);
        Panels { n, wide, wide_count, narrow, count }
    }

    pub(super) fn range(self, panel: usize) -> Range<usize> {
        let (wides, narrows) = (panel.min(self.wide_count), panel.saturating_sub(self.wide_count));
        let start = wides * self.wide + narrows * self.narrow;
        let width = if panel < self.wide_count { self.wide } else { self.narrow };
        start..self.n.min(start + width)
    }

    /// The columns of the widest panel.
    pub(super) fn widest(self) -> usize {
        if self.wide_count > 0 { self.wide } else { self.narrow }
    }
}

/// Where the kernels read B.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SourceB {
    /// Where it is.
    InPlace,
    /// The first tile of a panel copies what it reads; the others read the copy.
    Copied,
    /// A panel is transposed before its first tile.
    Transposed,
}

/// The choices for one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blocking {
    /// m, cut into the rows of a register tile.
    pub(super) tiles: Split,
    /// Those tiles, cut into the tasks of a panel.
    pub(super) groups: Split,
    /// k, cut into blocks that are added up one after the other.
    pub(super) depth: Split,
    pub(super) panels: Panels,
    /// Those panels, cut into the tasks of a group of tiles. A task goes through a block of k in all its panels
    /// before the next block.
    pub(super) runs: Split,
    /// A is packed by all workers before the tasks.
    pub(super) pack_a: bool,
    pub(super) b: SourceB,
}

impl Blocking {
    pub(super) fn choose(kernels: &Kernels, spec: &Spec) -> Self {
        let Spec { m, n, k, .. } = *spec;
        let narrow = 2 * kernels.lanes;
        let b = if spec.b.col_stride != 1 && n > 1 {
            SourceB::Transposed
        } else if m >= 3 * kernels.rows && k >= 64 && n > kernels.lanes {
            SourceB::Copied
        } else {
            SourceB::InPlace
        };
        let wide = if k <= SHALLOW {
            kernels.wide.last()
        } else {
            kernels.wide.iter().find(|&&(rows, _)| m <= rows && b == SourceB::InPlace)
        };
        let wide = wide.filter(|&&(_, registers)| n >= registers * kernels.lanes);
        let panels = Panels::new(n, wide.map_or(narrow, |&(_, registers)| registers * kernels.lanes), narrow);
        // Rows that are a multiple of a page apart share a few lines of the cache: more of them than it has ways evict
        // each other.
        let collide = spec.a.row_stride != 1 && (spec.a.row_stride * size_of::<f32>()).is_multiple_of(4096);
        // Packing is a pass and a barrier of its own: many tiles must be spared by it.
        let pack_a = wide.is_none()
            && panels.count >= 4
            && m * panels.count >= 64 * kernels.rows
            && k >= 64
            && m * k * spec.batch_count() <= PACKED_A;
        // A vector times a matrix is as fast as the matrix comes: long runs of a few rows come fastest.
        let stream = m <= 3 && wide.is_some() && b == SourceB::InPlace && k * n >= STREAMED;
        let depth = Split::at_most(k, if stream { STREAM_ROWS } else { DEPTH });
        let per_run = if stream { (STREAM_COLUMNS / panels.widest()).max(1) } else { 1 };
        let runs = Split::at_most(panels.count, per_run);
        let most = wide.map_or(kernels.rows, |&(rows, _)| rows);
        let tiles = Split::at_most(m, if collide && !pack_a { most.min(8) } else { most });
        let most_tasks = (m * n * k / TASK_PRODUCTS).clamp(1, TASKS.div_ceil(spec.batch_count()));
        let least_tiles = if b == SourceB::InPlace { 1 } else { 6 };
        let groups = most_tasks.div_ceil(runs.parts).min(tiles.parts / least_tiles).max(1);
        let cached = (m * depth.longest()).div_ceil(TASK_A);
        let groups = Split { len: tiles.parts, parts: groups.max(cached).min(tiles.parts) };
        Blocking { tiles, groups, depth, panels, runs, pack_a, b }
    }

    /// How many floats packed A has, in all products of the batch.
    pub(super) fn packed_a_len(&self, spec: &Spec) -> usize {
        if self.pack_a { (spec.batch_count() * spec.m * spec.k).next_multiple_of(16) } else { 0 }
    }

    /// How many floats a worker's packed panel of B has.
    pub(super) fn packed_b_len(&self) -> usize {
        match self.b {
            SourceB::InPlace => 0,
            _ => self.depth.longest() * self.panels.widest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_length_and_are_even() {
        for (len, most) in [(0, 4), (1, 4), (256, 14), (784, 14), (784, 256), (15, 14)] {
            let split = Split::at_most(len, most);
            let ranges: Vec<_> = (0..split.parts).map(|part| split.range(part)).collect();
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, len));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(ranges.iter().all(|range| range.len() <= most && range.len() + 1 >= split.longest()));
        }
    }

    #[test]
    fn panels_cover_the_columns() {
        for (n, wide, narrow) in [(10, 32, 32), (200, 128, 32), (1024, 32, 32), (1, 128, 32), (129, 128, 32)]
        {
            let panels = Panels::new(n, wide, narrow);
            let ranges: Vec<_> = (0..panels.count).map(|panel| panels.range(panel)).collect();
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, n));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(ranges.iter().all(|range| !range.is_empty() && range.len() <= panels.widest()));
        }
    }
}
