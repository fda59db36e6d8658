//! AVX2 and FMA: two registers of eight floats.

use std::arch::x86_64::*;

use super::{Kernel, Lanes};

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256, __m256);

/// Compiles the kernel with AVX2 and FMA.
///
/// # Safety
/// The machine has them.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx2>() }
}

/// A method that is one instruction on each half.
macro_rules! same {
    ($($name:ident($($operand:ident),*) = $instruction:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($operand: Self),*) -> Self {
            // SAFETY: `self` proves the instructions.
            unsafe { Self($instruction(self.0, $($operand.0),*), $instruction(self.1, $($operand.1),*)) }
        }
    )*};
}

/// A method that is one instruction on each half's bits.
macro_rules! integer {
    ($($name:ident($($operand:ident),*) = $instruction:path;)*) => {$(
        #[inline(always)]
        fn $name(self, $($operand: Self),*) -> Self {
            // SAFETY: `self` proves the instructions.
            unsafe {
                Self(
                    _mm256_castsi256_ps($instruction(_mm256_castps_si256(self.0), $(_mm256_castps_si256($operand.0)),*)),
                    _mm256_castsi256_ps($instruction(_mm256_castps_si256(self.1), $(_mm256_castps_si256($operand.1)),*)),
                )
            }
        }
    )*};
}

/// A comparison.
macro_rules! compare {
    ($($name:ident = $predicate:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, y: Self) -> Self::Mask {
            // SAFETY: `self` proves the instructions.
            unsafe { [_mm256_cmp_ps::<$predicate>(self.0, y.0), _mm256_cmp_ps::<$predicate>(self.1, y.1)] }
        }
    )*};
}

/// All ones in the lanes below `n`, which may lie outside the register.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn first(n: i32) -> __m256i {
    // SAFETY: the caller's.
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

impl Avx2 {
    /// The lanes as f64, four by four.
    #[inline(always)]
    fn widen(self) -> [__m256d; 4] {
        // SAFETY: `self` proves the instructions.
        unsafe {
            [
                _mm256_cvtps_pd(_mm256_castps256_ps128(self.0)),
                _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(self.0)),
                _mm256_cvtps_pd(_mm256_castps256_ps128(self.1)),
                _mm256_cvtps_pd(_mm256_extractf128_ps::<1>(self.1)),
            ]
        }
    }
}

impl Lanes for Avx2 {
    type Mask = [__m256; 2];
    type Wide = [__m256d; 4];

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm256_set1_ps(x), _mm256_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm256_loadu_ps(p), _mm256_loadu_ps(p.add(8))) }
    }

    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> Self {
        // SAFETY: the caller's; lanes that the masks leave out are not read.
        unsafe {
            let n = n as i32;
            Self(_mm256_maskload_ps(p, first(n)), _mm256_maskload_ps(p.wrapping_add(8), first(n - 8)))
        }
    }

    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        // SAFETY: a hint, which reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller's.
        unsafe {
            _mm256_storeu_ps(p, self.0);
            _mm256_storeu_ps(p.add(8), self.1);
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize) {
        // SAFETY: the caller's; lanes that the masks leave out are not written.
        unsafe {
            let n = n as i32;
            _mm256_maskstore_ps(p, first(n), self.0);
            _mm256_maskstore_ps(p.wrapping_add(8), first(n - 8), self.1);
        }
    }

    same! {
        add(y) = _mm256_add_ps;
        sub(y) = _mm256_sub_ps;
        mul(y) = _mm256_mul_ps;
        div(y) = _mm256_div_ps;
        fma(y, z) = _mm256_fmadd_ps;
        sqrt() = _mm256_sqrt_ps;
        max_or_second(y) = _mm256_max_ps;
        min_or_second(y) = _mm256_min_ps;
        and(y) = _mm256_and_ps;
        or(y) = _mm256_or_ps;
        xor(y) = _mm256_xor_ps;
    }

    integer! {
        add_int(y) = _mm256_add_epi32;
        sub_int(y) = _mm256_sub_epi32;
    }

    compare! {
        gt = _CMP_GT_OQ;
        eq = _CMP_EQ_OQ;
        unordered = _CMP_UNORD_Q;
    }

    #[inline(always)]
    fn select(mask: Self::Mask, x: Self, y: Self) -> Self {
        // SAFETY: `x` proves the instructions.
        unsafe { Self(_mm256_blendv_ps(y.0, x.0, mask[0]), _mm256_blendv_ps(y.1, x.1, mask[1])) }
    }

    #[inline(always)]
    fn either(x: Self::Mask, y: Self::Mask) -> Self::Mask {
        // SAFETY: a mask comes from a vector, which proves the instructions.
        unsafe { [_mm256_or_ps(x[0], y[0]), _mm256_or_ps(x[1], y[1])] }
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        // SAFETY: a mask comes from a vector, which proves the instructions.
        unsafe { _mm256_movemask_ps(_mm256_or_ps(mask[0], mask[1])) != 0 }
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        let Self(low, high) = self;
        // SAFETY: `self` proves the instructions.
        unsafe {
            match DISTANCE {
                8 => Self(high, low),
                4 => Self(_mm256_permute2f128_ps::<1>(low, low), _mm256_permute2f128_ps::<1>(high, high)),
                2 => Self(_mm256_permute_ps::<0b01_00_11_10>(low), _mm256_permute_ps::<0b01_00_11_10>(high)),
                _ => Self(_mm256_permute_ps::<0b10_11_00_01>(low), _mm256_permute_ps::<0b10_11_00_01>(high)),
            }
        }
    }

    #[inline(always)]
    fn shl<const BITS: u32>(self) -> Self {
        let count = BITS as i32;
        // SAFETY: `self` proves the instructions.
        unsafe {
            let shift =
                |x| _mm256_castsi256_ps(_mm256_sllv_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(count)));
            Self(shift(self.0), shift(self.1))
        }
    }

    #[inline(always)]
    fn sar<const BITS: u32>(self) -> Self {
        let count = BITS as i32;
        // SAFETY: `self` proves the instructions.
        unsafe {
            let shift =
                |x| _mm256_castsi256_ps(_mm256_srav_epi32(_mm256_castps_si256(x), _mm256_set1_epi32(count)));
            Self(shift(self.0), shift(self.1))
        }
    }

    #[inline(always)]
    fn int_to_float(self) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe {
            Self(
                _mm256_cvtepi32_ps(_mm256_castps_si256(self.0)),
                _mm256_cvtepi32_ps(_mm256_castps_si256(self.1)),
            )
        }
    }

    #[inline(always)]
    fn wide_zero(self) -> Self::Wide {
        // SAFETY: `self` proves the instructions.
        unsafe { [_mm256_setzero_pd(); 4] }
    }

    #[inline(always)]
    fn add_wide(self, wide: Self::Wide) -> Self::Wide {
        Self::wide_add(wide, self.widen())
    }

    #[inline(always)]
    fn square_add_wide(self, wide: Self::Wide) -> Self::Wide {
        let x = self.widen();
        // SAFETY: `self` proves the instructions.
        unsafe {
            [
                _mm256_fmadd_pd(x[0], x[0], wide[0]),
                _mm256_fmadd_pd(x[1], x[1], wide[1]),
                _mm256_fmadd_pd(x[2], x[2], wide[2]),
                _mm256_fmadd_pd(x[3], x[3], wide[3]),
            ]
        }
    }

    #[inline(always)]
    fn wide_add(x: Self::Wide, y: Self::Wide) -> Self::Wide {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe {
            [
                _mm256_add_pd(x[0], y[0]),
                _mm256_add_pd(x[1], y[1]),
                _mm256_add_pd(x[2], y[2]),
                _mm256_add_pd(x[3], y[3]),
            ]
        }
    }

    #[inline(always)]
    fn wide_sum(wide: Self::Wide) -> f64 {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe {
            let sum = _mm256_add_pd(_mm256_add_pd(wide[0], wide[2]), _mm256_add_pd(wide[1], wide[3]));
            let sum = _mm_add_pd(_mm256_castpd256_pd128(sum), _mm256_extractf128_pd::<1>(sum));
            _mm_cvtsd_f64(_mm_add_sd(sum, _mm_unpackhi_pd(sum, sum)))
        }
    }

    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe {
            Self(
                _mm256_set_m128(_mm256_cvtpd_ps(wide[1]), _mm256_cvtpd_ps(wide[0])),
                _mm256_set_m128(_mm256_cvtpd_ps(wide[3]), _mm256_cvtpd_ps(wide[2])),
            )
        }
    }
}
