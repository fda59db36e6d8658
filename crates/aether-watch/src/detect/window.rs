//! The last few values of a series, and robust statistics over them.

/// A ring of the last `N` values. Not finite ones are never put in.
#[derive(Debug, Clone)]
pub(crate) struct Window<const N: usize> {
    values: [f64; N],
    next: usize,
    length: usize,
}

impl<const N: usize> Default for Window<N> {
    fn default() -> Self {
        Self { values: [0.0; N], next: 0, length: 0 }
    }
}

impl<const N: usize> Window<N> {
    pub(crate) fn push(&mut self, value: f64) {
        debug_assert!(value.is_finite());
        self.values[self.next] = value;
        self.next = (self.next + 1) % N;
        self.length = (self.length + 1).min(N);
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length == N
    }

    /// The values, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = f64> + '_ {
        let start = (self.next + N - self.length) % N;
        (0..self.length).map(move |at| self.values[(start + at) % N])
    }

    /// A copy in order, to be sorted in place; only the first `len()` count.
    pub(crate) fn copied(&self) -> [f64; N] {
        let mut copy = [0.0; N];
        for (to, from) in copy.iter_mut().zip(self.iter()) {
            *to = from;
        }
        copy
    }

    /// 0 for an empty window.
    pub(crate) fn median(&self) -> f64 {
        median(&mut self.copied()[..self.length])
    }

    pub(crate) fn max(&self) -> f64 {
        self.iter().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The median of the last `n`.
    pub(crate) fn recent(&self, n: usize) -> f64 {
        let copy = self.copied();
        let mut last = copy;
        let from = self.length.saturating_sub(n);
        median(&mut last[from..self.length])
    }
}

/// The median; it reorders. 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    let odd = values.len() % 2 == 1;
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if odd {
        return upper;
    }
    let lower = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    lower + (upper - lower) / 2.0
}

/// The standard deviation that a normal distribution of this median absolute deviation has. (Rousseeuw and Croux,
/// "Alternatives to the median absolute deviation", 1993.)
pub(crate) fn deviation(residuals: &mut [f64]) -> f64 {
    let centre = median(residuals);
    for residual in residuals.iter_mut() {
        *residual = (*residual - centre).abs();
    }
    1.4826 * median(residuals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_ones_only() {
        let mut window = Window::<4>::default();
        (1..=6).for_each(|n| window.push(f64::from(n)));
        assert_eq!(window.iter().collect::<Vec<_>>(), [3.0, 4.0, 5.0, 6.0]);
        assert_eq!((window.median(), window.recent(2), window.max()), (4.5, 5.5, 6.0));
    }

    proptest! {
        #[test]
        fn half_are_below_the_median(mut values in prop::collection::vec(-1e9..1e9f64, 1..60)) {
            let middle = median(&mut values);
            prop_assert!(values.iter().filter(|&&v| v < middle).count() * 2 <= values.len());
            prop_assert!(values.iter().filter(|&&v| v > middle).count() * 2 <= values.len());
        }
    }
}
