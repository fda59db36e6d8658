//! The inner loops, written once over [`Vector`]: a register tile of C, and what moves its operands into place.

use super::vector::Vector;
use std::hint::black_box;

/// How many rows of B ahead a kernel that packs fetches it into the first-level cache: the rows may be pages apart,
/// where the processor does not fetch ahead by itself.
const ROWS_AHEAD: usize = 8;

/// Steps of k between two looks at what else there is to do, where A is packed. In place the addresses of so many steps
/// do not fit in the registers: there it is one.
const STEPS: usize = 4;

/// Runs the body for each index, as straight code: only if no index is left do the sums stay in registers, and the
/// compiler gives up unrolling before 14 rows.
macro_rules! for_each {
    ($i:ident < $count:ident, $body:block) => {
        for_each!($i $count $body 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($i:ident $count:ident $body:block $($index:literal)*) => {
        $(if $index < $count {
            let $i = $index;
            $body
        })*
    };
}

/// A register tile: `R` rows and `cols` columns of C, over `k` products. All strides are in floats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    pub(super) k: usize,
    pub(super) a: *const f32,
    /// Not used where A is packed: there a step of k is `R` neighbours.
    pub(super) a_row: usize,
    pub(super) a_col: usize,
    pub(super) b: *const f32,
    pub(super) b_row: usize,
    /// Where a kernel that packs B puts it: `k` rows of `N` registers.
    pub(super) packed_b: *mut f32,
    pub(super) c: *mut f32,
    pub(super) c_row: usize,
    /// More than `N - 1` registers of columns and at most `N`.
    pub(super) cols: usize,
    /// Null for none.
    pub(super) bias: *const f32,
    pub(super) add_c: bool,
    pub(super) relu: bool,
    /// Null for none.
    pub(super) gate: *const f32,
    pub(super) gate_row: usize,
    /// What a later tile will read: one of its rows (`N` registers, `next_row` apart) is fetched into the
    /// second-level cache at every `next_every`-th step of k. Need not be valid.
    pub(super) next: *const f32,
    pub(super) next_row: usize,
    /// 0 for nothing to fetch.
    pub(super) next_every: usize,
}

/// Where a tile reads and writes at the present step of k.
struct Place {
    /// The first row of A alone where A is packed. In place the rows are reached from every fourth, which leaves few
    /// enough addresses for the registers.
    a: [*const f32; 4],
    b: *const f32,
    packed_b: *mut f32,
}

/// Computes a register tile of `R` rows and `N` registers of columns. `FULL` promises that all columns are there
/// (masking a load takes a cycle of the units that multiply); `PACK_B` copies the rows of B to `packed_b`.
///
/// # Safety
/// [`Vector`]'s contract holds; the tile's pointers are valid for what its fields say, C for writing.
#[inline(always)]
pub(super) unsafe fn tile<
    V: Vector,
    const R: usize,
    const N: usize,
    const PACKED_A: bool,
    const PACK_B: bool,
    const FULL: bool,
>(
    t: &Tile,
) {
    // SAFETY: the caller's contract. Every access is to one of the tile's R rows, k steps or `cols` columns; the
    // prefetches may be anywhere.
    unsafe {
        let last = V::first(t.cols - (N - 1) * V::LANES);
        let mut sums = [[V::splat(0.0); N]; R];
        if !t.bias.is_null() {
            let mut bias = [V::splat(0.0); N];
            for (j, bias) in bias.iter_mut().enumerate() {
                *bias = load::<V, N, FULL>(t.bias, j, last);
            }
            for_each!(i < R, { sums[i] = bias });
        }
        // The compiler must not know that these are related: it would make a chain of 14 additions out of them.
        let every_fourth = |i: usize| black_box(t.a.wrapping_add(4 * i * t.a_row));
        let mut place = Place {
            a: if PACKED_A { [t.a; 4] } else { [t.a, every_fourth(1), every_fourth(2), every_fourth(3)] },
            b: t.b,
            packed_b: t.packed_b,
        };
        let (mut next, mut fetch_next) = (t.next, if t.next_every > 0 { 0 } else { usize::MAX });
        let count = if PACKED_A { STEPS } else { 1 };
        for turn in 0..t.k / count {
            // C is fetched little by little too: all at once it would keep A and B waiting.
            if turn < R {
                for j in (0..N).step_by(16 / V::LANES) {
                    V::prefetch_write(t.c.wrapping_add(turn * t.c_row + j * V::LANES));
                }
            }
            if turn * count >= fetch_next {
                fetch_next += t.next_every;
                for j in (0..N).step_by(16 / V::LANES) {
                    V::prefetch_far(next.wrapping_add(j * V::LANES));
                }
                next = next.wrapping_add(t.next_row);
            }
            if PACKED_A {
                steps::<V, R, N, PACKED_A, PACK_B, FULL, STEPS>(t, last, &mut place, &mut sums);
            } else {
                steps::<V, R, N, PACKED_A, PACK_B, FULL, 1>(t, last, &mut place, &mut sums);
            }
        }
        for _ in 0..t.k % count {
            steps::<V, R, N, PACKED_A, PACK_B, FULL, 1>(t, last, &mut place, &mut sums);
        }
        let store = |x: V, to: *mut f32, j: usize| {
            let to = to.add(j * V::LANES);
            if j + 1 == N && !FULL { x.store_first(to, last) } else { x.store(to) }
        };
        if t.add_c {
            for_each!(i < R, {
                for (j, sum) in sums[i].iter_mut().enumerate() {
                    *sum = sum.add(load::<V, N, FULL>(t.c.add(i * t.c_row), j, last));
                }
            });
        }
        if t.relu {
            for_each!(i < R, {
                for sum in &mut sums[i] {
                    *sum = sum.relu();
                }
            });
        }
        if !t.gate.is_null() {
            for_each!(i < R, {
                for (j, sum) in sums[i].iter_mut().enumerate() {
                    *sum = sum.where_positive(load::<V, N, FULL>(t.gate.add(i * t.gate_row), j, last));
                }
            });
        }
        for_each!(i < R, {
            for (j, &sum) in sums[i].iter().enumerate() {
                store(sum, t.c.add(i * t.c_row), j);
            }
        });
    }
}

/// Makes `COUNT` steps of k.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn steps<
    V: Vector,
    const R: usize,
    const N: usize,
    const PACKED_A: bool,
    const PACK_B: bool,
    const FULL: bool,
    const COUNT: usize,
>(
    t: &Tile,
    last: V::Mask,
    place: &mut Place,
    sums: &mut [[V; N]; R],
) {
    let Place { a, b, packed_b } = place;
    // SAFETY: as in `tile`.
    unsafe {
        for_each!(p < COUNT, {
            if PACK_B {
                for j in (0..N).step_by(16 / V::LANES) {
                    V::prefetch(b.wrapping_add((ROWS_AHEAD + p) * t.b_row + j * V::LANES));
                }
            }
            let mut columns = [V::splat(0.0); N];
            for (j, column) in columns.iter_mut().enumerate() {
                *column = load::<V, N, FULL>(b.wrapping_add(p * t.b_row), j, last);
                if PACK_B {
                    column.store(packed_b.add((p * N + j) * V::LANES));
                }
            }
            for i in 0..R {
                let x = if PACKED_A {
                    *a[0].add(p * R + i)
                } else {
                    *a[i / 4].add(i % 4 * t.a_row + p * t.a_col)
                };
                let x = V::splat(x);
                for j in 0..N {
                    sums[i][j] = x.mul_add(columns[j], sums[i][j]);
                }
            }
        });
    }
    *b = b.wrapping_add(COUNT * t.b_row);
    *packed_b = packed_b.wrapping_add(COUNT * N * V::LANES);
    for a in a {
        *a = a.wrapping_add(COUNT * if PACKED_A { R } else { t.a_col });
    }
}

/// Register `j` of a row: the last one may be cut off.
///
/// # Safety
/// As for [`tile`].
#[inline(always)]
unsafe fn load<V: Vector, const N: usize, const FULL: bool>(row: *const f32, j: usize, last: V::Mask) -> V {
    // SAFETY: the caller's.
    unsafe {
        let from = row.add(j * V::LANES);
        if j + 1 == N && !FULL { V::load_first(from, last) } else { V::load(from) }
    }
}

/// Packs `rows` rows of `k` neighbours, `stride` apart, into `k` rows of `rows` floats, `to_stride` apart.
///
/// # Safety
/// [`Vector`]'s contract holds; the pointers are valid for that.
#[inline(always)]
pub(super) unsafe fn pack_transposed<V: Vector>(
    from: *const f32,
    stride: usize,
    rows: usize,
    k: usize,
    to: *mut f32,
    to_stride: usize,
) {
    // SAFETY: whole blocks are inside by the loops' bounds; the rest goes element by element.
    unsafe {
        let whole = k - k % V::LANES;
        for row in (0..rows).step_by(V::LANES) {
            let (from, rows) = (from.add(row * stride), V::LANES.min(rows - row));
            for p in (0..whole).step_by(V::LANES) {
                V::transpose(from.add(p), stride, rows, to.add(p * to_stride + row), to_stride);
            }
            for p in whole..k {
                for i in 0..rows {
                    *to.add(p * to_stride + row + i) = *from.add(i * stride + p);
                }
            }
        }
    }
}

/// Copies `k` rows of `rows` (at most 16) neighbours, `stride` apart, into `k` rows `to_stride` apart.
///
/// # Safety
/// [`Vector`]'s contract holds; the pointers are valid for that.
#[inline(always)]
pub(super) unsafe fn pack_copied<V: Vector>(
    from: *const f32,
    stride: usize,
    rows: usize,
    k: usize,
    to: *mut f32,
    to_stride: usize,
) {
    // SAFETY: the masks leave out what is past `rows`.
    unsafe {
        for at in (0..rows).step_by(V::LANES) {
            let mask = V::first(rows - at);
            for p in 0..k {
                V::load_first(from.add(p * stride + at), mask).store_first(to.add(p * to_stride + at), mask);
            }
        }
    }
}

/// Sums `cols` columns over `k` rows, `b_row` apart, into `sums`, on top of what is there or not.
///
/// # Safety
/// [`Vector`]'s contract holds; the pointers are valid for that.
#[inline(always)]
pub(super) unsafe fn column_sums<V: Vector>(
    b: *const f32,
    b_row: usize,
    k: usize,
    cols: usize,
    sums: *mut f32,
    add: bool,
) {
    // SAFETY: the masks leave out what is past `cols`.
    unsafe {
        for at in (0..cols).step_by(V::LANES) {
            let mask = V::first(cols - at);
            let row = |p: usize| V::load_first(b.add(p * b_row + at), mask);
            // Four sums at once, for an addition takes longer than a load.
            let mut parts = [V::splat(0.0); 4];
            for p in (0..k - k % 4).step_by(4) {
                for (i, part) in parts.iter_mut().enumerate() {
                    *part = part.add(row(p + i));
                }
            }
            for p in k - k % 4..k {
                parts[0] = parts[0].add(row(p));
            }
            let mut sum = parts[0].add(parts[2]).add(parts[1].add(parts[3]));
            if add {
                sum = sum.add(V::load_first(sums.add(at), mask));
            }
            sum.store_first(sums.add(at), mask);
        }
    }
}

/// The products of `rows` rows of `k` neighbours, `a_row` apart, with one vector `b` of `k` neighbours.
///
/// # Safety
/// [`Vector`]'s contract holds; the pointers are valid for that.
#[inline(always)]
pub(super) unsafe fn dots<V: Vector>(
    a: *const f32,
    a_row: usize,
    rows: usize,
    b: *const f32,
    k: usize,
    results: *mut f32,
) {
    let fours = rows - rows % 4;
    // SAFETY: the rows are those that the caller vouches for.
    unsafe {
        for i in (0..fours).step_by(4) {
            *results.add(i).cast() = dots_of::<V, 4>(a.add(i * a_row), a_row, b, k);
        }
        for i in fours..rows {
            *results.add(i).cast() = dots_of::<V, 1>(a.add(i * a_row), a_row, b, k);
        }
    }
}

/// [`dots`] of `R` rows at once, which share b's registers. A row's result does not depend on `R`.
///
/// # Safety
/// As for [`dots`].
#[inline(always)]
unsafe fn dots_of<V: Vector, const R: usize>(
    a: *const f32,
    a_row: usize,
    b: *const f32,
    k: usize,
) -> [f32; R] {
    let whole = k - k % (2 * V::LANES);
    // SAFETY: whole blocks are inside by the loops' bounds, and a mask leaves out what is past `k`.
    unsafe {
        let mut parts = [[V::splat(0.0); 2]; R];
        for p in (0..whole).step_by(2 * V::LANES) {
            let (x, y) = (V::load(b.add(p)), V::load(b.add(p + V::LANES)));
            for (i, [even, odd]) in parts.iter_mut().enumerate() {
                let a = a.add(i * a_row + p);
                *even = V::load(a).mul_add(x, *even);
                *odd = V::load(a.add(V::LANES)).mul_add(y, *odd);
            }
        }
        for p in (whole..k).step_by(V::LANES) {
            let mask = V::first(k - p);
            let x = V::load_first(b.add(p), mask);
            for (i, [even, _]) in parts.iter_mut().enumerate() {
                *even = V::load_first(a.add(i * a_row + p), mask).mul_add(x, *even);
            }
        }
        let mut results = [0.0; R];
        for (result, [even, odd]) in results.iter_mut().zip(parts) {
            *result = even.add(odd).sum();
        }
        results
    }
}
