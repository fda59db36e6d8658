use super::*;

/// What every operation makes of some awkward numbers.
struct Everything;

impl Kernel for Everything {
    type Output = Vec<u64>;

    #[inline(always)]
    unsafe fn run<V: Lanes>(self) -> Vec<u64> {
        let x: [f32; WIDTH] = std::array::from_fn(|lane| (lane as f32 - 7.0) * 1.37 + 0.3);
        let mut y: [f32; WIDTH] = std::array::from_fn(|lane| (lane as f32 * 0.77 - 3.1) * x[lane]);
        y[0] = f32::NAN;
        y[3] = x[3];
        y[5] = f32::INFINITY;
        y[6] = f32::from_bits(3);
        let mut out = Vec::new();
        // SAFETY: arrays of sixteen.
        unsafe {
            let (a, b) = (V::load(x.as_ptr()), V::load(y.as_ptr()));
            let pick = |mask| V::select(mask, a.constant(1.0), a.constant(0.0));
            let vectors = [
                a.add(b),
                a.sub(b),
                a.mul(b),
                a.div(b),
                a.fma(b, a),
                b.abs().sqrt(),
                a.max_or_second(b),
                b.max_or_second(a),
                a.min_or_second(b),
                a.max(b),
                b.max(a),
                b.normal(),
                a.min(b),
                b.min(a),
                pick(a.gt(b)),
                pick(a.eq(b)),
                pick(a.unordered(b)),
                a.and(b),
                a.or(b),
                V::select(V::either(a.gt(b), b.unordered(a)), a, b),
                a.exchange::<1>(),
                a.exchange::<2>(),
                a.exchange::<4>(),
                a.exchange::<8>(),
                a.first_or(5, 7.0),
                a.xor(b),
                a.negate(),
                a.sign(),
                a.add_int(b),
                a.sub_int(b),
                a.shl::<3>(),
                a.sar::<23>(),
                a.sar::<20>().int_to_float(),
                V::narrow(b.square_add_wide(a.add_wide(a.wide_zero()))),
                V::load_first(x.as_ptr(), 0),
                V::load_first(x.as_ptr(), 5),
                V::load_first(x.as_ptr(), 8),
                V::load_first(x.as_ptr(), 15),
            ];
            let bits = |x: f32| u64::from(if x.is_nan() { f32::NAN } else { x }.to_bits());
            out.extend(vectors.iter().flat_map(|vector| vector.to_array()).map(bits));
            let transposed = V::transpose(std::array::from_fn(|i| a.mul(a.constant(i as f32))));
            out.extend(transposed.iter().flat_map(|vector| vector.to_array()).map(bits));
            for n in [0, 3, 8, 11, 15] {
                let mut part = [9.0; WIDTH];
                a.store_first(part.as_mut_ptr(), n);
                out.extend(part.map(bits));
            }
            out.push(u64::from(V::any(a.unordered(b))) + 2 * u64::from(V::any(a.unordered(a))));
            out.push(V::wide_sum(a.square_add_wide(a.add_wide(a.wide_zero()))).to_bits());
            out.push(bits(a.largest()));
            out.push(bits(b.largest()));
        }
        out
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    let portable = dispatch(Isa::Portable, Everything);
    for isa in Isa::available() {
        assert_eq!(dispatch(isa, Everything), portable, "{isa:?}");
    }
    assert!(portable.ends_with(&[f32::NAN.to_bits().into()]));
}
