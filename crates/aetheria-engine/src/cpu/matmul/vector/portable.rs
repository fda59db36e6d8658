//! Four floats in plain Rust, which the compiler turns into the registers of the target's baseline (SSE2, NEON).

use super::Vector;

#[derive(Clone, Copy)]
pub(in super::super) struct Portable([f32; 4]);

// SAFETY (every block here): the trait's contract: the pointers are valid for the lanes in use.
#[allow(clippy::undocumented_unsafe_blocks, reason = "one comment for all, above")]
impl Vector for Portable {
    const LANES: usize = 4;
    type Mask = usize;

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Self([x; 4])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { to.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> usize {
        lanes.min(4)
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, lanes: usize) -> Self {
        if lanes == 4 {
            return unsafe { Self::load(from) };
        }
        Self(std::array::from_fn(|lane| if lane < lanes { unsafe { *from.add(lane) } } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, lanes: usize) {
        if lanes == 4 {
            return unsafe { self.store(to) };
        }
        for (lane, x) in self.0.into_iter().enumerate().take(lanes) {
            unsafe { *to.add(lane) = x }
        }
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self {
        // Not `f32::mul_add`: without the instruction that is a call for each lane.
        Self(std::array::from_fn(|lane| self.0[lane] * by.0[lane] + plus.0[lane]))
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Self(self.0.map(|x| if x < 0.0 { 0.0 } else { x }))
    }

    #[inline(always)]
    unsafe fn where_positive(self, gate: Self) -> Self {
        Self(std::array::from_fn(|lane| if gate.0[lane] > 0.0 { self.0[lane] } else { 0.0 }))
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }

    #[inline(always)]
    unsafe fn transpose(from: *const f32, stride: usize, rows: usize, to: *mut f32, to_stride: usize) {
        for row in 0..rows {
            for column in 0..4 {
                unsafe { *to.add(column * to_stride + row) = *from.add(row * stride + column) }
            }
        }
    }

    #[inline(always)]
    unsafe fn prefetch(_: *const f32) {}

    #[inline(always)]
    unsafe fn prefetch_far(_: *const f32) {}

    #[inline(always)]
    unsafe fn prefetch_write(_: *const f32) {}
}
