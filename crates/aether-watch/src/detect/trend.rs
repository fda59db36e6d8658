//! Straight lines through noisy points, and where they lead, without assumptions about the noise.

use super::window::median;

/// At most so many points: all pairs of them are looked at.
pub(crate) const POINTS: usize = 48;

/// A line, and between which slopes the true one lies nine times out of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) slope: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Its value at the last point.
    pub(crate) now: f64,
}

/// Theil and Sen's estimate: the median of the slopes of all pairs, which a third of wild points cannot spoil. The
/// interval is Sen's ("Estimates of the regression coefficient based on Kendall's tau", 1968), at 90 %.
pub(crate) fn line(points: &[(f64, f64)]) -> Option<Line> {
    let n = points.len().min(POINTS);
    let points = &points[points.len() - n..];
    let mut slopes = [0.0; POINTS * (POINTS - 1) / 2];
    let mut count = 0;
    for (i, &(x, y)) in points.iter().enumerate() {
        for &(earlier, before) in &points[..i] {
            if x > earlier {
                slopes[count] = (y - before) / (x - earlier);
                count += 1;
            }
        }
    }
    if n < 8 || count == 0 {
        return None;
    }
    let slopes = &mut slopes[..count];
    slopes.sort_unstable_by(f64::total_cmp);
    let slope = slopes[count / 2];
    let n = n as f64;
    let spread = 1.645 * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt() / 2.0;
    let at = |place: f64| slopes[(place.max(0.0) as usize).min(count - 1)];
    let (low, high) = (at(count as f64 / 2.0 - spread), at(count as f64 / 2.0 + spread));
    let (last, _) = *points.last()?;
    let mut ends = [0.0; POINTS];
    for (end, &(x, y)) in ends.iter_mut().zip(points) {
        *end = y + slope * (last - x);
    }
    let now = median(&mut ends[..points.len()]);
    Some(Line { slope, low, high, now })
}

/// Whether a movement slows down, as what fills up does: its second half is slower than three quarters of its first.
pub(crate) fn levels_off(points: &[(f64, f64)]) -> bool {
    let (early, late) = points.split_at(points.len() / 2);
    match (line(early), line(late)) {
        (Some(early), Some(late)) => {
            late.slope.abs() < 0.75 * early.slope.abs() || late.slope * early.slope < 0.0
        }
        _ => true,
    }
}

/// Points at even distances over a growing span of time: when it is full, every second one goes and the distance
/// doubles, so that it always covers the whole span and never grows.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
    points: [(f64, f64); POINTS],
    length: usize,
    /// Seconds from one to the next.
    distance: f64,
    /// What is gathered for the next: values since the last, of which the median goes in.
    gathered: [f64; 16],
    count: usize,
    origin: Option<f64>,
}

impl Spread {
    pub(crate) fn every(distance: f64) -> Self {
        Self {
            points: [(0.0, 0.0); POINTS],
            length: 0,
            distance,
            gathered: [0.0; 16],
            count: 0,
            origin: None,
        }
    }

    /// Takes a value at a time in seconds. True when that made a new point.
    pub(crate) fn push(&mut self, seconds: f64, value: f64) -> bool {
        let origin = *self.origin.get_or_insert(seconds);
        self.gathered[self.count % self.gathered.len()] = value;
        self.count += 1;
        let last = self.points().last().map_or(0.0, |point| point.0);
        let x = seconds - origin;
        if x < last + self.distance {
            return false;
        }
        if self.length == POINTS {
            for at in 0..POINTS / 2 {
                self.points[at] = self.points[at * 2 + 1];
            }
            self.length = POINTS / 2;
            self.distance *= 2.0;
        }
        let gathered = self.count.min(self.gathered.len());
        self.points[self.length] = (x, median(&mut self.gathered[..gathered]));
        self.length += 1;
        self.count = 0;
        true
    }

    pub(crate) fn points(&self) -> &[(f64, f64)] {
        &self.points[..self.length]
    }

    /// From the first point to the last.
    pub(crate) fn span(&self) -> f64 {
        match (self.points().first(), self.points().last()) {
            (Some(first), Some(last)) => last.0 - first.0,
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_through_wild_points() {
        let mut points: Vec<(f64, f64)> = (0..40).map(|x| (f64::from(x), 3.0 + 2.0 * f64::from(x))).collect();
        for at in [3, 17, 18, 30] {
            points[at].1 = 1e6;
        }
        let line = line(&points).unwrap();
        assert_eq!(line.slope, 2.0);
        assert!(line.low <= 2.0 && line.high >= 2.0);
        assert!((line.now - 81.0).abs() < 1e-9);
    }

    #[test]
    fn a_spread_covers_all_and_never_grows() {
        let mut spread = Spread::every(1.0);
        for second in 0..10_000 {
            spread.push(f64::from(second), f64::from(second));
        }
        assert!(spread.points().len() <= POINTS && spread.span() > 9000.0, "{}", spread.span());
        let line = line(spread.points()).unwrap();
        assert!((line.slope - 1.0).abs() < 0.01);
    }
}
