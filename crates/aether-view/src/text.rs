//! How numbers, times and foreign text are written for a person.

use std::{borrow::Cow, cmp::Ordering, time::Duration};

use aether_watch::Unit;
use alphanumeric_sort::compare_str;
use console::measure_text_width;
use jiff::Timestamp;

/// Text from outside (a log, a name, a file) with every character spelled out that would move the cursor, colour the
/// screen, or show letters in another order than they stand in.
pub fn escape(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmful(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The order in which metrics stand: those without a section, which is what stands before the first slash, then section
/// after section, each by the numbers in the names: `layer/4` before `layer/12`.
pub fn by_place(a: &str, b: &str) -> Ordering {
    let section = |name: &str| name.find('/').unwrap_or(0);
    let (of_a, of_b) = (&a[..section(a)], &b[..section(b)]);
    (!of_a.is_empty())
        .cmp(&!of_b.is_empty())
        .then_with(|| compare_str(of_a, of_b))
        .then_with(|| of_a.cmp(of_b))
        .then_with(|| compare_str(a, b))
}

/// A metric's value in four to five significant digits. NaN and infinities are spelled as they are.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        format!("{value}")
    } else if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.3e}")
    } else if size >= 1000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}")
    }
}

/// A metric's value with its unit, where there is one: `1.2 GiB`, `4.0 MiB/s`, `87.5 %`, `61 °C`.
pub fn measured(value: f64, unit: Option<Unit>) -> String {
    let round = |unit| {
        if value == value.trunc() { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
    };
    match unit {
        _ if !value.is_finite() => number(value),
        Some(Unit::Bytes) if value >= 0.0 => bytes(value as u64),
        Some(Unit::BytesPerSecond) if value >= 0.0 => format!("{}/s", bytes(value as u64)),
        Some(Unit::Percent) => round("%"),
        Some(Unit::Watts) => round("W"),
        Some(Unit::Celsius) => round("°C"),
        Some(Unit::Megahertz) => round("MHz"),
        _ => number(value),
    }
}

/// A duration with its units, as fine as a person needs it: `230 ms`, `4.2 s`, `3 min 20 s`, `2 h 05 min`, `3 d 04 h`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", (duration.as_secs_f64() * 10.0).floor() / 10.0),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3600..86400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// A size in binary units: `417 B`, `1.2 KiB`, `3.0 GiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut size = bytes as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// A count per second with three digits and k, M or G: `1.23k`.
pub fn rate(rate: f64) -> String {
    let (rate, suffix) = match rate {
        r if r >= 1e9 => (r / 1e9, "G"),
        r if r >= 1e6 => (r / 1e6, "M"),
        r if r >= 1e3 => (r / 1e3, "k"),
        r => (r, ""),
    };
    let digits = if rate >= 99.95 { 0 } else { 1 };
    format!("{rate:.digits$}{suffix}")
}

/// A time to the second, UTC, RFC 3339.
pub fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time to the millisecond, UTC, RFC 3339.
pub fn time_to_ms(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A count and its noun: `1 run`, `2 runs`.
pub fn count(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Pieces of a line, two spaces apart, in as many lines of `width` columns as they need: those after the first are
/// indented. A piece that is wider than that has a line of its own.
pub fn fold(pieces: &str, width: usize) -> String {
    let (mut folded, mut column) = (String::new(), 0);
    for piece in pieces.split("  ") {
        let wide = measure_text_width(piece);
        if column > 0 && column + 2 + wide > width {
            folded.push('\n');
            column = 0;
        }
        if !folded.is_empty() {
            folded += "  ";
            column += 2;
        }
        folded += piece;
        column += wide;
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_folds_between_its_pieces() {
        let line = "Epoch 1 of 3  loss 0.25  val/größe 0.5";
        assert_eq!(fold(line, 38), line);
        assert_eq!(fold(line, 37), "Epoch 1 of 3  loss 0.25\n  val/größe 0.5");
        assert_eq!(fold(line, 1), "Epoch 1 of 3\n  loss 0.25\n  val/größe 0.5");
        assert_eq!(fold("", 80), "");
    }

    #[test]
    fn metrics_stand_by_section_and_number() {
        let mut names =
            ["metric12", "loss", "l10/a", "l9/b/10", "l9/b/9", "metric4", "l09/a", "l9/a", "/odd"];
        names.sort_by(|a, b| by_place(a, b));
        let sorted = ["/odd", "loss", "metric4", "metric12", "l9/a", "l9/b/9", "l9/b/10", "l09/a", "l10/a"];
        assert_eq!(names, sorted);
    }

    #[test]
    fn units() {
        assert_eq!(
            [0, 1023, 1024, 1_048_575, 3 << 30].map(bytes),
            ["0 B", "1023 B", "1.0 KiB", "1.0 MiB", "3.0 GiB"]
        );
        let of = |ms| duration(Duration::from_millis(ms));
        assert_eq!([of(7), of(4_290), of(59_990)], ["7 ms", "4.2 s", "59.9 s"]);
        assert_eq!([of(200_000), of(7_500_000), of(273_600_000)], ["3 min 20 s", "2 h 05 min", "3 d 04 h"]);
        assert_eq!(
            [7.0, 99.94, 99.96, 1234.0, 123_456.0, 2.5e6].map(rate),
            ["7.0", "99.9", "100", "1.2k", "123k", "2.5M"]
        );
        assert_eq!(
            [0.0, 0.123_456, 12.3, 4321.05, 1e-4, 1e7, f64::NAN, f64::NEG_INFINITY].map(number),
            ["0.0000", "0.1235", "12.3000", "4321.1", "1.000e-4", "1.000e7", "NaN", "-inf"]
        );
        assert_eq!([count(1, "run"), count(0, "run")], ["1 run", "0 runs"]);
        assert_eq!(measured(7.786e8, Some(Unit::Bytes)), "742.5 MiB");
        assert_eq!(measured(1536.5, Some(Unit::BytesPerSecond)), "1.5 KiB/s");
        assert_eq!([61.0, 61.25].map(|value| measured(value, Some(Unit::Celsius))), ["61 °C", "61.2 °C"]);
        assert_eq!(measured(f64::NAN, Some(Unit::Bytes)), "NaN");
        assert_eq!(measured(-1.0, Some(Unit::Bytes)), number(-1.0));
        assert_eq!(measured(0.5, None), "0.5000");
    }

    #[test]
    fn escapes_are_spelled_out() {
        assert_eq!(escape("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(escape("user\u{202e}gpj"), "user\\u{202e}gpj");
        assert!(matches!(escape("Größe 漢"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left(text in any::<String>()) {
            prop_assert!(!escape(&text).chars().any(char::is_control));
        }
    }
}
