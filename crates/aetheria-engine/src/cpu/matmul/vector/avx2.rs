//! AVX2 and FMA: 8 floats.

use super::Vector;
use std::arch::x86_64::*;

#[derive(Clone, Copy)]
pub(in super::super) struct Avx2(__m256);

// SAFETY (every block here): the trait's contract; the intrinsics ask for no more than the instruction set and valid
// pointers.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one comment for all, above")]
impl Vector for Avx2 {
    const LANES: usize = 8;
    type Mask = __m256i;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        unsafe { Self(_mm256_set1_ps(x)) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        unsafe { Self(_mm256_loadu_ps(from)) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __m256i {
        unsafe {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes.min(8) as i32), lane)
        }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, mask: __m256i) -> Self {
        unsafe { Self(_mm256_maskload_ps(from, mask)) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, mask: __m256i) {
        unsafe { _mm256_maskstore_ps(to, mask, self.0) }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, by.0, plus.0)) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // Of a NaN and a number the instruction takes the second operand.
        unsafe { Self(_mm256_max_ps(_mm256_setzero_ps(), self.0)) }
    }

    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        unsafe {
            let open = _mm256_cmp_ps::<_CMP_GT_OQ>(gate.0, _mm256_setzero_ps());
            Self(_mm256_and_ps(open, self.0))
        }
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe {
            let x = _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        }
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, rows: usize, to: *mut f32, to_stride: usize) {
        unsafe {
            let mask = Self::first(rows);
            // Rows that are missing repeat the last one; they are not stored.
            let half =
                |row: usize, column: usize| _mm_loadu_ps(from.add(row.min(rows - 1) * stride + column));
            for column in [0, 4] {
                // Lane l of register i: four columns of row i + 4 l.
                let lanes = |i: usize| {
                    let x = _mm256_castps128_ps256(half(i, column));
                    _mm256_insertf128_ps::<1>(x, half(i + 4, column))
                };
                let [a, b, c, d] = [lanes(0), lanes(1), lanes(2), lanes(3)];
                let ab = [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)].map(|x| _mm256_castps_pd(x));
                let cd = [_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d)].map(|x| _mm256_castps_pd(x));
                for i in 0..2 {
                    let (even, odd) = (_mm256_unpacklo_pd(ab[i], cd[i]), _mm256_unpackhi_pd(ab[i], cd[i]));
                    let to = to.add((column + 2 * i) * to_stride);
                    _mm256_maskstore_ps(to, mask, _mm256_castpd_ps(even));
                    _mm256_maskstore_ps(to.add(to_stride), mask, _mm256_castpd_ps(odd));
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
