//! Axes: where a value lies, and which values are written beside the plot.

use aether_watch::Unit;

/// How the values of an axis are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// By powers of ten: 1, 10k, 2M.
    Decimal,
    /// Bytes, by powers of two: 512 MiB, 1.5 GiB.
    Bytes,
}

impl Count {
    /// That of values in these units.
    pub fn of(units: impl IntoIterator<Item = Option<Unit>>) -> Self {
        let mut units = units.into_iter();
        let bytes = |unit: Option<Unit>| matches!(unit, Some(Unit::Bytes | Unit::BytesPerSecond));
        if units.next().is_some_and(bytes) && units.all(bytes) { Self::Bytes } else { Self::Decimal }
    }
}

/// Maps values to places between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

/// A value that is written beside the axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// Its place, between 0 and 1.
    pub at: f64,
    /// What is written.
    pub label: String,
}

/// A scale and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Where values lie.
    pub scale: Scale,
    /// What is written beside it, ascending.
    pub ticks: Vec<Tick>,
}

impl Scale {
    /// The place of `value`; outside 0 to 1 when it lies outside the axis, and never NaN for a drawable value.
    pub fn at(&self, value: f64) -> f64 {
        if self.log {
            (value.log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            // Halved first: the distance of two finite values need not be finite.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }

    /// Whether `value` has a place at all.
    pub fn drawable(&self, value: f64) -> bool {
        drawable(value, self.log)
    }

    /// The column of `columns` in which `value` lies; the ends for what lies outside.
    pub fn column(&self, value: f64, columns: usize) -> usize {
        (self.at(value) * columns as f64).clamp(0.0, columns.saturating_sub(1) as f64) as usize
    }
}

impl Axis {
    /// An axis over those of `values` that it can show, with about `ticks` ticks. Without any such value it goes
    /// from 0 to 1 (from 1 to 10 when logarithmic).
    pub fn over(values: impl Iterator<Item = f64>, log: bool, ticks: usize, count: Count) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| drawable(*v, log)) {
            low = low.min(value);
            high = high.max(value);
        }
        if low > high {
            (low, high) = if log { (1.0, 10.0) } else { (0.0, 1.0) };
        }
        if log {
            if high / low < 1.0 + 1e-9 {
                (low, high) = ((low / 2.0).max(f64::MIN_POSITIVE), (high * 2.0).min(f64::MAX));
            }
        } else if high / 2.0 - low / 2.0 <= f64::EPSILON * low.abs().max(high.abs()) {
            let room = if low == 0.0 { 1.0 } else { low.abs() / 10.0 };
            (low, high) = ((low - room).max(f64::MIN), (high + room).min(f64::MAX));
        }
        let scale = Scale { low, high, log };
        let powers = if log { decades(low, high, ticks) } else { Vec::new() };
        // Less than two powers of ten in sight say nothing about the scale: then even steps do.
        let labels: Vec<(f64, String)> = if powers.len() < 2 {
            let values = even(low, high, ticks, count);
            let largest = values.iter().fold(0.0, |a: f64, v| a.max(v.abs()));
            values.iter().map(|&v| (v, label(v, spacing(&values, v), largest, count))).collect()
        } else {
            powers.into_iter().map(|v| (v, label(v, v, v, count))).collect()
        };
        let ticks = labels.into_iter().map(|(v, label)| Tick { at: scale.at(v), label }).collect();
        Self { scale, ticks }
    }
}

/// Subnormal numbers are too few to be told apart on a logarithmic axis.
fn drawable(value: f64, log: bool) -> bool {
    value.is_finite() && (!log || value >= f64::MIN_POSITIVE)
}

/// The distance from `value` to the nearest other of `values`: what its label must resolve.
fn spacing(values: &[f64], value: f64) -> f64 {
    values.iter().map(|v| (v - value).abs()).filter(|d| *d > 0.0).fold(f64::INFINITY, f64::min)
}

/// Multiples of 1, 2 or 5 times a power of ten from `low` to `high` (Heckbert, "Nice numbers for graph labels", Graphics
/// Gems 1990), of bytes those of a power of two: at least two, at most about `most`.
fn even(low: f64, high: f64, most: usize, count: Count) -> Vec<f64> {
    let rough = (high / 2.0 - low / 2.0) / most.max(2) as f64 * 2.0;
    let step = match count {
        Count::Bytes if rough >= 1.0 => Some(rough.log2().ceil().exp2()),
        _ => {
            let power = 10f64.powf(rough.log10().floor());
            [1.0, 2.0, 5.0, 10.0].iter().map(|m| m * power).find(|step| *step >= rough * 0.999)
        }
    };
    let Some(step) = step else { return vec![low, high] };
    let first = (low / step - 1e-9).ceil();
    let last = (high / step + 1e-9).floor();
    if !(last - first >= 1.0 && last - first < 100.0) {
        return vec![low, high];
    }
    (0..=(last - first) as usize).map(|i| (first + i as f64) * step).collect()
}

/// Powers of ten from `low` to `high`, at most about `count`; between few of them also their double and fivefold.
fn decades(low: f64, high: f64, count: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let between: &[f64] = if (last - first) as usize * 3 <= count + 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let stride = ((last - first) as usize / count.max(1)).max(1);
    (first..=last)
        .step_by(stride)
        .flat_map(|e| between.iter().map(move |m| m * 10f64.powi(e)))
        .filter(|v| v.is_finite() && (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(v))
        .collect()
}

/// `value` with as many digits as tell it from another one `step` away, in the unit of the axis' `largest` value: plain
/// up to five digits, then with k, M, G, and as a power of ten beyond; bytes with KiB, MiB, GiB, TiB.
fn label(value: f64, step: f64, largest: f64, count: Count) -> String {
    const TIB: f64 = (1u64 << 40) as f64;
    const GIB: f64 = (1u64 << 30) as f64;
    const MIB: f64 = (1u64 << 20) as f64;
    if value == 0.0 {
        return "0".to_owned();
    }
    let (divisor, suffix) = match largest {
        l if l >= 1e15 => return short(value),
        l if count == Count::Bytes && l >= TIB => (TIB, " TiB"),
        l if count == Count::Bytes && l >= GIB => (GIB, " GiB"),
        l if count == Count::Bytes && l >= MIB => (MIB, " MiB"),
        l if count == Count::Bytes && l >= 1024.0 => (1024.0, " KiB"),
        l if l >= 1e12 => return short(value),
        l if l >= 1e9 => (1e9, "G"),
        l if l >= 1e6 => (1e6, "M"),
        l if l >= 1e5 => (1e3, "k"),
        l if l < 1e-4 => return short(value),
        _ => (1.0, ""),
    };
    let digits = (-(step / divisor).log10() - 1e-9).ceil().clamp(0.0, 6.0) as usize;
    format!("{:.digits$}{suffix}", value / divisor)
}

/// Scientific, with three significant digits at most.
fn short(value: f64) -> String {
    let text = format!("{value:.2e}");
    match text.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => {
            format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(low: f64, high: f64, log: bool) -> Vec<String> {
        counted(low, high, log, Count::Decimal)
    }

    fn counted(low: f64, high: f64, log: bool, count: Count) -> Vec<String> {
        Axis::over([low, high].into_iter(), log, 5, count).ticks.into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn bytes_go_by_powers_of_two() {
        let bytes = |low, high| counted(low, high, false, Count::Bytes);
        assert_eq!(
            bytes(7.5 * 1073741824.0, 12.0 * 1073741824.0),
            ["8 GiB", "9 GiB", "10 GiB", "11 GiB", "12 GiB"]
        );
        assert_eq!(bytes(0.0, 3.0 * 1048576.0), ["0", "1 MiB", "2 MiB", "3 MiB"]);
        assert_eq!(bytes(0.0, 1000.0), ["0", "256", "512", "768"]);
        assert_eq!(bytes(0.9 * 1073741824.0, 1.1 * 1073741824.0), ["0.94 GiB", "1.00 GiB", "1.06 GiB"]);
        assert_eq!(Count::of([Some(Unit::Bytes), Some(Unit::BytesPerSecond)]), Count::Bytes);
        assert_eq!(Count::of([Some(Unit::Bytes), None]), Count::Decimal);
        assert_eq!(Count::of([]), Count::Decimal);
    }

    #[test]
    fn ticks_are_round_and_tell_values_apart() {
        assert_eq!(labels(0.0, 10.0, false), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(0.013, 2.31, false), ["0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(0.0, 250_000.0, false), ["0", "50k", "100k", "150k", "200k", "250k"]);
        assert_eq!(labels(0.0, 1e-7, false), ["0", "2e-8", "4e-8", "6e-8", "8e-8", "1e-7"]);
        assert_eq!(labels(3.0, 3.0, false), ["2.8", "3.0", "3.2"]);
    }

    #[test]
    fn a_logarithmic_axis_counts_in_powers_of_ten() {
        assert_eq!(labels(0.001, 100.0, true), ["0.001", "0.01", "0.1", "1", "10", "100"]);
        assert_eq!(labels(1.0, 9.0, true), ["1", "2", "5"]);
    }

    proptest! {
        /// Whatever the data, every tick lies on the axis and there are enough to read it and not too many.
        #[test]
        fn any_range_has_ticks(a in any::<f64>(), b in any::<f64>(), log in any::<bool>(), bytes in any::<bool>()) {
            let count = if bytes { Count::Bytes } else { Count::Decimal };
            let axis = Axis::over([a, b].into_iter(), log, 5, count);
            prop_assert!((2..=12).contains(&axis.ticks.len()), "{:?}", axis);
            for tick in &axis.ticks {
                prop_assert!((-0.01..=1.01).contains(&tick.at), "{:?}", axis);
                prop_assert!(tick.label.len() <= 12, "{:?}", axis);
            }
            for v in [a, b].into_iter().filter(|v| axis.scale.drawable(*v)) {
                prop_assert!((-0.01..=1.01).contains(&axis.scale.at(v)), "{v} {:?}", axis);
            }
        }
    }
}
