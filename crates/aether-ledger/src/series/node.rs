//! Nodes of the pyramid: what a stretch of a series comes to, and for the lowest ones, where its columns lie.

use super::{Point, Summary};

/// Nodes below one of the next level.
pub(crate) const FANOUT: usize = 16;

/// Bytes of a node in a file.
pub(crate) const SIZE: usize = 168;

/// A stretch of a series in a few numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// The step of its first point.
    pub first_step: u64,
    /// The time of its first point.
    pub first_time: i64,
    /// The time of its last point.
    pub last_time: i64,
    /// The rest, as of a series.
    pub summary: Summary,
    /// How many of its points are NaN, not counting infinities.
    pub nan: u64,
    /// The log of all of its points, where that is one.
    pub(super) origin: u32,
    /// Steps, times, values, origins (empty where all are of one log): only of the lowest nodes.
    pub(super) columns: [Column; 4],
}

/// Where a column lies in its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Column {
    pub(super) at: u64,
    pub(super) length: u32,
    pub(super) crc: u32,
}

impl Node {
    /// Of one point.
    pub fn of_point(point: Point) -> Self {
        Self {
            first_step: point.step,
            first_time: point.time,
            last_time: point.time,
            summary: Summary::of(point),
            nan: u64::from(point.value.is_nan()),
            origin: 0,
            columns: Default::default(),
        }
    }

    /// Of some points; `None` for none.
    pub(super) fn of(points: &[Point]) -> Option<Self> {
        let (first, rest) = points.split_first()?;
        let mut all = Self::of_point(*first);
        for point in rest {
            all.summary.append(*point);
            all.nan += u64::from(point.value.is_nan());
            all.last_time = point.time;
        }
        Some(all)
    }

    /// Of several that follow each other; `None` for none.
    pub(super) fn over(nodes: &[Self]) -> Option<Self> {
        let (&first, rest) = nodes.split_first()?;
        let mut all = first;
        for node in rest {
            all.summary.join(&node.summary);
            all.nan += node.nan;
            all.last_time = node.last_time;
        }
        (all.origin, all.columns) = (0, Default::default());
        Some(all)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let at = out.len();
        let s = &self.summary;
        let words = [
            self.first_step,
            self.first_time as u64,
            s.first.to_bits(),
            s.last_step,
            s.last.to_bits(),
            s.count,
            s.non_finite,
            self.nan,
            s.min.to_bits(),
            s.max.to_bits(),
            s.mean.to_bits(),
        ];
        words.iter().for_each(|word| out.extend(word.to_le_bytes()));
        for column in &self.columns {
            out.extend(column.at.to_le_bytes());
            out.extend(column.length.to_le_bytes());
            out.extend(column.crc.to_le_bytes());
        }
        out.extend(self.origin.to_le_bytes());
        out.extend(self.last_time.to_le_bytes());
        out.extend(crc32fast::hash(&out[at..]).to_le_bytes());
        debug_assert_eq!(out.len() - at, SIZE);
    }

    /// Reads a node of [`SIZE`] bytes; `None` when it is damaged.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (content, crc) = bytes.split_last_chunk::<4>()?;
        if bytes.len() != SIZE || crc32fast::hash(content) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (words, rest) = content.split_at(88);
        let mut words = words.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word));
        let mut next = || words.next().unwrap_or_default();
        let (first_step, first_time, first) = (next(), next() as i64, f64::from_bits(next()));
        let (last_step, last, count, non_finite, nan) =
            (next(), f64::from_bits(next()), next(), next(), next());
        let [min, max, mean] = [next(), next(), next()].map(f64::from_bits);
        let mut columns = [Column::default(); 4];
        for (column, bytes) in columns.iter_mut().zip(rest.as_chunks::<16>().0) {
            let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
            *column = Column {
                at: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
                length: u32::from_le_bytes([i, j, k, l]),
                crc: u32::from_le_bytes([m, n, o, p]),
            };
        }
        let origin = rest.get(64..68)?.try_into().ok().map(u32::from_le_bytes)?;
        let last_time = rest.get(68..76)?.try_into().ok().map(i64::from_le_bytes)?;
        let summary = Summary { count, non_finite, first, last_step, last, min, max, mean };
        Some(Self { first_step, first_time, last_time, summary, nan, origin, columns })
    }
}

/// The sizes of a pyramid's levels over so many lowest nodes, from the lowest up.
pub(super) fn levels(leaves: usize) -> Vec<usize> {
    let mut sizes = vec![leaves];
    let mut size = leaves;
    while size > 1 {
        size = size.div_ceil(FANOUT);
        sizes.push(size);
    }
    sizes
}
