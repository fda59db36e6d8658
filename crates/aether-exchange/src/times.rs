//! Times as other tools write them.

use aether_core::signal::Nanos;
use jiff::Timestamp;

/// Seconds since 1970 as a double, exact to about 200 ns.
pub(crate) fn seconds(time: Nanos) -> f64 {
    time as f64 / 1e9
}

/// From seconds since 1970; what is no time is 1970.
pub(crate) fn from_seconds(seconds: f64) -> Nanos {
    (seconds * 1e9) as Nanos
}

/// From nanoseconds since 1970.
pub(crate) fn timestamp(time: Nanos) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// From RFC 3339; a text without an offset is UTC.
pub(crate) fn parse(text: &str) -> Option<Nanos> {
    let text = text.trim();
    let time = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })?;
    i64::try_from(time.as_nanosecond()).ok()
}
