//! The values of one metric over the steps of a run.

use aether_core::signal::Nanos;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

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
        self.mean =
            if finite == 1 { point.value } else { self.mean + (point.value - self.mean) / finite as f64 };
    }
}

/// Says which log a point is from. Of two points of one step, that of the greater origin stands.
pub(crate) type Origin = u32;

/// The points of one metric, ascending in step, no step twice.
#[derive(Debug, Clone, Default)]
pub struct Series {
    points: Vec<Point>,
    /// Of each point.
    origins: Vec<Origin>,
    /// Of all points; not kept while `stale`.
    summary: Option<Summary>,
    /// Whether points were taken out or put in before the last since the summary was made.
    stale: bool,
}

impl Series {
    /// The points, ascending in step.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The last point.
    pub fn last(&self) -> Option<&Point> {
        self.points.last()
    }

    /// The series in a few numbers; `None` when it is empty.
    pub fn summary(&self) -> Option<Summary> {
        self.summary
    }

    /// Puts a point in. A point of the same step stands against it if `outranks` says of the two origins, the one
    /// that is there and the new one, that it does.
    pub(crate) fn put(
        &mut self,
        point: Point,
        origin: Origin,
        outranks: impl FnOnce(Origin, Origin) -> bool,
    ) {
        if self.points.last().is_none_or(|last| last.step < point.step) {
            self.points.push(point);
            self.origins.push(origin);
            match &mut self.summary {
                Some(summary) => summary.append(point),
                none => *none = Some(Summary::of(point)),
            }
            return;
        }
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

    /// Makes the summary anew if it has to be.
    pub(crate) fn settle(&mut self) {
        if std::mem::take(&mut self.stale) {
            let mut points = self.points.iter().copied();
            self.summary = points.next().map(Summary::of);
            if let Some(summary) = &mut self.summary {
                points.for_each(|point| summary.append(point));
            }
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
