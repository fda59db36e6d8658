//! The kernels, compiled once for each instruction set and chosen at run time.

use super::super::isa::Isa;
use super::kernel::{self, Tile};
use super::vector::Portable;
#[cfg(target_arch = "x86_64")]
use super::vector::{Avx2, Avx512};

/// Computes a tile of some number of rows and registers of columns: [`kernel::tile`].
pub(super) type TileFn = unsafe fn(&Tile);
/// [`kernel::pack_transposed`] and [`kernel::pack_copied`].
pub(super) type PackFn = unsafe fn(*const f32, usize, usize, usize, *mut f32, usize);

/// The kernels of an instruction set. All of them need it to be available; see [`kernel`] for the rest.
#[derive(Debug)]
pub(super) struct Kernels {
    /// Floats in a register.
    pub(super) lanes: usize,
    /// The most rows of a tile that is two registers wide: as many as fit in the registers.
    pub(super) rows: usize,
    /// Few rows leave registers for wider tiles: the most rows and the width, for fewer rows first.
    pub(super) wide: &'static [(usize, usize)],
    /// The tile kernel for so many rows and registers, with A packed or not, B packed by it or not (not with a single
    /// register), and all columns there or not. The rarer ones read a packed A by its strides.
    pub(super) tile:
        fn(rows: usize, registers: usize, packed_a: bool, pack_b: bool, full: bool) -> Option<TileFn>,
    pub(super) pack_transposed: PackFn,
    pub(super) pack_copied: PackFn,
    pub(super) column_sums: unsafe fn(*const f32, usize, usize, usize, *mut f32, bool),
    pub(super) dots: unsafe fn(*const f32, usize, usize, *const f32, usize, *mut f32),
}

impl Kernels {
    pub(super) fn of(isa: Isa) -> &'static Kernels {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => &avx512::KERNELS,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => &avx2::KERNELS,
            _ => &portable::KERNELS,
        }
    }
}

/// Compiles every kernel for one vector type and its features, into a module of that name.
macro_rules! kernels {
    ($name:ident, $vector:ty, [$($feature:meta)?], most_rows: $most:literal, rows: [$($rows:literal)*],
     wide: [$(($most_wide:literal, $registers:literal): [$($wide:literal)*]),*]) => {
        mod $name {
            use super::*;
            use crate::cpu::matmul::vector::Vector;

            pub(super) static KERNELS: Kernels = Kernels {
                lanes: <$vector>::LANES,
                rows: $most,
                wide: &[$(($most_wide, $registers)),*],
                tile: find,
                pack_transposed,
                pack_copied,
                column_sums,
                dots,
            };

            fn find(rows: usize, registers: usize, packed_a: bool, pack_b: bool, full: bool) -> Option<TileFn> {
                Some(match (rows, registers, packed_a, pack_b, full) {
                    $(
                        ($rows, 1, _, false, _) => tile::<$rows, 1, false, false, false>,
                        ($rows, 2, _, false, false) => tile::<$rows, 2, false, false, false>,
                        ($rows, 2, false, false, true) => tile::<$rows, 2, false, false, true>,
                        ($rows, 2, true, false, true) => tile::<$rows, 2, true, false, true>,
                        ($rows, 2, false, true, _) => tile::<$rows, 2, false, true, false>,
                        ($rows, 2, true, true, _) => tile::<$rows, 2, true, true, false>,
                    )*
                    $($(
                        ($wide, $registers, _, false, false) => tile::<$wide, $registers, false, false, false>,
                        ($wide, $registers, _, false, true) => tile::<$wide, $registers, false, false, true>,
                    )*)*
                    _ => return None,
                })
            }

            $(#[$feature])?
            unsafe fn tile<
                const R: usize,
                const N: usize,
                const PACKED_A: bool,
                const PACK_B: bool,
                const FULL: bool,
            >(
                t: &Tile,
            ) {
                // SAFETY: the caller keeps the kernel's contract; the features are enabled here.
                unsafe { kernel::tile::<$vector, R, N, PACKED_A, PACK_B, FULL>(t) }
            }

            $(#[$feature])?
            unsafe fn pack_transposed(a: *const f32, stride: usize, rows: usize, k: usize, to: *mut f32, to_stride: usize) {
                // SAFETY: as above.
                unsafe { kernel::pack_transposed::<$vector>(a, stride, rows, k, to, to_stride) }
            }

            $(#[$feature])?
            unsafe fn pack_copied(a: *const f32, stride: usize, rows: usize, k: usize, to: *mut f32, to_stride: usize) {
                // SAFETY: as above.
                unsafe { kernel::pack_copied::<$vector>(a, stride, rows, k, to, to_stride) }
            }

            $(#[$feature])?
            unsafe fn column_sums(b: *const f32, b_row: usize, k: usize, cols: usize, sums: *mut f32, add: bool) {
                // SAFETY: as above.
                unsafe { kernel::column_sums::<$vector>(b, b_row, k, cols, sums, add) }
            }

            $(#[$feature])?
            unsafe fn dots(a: *const f32, a_row: usize, rows: usize, b: *const f32, k: usize, results: *mut f32) {
                // SAFETY: as above.
                unsafe { kernel::dots::<$vector>(a, a_row, rows, b, k, results) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
kernels!(avx512, Avx512, [target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")],
    most_rows: 14, rows: [1 2 3 4 5 6 7 8 9 10 11 12 13 14],
    wide: [(3, 8): [1 2 3], (6, 4): [1 2 3 4 5 6]]);
#[cfg(target_arch = "x86_64")]
kernels!(avx2, Avx2, [target_feature(enable = "avx2,fma")],
    most_rows: 6, rows: [1 2 3 4 5 6], wide: [(1, 8): [1], (3, 4): [1 2 3]]);
kernels!(portable, Portable, [], most_rows: 6, rows: [1 2 3 4 5 6], wide: [(1, 8): [1], (3, 4): [1 2 3]]);
