//! Columns of a chunk as `pco` packs them: every bit comes back, those of a NaN included.

use pco::{
    ChunkConfig,
    data_types::Number,
    standalone::{simple_compress, simple_decompress},
};

use super::{Origin, Point};

/// Points in a chunk, but for the last of a series.
pub(crate) const CHUNK: usize = 4096;

/// The columns of a chunk, packed: steps, times, values, and origins unless all are the same.
pub(super) struct Packed {
    pub(super) columns: [Vec<u8>; 4],
    pub(super) origin: Origin,
}

/// Packs up to [`CHUNK`] points. `None`: what was packed did not come back the same; that is a defect of the packer,
/// and nothing may rely on it.
pub(super) fn pack(points: &[Point], origins: &[Origin]) -> Option<Packed> {
    let column = |of: fn(&Point) -> u64| points.iter().map(of).collect::<Vec<u64>>();
    let origin = origins.first().copied().unwrap_or(0);
    let one = origins.iter().all(|&o| o == origin);
    Some(Packed {
        columns: [
            packed(&column(|p| p.step))?,
            packed(&points.iter().map(|p| p.time).collect::<Vec<i64>>())?,
            values(points)?,
            if one { Vec::new() } else { packed(origins)? },
        ],
        origin,
    })
}

/// Values as numbers; where that does not bring back every bit, as their bits. The first byte says which.
fn values(points: &[Point]) -> Option<Vec<u8>> {
    let values: Vec<f64> = points.iter().map(|p| p.value).collect();
    let same = |read: &[f64]| read.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits()));
    if let Ok(bytes) = simple_compress(&values, &ChunkConfig::default())
        && simple_decompress::<f64>(&bytes).is_ok_and(|read| same(&read))
    {
        return Some([&[0][..], &bytes].concat());
    }
    let bits: Vec<u64> = values.iter().map(|v| v.to_bits()).collect();
    Some([&[1][..], &packed(&bits)?].concat())
}

fn packed<T: Number + PartialEq>(numbers: &[T]) -> Option<Vec<u8>> {
    let bytes = simple_compress(numbers, &ChunkConfig::default()).ok()?;
    (simple_decompress::<T>(&bytes).ok()? == numbers).then_some(bytes)
}

/// Unpacks a chunk of `count` points; `None` when the columns do not hold as many.
pub(super) fn unpack(columns: [&[u8]; 4], origin: Origin, count: usize) -> Option<(Vec<Point>, Vec<Origin>)> {
    let [steps, times, values, origins] = columns;
    let steps: Vec<u64> = unpacked(steps, count)?;
    let times: Vec<i64> = unpacked(times, count)?;
    let values: Vec<f64> = match values.split_first()? {
        (0, bytes) => unpacked(bytes, count)?,
        (1, bytes) => unpacked::<u64>(bytes, count)?.into_iter().map(f64::from_bits).collect(),
        _ => return None,
    };
    let origins = if origins.is_empty() { vec![origin; count] } else { unpacked(origins, count)? };
    let points = steps.into_iter().zip(times).zip(values);
    Some((points.map(|((step, time), value)| Point { step, time, value }).collect(), origins))
}

fn unpacked<T: Number + Default + Clone>(bytes: &[u8], count: usize) -> Option<Vec<T>> {
    // Not more than a chunk is ever made room for, whatever the bytes say.
    if count > CHUNK {
        return None;
    }
    let mut numbers = vec![T::default(); count];
    let progress = pco::standalone::simple_decompress_into(bytes, &mut numbers).ok()?;
    (progress.n_processed == count && progress.finished).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_bit_comes_back(
            points in prop::collection::vec(any::<(u64, i64, u64, u32)>(), 1..300),
            kind in 0..4u8,
        ) {
            let value = |at: usize, bits: u64| match kind {
                0 => f64::from_bits(bits),
                1 => f64::from_bits(0x7ff8_0000_0000_0000 | (bits & 0xffff)),
                2 => f64::from(f32::from_bits(bits as u32)),
                _ => at as f64 / 10.0,
            };
            let origins: Vec<u32> = points.iter().map(|p| if kind == 3 { 7 } else { p.3 }).collect();
            let points: Vec<Point> = points
                .iter()
                .enumerate()
                .map(|(at, p)| Point { step: p.0, time: p.1, value: value(at, p.2) })
                .collect();
            let packed = pack(&points, &origins).unwrap();
            let columns = packed.columns.each_ref().map(|c| &c[..]);
            let (read, from) = unpack(columns, packed.origin, points.len()).unwrap();
            prop_assert_eq!(from, origins);
            let bits = |p: &Point| (p.step, p.time, p.value.to_bits());
            prop_assert_eq!(read.iter().map(bits).collect::<Vec<_>>(), points.iter().map(bits).collect::<Vec<_>>());
            prop_assert!(unpack(columns, packed.origin, points.len() + 1).is_none());
        }

        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>, count in 0..5000usize) {
            let _ = unpack([&bytes, &bytes, &bytes, &bytes], 0, count);
        }
    }
}
