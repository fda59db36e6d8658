//! The CPU's kernels against plain loops, on every instruction set of the machine and under every division of work.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(unsafe_code, reason = "kernels take raw pointers")]

mod copy;
mod cross_entropy;
mod gather;
mod optimize;
mod reduce;
mod tape;

use aetheria_engine::random::{Draws, Purpose};

/// Numbers of many sizes and both signs, different for each `seed`.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let draws = Draws::new(seed, Purpose::Synthetic, 0);
    (0..len as u32).map(|index| draws.normal(index) * [0.01, 1.0, 1.0, 30.0][index as usize % 4]).collect()
}

/// The bits, with all NaN alike.
fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() }).collect()
}

/// Asserts that each number is within `tolerance` of what it should be, relative to `scale` or the number itself.
#[track_caller]
fn assert_close(found: &[f32], expected: &[f64], scale: f64, tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (at, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs() / expected.abs().max(scale);
        assert!(error <= tolerance, "{found} instead of {expected} at {at}");
    }
}
