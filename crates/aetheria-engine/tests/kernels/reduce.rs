use aetheria_engine::cpu::isa::Isa;
use aetheria_engine::cpu::reduce::{Reduction, first_non_finite, sum_squares};
use aetheria_engine::graph::op::Fold;
use proptest::prelude::*;

use super::{assert_close, bits, numbers};

fn run(reduction: Reduction, isa: Isa, x: &[f32], y: &[f32], cuts: &[usize], accumulate: bool) -> Vec<f32> {
    let mut y = y.to_vec();
    for cut in cuts.windows(2).rev() {
        // SAFETY: `x` has all blocks and `y` all results.
        unsafe { reduction.run(isa, x.as_ptr(), y.as_mut_ptr(), cut[0]..cut[1], accumulate) };
    }
    y
}

proptest! {
    #[test]
    fn folds_do_what_a_plain_loop_does(
        (outer, mid, inner, cuts) in (0..4usize, 0..150usize, prop_oneof![Just(1), 1..200usize])
            .prop_flat_map(|(outer, mid, inner)| {
                (Just(outer), Just(mid), Just(inner), prop::collection::vec(0..=outer * inner, 0..4))
            }),
        gap in 0..3usize,
        sum in any::<bool>(),
        accumulate in any::<bool>(),
        with_nan in any::<bool>(),
    ) {
        let (mid_stride, fold) = (inner + gap, if sum { Fold::Sum } else { Fold::Max });
        let reduction = Reduction { fold, outer, mid, inner, outer_stride: mid * mid_stride, mid_stride };
        let mut x = numbers(1, outer * mid * mid_stride);
        if let (true, Some(middle)) = (with_nan, x.len().checked_div(2).filter(|&at| at < x.len())) {
            x[middle] = f32::NAN;
        }
        let before = numbers(2, outer * inner);
        let (mut exact, mut scale) = (Vec::new(), 1e-3f64);
        for result in 0..outer * inner {
            let at = |i: usize| f64::from(x[result / inner * mid * mid_stride + i * mid_stride + result % inner]);
            let start = accumulate.then_some(f64::from(before[result]));
            let values: Vec<f64> = (0..mid).map(at).chain(start).collect();
            scale = scale.max(values.iter().map(|x| if x.is_nan() { 0.0 } else { x.abs() }).sum());
            exact.push(match fold {
                Fold::Sum => values.iter().sum::<f64>(),
                Fold::Max => values.iter().fold(f64::NEG_INFINITY, |a, &b| if b > a || b.is_nan() { b } else { a }),
            });
        }
        let mut cuts = cuts;
        cuts.extend([0, outer * inner]);
        cuts.sort_unstable();
        let whole = [0, outer * inner];
        let portable = run(reduction, Isa::Portable, &x, &before, &whole, accumulate);
        for isa in Isa::available() {
            prop_assert_eq!(bits(&run(reduction, isa, &x, &before, &cuts, accumulate)), bits(&portable), "{:?}", isa);
        }
        for (&found, &exact) in portable.iter().zip(&exact) {
            let same = f64::from(found) == exact || (found.is_nan() && exact.is_nan());
            prop_assert!(same || (f64::from(found) - exact).abs() <= 3e-7 * scale, "{found} instead of {exact}");
        }
    }
}

#[test]
fn a_long_sum_keeps_its_digits() {
    // A plain f32 loop would be off by percents: from 2^24 on, adding 1 changes nothing.
    let x = vec![1.0f32; (1 << 25) + 3];
    let reduction = Reduction::columns(Fold::Sum, 1, x.len(), x.len());
    for isa in Isa::available().filter(|isa| *isa != Isa::Portable) {
        assert_close(&run(reduction, isa, &x, &[0.0], &[0, 1], false), &[x.len() as f64], 1.0, 1e-7);
    }
}

#[test]
fn squares_do_not_overflow() {
    for len in 0..71 {
        let x: Vec<f32> = numbers(3, len).iter().map(|x| x * 1e25).collect();
        let exact: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
        let sums: Vec<f64> = Isa::available().map(|isa| sum_squares(isa, &x)).collect();
        assert!((sums[0] - exact).abs() <= 1e-14 * exact, "{} instead of {exact}", sums[0]);
        assert!(sums.iter().all(|sum| sum.to_bits() == sums[0].to_bits()));
    }
}

#[test]
fn the_first_non_finite_number_is_found() {
    for isa in Isa::available() {
        assert_eq!(first_non_finite(isa, &[]), None);
        for len in [1, 15, 16, 70, 1024, 2500] {
            let mut x = vec![f32::MAX; len];
            assert_eq!(first_non_finite(isa, &x), None);
            for (at, bad) in [(len - 1, f32::NAN), (len / 2, f32::NEG_INFINITY), (0, f32::INFINITY)] {
                x[at] = bad;
                assert_eq!(first_non_finite(isa, &x), Some(at));
            }
        }
    }
}
