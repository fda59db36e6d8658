//! Rows of a table by index (embedding), and the gradient that flows back into the table.

#![allow(unsafe_code, reason = "kernels work on raw pointers into the arenas")]

use std::ops::Range;

/// An index that names no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("index {index} at position {position}, but the table has {rows} rows")]
pub struct BadIndex {
    /// Where in the indices.
    pub position: usize,
    /// The index.
    pub index: u32,
    /// The table's rows.
    pub rows: usize,
}

/// `out[i] = table[indices[i]]` for `i` in `range`; rows of `width` lie side by side, in `table` and in `out`.
///
/// # Errors
/// On the first index of the range that names no row; those before it are done.
///
/// # Safety
/// `table` holds `rows * width` elements, `out` `indices.len() * width`, apart from it, and nobody else writes to the
/// rows of `range` meanwhile.
pub unsafe fn gather(
    table: *const f32,
    rows: usize,
    width: usize,
    indices: &[u32],
    out: *mut f32,
    range: Range<usize>,
) -> Result<(), BadIndex> {
    for position in range {
        let index = indices[position];
        if index as usize >= rows {
            return Err(BadIndex { position, index, rows });
        }
        // SAFETY: the index is a row of the table, and the caller's `out` holds `position`.
        unsafe {
            std::ptr::copy_nonoverlapping(
                table.add(index as usize * width),
                out.add(position * width),
                width,
            );
        }
    }
    Ok(())
}

/// `table[indices[i]] += dy[i]` for every `i` whose index lies in `owned`, in the order of `i`: each task owns other
/// rows of the table, so the order of additions into a row is the same however rows are owned.
///
/// # Safety
/// `table` holds `owned.end * width` elements and `dy` `indices.len() * width`, apart from it, and nobody else writes
/// to the owned rows meanwhile.
pub unsafe fn scatter_add(
    table: *mut f32,
    width: usize,
    indices: &[u32],
    dy: *const f32,
    owned: Range<usize>,
) {
    for (position, &index) in indices.iter().enumerate() {
        if owned.contains(&(index as usize)) {
            // SAFETY: the row is owned, the caller's `dy` holds `position`, and the two lie apart.
            let (row, dy) = unsafe {
                let row = std::slice::from_raw_parts_mut(table.add(index as usize * width), width);
                (row, std::slice::from_raw_parts(dy.add(position * width), width))
            };
            // Element by element, so the compiler may vectorise it as it likes.
            for (sum, dy) in row.iter_mut().zip(dy) {
                *sum += dy;
            }
        }
    }
}
