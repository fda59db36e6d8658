//! A part of a series for a chart, at a cost that does not grow with the series.

use aether_core::signal::Nanos;

use super::{
    Frozen, Node, Point, Series,
    file::SeriesFile,
    node::{self, FANOUT, SIZE},
};

/// Chunks are only unpacked where there are so many times fewer of them than stretches asked for.
const WORTH: usize = 8;
/// And no more of them than this: a million points.
const CHUNKS: usize = 256;
/// So many nodes are read for one stretch: the next level above has 16 times fewer.
const READ: usize = 8;

/// Which part of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// The steps from the first to the last, both included.
    Steps(u64, u64),
    /// The times from the first to the last, both included, in nanoseconds since 1970.
    Times(Nanos, Nanos),
}

impl Range {
    /// All of it.
    pub const ALL: Self = Self::Steps(0, u64::MAX);

    fn holds(self, point: &Point) -> bool {
        match self {
            Self::Steps(from, to) => (from..=to).contains(&point.step),
            Self::Times(from, to) => (from..=to).contains(&point.time),
        }
    }

    /// Whether it ends before a point of this step and time.
    fn ends_before(self, step: u64, time: Nanos) -> bool {
        match self {
            Self::Steps(_, to) => to < step,
            Self::Times(_, to) => to < time,
        }
    }

    fn meets(self, node: &Node) -> bool {
        match self {
            Self::Steps(from, to) => node.summary.last_step >= from && node.first_step <= to,
            Self::Times(from, to) => node.last_time >= from && node.first_time <= to,
        }
    }
}

/// A part of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    /// Its points: there are not many.
    Points(Vec<Point>),
    /// Stretches that follow each other, ascending in step. The first and the last may reach beyond the part.
    Stretches(Vec<Node>),
}

/// Where a series begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The first point's step.
    pub first_step: u64,
    /// The first point's time.
    pub first_time: Nanos,
    /// The last point's step.
    pub last_step: u64,
    /// The last point's time.
    pub last_time: Nanos,
}

impl Series {
    /// What lies in `range`, and a point on either side of it: all points where they are no more than `most`, else about `most` stretches, or as many as
    /// the file has chunks where those are fewer than `most` but not few enough to be unpacked (an eighth).
    pub fn window(&self, range: Range, most: usize) -> Window {
        let most = most.max(1);
        let mut memory = within(&self.points, range);
        let (nodes, lowest) = match &self.frozen {
            Some(frozen @ Frozen { file: Some(file), .. }) => frozen.descend(file, range, most * READ),
            _ => (Vec::new(), true),
        };
        // A point in memory is no neighbour where points of the file lie between.
        if memory.first().is_some_and(|point| range.ends_before(point.step, point.time))
            && nodes.last().is_some_and(|node| range.ends_before(node.summary.last_step, node.last_time))
        {
            memory = &[];
        }
        let count: usize = nodes.iter().map(|node| node.summary.count as usize).sum();
        let all = count + memory.len();
        let short = all <= most || nodes.len() <= (most / WORTH).clamp(2, CHUNKS);
        if !lowest || !short {
            let each = nodes.len().div_ceil(most).max(1);
            let mut stretches: Vec<Node> = nodes.chunks(each).filter_map(Node::over).collect();
            let each = memory.len().div_ceil(most).max(1);
            stretches.extend(memory.chunks(each).filter_map(Node::of));
            return Window::Stretches(stretches);
        }
        let file = self.file();
        let chunks = nodes.iter().filter_map(|node| Some(file?.points(node).0));
        let chunks = chunks.map(|points| within(&points, range).to_vec());
        // What the ends reach beyond the range does not count, which is not known before they are unpacked.
        let beyond = if nodes.is_empty() { 0 } else { 2 * super::column::CHUNK };
        if all <= most + beyond {
            let points: Vec<Point> = chunks.flatten().chain(memory.iter().copied()).collect();
            if points.len() <= most {
                return Window::Points(points);
            }
            let each = points.len().div_ceil(most);
            return Window::Stretches(points.chunks(each).filter_map(Node::of).collect());
        }
        let each = all.div_ceil(most);
        let mut stretches = Vec::new();
        for points in chunks {
            stretches.extend(points.chunks(each).filter_map(Node::of));
        }
        stretches.extend(memory.chunks(each).filter_map(Node::of));
        Window::Stretches(stretches)
    }

    /// Where it begins and ends; `None` when it is empty.
    pub fn extent(&self) -> Option<Extent> {
        let ends = |first: &Point, last: &Point| Extent {
            first_step: first.step,
            first_time: first.time,
            last_step: last.step,
            last_time: last.time,
        };
        let memory = self.points.first().zip(self.points.last()).map(|(first, last)| ends(first, last));
        let frozen = self.frozen.as_ref().and_then(|frozen| {
            let file = frozen.file.as_deref()?;
            let leaf = |at: usize| file.nodes(frozen.nodes + (at * SIZE) as u64, 1).pop();
            let (first, last) = (leaf(0)?, leaf(frozen.leaves.checked_sub(1)?)?);
            Some(Extent {
                first_step: first.first_step,
                first_time: first.first_time,
                last_step: last.summary.last_step,
                last_time: last.last_time,
            })
        });
        match (frozen, memory) {
            (Some(frozen), Some(memory)) => {
                Some(Extent { last_step: memory.last_step, last_time: memory.last_time, ..frozen })
            }
            (frozen, memory) => frozen.or(memory),
        }
    }
}

/// The points from the first to the last that the range holds, and one on either side, so that a line runs to the edge.
fn within(points: &[Point], range: Range) -> &[Point] {
    let (from, to) = match range {
        Range::Steps(from, to) => {
            (points.partition_point(|p| p.step < from), points.partition_point(|p| p.step <= to))
        }
        // Times need not ascend: several logs may have said the series.
        Range::Times(from, to) => {
            let first = points.iter().position(|p| range.holds(p));
            let last = points.iter().rposition(|p| range.holds(p));
            let before = points.partition_point(|p| p.time < from);
            first.zip(last).map_or_else(
                || (before, before.max(points.partition_point(|p| p.time <= to))),
                |(first, last)| (first, last + 1),
            )
        }
    };
    points.get(from.saturating_sub(1)..(to + 1).min(points.len())).unwrap_or_default()
}

impl Frozen {
    /// The nodes that meet `range` of the lowest level on which there are at most `most`; whether that is the lowest
    /// of all. A node that is damaged hides nothing but on that level: those above are passed through.
    fn descend(&self, file: &SeriesFile, range: Range, most: usize) -> (Vec<Node>, bool) {
        // A higher node also counts points that do not stand any more: then only the lowest tell the truth.
        if self.leaves != self.all {
            let mut nodes = self.standing();
            nodes.retain(|node| range.meets(node));
            return (nodes, true);
        }
        let sizes = node::levels(self.all);
        let Some(mut level) = sizes.len().checked_sub(1) else { return (Vec::new(), true) };
        let begins = |level: usize| self.nodes + (sizes[..level].iter().sum::<usize>() * SIZE) as u64;
        let read = |level: usize, from: usize, to: usize| -> Vec<(usize, Option<Node>)> {
            let nodes = file.nodes_or_gaps(begins(level) + (from * SIZE) as u64, to - from).into_iter();
            let numbered = nodes.enumerate().map(|(at, node)| (from + at, node));
            numbered.filter(|(_, node)| node.is_none_or(|node| range.meets(&node))).collect()
        };
        let mut here = read(level, 0, sizes[level]);
        while level > 0 {
            let (Some((first, _)), Some((last, _))) = (here.first(), here.last()) else { break };
            let below = read(level - 1, first * FANOUT, ((last + 1) * FANOUT).min(sizes[level - 1]));
            if below.len() > most {
                break;
            }
            (here, level) = (below, level - 1);
        }
        (here.into_iter().filter_map(|(_, node)| node).collect(), level == 0 || sizes.len() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(count: u64) -> Series {
        let mut series = Series::default();
        for step in 0..count {
            let value = if step == 777 { 1e9 } else { (step % 100) as f64 };
            series.put(Point { step, time: step as i64 * 10, value }, 0, |_, _| false);
        }
        series.settle();
        series
    }

    fn steps(window: &Window) -> (u64, u64, u64) {
        match window {
            Window::Points(points) => (points[0].step, points[points.len() - 1].step, points.len() as u64),
            Window::Stretches(nodes) => (
                nodes[0].first_step,
                nodes[nodes.len() - 1].summary.last_step,
                nodes.iter().map(|n| n.summary.count).sum(),
            ),
        }
    }

    #[test]
    fn few_points_are_told_themselves() {
        let window = series(1000).window(Range::Steps(10, 19), 12);
        assert_eq!((steps(&window), matches!(window, Window::Points(_))), ((9, 20, 12), true));
        let window = series(1000).window(Range::Times(100, 199), 12);
        assert_eq!((steps(&window), matches!(window, Window::Points(_))), ((9, 20, 12), true));
        assert_eq!(steps(&series(10).window(Range::Steps(50, 60), 10)), (9, 9, 1));
        assert_eq!(steps(&series(10).window(Range::Times(41, 49), 10)), (4, 5, 2));
        assert_eq!(Series::default().window(Range::ALL, 10), Window::Points(Vec::new()));
    }

    #[test]
    fn many_points_are_told_in_stretches_that_hide_no_spike() {
        let window = series(5000).window(Range::ALL, 100);
        assert_eq!(steps(&window), (0, 4999, 5000));
        let Window::Stretches(nodes) = window else { panic!("stretches") };
        assert!((100..=101).contains(&nodes.len()), "{}", nodes.len());
        assert!(nodes.iter().any(|node| node.summary.max == 1e9));
        assert!(nodes.iter().all(|node| node.last_time == node.summary.last_step as i64 * 10));
    }

    #[test]
    fn the_ends() {
        let extent = series(100).extent().unwrap();
        assert_eq!((extent.first_step, extent.last_step, extent.last_time), (0, 99, 990));
        assert_eq!(Series::default().extent(), None);
    }
}
