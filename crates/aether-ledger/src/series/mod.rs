//! The values of one metric over the steps of a run.

mod column;
pub(crate) mod file;
mod node;
mod window;

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use aether_core::signal::Nanos;
use file::SeriesFile;
pub use node::Node;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use window::{Extent, Range, Window};

use crate::{
    Digest, LedgerError, RunDirectory,
    state::{LogState, State},
};

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The step it belongs to.
    pub step: u64,
    /// When it was said, in nanoseconds since 1970, UTC.
    pub time: Nanos,
    /// The value; NaN and infinities are values like any other.
    pub value: f64,
}

/// A series in a few numbers. Minimum, maximum and mean are over its finite values; what is not finite is counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The number of points, finite or not.
    pub count: u64,
    /// How many of them are NaN or infinite.
    pub non_finite: u64,
    /// The first point's value, finite or not.
    #[serde(with = "text")]
    pub first: f64,
    /// The last point's step.
    pub last_step: u64,
    /// The last point's value, finite or not.
    #[serde(with = "text")]
    pub last: f64,
    /// The least finite value; NaN when there is none.
    #[serde(with = "text")]
    pub min: f64,
    /// The greatest finite value; NaN when there is none.
    #[serde(with = "text")]
    pub max: f64,
    /// The mean of the finite values; NaN when there is none.
    #[serde(with = "text")]
    pub mean: f64,
}

/// Numbers as JSON has them, and `"NaN"`, `"inf"` and `"-inf"` as texts, because JSON has no such numbers.
mod text {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Finite(f64),
        Other(String),
    }

    pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() { Written::Finite(*value) } else { Written::Other(value.to_string()) }
            .serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        match Written::deserialize(from)? {
            Written::Finite(value) => Ok(value),
            Written::Other(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

impl Summary {
    /// Of a series of this one point.
    fn of(point: Point) -> Self {
        let mut summary = Self {
            count: 0,
            non_finite: 0,
            first: point.value,
            last_step: point.step,
            last: point.value,
            min: f64::NAN,
            max: f64::NAN,
            mean: f64::NAN,
        };
        summary.append(point);
        summary
    }

    /// Counts a point of a later step in.
    fn append(&mut self, point: Point) {
        self.count += 1;
        (self.last_step, self.last) = (point.step, point.value);
        if !point.value.is_finite() {
            self.non_finite += 1;
            return;
        }
        let finite = self.count - self.non_finite;
        // The minimum of a number and NaN is the number.
        self.min = self.min.min(point.value);
        self.max = self.max.max(point.value);
        self.mean = match finite {
            1 => point.value,
            _ => moved(self.mean, point.value, |difference| difference / finite as f64),
        };
    }

    /// Counts points that follow these in.
    fn join(&mut self, later: &Self) {
        let (before, after) = (self.count - self.non_finite, later.count - later.non_finite);
        self.count += later.count;
        self.non_finite += later.non_finite;
        (self.last_step, self.last) = (later.last_step, later.last);
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.mean = match (before, after) {
            (_, 0) => self.mean,
            (0, _) => later.mean,
            _ => moved(self.mean, later.mean, |difference| {
                difference * (after as f64 / (before + after) as f64)
            }),
        };
    }
}

/// `from`, moved towards `to` by a share of their difference, which itself may be too large for a number.
fn moved(from: f64, to: f64, share: impl Fn(f64) -> f64) -> f64 {
    let difference = to - from;
    if difference.is_finite() { from + share(difference) } else { from - share(from) + share(to) }
}

/// Says which log a point is from. Of two points of one step, that of the later log stands.
pub(crate) type Origin = u32;

/// The points of one metric, ascending in step, no step twice.
///
/// Those that were compacted lie in a file, as chunks; the rest is in memory. All of the chunks' steps are before those
/// in memory, so whatever changes the past takes chunks out of the file first.
#[derive(Debug, Clone, Default)]
pub struct Series {
    frozen: Option<Frozen>,
    points: Vec<Point>,
    /// Of each point in memory.
    origins: Vec<Origin>,
    /// Of all points; not kept while `stale`.
    summary: Option<Summary>,
    /// Whether points were taken out or put in before the last since the summary was made.
    stale: bool,
    /// All points, when they were asked for and some are frozen.
    all: OnceLock<Vec<Point>>,
    /// Whether it should have been changed where nothing but its summary is known.
    unknowable: bool,
}

/// Points in a file, the first ones of a series.
#[derive(Debug, Clone)]
pub(crate) struct Frozen {
    /// `None`: nothing is known of them but the summary.
    pub(crate) file: Option<Arc<SeriesFile>>,
    /// Where the pyramid begins.
    pub(crate) nodes: u64,
    /// How many of the lowest nodes still stand, and how many there are.
    pub(crate) leaves: usize,
    pub(crate) all: usize,
    /// Of those that stand.
    pub(crate) summary: Summary,
}

impl Frozen {
    /// The lowest nodes that still stand.
    fn standing(&self) -> Vec<Node> {
        self.file.as_ref().map_or_else(Vec::new, |file| file.nodes(self.nodes, self.leaves))
    }
}

impl Series {
    /// A series that lies in a file.
    pub(crate) fn of_frozen(frozen: Frozen) -> Self {
        Self { summary: Some(frozen.summary), frozen: Some(frozen), ..Self::default() }
    }

    /// A series of which nothing is known but its summary, to be continued.
    pub(crate) fn of_summary(summary: Summary) -> Self {
        Self::of_frozen(Frozen { file: None, nodes: 0, leaves: 0, all: 0, summary })
    }

    /// The points, ascending in step. Of a compacted series, all chunks are read first.
    pub fn points(&self) -> &[Point] {
        match &self.frozen {
            None => &self.points,
            Some(frozen) => self.all.get_or_init(|| {
                let chunks = frozen.standing();
                let file = frozen.file.as_ref();
                let frozen = chunks.iter().filter_map(|node| Some(file?.points(node).0)).flatten();
                frozen.chain(self.points.iter().copied()).collect()
            }),
        }
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.frozen.is_none() && self.points.is_empty()
    }

    /// The series as stretches that follow each other, ascending in step: for a chart. There are at most about `most`
    /// of them, or, where the series is compacted and was changed since, one for each chunk; reading them costs as
    /// little. What is in memory is told in stretches of the same kind.
    pub fn stretches(&self, most: usize) -> Vec<Node> {
        let mut stretches = match &self.frozen {
            Some(Frozen { file: Some(file), nodes, leaves, all, .. }) => {
                file.level(*nodes, *all, *leaves, most.max(node::FANOUT))
            }
            _ => Vec::new(),
        };
        let each = self.points.len().div_ceil(most.max(1)).max(1);
        stretches.extend(self.points.chunks(each).filter_map(Node::of));
        stretches
    }

    /// The series in a few numbers; `None` when it is empty.
    pub fn summary(&self) -> Option<Summary> {
        self.summary
    }

    /// The last step of the points in the file.
    fn frozen_until(&self) -> Option<u64> {
        self.frozen.as_ref().map(|frozen| frozen.summary.last_step)
    }

    /// Puts a point in. A point of the same step stands against it if `outranks` says of the two origins, the one
    /// that is there and the new one, that it does.
    #[inline]
    pub(crate) fn put(
        &mut self,
        point: Point,
        origin: Origin,
        outranks: impl FnOnce(Origin, Origin) -> bool,
    ) {
        if self
            .points
            .last()
            .map_or(self.frozen_until(), |last| Some(last.step))
            .is_none_or(|s| s < point.step)
        {
            self.points.push(point);
            self.origins.push(origin);
            match &mut self.summary {
                Some(summary) => summary.append(point),
                none => *none = Some(Summary::of(point)),
            }
            return;
        }
        self.put_before(point, origin, outranks);
    }

    #[cold]
    fn put_before(&mut self, point: Point, origin: Origin, outranks: impl FnOnce(Origin, Origin) -> bool) {
        self.thaw_from(point.step);
        self.stale = true;
        match self.points.binary_search_by_key(&point.step, |p| p.step) {
            Ok(at) if outranks(self.origins[at], origin) => {}
            Ok(at) => {
                self.points[at] = point;
                self.origins[at] = origin;
            }
            Err(at) => {
                self.points.insert(at, point);
                self.origins.insert(at, origin);
            }
        }
    }

    /// Takes out the points after `step` of which `void` says so.
    pub(crate) fn void_after(&mut self, step: u64, void: impl Fn(&Point, Origin) -> bool) {
        self.thaw_from(step.saturating_add(1));
        let first = self.points.partition_point(|p| p.step <= step);
        let mut kept = first;
        for at in first..self.points.len() {
            let (point, origin) = (self.points[at], self.origins[at]);
            if !void(&point, origin) {
                self.points[kept] = point;
                self.origins[kept] = origin;
                kept += 1;
            }
        }
        self.stale |= kept < self.points.len();
        self.points.truncate(kept);
        self.origins.truncate(kept);
    }

    /// Takes out of the file whatever has this step or a later one, with the chunk around it.
    fn thaw_from(&mut self, step: u64) {
        let Some(frozen) = &mut self.frozen else { return };
        if frozen.summary.last_step < step {
            return;
        }
        let Some(file) = frozen.file.clone() else {
            self.unknowable = true;
            return;
        };
        let mut nodes = frozen.standing();
        let first = nodes.partition_point(|node| node.summary.last_step < step);
        let (mut points, mut origins) = (Vec::new(), Vec::new());
        for node in &nodes[first..] {
            let (chunk, of) = file.points(node);
            points.extend(chunk);
            origins.extend(of);
        }
        points.append(&mut self.points);
        origins.append(&mut self.origins);
        (self.points, self.origins) = (points, origins);
        nodes.truncate(first);
        frozen.leaves = first;
        match Node::over(&nodes) {
            Some(all) => frozen.summary = all.summary,
            None => self.frozen = None,
        }
        self.all = OnceLock::new();
        self.stale = true;
    }

    /// Takes the last chunk out of the file if it is short and points follow it, so that no short ones pile up.
    pub(crate) fn thaw_short_end(&mut self) {
        let last = self.frozen.as_ref().filter(|_| !self.points.is_empty()).map(Frozen::standing);
        if let Some(last) = last.as_ref().and_then(|nodes| nodes.last())
            && last.summary.count < column::CHUNK as u64
        {
            let step = last.first_step;
            self.thaw_from(step);
            self.settle();
        }
    }

    /// Makes the summary anew if it has to be.
    pub(crate) fn settle(&mut self) {
        if self.all.get().is_some() {
            self.all = OnceLock::new();
        }
        if std::mem::take(&mut self.stale) {
            let mut points = self.points.iter().copied();
            let frozen = self.frozen.as_ref().map(|frozen| frozen.summary);
            self.summary = frozen.or_else(|| points.next().map(Summary::of));
            if let Some(summary) = &mut self.summary {
                points.for_each(|point| summary.append(point));
            }
        }
    }

    /// How many points are in memory.
    pub(crate) fn in_memory(&self) -> usize {
        self.points.len()
    }

    /// Whether it should have been changed where nothing but its summary is known.
    pub(crate) fn is_unknowable(&self) -> bool {
        self.unknowable
    }

    /// The points in memory and their origins.
    fn thawed(&self) -> (&[Point], &[Origin]) {
        (&self.points, &self.origins)
    }

    fn frozen_leaves(&self) -> Option<(&SeriesFile, Vec<Node>)> {
        let frozen = self.frozen.as_ref()?;
        Some((frozen.file.as_deref()?, frozen.standing()))
    }

    fn frozen_count(&self) -> u64 {
        self.frozen.as_ref().map_or(0, |frozen| frozen.summary.count)
    }

    /// Reads every chunk of the file; what is damaged, the file then knows.
    pub(crate) fn verify(&self) {
        if let Some((file, nodes)) = self.frozen_leaves() {
            nodes.iter().for_each(|node| drop(file.points(node)));
        }
    }

    /// The file that its first points lie in.
    pub(crate) fn file(&self) -> Option<&SeriesFile> {
        self.frozen.as_ref()?.file.as_deref()
    }
}

/// The ending of the name of a file of series.
const EXTENSION: &str = "series";

/// The newest file of series of a run: the one that covers most. Its name begins with how many bytes of logs it
/// covers, in 16 hexadecimal digits.
pub(crate) fn newest(directory: &RunDirectory) -> Result<Option<PathBuf>, LedgerError> {
    Ok(all(directory)?.pop())
}

/// All files of series of a run, the one that covers most as the last.
pub(crate) fn all(directory: &RunDirectory) -> Result<Vec<PathBuf>, LedgerError> {
    let series = directory.series();
    let entries = match fs::read_dir(&series) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(LedgerError::io("list", &series)(e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(LedgerError::io("list", &series))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|e| e == EXTENSION) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The name of the file that covers what `state` has read.
pub(crate) fn name(state: &State) -> String {
    name_of(state.logs.iter().map(|log| (&*log.file, log.offset)).collect())
}

/// The name of the file that covers so many bytes of these logs.
fn name_of(mut logs: Vec<(&str, u64)>) -> String {
    logs.retain(|(_, bytes)| *bytes > 0);
    logs.sort_unstable();
    let text: String = logs.iter().map(|(file, bytes)| format!("{file}\0{bytes}\n")).collect();
    let covered: u64 = logs.iter().map(|(_, bytes)| bytes).sum();
    format!("{covered:016x}-{}.{EXTENSION}", &Digest::of(text.as_bytes()).to_string()[..16])
}

/// How many bytes of logs a file covers, by its name.
pub(crate) fn covered(file: &Path) -> Option<u64> {
    u64::from_str_radix(file.file_name()?.to_str()?.split_once('-')?.0, 16).ok()
}

/// Whether the name of a file that cannot be read proves that it covers no more than was read: that is so if it is the
/// name for some of the logs in the order of their sessions, all of them to their ends but for the last one.
pub(crate) fn names_part_of(file: &Path, read: &State) -> bool {
    let Some(mut left) = covered(file) else { return false };
    let mut logs: Vec<_> = read.logs.iter().collect();
    logs.sort_by(|a, b| (a.session, a.start, &a.file).cmp(&(b.session, b.start, &b.file)));
    let take = |log: &&LogState| {
        let bytes = log.offset.min(left);
        left -= bytes;
        bytes
    };
    let taken: Vec<u64> = logs.iter().map(take).collect();
    let logs = logs.iter().map(|log| &*log.file).zip(taken).collect();
    file.file_name().is_some_and(|name| *name == *name_of(logs))
}

/// Tells the points in files of all these series in the order of their times, a chunk of each in memory at a time.
pub(crate) fn by_time(series: &[Series], mut tell: impl FnMut(usize, Point)) {
    struct Next {
        points: Vec<Point>,
        at: usize,
        nodes: std::vec::IntoIter<Node>,
    }
    let mut all: Vec<Next> = Vec::with_capacity(series.len());
    let mut heap = BinaryHeap::new();
    let refill = |next: &mut Next, file: &SeriesFile| {
        while next.at == next.points.len() {
            let Some(node) = next.nodes.next() else { return false };
            (next.points, next.at) = (file.points(&node).0, 0);
        }
        true
    };
    for (at, series) in series.iter().enumerate() {
        let nodes = series.frozen_leaves().map_or_else(Vec::new, |(_, nodes)| nodes);
        let mut next = Next { points: Vec::new(), at: 0, nodes: nodes.into_iter() };
        if let Some(file) = series.file()
            && refill(&mut next, file)
        {
            heap.push(Reverse((next.points[0].time, at)));
        }
        all.push(next);
    }
    while let Some(Reverse((_, at))) = heap.pop() {
        let next = &mut all[at];
        tell(at, next.points[next.at]);
        next.at += 1;
        if let Some(file) = series[at].file()
            && refill(next, file)
        {
            heap.push(Reverse((next.points[next.at].time, at)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(u64, f64)]) -> Series {
        let mut series = Series::default();
        for &(step, value) in points {
            series.put(Point { step, time: 0, value }, 0, |_, _| false);
        }
        series.settle();
        series
    }

    fn steps(series: &Series) -> Vec<u64> {
        series.points().iter().map(|p| p.step).collect()
    }

    #[test]
    fn what_is_not_finite_is_counted_and_not_hidden() {
        let summary = series(&[(1, 2.0), (2, f64::NAN), (3, -4.0), (4, f64::INFINITY)]).summary().unwrap();
        assert_eq!((summary.count, summary.non_finite, summary.last_step), (4, 2, 4));
        assert_eq!((summary.last, summary.min, summary.max, summary.mean), (f64::INFINITY, -4.0, 2.0, -1.0));
        let summary = series(&[(1, f64::NAN)]).summary().unwrap();
        assert!(summary.last.is_nan() && summary.min.is_nan() && summary.mean.is_nan());
    }

    #[test]
    fn the_mean_of_the_largest_numbers_is_a_number() {
        let summary = series(&[(1, f64::MAX), (2, -f64::MAX / 2.0), (3, f64::MAX)]).summary().unwrap();
        assert!((summary.mean / f64::MAX - 0.5).abs() < 1e-12, "{}", summary.mean);
        let mut joined = series(&[(1, f64::MAX)]).summary().unwrap();
        joined.join(&series(&[(2, -f64::MAX), (3, -f64::MAX), (4, -f64::MAX)]).summary().unwrap());
        assert!((joined.mean / f64::MAX + 0.5).abs() < 1e-12, "{}", joined.mean);
    }

    #[test]
    fn any_order_gives_one_ascending_series_and_its_summary() {
        let sorted = series(&[(1, 1.0), (2, 2.0), (3, 6.0)]);
        let mixed = series(&[(3, 0.0), (1, 1.0), (3, 6.0), (2, 2.0)]);
        assert_eq!(steps(&mixed), [1, 2, 3]);
        assert_eq!(mixed.summary(), sorted.summary());
    }

    #[test]
    fn voided_points_leave_the_summary() {
        let mut series = series(&[(1, 1.0), (2, 9.0), (3, 5.0)]);
        series.void_after(1, |point, _| point.step == 2);
        series.settle();
        assert_eq!((steps(&series), series.summary().unwrap().max), (vec![1, 3], 5.0));
        series.void_after(0, |_, _| true);
        series.settle();
        assert_eq!(series.summary(), None);
    }

    #[test]
    fn a_summary_survives_json() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1] {
            let summary = series(&[(1, value)]).summary().unwrap();
            let read: Summary = serde_json::from_str(&serde_json::to_string(&summary).unwrap()).unwrap();
            assert_eq!(read.last.is_nan(), value.is_nan());
            assert!(value.is_nan() || read.last.to_bits() == value.to_bits(), "{value}");
        }
    }
}
