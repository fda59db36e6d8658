//! Memory that is taken and never given back.

use aether_core::{Event, Level};
use serde_json::json;

use super::{Detector, Observed, Role, episode::Episode, event, size, trend};

/// Not judged before so many seconds.
const SPAN: f64 = 300.0;
/// What grows by less is not worth a word.
const LEAST: f64 = 64.0 * (1 << 20) as f64;

/// Over all that has been seen but the first quarter, the run's memory grew steadily: nearly every step of the way
/// upwards, in the second half nearly as fast as in the first, by at least a tenth and 64 MiB. Memory that fills up and then stays
/// (caches, a data set that is read) grows ever slower, and is no leak.
#[derive(Debug)]
pub(crate) struct Leak {
    spread: trend::Spread,
    episode: Episode,
}

impl Default for Leak {
    fn default() -> Self {
        Self { spread: trend::Spread::every(5.0), episode: Episode::default() }
    }
}

impl Detector for Leak {
    fn observe(&mut self, seen: &Observed, _: Role, found: &mut Vec<Event>) {
        if !seen.value.is_finite() || !self.spread.push(seen.time as f64 / 1e9, seen.value) {
            return;
        }
        let points = self.spread.points();
        let points = &points[points.len() / 4..];
        if self.spread.span() < SPAN || points.len() < 18 {
            return;
        }
        let Some(all) = trend::theil_sen(points) else { return };
        let (first, last) = (points[0], points[points.len() - 1]);
        let grown = all.line.slope * (last.0 - first.0);
        let rising = points.windows(2).filter(|pair| pair[1].1 > pair[0].1).count();
        let leaks = all.low > 0.0
            && grown > LEAST.max(0.1 * first.1)
            && rising * 10 >= (points.len() - 1) * 7
            && !trend::levels_off(points);
        if self.episode.opens(leaks, 2, 8) {
            let message = format!(
                "the run's memory grows steadily, by {} an hour; it is at {} now: something is never given back",
                size(all.line.slope * 3600.0),
                size(last.1)
            );
            let evidence = [
                ("bytes_per_hour", json!(all.line.slope * 3600.0)),
                ("low", json!(all.low * 3600.0)),
                ("high", json!(all.high * 3600.0)),
                ("bytes", json!(last.1)),
            ];
            found.push(event("memory_leak", Level::Warning, seen, message, &evidence));
        }
    }
}
