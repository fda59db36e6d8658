//! Spans of time, as options say them.

use std::time::Duration;

use crate::{failure::Failure, text};

/// A span such as `90s`, `1h30m` or `2d`; more than nothing.
///
/// # Errors
/// When `option` was given another text.
pub(crate) fn parse(option: &str, text: &str) -> Result<Duration, Failure> {
    let parsed = text.parse::<jiff::Span>().ok();
    let parsed = parsed.and_then(|span| span.to_duration(jiff::SpanRelativeTo::days_are_24_hours()).ok());
    parsed.and_then(|span| Duration::try_from(span).ok()).filter(|span| !span.is_zero()).ok_or_else(|| {
        Failure::request(format!("{option} {}: not a span such as 90s, 1h30m or 2d", text::escape(text)))
    })
}
