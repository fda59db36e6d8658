//! What a chart shows of a series: stretches of the part in sight, from the pyramid, with the true extremes of each.

use aether_ledger::{Node, Range, Series, Window};
use aether_watch::Unit;

use crate::board::X;

/// Some points that follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stretch {
    /// The x of its first point and of its last.
    pub(crate) x: (f64, f64),
    /// Its first value, finite or not, and its last.
    pub(crate) ends: (f64, f64),
    /// Its least and its greatest finite value; NaN when there is none.
    pub(crate) extremes: (f64, f64),
    /// The mean of the finite values.
    pub(crate) mean: f64,
    /// How many points.
    pub(crate) count: u64,
    /// How many of them are not finite.
    pub(crate) non_finite: u64,
}

/// A curve of a chart.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Curve {
    /// What the legend calls it.
    pub(crate) name: String,
    /// Its colour's number.
    pub(crate) number: usize,
    /// What its values count in, where somebody knows.
    pub(crate) unit: Option<Unit>,
    /// Ascending in x.
    pub(crate) stretches: Vec<Stretch>,
}

/// Where x begins for a run: milliseconds since 1970 for relative time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Origin {
    /// What x counts.
    pub(crate) x: X,
    /// When the run began, in nanoseconds since 1970.
    pub(crate) began: i64,
}

impl Origin {
    /// The x of a step and its time: steps, or seconds.
    pub(crate) fn x(&self, step: u64, time: i64) -> f64 {
        match self.x {
            X::Step => step as f64,
            X::Time => time as f64 / 1e9,
            X::Relative => (time - self.began) as f64 / 1e9,
        }
    }

    /// The part of a series from one x to another. Casts of numbers beyond a range end at its bounds.
    fn range(&self, from: f64, to: f64) -> Range {
        let time = |x: f64, began: i64| began.saturating_add((x * 1e9) as i64);
        match self.x {
            X::Step => Range::Steps(from.ceil() as u64, to.floor() as u64),
            X::Time => Range::Times(time(from, 0), time(to, 0)),
            X::Relative => Range::Times(time(from, self.began), time(to, self.began)),
        }
    }
}

/// The stretches of `series` in sight: about `most` of them, fewer where there are fewer points. `window` is the part
/// of x in sight, all where there is none; the neighbours beyond its edges are there, too, so that lines lead on.
pub(crate) fn stretches(
    series: &Series,
    origin: Origin,
    window: Option<(f64, f64)>,
    most: usize,
) -> Vec<Stretch> {
    let range = window.map_or(Range::ALL, |(from, to)| origin.range(from, to));
    match series.window(range, most) {
        Window::Points(points) => {
            points.into_iter().map(|point| Stretch::of(&Node::of_point(point), origin)).collect()
        }
        Window::Stretches(nodes) => nodes.iter().map(|node| Stretch::of(node, origin)).collect(),
    }
}

impl Stretch {
    fn of(node: &Node, origin: Origin) -> Self {
        let summary = &node.summary;
        Self {
            x: (origin.x(node.first_step, node.first_time), origin.x(summary.last_step, node.last_time)),
            ends: (summary.first, summary.last),
            extremes: (summary.min, summary.max),
            mean: summary.mean,
            count: summary.count,
            non_finite: summary.non_finite,
        }
    }
}

/// The exponential mean of a curve, freed of its bias at the start: `keep` of the value before goes into the next, for
/// each point. What is not finite is passed over.
pub(crate) fn smooth(stretches: &[Stretch], keep: f64) -> Vec<(f64, f64)> {
    let (mut mean, mut weight) = (0.0, 0.0);
    let mut smoothed = Vec::with_capacity(stretches.len());
    for stretch in stretches.iter().filter(|s| s.mean.is_finite()) {
        let kept = keep.powf((stretch.count - stretch.non_finite) as f64);
        mean = kept * mean + (1.0 - kept) * stretch.mean;
        weight = kept * weight + (1.0 - kept);
        smoothed.push((f64::midpoint(stretch.x.0, stretch.x.1), mean / weight));
    }
    smoothed
}

#[cfg(test)]
mod tests {
    use aether_core::{Listener, Metric, Signal};
    use aether_ledger::{Home, NewRun, Point, RunReader, RunWriter};
    use proptest::{prelude::*, test_runner::TestRunner};

    use super::*;

    fn at(x: f64, value: f64) -> Stretch {
        let point = Point { step: x as u64, time: 0, value };
        Stretch::of(&Node::of_point(point), Origin { x: X::Step, began: 0 })
    }

    #[test]
    fn a_smoothed_constant_is_that_constant() {
        let flat: Vec<_> = (0..50).map(|i| at(f64::from(i), 3.0)).collect();
        assert!(smooth(&flat, 0.9).iter().all(|(_, y)| (y - 3.0).abs() < 1e-9));
        let with_nan = [at(0.0, 1.0), at(1.0, f64::NAN), at(2.0, 1.0)];
        assert_eq!(smooth(&with_nan, 0.5).len(), 2);
    }

    /// A second a step.
    const SECOND: i64 = 1_000_000_000;
    const BEGAN: i64 = 1_700_000_000 * SECOND;
    const COUNT: u64 = 20_000;

    fn value(step: u64) -> f64 {
        match step % 997 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            _ => ((step * 7919) % 10_007) as f64,
        }
    }

    /// Whatever part is in sight, by whatever x, in however few stretches: no spike is hidden, and no point that is not
    /// finite forgotten.
    #[test]
    fn no_spike_is_hidden() {
        let dir = tempfile::tempdir().unwrap();
        let new = NewRun {
            name: String::new(),
            project: "default".to_owned(),
            kind: "test".to_owned(),
            spec: serde_json::Value::Null,
            command: Vec::new(),
            directory: dir.path().to_owned(),
            tags: Vec::new(),
        };
        let writer = RunWriter::create(&Home::at(dir.path().join("home")), new).unwrap();
        let log = writer.log().unwrap();
        let metric = Metric::named("x");
        for step in 0..COUNT {
            let time = BEGAN + step as i64 * SECOND;
            log.on(time, &Signal::Point { metric, step, value: value(step) });
        }
        log.sync().unwrap();
        let reader = RunReader::open(writer.directory().clone()).unwrap();
        let series = reader.series("x").unwrap();
        let strategy = (0..COUNT, 0..COUNT, prop_oneof![1..40usize, 40..4000usize], 0..3);
        let check = |(a, b, most, x): (u64, u64, usize, i32)| {
            let (from, to) = (a.min(b), a.max(b));
            let origin = Origin { x: [X::Step, X::Time, X::Relative][x as usize], began: BEGAN };
            let edge = |step: u64| origin.x(step, BEGAN + step as i64 * SECOND);
            let shown = stretches(series, origin, Some((edge(from), edge(to))), most);
            prop_assert!(shown.len() <= most + 2);
            prop_assert!(shown.windows(2).all(|pair| pair[0].x.1 < pair[1].x.0));
            // A neighbour on either side.
            let (first, last) = (from.saturating_sub(1), (to + 1).min(COUNT - 1));
            prop_assert_eq!((shown[0].x.0, shown[shown.len() - 1].x.1), (edge(first), edge(last)));
            let inside: Vec<f64> = (first..=last).map(value).collect();
            let finite = || inside.iter().copied().filter(|value| value.is_finite());
            let least = shown.iter().map(|s| s.extremes.0).fold(f64::NAN, f64::min);
            let greatest = shown.iter().map(|s| s.extremes.1).fold(f64::NAN, f64::max);
            prop_assert_eq!(least.to_bits(), finite().fold(f64::NAN, f64::min).to_bits());
            prop_assert_eq!(greatest.to_bits(), finite().fold(f64::NAN, f64::max).to_bits());
            prop_assert_eq!(shown.iter().map(|s| s.count).sum::<u64>(), inside.len() as u64);
            let lost = inside.len() - finite().count();
            prop_assert_eq!(shown.iter().map(|s| s.non_finite).sum::<u64>(), lost as u64);
            Ok(())
        };
        TestRunner::new(ProptestConfig::with_cases(200)).run(&strategy, check).unwrap();
    }
}
