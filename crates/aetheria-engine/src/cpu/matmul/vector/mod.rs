//! The vector of floats that the kernels are written over, once for each instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
pub(super) use portable::Portable;

/// A register of floats. Every method is inlined into a kernel that is compiled for the instruction set.
///
/// # Safety
/// For every method: the machine has the instruction set, and each pointer is valid for what is read or written
/// through it (the lanes that a mask leaves out are neither read nor written). No alignment is asked for.
pub(super) trait Vector: Copy {
    /// Floats in a register.
    const LANES: usize;
    /// Chooses the first lanes of a register.
    type Mask: Copy;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The first `lanes` lanes (all from `LANES` on).
    unsafe fn first(lanes: usize) -> Self::Mask;
    /// The other lanes are 0.
    unsafe fn load_first(from: *const f32, mask: Self::Mask) -> Self;
    unsafe fn store_first(self, to: *mut f32, mask: Self::Mask);
    unsafe fn add(self, other: Self) -> Self;
    /// `self * by + plus`, in one rounding where the instruction set can.
    unsafe fn mul_add(self, by: Self, plus: Self) -> Self;
    /// `max(self, 0)`, where NaN stays NaN.
    unsafe fn relu(self) -> Self;
    /// This where `gate > 0`, else 0.
    unsafe fn where_positive(self, gate: Self) -> Self;
    /// The sum of the lanes, in a fixed order.
    unsafe fn sum(self) -> f32;
    /// Transposes `rows` (at most `LANES`) rows of `LANES` floats, `stride` apart, into `LANES` rows of `rows`
    /// floats, `to_stride` apart.
    unsafe fn transpose(from: *const f32, stride: usize, rows: usize, to: *mut f32, to_stride: usize);
    /// Fetches the line at this address, which need not be valid, for reading.
    unsafe fn prefetch(at: *const f32);
    /// The same, but only into the second-level cache.
    unsafe fn prefetch_far(at: *const f32);
    /// Fetches the line at this address, which need not be valid, for writing.
    unsafe fn prefetch_write(at: *const f32);
}
