//! The inner loops, written once over [`Vector`]: a register tile of C, and what moves its operands into place.

use super::vector::Vector;
use std::hint::black_box;

/// How many rows ahead a kernel that packs B fetches it: the rows are pages apart, where the processor does not
/// fetch ahead by itself, and come from the last cache or memory (100 ns are some 16 rows of a full tile).
const ROWS_AHEAD: usize = 24;

/// Runs the body for each row, as straight code: only if no index is left do the sums stay in registers, and the
/// compiler gives up unrolling before 14 rows.
macro_rules! for_rows {
    ($i:ident < $rows:ident, $body:block) => {
        for_rows!($i $rows $body 0 1 2 3 4 5 6 7 8 9 10 11 12 13)
    };
    ($i:ident $rows:ident $body:block $($row:literal)*) => {
        $(if $row < $rows {
            let $i = $row;
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
    /// Null for none. The tile's sum of squares is added to it.
    pub(super) squares: *mut f64,
}

/// Computes a register tile of `R` rows and `N` registers of columns.
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
>(
    t: &Tile,
) {
    // SAFETY: the caller's contract. Every access is to one of the tile's R rows, k steps or `cols` columns; the
    // prefetches may be anywhere.
    unsafe {
        let last = V::first(t.cols - (N - 1) * V::LANES);
        let load = |row: *const f32, j: usize| {
            let from = row.add(j * V::LANES);
            if j + 1 == N { V::load_first(from, last) } else { V::load(from) }
        };
        if t.k >= 16 {
            for i in 0..R {
                for j in (0..N).step_by(16 / V::LANES) {
                    V::prefetch_write(t.c.wrapping_add(i * t.c_row + j * V::LANES));
                }
            }
        }
        let mut sums = [[V::splat(0.0); N]; R];
        if !t.bias.is_null() {
            let bias: [V; N] = std::array::from_fn(|j| load(t.bias, j));
            for_rows!(i < R, { sums[i] = bias });
        }
        // In place the rows are reached from every fourth, which leaves few enough addresses for the registers. The
        // compiler must not know that these four are related: it would make a chain of 14 additions out of them.
        let every_fourth = |i: usize| black_box(t.a.wrapping_add(4 * i * t.a_row));
        let [mut a0, mut a4, mut a8, mut a12] =
            if PACKED_A { [t.a; 4] } else { [t.a, every_fourth(1), every_fourth(2), every_fourth(3)] };
        let (mut b, mut packed_b) = (t.b, t.packed_b);
        for _ in 0..t.k {
            if PACK_B {
                for j in (0..N).step_by(16 / V::LANES) {
                    V::prefetch(b.wrapping_add(ROWS_AHEAD * t.b_row + j * V::LANES));
                }
            }
            let mut columns = [V::splat(0.0); N];
            for (j, column) in columns.iter_mut().enumerate() {
                *column = load(b, j);
                if PACK_B {
                    column.store(packed_b.add(j * V::LANES));
                }
            }
            for i in 0..R {
                let x = if PACKED_A { *a0.add(i) } else { *[a0, a4, a8, a12][i / 4].add(i % 4 * t.a_row) };
                let x = V::splat(x);
                for j in 0..N {
                    sums[i][j] = x.mul_add(columns[j], sums[i][j]);
                }
            }
            b = b.wrapping_add(t.b_row);
            packed_b = packed_b.wrapping_add(N * V::LANES);
            if PACKED_A {
                a0 = a0.wrapping_add(R);
            } else {
                [a0, a4, a8, a12] = [a0, a4, a8, a12].map(|a| a.wrapping_add(t.a_col));
            }
        }
        let mut squares = V::no_squares();
        for_rows!(i < R, {
            let c = t.c.add(i * t.c_row);
            for (j, &sum) in sums[i].iter().enumerate() {
                let mut x = sum;
                if t.add_c {
                    x = x.add(load(c, j));
                }
                if t.relu {
                    x = x.relu();
                }
                if !t.gate.is_null() {
                    x = x.where_positive(load(t.gate.add(i * t.gate_row), j));
                }
                if !t.squares.is_null() {
                    squares = x.add_squares(squares);
                }
                let to = c.add(j * V::LANES);
                if j + 1 == N { x.store_first(to, last) } else { x.store(to) }
            }
        });
        if !t.squares.is_null() {
            *t.squares += V::sum_squares(squares);
        }
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
    // SAFETY: whole blocks are inside by the loops' bounds, and a mask leaves out what is past `k`.
    unsafe {
        let dot = |a: *const f32| {
            let mut parts = [V::splat(0.0); 4];
            let whole = k - k % (4 * V::LANES);
            for p in (0..whole).step_by(4 * V::LANES) {
                for (i, part) in parts.iter_mut().enumerate() {
                    let at = p + i * V::LANES;
                    *part = V::load(a.add(at)).mul_add(V::load(b.add(at)), *part);
                }
            }
            for p in (whole..k).step_by(V::LANES) {
                let mask = V::first(k - p);
                let (x, y) = (V::load_first(a.add(p), mask), V::load_first(b.add(p), mask));
                parts[0] = x.mul_add(y, parts[0]);
            }
            parts[0].add(parts[2]).add(parts[1].add(parts[3])).sum()
        };
        for i in 0..rows {
            *results.add(i) = dot(a.add(i * a_row));
        }
    }
}
