//! The elementary functions over vectors, each within a stated distance of the true value in units in the last place
//! (ulp), on all of f32: denormals, infinities and NaN included.
//!
//! The coefficients are our own minimax fits (`tests/golden/elementary.py` makes them). The reductions are classical:
//! Cody & Waite, "Software Manual for the Elementary Functions" (1980), and Moshier's Cephes library.

use super::lanes::Lanes;

/// `c[0] + c[1] x + c[2] x^2 ...`
#[inline(always)]
fn polynomial<V: Lanes, const N: usize>(x: V, coefficients: [f32; N]) -> V {
    let mut sum = x.constant(coefficients[N - 1]);
    let mut power = N - 1;
    while power > 0 {
        power -= 1;
        sum = sum.fma(x, x.constant(coefficients[power]));
    }
    sum
}

/// e to the x, within 1 ulp.
#[inline(always)]
pub(super) fn exp<V: Lanes>(x: V) -> V {
    let c = |value: f32| x.constant(value);
    // Beyond these the result is 0 or infinite; NaN passes.
    let x = c(-104.0).max_or_second(x);
    let x = c(89.0).min_or_second(x);
    // x = n ln 2 + r with |r| <= ln 2 / 2. Adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits.
    let magic = c(12_582_912.0);
    let shifted = x.fma(c(std::f32::consts::LOG2_E), magic);
    let n = shifted.sub(magic);
    let r = n.fma(c(-std::f32::consts::LN_2), x);
    let r = n.fma(c(1.904_654_3e-9), r);
    let p = polynomial(r, [0.49999994, 0.16666521, 0.04166839, 0.00836871, 0.0013814613]);
    let y = r.mul(r).fma(p, r).add(c(1.0));
    // Times 2^n in two halves: one alone could not reach the denormals.
    let n = shifted.sub_int(magic);
    let half = n.sar::<1>();
    let power = |n: V| n.add_int(n.bits(127)).shl::<23>();
    y.mul(power(half)).mul(power(n.sub_int(half)))
}

/// The natural logarithm, within 1 ulp; minus infinity at 0, NaN below.
#[inline(always)]
pub(super) fn log<V: Lanes>(x: V) -> V {
    let c = |value: f32| x.constant(value);
    let tiny = c(f32::MIN_POSITIVE).gt(x);
    let normal = V::select(tiny, x.mul(c(8_388_608.0)), x);
    // x = 2^n (1 + f) with 1 + f between the roots of 1/2 and 2.
    let n = normal.sub_int(c(std::f32::consts::FRAC_1_SQRT_2)).sar::<23>();
    let f = normal.sub_int(n.shl::<23>()).sub(c(1.0));
    let n = n.int_to_float().sub(V::select(tiny, c(23.0), c(0.0)));
    let p = polynomial(
        f,
        [
            0.33333313,
            -0.2500001,
            0.20002119,
            -0.16667996,
            0.14219552,
            -0.12405589,
            0.11888162,
            -0.11675652,
            0.06746641,
        ],
    );
    let square = f.mul(f);
    // ln 2 in two parts, the first so short that n times it is exact.
    let small = n.fma(c(-2.121_944_4e-4), f.mul(square).mul(p));
    let small = square.fma(c(-0.5), small);
    let y = n.fma(c(0.693_359_4), f.add(small));
    let y = V::select(x.gt(c(f32::MAX)), x, y);
    let y = V::select(c(0.0).gt(x), c(f32::NAN), y);
    let y = V::select(x.eq(c(0.0)), c(f32::NEG_INFINITY), y);
    V::select(x.unordered(x), x, y)
}

/// `1 / (1 + exp(-x))`, within 3 ulp.
#[inline(always)]
pub(super) fn sigmoid<V: Lanes>(x: V) -> V {
    let one = x.constant(1.0);
    // The exponential of what is not positive never overflows.
    let e = exp(x.abs().or(x.bits(0x8000_0000)));
    V::select(x.gt(x.constant(0.0)), one, e).div(one.add(e))
}

/// The hyperbolic tangent, within 2 ulp.
#[inline(always)]
pub(super) fn tanh<V: Lanes>(x: V) -> V {
    let one = x.constant(1.0);
    let size = x.abs();
    let e = exp(size.add(size));
    let large = one.sub(x.constant(2.0).div(e.add(one))).or(x.sign());
    let square = x.mul(x);
    let p = polynomial(square, [-0.3333328, 0.13331442, -0.053739715, 0.020639088, -0.005704987]);
    let small = x.mul(square).fma(p, x);
    V::select(x.constant(0.625).gt(size), small, large)
}

/// The error function, within 2 ulp.
#[inline(always)]
pub(super) fn erf<V: Lanes>(x: V) -> V {
    let one = x.constant(1.0);
    let size = x.abs();
    // It is 1 in f32 from 4 on; NaN passes.
    let t = x.constant(4.0).min_or_second(size);
    let q = polynomial(
        t,
        [-1.1286943, -0.63496953, -0.10653085, 0.024010055, -0.00375747, 0.00035059036, -1.3962274e-05],
    );
    let large = one.sub(exp(t.mul(q))).or(x.sign());
    let p = polynomial(
        x.mul(x),
        [0.12837917, -0.37612626, 0.112835854, -0.026853813, 0.0051883277, -0.00080101937, 7.8538615e-05],
    );
    V::select(one.gt(size), x.fma(p, x), large)
}

#[cfg(test)]
#[allow(unsafe_code, reason = "loads vectors")]
mod tests {
    use super::*;
    use crate::cpu::isa::Isa;
    use crate::cpu::lanes::{Kernel, WIDTH, dispatch};

    #[derive(Clone, Copy)]
    enum Function {
        Exp,
        Log,
        Sigmoid,
        Tanh,
        Erf,
    }

    struct Apply<'a>(Function, &'a mut [f32; WIDTH]);

    impl Kernel for Apply<'_> {
        type Output = ();

        #[inline(always)]
        unsafe fn run<V: Lanes>(self) {
            // SAFETY: an array of sixteen.
            unsafe {
                let x = V::load(self.1.as_ptr());
                let y = match self.0 {
                    Function::Exp => exp(x),
                    Function::Log => log(x),
                    Function::Sigmoid => sigmoid(x),
                    Function::Tanh => tanh(x),
                    Function::Erf => erf(x),
                };
                y.store(self.1.as_mut_ptr());
            }
        }
    }

    /// By a series of positive terms, so without cancellation (Abramowitz & Stegun 7.1.6).
    fn erf_f64(x: f64) -> f64 {
        let size = x.abs();
        if size.is_nan() || size > 6.0 {
            return x.clamp(-1.0, 1.0);
        }
        let (mut term, mut sum, mut n) = (size, 0.0, 0.0);
        while term > sum * 1e-17 {
            sum += term;
            n += 1.0;
            term *= 2.0 * x * x / (2.0 * n + 1.0);
        }
        (std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum).min(1.0).copysign(x)
    }

    /// The distance in units in the last place of the f32 nearest to the true value.
    fn ulps(y: f32, exact: f64) -> f64 {
        let nearest = exact as f32;
        if y == nearest || (y.is_nan() && nearest.is_nan()) {
            return 0.0;
        }
        if !y.is_finite() || !nearest.is_finite() {
            return f64::INFINITY;
        }
        let next = f32::from_bits(nearest.abs().to_bits() + 1);
        (f64::from(y) - exact).abs() / (f64::from(next) - f64::from(nearest.abs()))
    }

    fn check(function: Function, exact: fn(f64) -> f64, allowed: f64) {
        // A prime step walks through all exponents, signs and kinds; then some borders.
        let borders =
            [0.0, 1.0, 4.0, 0.625, 88.722_84, 89.0, -87.336_54, -103.97, -104.0, f32::INFINITY, f32::NAN];
        let values: Vec<f32> = (0..=u32::MAX)
            .step_by(21_013)
            .chain((0x3c00_0000..0x43000000).step_by(1_009))
            .map(f32::from_bits)
            .chain(borders.into_iter().flat_map(|x| [x, -x, x.next_up(), x.next_down()]))
            .collect();
        let mut worst = (0.0, 0.0);
        for chunk in values.chunks(WIDTH) {
            let mut x = [1.0; WIDTH];
            x[..chunk.len()].copy_from_slice(chunk);
            let results: Vec<[u32; WIDTH]> = Isa::available()
                .map(|isa| {
                    let mut y = x;
                    dispatch(isa, Apply(function, &mut y));
                    for (&x, &y) in x.iter().zip(&y) {
                        let error = ulps(y, exact(f64::from(x)));
                        if error > worst.0 {
                            worst = (error, x);
                        }
                    }
                    y.map(|y| if y.is_nan() { f32::NAN.to_bits() } else { y.to_bits() })
                })
                .collect();
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{x:?}");
        }
        assert!(worst.0 <= allowed, "{} ulp at {:e}", worst.0, worst.1);
    }

    #[test]
    fn exp_is_within_1_ulp() {
        check(Function::Exp, f64::exp, 1.0);
    }

    #[test]
    fn log_is_within_1_ulp() {
        check(Function::Log, f64::ln, 1.0);
    }

    #[test]
    fn sigmoid_is_within_3_ulp() {
        check(Function::Sigmoid, |x| if x < -200.0 { 0.0 } else { 1.0 / (1.0 + (-x).exp()) }, 3.0);
    }

    #[test]
    fn tanh_is_within_2_ulp() {
        check(Function::Tanh, f64::tanh, 2.0);
    }

    #[test]
    fn erf_is_within_2_ulp() {
        check(Function::Erf, erf_f64, 2.0);
    }
}
