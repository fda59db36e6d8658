//! Spans of time, as people write them.

use std::time::Duration;

use aether_core::{ConfigError, config::Node};
use jiff::{SignedDuration, SpanRelativeTo, Timestamp};

/// `10s`, `1h30m`, `2d`; `default` where nothing is written.
pub(super) fn span(node: Option<&Node>, default: Duration) -> Result<Duration, ConfigError> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(default) };
    let read = |text: &str| {
        let span = text.parse::<jiff::Span>().ok()?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(duration).ok()
    };
    node.text().and_then(read).ok_or_else(|| node.error("must be a span such as 30s, 10m or 2d"))
}

/// `time` and `by` later; the end of time where that is beyond it.
pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
