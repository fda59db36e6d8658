//! What a chart shows of a series: stretches of the part in sight, from the pyramid, with the true extremes of each.

use aether_ledger::{Node, Point, Series};

use crate::board::X;

/// Points up to which a series is read whole.
const WHOLE: u64 = 1 << 15;
/// Stretches of a whole series at most, however near one looks.
const FINEST: usize = 1 << 16;

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
}

/// The stretches of `series` in sight: about `most` of them, fewer where there are fewer points. `window` is the part
/// of x in sight, all where there is none; the neighbours beyond its edges are there, too, so that lines lead on.
pub(crate) fn stretches(
    series: &Series,
    origin: Origin,
    window: Option<(f64, f64)>,
    most: usize,
) -> Vec<Stretch> {
    let count = series.summary().map_or(0, |summary| summary.count);
    let all: Vec<Stretch> = if count <= WHOLE {
        series.points().iter().map(|point| of_point(point, origin)).collect()
    } else {
        let nearer =
            window.map_or(1.0, |(from, to)| whole(series, origin) / (to - from).max(f64::MIN_POSITIVE));
        let finest = (most as f64 * nearer.clamp(1.0, 1e6)).min(FINEST as f64) as usize;
        let nodes = series.stretches(finest.max(most));
        let next = |i: usize| nodes.get(i + 1).map(|next: &Node| next.first_time);
        nodes.iter().enumerate().map(|(i, node)| of_node(node, next(i), origin)).collect()
    };
    let seen = match window {
        None => &all[..],
        Some((from, to)) => {
            let first = all.partition_point(|s| s.x.1 < from).saturating_sub(1);
            let last = (all.partition_point(|s| s.x.0 <= to) + 1).min(all.len());
            &all[first.min(last)..last]
        }
    };
    join(seen, most)
}

/// How much x a series takes.
fn whole(series: &Series, origin: Origin) -> f64 {
    let nodes = series.stretches(1);
    match (nodes.first(), nodes.last()) {
        (Some(first), Some(last)) => {
            let from = origin.x(first.first_step, first.first_time);
            let to = origin.x(last.summary.last_step, last.first_time);
            (to - from).abs()
        }
        _ => 0.0,
    }
}

fn of_point(point: &Point, origin: Origin) -> Stretch {
    let x = origin.x(point.step, point.time);
    let finite = point.value.is_finite();
    let extreme = if finite { point.value } else { f64::NAN };
    Stretch {
        x: (x, x),
        ends: (point.value, point.value),
        extremes: (extreme, extreme),
        mean: extreme,
        count: 1,
        non_finite: u64::from(!finite),
    }
}

/// When a stretch ends is not written down; it ends before the next one begins.
fn of_node(node: &Node, next: Option<i64>, origin: Origin) -> Stretch {
    let s = &node.summary;
    let end = next.unwrap_or(node.first_time);
    Stretch {
        x: (origin.x(node.first_step, node.first_time), origin.x(s.last_step, end)),
        ends: (s.first, s.last),
        extremes: (s.min, s.max),
        mean: s.mean,
        count: s.count,
        non_finite: s.non_finite,
    }
}

/// At most about `most` stretches: neighbours become one, with the extremes of all.
fn join(stretches: &[Stretch], most: usize) -> Vec<Stretch> {
    let each = stretches.len().div_ceil(most.max(1)).max(1);
    if each == 1 {
        return stretches.to_vec();
    }
    stretches.chunks(each).filter_map(|chunk| chunk.iter().copied().reduce(Stretch::and)).collect()
}

impl Stretch {
    fn and(self, later: Self) -> Self {
        let finite = |s: &Self| (s.count - s.non_finite) as f64;
        let (before, after) = (finite(&self), finite(&later));
        Self {
            x: (self.x.0, later.x.1),
            ends: (self.ends.0, later.ends.1),
            extremes: (self.extremes.0.min(later.extremes.0), self.extremes.1.max(later.extremes.1)),
            mean: match (before == 0.0, after == 0.0) {
                (true, _) => later.mean,
                (_, true) => self.mean,
                _ => self.mean + (later.mean - self.mean) * after / (before + after),
            },
            count: self.count + later.count,
            non_finite: self.non_finite + later.non_finite,
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
    use proptest::prelude::*;

    use super::*;

    fn at(x: f64, value: f64) -> Stretch {
        of_point(&Point { step: x as u64, time: 0, value }, Origin { x: X::Step, began: 0 })
    }

    #[test]
    fn a_smoothed_constant_is_that_constant() {
        let flat: Vec<_> = (0..50).map(|i| at(f64::from(i), 3.0)).collect();
        assert!(smooth(&flat, 0.9).iter().all(|(_, y)| (y - 3.0).abs() < 1e-9));
        let with_nan = [at(0.0, 1.0), at(1.0, f64::NAN), at(2.0, 1.0)];
        assert_eq!(smooth(&with_nan, 0.5).len(), 2);
    }

    proptest! {
        /// However few stretches are left, no spike is hidden, no point that is not finite forgotten.
        #[test]
        fn joining_loses_nothing(values in prop::collection::vec(prop_oneof![9 => -1e9..1e9f64, 1 => Just(f64::NAN)], 1..300), most in 1usize..40) {
            let all: Vec<_> = values.iter().enumerate().map(|(i, &v)| at(i as f64, v)).collect();
            let joined = join(&all, most);
            prop_assert!(joined.len() <= most);
            let least = |s: &[Stretch]| s.iter().map(|s| s.extremes.0).fold(f64::NAN, f64::min);
            let greatest = |s: &[Stretch]| s.iter().map(|s| s.extremes.1).fold(f64::NAN, f64::max);
            prop_assert_eq!(least(&all).to_bits(), least(&joined).to_bits());
            prop_assert_eq!(greatest(&all).to_bits(), greatest(&joined).to_bits());
            prop_assert_eq!(all.iter().map(|s| s.non_finite).sum::<u64>(), joined.iter().map(|s| s.non_finite).sum::<u64>());
            prop_assert_eq!(joined.iter().map(|s| s.count).sum::<u64>(), values.len() as u64);
        }
    }
}
