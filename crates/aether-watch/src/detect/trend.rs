//! Straight lines through noisy points, and where they lead, without assumptions about the noise.

use super::window::median;

/// At most so many points: all pairs of them are looked at.
pub(crate) const POINTS: usize = 48;

/// A line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Line {
    pub(crate) slope: f64,
    /// Where it is at the last point's time.
    end: (f64, f64),
}

/// A line, and between which slopes the true one lies nine times out of ten.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trend {
    pub(crate) line: Line,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Line {
    pub(crate) fn at(&self, x: f64) -> f64 {
        self.end.1 + self.slope * (x - self.end.0)
    }
}

/// Theil and Sen's estimate: the median of the slopes of all pairs, which a third of wild points cannot spoil. The
/// interval is Sen's ("Estimates of the regression coefficient based on Kendall's tau", 1968), at 90 %.
pub(crate) fn theil_sen(points: &[(f64, f64)]) -> Option<Trend> {
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
    let end = (last, median(&mut ends[..points.len()]));
    Some(Trend { line: Line { slope, end }, low, high })
}

/// The line from the first point to the last: of what is summed up, pauses and all, the mean is what goes on, not what
/// most steps took.
pub(crate) fn drift(points: &[(f64, f64)]) -> Option<Line> {
    let (first, end) = (*points.first()?, *points.last()?);
    let slope = (end.1 - first.1) / (end.0 - first.0);
    slope.is_finite().then_some(Line { slope, end })
}

/// How far the points stray from a slope: the variance of what they move besides it, a unit of time. What is summed up,
/// as bytes written and the lengths of steps are, strays like a random walk; looking a quarter of the points ahead rather
/// than to the next one, noise that does not add up counts for little.
pub(crate) fn wander(points: &[(f64, f64)], slope: f64) -> f64 {
    let ahead = (points.len() / 4).max(1);
    let strays = points.iter().zip(points.iter().skip(ahead)).map(|(&(x, y), &(later, after))| {
        let besides = after - y - slope * (later - x);
        besides * besides / (later - x)
    });
    strays.sum::<f64>() / points.len().saturating_sub(ahead).max(1) as f64
}

/// Whether a movement slows down, as what fills up does: its second half is slower than three quarters of its first.
pub(crate) fn levels_off(points: &[(f64, f64)]) -> bool {
    let (early, late) = points.split_at(points.len() / 2);
    match (theil_sen(early), theil_sen(late)) {
        (Some(Trend { line: early, .. }), Some(Trend { line: late, .. })) => {
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
    /// What is gathered for the next: times and values since the last, of which the medians go in.
    gathered: [(f64, f64); 16],
    count: usize,
    origin: Option<f64>,
    /// When the last point was made, which is later than the time it stands for.
    now: f64,
}

impl Spread {
    pub(crate) fn every(distance: f64) -> Self {
        Self {
            points: [(0.0, 0.0); POINTS],
            length: 0,
            distance,
            gathered: [(0.0, 0.0); 16],
            count: 0,
            origin: None,
            now: 0.0,
        }
    }

    /// Takes a value at a time in seconds. True when that made a new point.
    pub(crate) fn push(&mut self, seconds: f64, value: f64) -> bool {
        let x = seconds - *self.origin.get_or_insert(seconds);
        self.gathered[self.count % self.gathered.len()] = (x, value);
        self.count += 1;
        if x < self.now + self.distance {
            return false;
        }
        self.now = x;
        if self.length == POINTS {
            for at in 0..POINTS / 2 {
                self.points[at] = self.points[at * 2 + 1];
            }
            self.length = POINTS / 2;
            self.distance *= 2.0;
        }
        let gathered = &self.gathered[..self.count.min(self.gathered.len())];
        let middle = |of: fn(&(f64, f64)) -> f64| {
            let mut all = [0.0; 16];
            for (place, point) in all.iter_mut().zip(gathered) {
                *place = of(point);
            }
            median(&mut all[..gathered.len()])
        };
        self.points[self.length] = (middle(|point| point.0), middle(|point| point.1));
        self.length += 1;
        self.count = 0;
        true
    }

    pub(crate) fn points(&self) -> &[(f64, f64)] {
        &self.points[..self.length]
    }

    /// When the last point was made, in seconds since the first value: what forecasts are told from.
    pub(crate) fn now(&self) -> f64 {
        self.now
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
        let Trend { line, low, high } = theil_sen(&points).unwrap();
        assert_eq!(line.slope, 2.0);
        assert!(low <= 2.0 && high >= 2.0);
        assert!((line.at(39.0) - 81.0).abs() < 1e-9 && (line.at(42.0) - 87.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_summed_up_strays_and_noise_hardly() {
        let (mut sum, mut walk, mut noise) = (0.0, Vec::new(), Vec::new());
        for second in 0..32 {
            // Up and down by 1, in an order without a pattern.
            let one = if (second * second / 3) % 2 == 0 { 1.0 } else { -1.0 };
            sum += one;
            walk.push((f64::from(second), 5.0 * f64::from(second) + sum));
            noise.push((f64::from(second), 5.0 * f64::from(second) + one));
        }
        let (walk, noise) = (wander(&walk, 5.0), wander(&noise, 5.0));
        assert!((0.3..3.0).contains(&walk), "{walk}");
        assert!(noise < 0.5, "{noise}");
    }

    #[test]
    fn a_spread_covers_all_and_never_grows() {
        let mut spread = Spread::every(1.0);
        for second in 0..10_000 {
            spread.push(f64::from(second), f64::from(second));
        }
        assert!(spread.points().len() <= POINTS && spread.span() > 9000.0, "{}", spread.span());
        let Trend { line, .. } = theil_sen(spread.points()).unwrap();
        assert!((line.slope - 1.0).abs() < 0.01);
        // A point stands for the middle of what it was made of.
        assert!((line.at(spread.now()) - spread.now()).abs() < 1.0, "{}", line.at(spread.now()));
    }
}
