//! Points and stretches as the page draws them: blocks of columns, each number eight bytes at a multiple of eight, so
//! that a typed array lies over them without a copy.
//!
//! Little-endian: magic `u32`, kind `u8` (0 points, 1 stretches), unit `u8` (0 none, then bytes, bytes a second, percent,
//! watts, degrees Celsius, megahertz), 2 zero bytes, length of the name `u32`, count `u32`, name, zero bytes to a multiple of 8 from the beginning, then the columns, each `count` binary64.
//! Points: step, time, value. Stretches: first step, first time, last step, last time, first, last, minimum, maximum,
//! mean, count, how many are NaN, how many are infinite. Times are milliseconds since 1970. Minimum, maximum and mean
//! are of the finite values, NaN where there is none.

use aether_core::signal::Nanos;
use aether_ledger::{Node, Point, Window};
use aether_watch::Unit;

/// The content type of blocks.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.aether.series";

/// `APS1`.
const MAGIC: u32 = 0x3153_5041;

/// What a block's values count in, as its number says it.
fn unit(name: &str) -> u8 {
    match Unit::of(name) {
        None => 0,
        Some(Unit::Bytes) => 1,
        Some(Unit::BytesPerSecond) => 2,
        Some(Unit::Percent) => 3,
        Some(Unit::Watts) => 4,
        Some(Unit::Celsius) => 5,
        Some(Unit::Megahertz) => 6,
    }
}

/// A time as it is in blocks: milliseconds since 1970.
pub(crate) fn milliseconds(time: Nanos) -> f64 {
    time as f64 / 1e6
}

/// A column: its name, and what stands in it.
pub(crate) type Column<T> = (&'static str, fn(&T) -> f64);

/// Columns of points.
pub(crate) const POINT_COLUMNS: [Column<Point>; 3] =
    [("step", |p| p.step as f64), ("time", |p| milliseconds(p.time)), ("value", |p| p.value)];

/// Columns of stretches.
pub(crate) const STRETCH_COLUMNS: [Column<Node>; 12] = [
    ("first_step", |n| n.first_step as f64),
    ("first_time", |n| milliseconds(n.first_time)),
    ("last_step", |n| n.summary.last_step as f64),
    ("last_time", |n| milliseconds(n.last_time)),
    ("first", |n| n.summary.first),
    ("last", |n| n.summary.last),
    ("min", |n| n.summary.min),
    ("max", |n| n.summary.max),
    ("mean", |n| n.summary.mean),
    ("count", |n| n.summary.count as f64),
    ("nan", |n| n.nan as f64),
    ("infinite", |n| n.summary.non_finite.saturating_sub(n.nan) as f64),
];

/// Appends a block of what was said of the metric called `name`. `out` must be as long as a multiple of 8.
pub(crate) fn append(out: &mut Vec<u8>, name: &str, window: &Window) {
    match window {
        Window::Points(points) => block(out, 0, name, points, &POINT_COLUMNS),
        Window::Stretches(nodes) => block(out, 1, name, nodes, &STRETCH_COLUMNS),
    }
}

/// Begins a message over a WebSocket that is for the subscription called `key`.
pub(crate) fn message(key: &str) -> Vec<u8> {
    // Keys are refused that are longer.
    let mut out = vec![key.len().min(255) as u8];
    out.extend(key.as_bytes());
    pad(&mut out);
    out
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(8), 0);
}

fn block<T>(out: &mut Vec<u8>, kind: u8, name: &str, rows: &[T], columns: &[Column<T>]) {
    debug_assert_eq!(out.len() % 8, 0);
    out.reserve(24 + name.len() + rows.len() * columns.len() * 8);
    out.extend(MAGIC.to_le_bytes());
    out.extend([kind, unit(name), 0, 0]);
    out.extend((name.len() as u32).to_le_bytes());
    out.extend((rows.len() as u32).to_le_bytes());
    out.extend(name.as_bytes());
    pad(out);
    for (_, of) in columns {
        rows.iter().for_each(|row| out.extend(of(row).to_le_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A block as a reader of the description above reads it: name, kind, columns.
    fn read(mut bytes: &[u8]) -> Vec<(String, u8, Vec<Vec<f64>>)> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            assert_eq!(&bytes[..4], b"APS1");
            let (kind, length, count) = (bytes[4], word(8), word(12));
            let name = String::from_utf8(bytes[16..16 + length].to_vec()).unwrap();
            let begin = (16 + length).div_ceil(8) * 8;
            let columns = if kind == 0 { 3 } else { 12 };
            let end = begin + columns * count * 8;
            let numbers: Vec<f64> = bytes[begin..end]
                .chunks(8)
                .map(|number| f64::from_le_bytes(number.try_into().unwrap()))
                .collect();
            let columns =
                (0..columns).map(|column| numbers[column * count..(column + 1) * count].to_vec()).collect();
            all.push((name, kind, columns));
            bytes = &bytes[end..];
        }
        all
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            blocks in prop::collection::vec(
                (any::<String>(), prop::collection::vec((0..1u64 << 53, any::<i32>(), any::<u64>()), 0..40)),
                0..5,
            ),
            key in ".{0,20}",
        ) {
            let mut bytes = message(&key);
            prop_assert_eq!(bytes.len() % 8, 0);
            let begin = bytes.len();
            let mut expected = Vec::new();
            for (name, points) in &blocks {
                let points: Vec<Point> = points
                    .iter()
                    .map(|&(step, time, bits)| Point {
                        step,
                        time: i64::from(time) * 1_000_000,
                        value: f64::from_bits(bits),
                    })
                    .collect();
                append(&mut bytes, name, &Window::Points(points.clone()));
                prop_assert_eq!(bytes.len() % 8, 0);
                expected.push((name.clone(), points));
            }
            let found = read(&bytes[begin..]);
            prop_assert_eq!(found.len(), expected.len());
            for ((name, kind, columns), (expected, points)) in found.into_iter().zip(expected) {
                prop_assert_eq!((name, kind), (expected, 0));
                for (at, point) in points.iter().enumerate() {
                    prop_assert_eq!(columns[0][at], point.step as f64);
                    prop_assert_eq!(columns[1][at], (point.time / 1_000_000) as f64);
                    prop_assert_eq!(columns[2][at].to_bits(), point.value.to_bits());
                }
            }
        }
    }
}
