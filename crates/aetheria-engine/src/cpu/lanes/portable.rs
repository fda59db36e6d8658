//! Plain Rust, which the compiler vectorises for the target's baseline.

use super::{Lanes, WIDTH};

#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Portable([f32; WIDTH]);

impl Portable {
    #[inline(always)]
    fn map(self, f: impl Fn(f32) -> f32) -> Self {
        Self(self.0.map(f))
    }

    #[inline(always)]
    fn zip(self, y: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], y.0[lane])))
    }

    #[inline(always)]
    fn zip_bits(self, y: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        self.zip(y, |x, y| f32::from_bits(f(x.to_bits(), y.to_bits())))
    }

    #[inline(always)]
    fn test(self, y: Self, f: impl Fn(f32, f32) -> bool) -> [bool; WIDTH] {
        std::array::from_fn(|lane| f(self.0[lane], y.0[lane]))
    }
}

impl Lanes for Portable {
    type Mask = [bool; WIDTH];
    type Wide = [f64; WIDTH];

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; WIDTH])
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller's; an unaligned read of plain floats.
        unsafe { Self(p.cast::<[f32; WIDTH]>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; WIDTH];
        // SAFETY: the caller's; `n` is below the lanes.
        unsafe { std::ptr::copy_nonoverlapping(p, lanes.as_mut_ptr(), n) };
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller's; an unaligned write of plain floats.
        unsafe { p.cast::<[f32; WIDTH]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize) {
        // SAFETY: the caller's; `n` is below the lanes.
        unsafe { std::ptr::copy_nonoverlapping(self.0.as_ptr(), p, n) }
    }

    #[inline(always)]
    fn add(self, y: Self) -> Self {
        self.zip(y, |x, y| x + y)
    }

    #[inline(always)]
    fn sub(self, y: Self) -> Self {
        self.zip(y, |x, y| x - y)
    }

    #[inline(always)]
    fn mul(self, y: Self) -> Self {
        self.zip(y, |x, y| x * y)
    }

    #[inline(always)]
    fn div(self, y: Self) -> Self {
        self.zip(y, |x, y| x / y)
    }

    #[inline(always)]
    fn fma(self, y: Self, z: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].mul_add(y.0[lane], z.0[lane])))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(f32::sqrt)
    }

    #[inline(always)]
    fn max_or_second(self, y: Self) -> Self {
        self.zip(y, |x, y| if x > y { x } else { y })
    }

    #[inline(always)]
    fn min_or_second(self, y: Self) -> Self {
        self.zip(y, |x, y| if x < y { x } else { y })
    }

    #[inline(always)]
    fn gt(self, y: Self) -> Self::Mask {
        self.test(y, |x, y| x > y)
    }

    #[inline(always)]
    fn eq(self, y: Self) -> Self::Mask {
        self.test(y, |x, y| x == y)
    }

    #[inline(always)]
    fn unordered(self, y: Self) -> Self::Mask {
        self.test(y, |x, y| x.is_nan() || y.is_nan())
    }

    #[inline(always)]
    fn select(mask: Self::Mask, x: Self, y: Self) -> Self {
        Self(std::array::from_fn(|lane| if mask[lane] { x.0[lane] } else { y.0[lane] }))
    }

    #[inline(always)]
    fn either(x: Self::Mask, y: Self::Mask) -> Self::Mask {
        std::array::from_fn(|lane| x[lane] | y[lane])
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask.into_iter().fold(false, |any, lane| any | lane)
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane ^ DISTANCE]))
    }

    #[inline(always)]
    fn and(self, y: Self) -> Self {
        self.zip_bits(y, |x, y| x & y)
    }

    #[inline(always)]
    fn or(self, y: Self) -> Self {
        self.zip_bits(y, |x, y| x | y)
    }

    #[inline(always)]
    fn xor(self, y: Self) -> Self {
        self.zip_bits(y, |x, y| x ^ y)
    }

    #[inline(always)]
    fn add_int(self, y: Self) -> Self {
        self.zip_bits(y, u32::wrapping_add)
    }

    #[inline(always)]
    fn sub_int(self, y: Self) -> Self {
        self.zip_bits(y, u32::wrapping_sub)
    }

    #[inline(always)]
    fn shl<const BITS: u32>(self) -> Self {
        self.map(|x| f32::from_bits(x.to_bits() << BITS))
    }

    #[inline(always)]
    fn sar<const BITS: u32>(self) -> Self {
        self.map(|x| f32::from_bits((x.to_bits().cast_signed() >> BITS).cast_unsigned()))
    }

    #[inline(always)]
    fn int_to_float(self) -> Self {
        self.map(|x| x.to_bits().cast_signed() as f32)
    }

    #[inline(always)]
    fn wide_zero(self) -> Self::Wide {
        [0.0; WIDTH]
    }

    #[inline(always)]
    fn add_wide(self, wide: Self::Wide) -> Self::Wide {
        std::array::from_fn(|lane| wide[lane] + f64::from(self.0[lane]))
    }

    #[inline(always)]
    fn square_add_wide(self, wide: Self::Wide) -> Self::Wide {
        // The product of two f32 is exact in f64, so this rounds once, as a fused one does.
        std::array::from_fn(|lane| f64::from(self.0[lane]) * f64::from(self.0[lane]) + wide[lane])
    }

    #[inline(always)]
    fn wide_add(x: Self::Wide, y: Self::Wide) -> Self::Wide {
        std::array::from_fn(|lane| x[lane] + y[lane])
    }

    #[inline(always)]
    fn wide_sum(mut wide: Self::Wide) -> f64 {
        for half in [8, 4, 2, 1] {
            for lane in 0..half {
                wide[lane] += wide[lane + half];
            }
        }
        wide[0]
    }

    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        Self(wide.map(|x| x as f32))
    }
}
