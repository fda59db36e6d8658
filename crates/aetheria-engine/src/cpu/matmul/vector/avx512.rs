//! AVX-512: 16 floats.

use super::Vector;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Avx512(__m512);

// SAFETY (every block here): the trait's contract; the intrinsics ask for no more than the instruction set and valid
// pointers.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one comment for all, above")]
impl Vector for Avx512 {
    const LANES: usize = 16;
    type Mask = __mmask16;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Self(_mm512_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm512_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __mmask16 {
        if lanes >= 16 { !0 } else { (1 << lanes) - 1 }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, mask: __mmask16) -> Self {
        unsafe { Self(_mm512_maskz_loadu_ps(mask, from)) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, mask: __mmask16) {
        unsafe { _mm512_mask_storeu_ps(to, mask, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm512_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
        unsafe { Self(_mm512_fmadd_ps(self.0, by.0, plus.0)) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // Of a NaN and a number the instruction takes the second operand.
        unsafe { Self(_mm512_max_ps(_mm512_setzero_ps(), self.0)) }
    }

    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        unsafe {
            let open = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(gate.0, _mm512_setzero_ps());
            Self(_mm512_maskz_mov_ps(open, self.0))
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { _mm512_reduce_add_ps(self.0) }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, rows: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let mask = Self::first(rows);
            // Rows that are missing repeat the last one; they are not stored.
            let quarter =
                |row: usize, column: usize| _mm_loadu_ps(from.add(row.min(rows - 1) * stride + column));
            for column in (0..16).step_by(4) {
                // Lane l of register i: four columns of row i + 4 l. The quarters are brought together by loads, so
                // that only the 4x4 transposition within the lanes needs the one port that shuffles.
                let lanes = |i: usize| {
                    let x = _mm512_castps128_ps512(quarter(i, column));
                    let x = _mm512_insertf32x4::<1>(x, quarter(i + 4, column));
                    let x = _mm512_insertf32x4::<2>(x, quarter(i + 8, column));
                    _mm512_insertf32x4::<3>(x, quarter(i + 12, column))
                };
                let [a, b, c, d] = [lanes(0), lanes(1), lanes(2), lanes(3)];
                let ab = [_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b)].map(|x| _mm512_castps_pd(x));
                let cd = [_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d)].map(|x| _mm512_castps_pd(x));
                for i in 0..2 {
                    let (even, odd) = (_mm512_unpacklo_pd(ab[i], cd[i]), _mm512_unpackhi_pd(ab[i], cd[i]));
                    let to = to.add((column + 2 * i) * to_stride);
                    _mm512_mask_storeu_ps(to, mask, _mm512_castpd_ps(even));
                    _mm512_mask_storeu_ps(to.add(to_stride), mask, _mm512_castpd_ps(odd));
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(at: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn prefetch_far(at: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn prefetch_write(at: *const f32) {
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(at.cast()) }
    }
}
