//! AVX-512: one register of sixteen floats, and mask registers.

use std::arch::x86_64::*;

use super::{Kernel, Lanes, WIDTH};

#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

/// Compiles the kernel with AVX-512.
///
/// # Safety
/// The machine has it.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn run<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller's.
    unsafe { kernel.run::<Avx512>() }
}

/// A method that is one instruction on the vectors.
macro_rules! same {
    ($($name:ident($($operand:ident),*) = $instruction:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($operand: Self),*) -> Self {
            // SAFETY: `self` proves the instructions.
            unsafe { Self($instruction(self.0, $($operand.0),*)) }
        }
    )*};
}

/// A method that is one instruction on the vectors' bits.
macro_rules! integer {
    ($($name:ident = $instruction:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, y: Self) -> Self {
            // SAFETY: `self` proves the instructions.
            unsafe {
                Self(_mm512_castsi512_ps($instruction(_mm512_castps_si512(self.0), _mm512_castps_si512(y.0))))
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
            unsafe { _mm512_cmp_ps_mask::<$predicate>(self.0, y.0) }
        }
    )*};
}

#[inline(always)]
fn first(n: usize) -> __mmask16 {
    debug_assert!(n < WIDTH);
    ((1u32 << n) - 1) as __mmask16
}

impl Avx512 {
    /// The lanes as f64, lower half first.
    #[inline(always)]
    fn widen(self) -> [__m512d; 2] {
        // SAFETY: `self` proves the instructions.
        unsafe {
            [
                _mm512_cvtps_pd(_mm512_castps512_ps256(self.0)),
                _mm512_cvtps_pd(_mm512_extractf32x8_ps::<1>(self.0)),
            ]
        }
    }
}

impl Lanes for Avx512 {
    type Mask = __mmask16;
    type Wide = [__m512d; 2];

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(p: *const f32) -> Self {
        // SAFETY: the caller's.
        unsafe { Self(_mm512_loadu_ps(p)) }
    }

    #[inline(always)]
    unsafe fn load_first(p: *const f32, n: usize) -> Self {
        // SAFETY: the caller's; lanes that the mask leaves out are not read.
        unsafe { Self(_mm512_maskz_loadu_ps(first(n), p)) }
    }

    #[inline(always)]
    unsafe fn prefetch(p: *const f32) {
        // SAFETY: a hint, which reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(p.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, p: *mut f32) {
        // SAFETY: the caller's.
        unsafe { _mm512_storeu_ps(p, self.0) }
    }

    #[inline(always)]
    unsafe fn store_first(self, p: *mut f32, n: usize) {
        // SAFETY: the caller's; lanes that the mask leaves out are not written.
        unsafe { _mm512_mask_storeu_ps(p, first(n), self.0) }
    }

    same! {
        add(y) = _mm512_add_ps;
        sub(y) = _mm512_sub_ps;
        mul(y) = _mm512_mul_ps;
        div(y) = _mm512_div_ps;
        fma(y, z) = _mm512_fmadd_ps;
        sqrt() = _mm512_sqrt_ps;
        max_or_second(y) = _mm512_max_ps;
        min_or_second(y) = _mm512_min_ps;
        and(y) = _mm512_and_ps;
        or(y) = _mm512_or_ps;
        xor(y) = _mm512_xor_ps;
    }

    integer! {
        add_int = _mm512_add_epi32;
        sub_int = _mm512_sub_epi32;
    }

    compare! {
        gt = _CMP_GT_OQ;
        eq = _CMP_EQ_OQ;
        unordered = _CMP_UNORD_Q;
    }

    #[inline(always)]
    fn select(mask: Self::Mask, x: Self, y: Self) -> Self {
        // SAFETY: `x` proves the instructions.
        unsafe { Self(_mm512_mask_blend_ps(mask, y.0, x.0)) }
    }

    #[inline(always)]
    fn either(x: Self::Mask, y: Self::Mask) -> Self::Mask {
        x | y
    }

    #[inline(always)]
    fn any(mask: Self::Mask) -> bool {
        mask != 0
    }

    #[inline(always)]
    fn exchange<const DISTANCE: usize>(self) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe {
            Self(match DISTANCE {
                8 => _mm512_shuffle_f32x4::<0b01_00_11_10>(self.0, self.0),
                4 => _mm512_shuffle_f32x4::<0b10_11_00_01>(self.0, self.0),
                2 => _mm512_permute_ps::<0b01_00_11_10>(self.0),
                _ => _mm512_permute_ps::<0b10_11_00_01>(self.0),
            })
        }
    }

    #[inline(always)]
    fn shl<const BITS: u32>(self) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe { Self(_mm512_castsi512_ps(_mm512_slli_epi32::<BITS>(_mm512_castps_si512(self.0)))) }
    }

    #[inline(always)]
    fn sar<const BITS: u32>(self) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe { Self(_mm512_castsi512_ps(_mm512_srai_epi32::<BITS>(_mm512_castps_si512(self.0)))) }
    }

    #[inline(always)]
    fn int_to_float(self) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe { Self(_mm512_cvtepi32_ps(_mm512_castps_si512(self.0))) }
    }

    #[inline(always)]
    fn wide_zero(self) -> Self::Wide {
        // SAFETY: `self` proves the instructions.
        unsafe { [_mm512_setzero_pd(); 2] }
    }

    #[inline(always)]
    fn add_wide(self, wide: Self::Wide) -> Self::Wide {
        Self::wide_add(wide, self.widen())
    }

    #[inline(always)]
    fn square_add_wide(self, wide: Self::Wide) -> Self::Wide {
        let [low, high] = self.widen();
        // SAFETY: `self` proves the instructions.
        unsafe { [_mm512_fmadd_pd(low, low, wide[0]), _mm512_fmadd_pd(high, high, wide[1])] }
    }

    #[inline(always)]
    fn wide_add(x: Self::Wide, y: Self::Wide) -> Self::Wide {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe { [_mm512_add_pd(x[0], y[0]), _mm512_add_pd(x[1], y[1])] }
    }

    #[inline(always)]
    fn wide_sum(wide: Self::Wide) -> f64 {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe {
            let sum = _mm512_add_pd(wide[0], wide[1]);
            let sum = _mm256_add_pd(_mm512_castpd512_pd256(sum), _mm512_extractf64x4_pd::<1>(sum));
            let sum = _mm_add_pd(_mm256_castpd256_pd128(sum), _mm256_extractf128_pd::<1>(sum));
            _mm_cvtsd_f64(_mm_add_sd(sum, _mm_unpackhi_pd(sum, sum)))
        }
    }

    #[inline(always)]
    fn narrow(wide: Self::Wide) -> Self {
        // SAFETY: a wide vector comes from a vector, which proves the instructions.
        unsafe {
            let low = _mm512_castps256_ps512(_mm512_cvtpd_ps(wide[0]));
            Self(_mm512_insertf32x8::<1>(low, _mm512_cvtpd_ps(wide[1])))
        }
    }
}
