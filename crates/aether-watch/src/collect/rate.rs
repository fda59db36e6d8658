//! From counters to rates.

use std::time::Duration;

/// A counter as it was, and when.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rate {
    last: Option<(Duration, u64)>,
}

impl Rate {
    /// By how much a second the counter rose since the last call; `None` the first time. A counter that fell was
    /// set back: it is begun with anew, and no rate is made up.
    pub(crate) fn per_second(&mut self, now: Duration, count: u64) -> Option<f64> {
        let (then, before) = self.last.replace((now, count))?;
        let seconds = now.checked_sub(then).filter(|d| !d.is_zero())?.as_secs_f64();
        Some(count.checked_sub(before)? as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_takes_two() {
        let mut rate = Rate::default();
        let at = Duration::from_millis;
        assert_eq!(rate.per_second(at(0), 10), None);
        assert_eq!(rate.per_second(at(500), 20), Some(20.0));
        assert_eq!(rate.per_second(at(500), 30), None, "no time has passed");
        assert_eq!(rate.per_second(at(1500), 5), None, "set back");
        assert_eq!(rate.per_second(at(2500), 6), Some(1.0));
    }
}
