//! Sixteen floats at once, for each [`Isa`]: a kernel is written once over [`Lanes`] and compiled for every one.
//!
//! A vector has sixteen lanes everywhere (AVX2 uses two registers for one) and multiply-add rounds once everywhere,
//! so a kernel gives the same bits on every machine.

#![allow(unsafe_code, reason = "vector instructions")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use super::isa::Isa;

/// Lanes of a vector.
pub(super) const WIDTH: usize = 16;

/// A vector of [`WIDTH`] f32.
///
/// A value of such a type is proof that the machine has its instructions: the ways to the first one are `unsafe`, and
/// everything that needs one already is not.
pub(super) trait Lanes: Copy {
    /// A truth per lane.
    type Mask: Copy;
    /// [`WIDTH`] f64.
    type Wide: Copy;

    /// The same in every lane.
    ///
    /// # Safety
    /// The machine has the instructions, as for all functions here that take no vector.
    unsafe fn splat(x: f32) -> Self;
    /// Sixteen elements from `p`.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(p: *const f32) -> Self;
    /// The first `n < 16` elements from `p`, and 0 in the other lanes.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load_first(p: *const f32, n: usize) -> Self;
    /// Fetches the line at `p`, which need not be valid, into the cache.
    ///
    /// # Safety
    /// The machine has the instructions.
    unsafe fn prefetch(p: *const f32);
    /// Writes all lanes to `p`.
    ///
    /// # Safety
    /// There is room for sixteen elements.
    unsafe fn store(self, p: *mut f32);
    /// Writes the first `n < 16` lanes to `p`.
    ///
    /// # Safety
    /// There is room for them.
    unsafe fn store_first(self, p: *mut f32, n: usize);

    /// `self + y`
    fn add(self, y: Self) -> Self;
    /// `self - y`
    fn sub(self, y: Self) -> Self;
    /// `self * y`
    fn mul(self, y: Self) -> Self;
    /// `self / y`
    fn div(self, y: Self) -> Self;
    /// `self * y + z`, rounded once.
    fn fma(self, y: Self, z: Self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// `self > y ? self : y`: `y` where one is NaN.
    fn max_or_second(self, y: Self) -> Self;
    /// `self < y ? self : y`: `y` where one is NaN.
    fn min_or_second(self, y: Self) -> Self;

    /// `self > y`, false where one is NaN.
    fn gt(self, y: Self) -> Self::Mask;
    /// `self == y`, false where one is NaN.
    fn eq(self, y: Self) -> Self::Mask;
    /// Whether `self` or `y` is NaN.
    fn unordered(self, y: Self) -> Self::Mask;
    /// `mask ? x : y`
    fn select(mask: Self::Mask, x: Self, y: Self) -> Self;
    /// Where one or the other is true.
    fn either(x: Self::Mask, y: Self::Mask) -> Self::Mask;
    /// Whether any lane is true.
    fn any(mask: Self::Mask) -> bool;

    /// Lane `i` takes what lane `i ^ DISTANCE` has; the distance is 1, 2, 4 or 8.
    fn exchange<const DISTANCE: usize>(self) -> Self;

    /// Bitwise and.
    fn and(self, y: Self) -> Self;
    /// Bitwise or.
    fn or(self, y: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, y: Self) -> Self;
    /// The lanes as i32, added, wrapping.
    fn add_int(self, y: Self) -> Self;
    /// The lanes as i32, subtracted, wrapping.
    fn sub_int(self, y: Self) -> Self;
    /// The lanes as u32, shifted to the left.
    fn shl<const BITS: u32>(self) -> Self;
    /// The lanes as i32, shifted to the right with sign.
    fn sar<const BITS: u32>(self) -> Self;
    /// The lanes as i32, converted.
    fn int_to_float(self) -> Self;

    /// f64 zeros.
    fn wide_zero(self) -> Self::Wide;
    /// `wide + self`, exact up to f64.
    fn add_wide(self, wide: Self::Wide) -> Self::Wide;
    /// `wide + self * self`, the product exact.
    fn square_add_wide(self, wide: Self::Wide) -> Self::Wide;
    /// The sum of two.
    fn wide_add(x: Self::Wide, y: Self::Wide) -> Self::Wide;
    /// The sum of the lanes: the upper half is added to the lower one until one lane is left.
    fn wide_sum(wide: Self::Wide) -> f64;
    /// The nearest f32 of each lane.
    fn narrow(wide: Self::Wide) -> Self;

    /// Lane `i` of vector `j` becomes lane `j` of vector `i`.
    #[inline(always)]
    fn transpose(block: [Self; WIDTH]) -> [Self; WIDTH] {
        let lines = block.map(Self::to_array);
        // SAFETY: arrays of sixteen; a vector proves the instructions.
        std::array::from_fn(|lane| unsafe {
            let line: [f32; WIDTH] = std::array::from_fn(|vector| lines[vector][lane]);
            Self::load(line.as_ptr())
        })
    }

    /// `x` in every lane.
    #[inline(always)]
    fn constant(self, x: f32) -> Self {
        // SAFETY: `self` proves the instructions.
        unsafe { Self::splat(x) }
    }

    /// The bits `x` in every lane.
    #[inline(always)]
    fn bits(self, x: u32) -> Self {
        self.constant(f32::from_bits(x))
    }

    /// `|self|`
    #[inline(always)]
    fn abs(self) -> Self {
        self.and(self.bits(0x7fff_ffff))
    }

    /// 0 in the place of subnormal numbers, with which most arithmetic takes a hundred times as long.
    #[inline(always)]
    fn normal(self) -> Self {
        let smallest = self.constant(f32::MIN_POSITIVE);
        Self::select(smallest.gt(self.abs()), self.constant(0.0), self)
    }

    /// The sign bit alone.
    #[inline(always)]
    fn sign(self) -> Self {
        self.and(self.bits(0x8000_0000))
    }

    /// `-self`
    #[inline(always)]
    fn negate(self) -> Self {
        self.xor(self.bits(0x8000_0000))
    }

    /// The larger, NaN where one is.
    #[inline(always)]
    fn max(self, y: Self) -> Self {
        Self::select(self.unordered(self), self, self.max_or_second(y))
    }

    /// The smaller, NaN where one is.
    #[inline(always)]
    fn min(self, y: Self) -> Self {
        Self::select(self.unordered(self), self, self.min_or_second(y))
    }

    /// The first `n` lanes, and `rest` in the others.
    #[inline(always)]
    fn first_or(self, n: usize, rest: f32) -> Self {
        const NUMBERS: [f32; WIDTH] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
        // SAFETY: an array of sixteen; `self` proves the instructions.
        let numbers = unsafe { Self::load(NUMBERS.as_ptr()) };
        Self::select(self.constant(n as f32).gt(numbers), self, self.constant(rest))
    }

    /// The lanes.
    #[inline(always)]
    fn to_array(self) -> [f32; WIDTH] {
        let mut lanes = [0.0; WIDTH];
        // SAFETY: there is room.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }

    /// The largest lane, or NaN.
    #[inline(always)]
    fn largest(self) -> f32 {
        let m = self.max_or_second(self.exchange::<8>());
        let m = m.max_or_second(m.exchange::<4>());
        let m = m.max_or_second(m.exchange::<2>());
        let m = m.max_or_second(m.exchange::<1>());
        if Self::any(self.unordered(self)) { f32::NAN } else { m.to_array()[0] }
    }

    /// Up to sixteen elements: all of them, or the first `n`.
    ///
    /// # Safety
    /// They can be read.
    #[inline(always)]
    unsafe fn load_up_to(p: *const f32, n: usize) -> Self {
        // SAFETY: the caller's.
        unsafe { if n < WIDTH { Self::load_first(p, n) } else { Self::load(p) } }
    }

    /// Writes up to sixteen elements: all of them, or the first `n`.
    ///
    /// # Safety
    /// There is room for them.
    #[inline(always)]
    unsafe fn store_up_to(self, p: *mut f32, n: usize) {
        // SAFETY: the caller's.
        unsafe { if n < WIDTH { self.store_first(p, n) } else { self.store(p) } }
    }
}

/// The pieces of up to sixteen elements that `n` are made of: where each begins and how long it is.
#[inline(always)]
pub(super) fn pieces(n: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..n).step_by(WIDTH).map(move |at| (at, (n - at).min(WIDTH)))
}

/// Work that is compiled for every [`Isa`].
pub(super) trait Kernel {
    /// What it gives.
    type Output;

    /// Does it. Implementations are `#[inline(always)]`, and so is everything in them that works on vectors: only
    /// then is it compiled with the vector's instructions.
    ///
    /// # Safety
    /// The machine has the instructions of `V`.
    unsafe fn run<V: Lanes>(self) -> Self::Output;
}

/// Runs the kernel as compiled for `isa`.
///
/// # Panics
/// If the machine does not have it.
#[inline]
pub(super) fn dispatch<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    // A better one has all that a lesser one has. This is one load and a compare.
    assert!(isa >= Isa::detect(), "{} instructions on a machine without them", isa.name());
    match isa {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: asserted.
        Isa::Avx512 => unsafe { avx512::run(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: asserted.
        Isa::Avx2 => unsafe { avx2::run(kernel) },
        // SAFETY: plain Rust needs no instructions.
        _ => unsafe { kernel.run::<portable::Portable>() },
    }
}

#[cfg(test)]
mod tests;
