//! Where a kernel finds its operands in the arenas.

/// A row-major matrix to read.
#[derive(Debug, Clone, Copy)]
pub struct Matrix {
    /// Its first element.
    pub data: *const f32,
    /// Elements from row to row.
    pub stride: usize,
}

/// A row-major matrix to write.
#[derive(Debug, Clone, Copy)]
pub struct MatrixMut {
    /// Its first element.
    pub data: *mut f32,
    /// Elements from row to row.
    pub stride: usize,
}

impl Matrix {
    /// Where a row begins.
    ///
    /// # Safety
    /// The matrix has that row.
    #[allow(unsafe_code, reason = "pointer arithmetic")]
    pub unsafe fn row(self, row: usize) -> *const f32 {
        // SAFETY: the caller's.
        unsafe { self.data.add(row * self.stride) }
    }
}

impl MatrixMut {
    /// Where a row begins.
    ///
    /// # Safety
    /// The matrix has that row.
    #[allow(unsafe_code, reason = "pointer arithmetic")]
    pub unsafe fn row(self, row: usize) -> *mut f32 {
        // SAFETY: the caller's.
        unsafe { self.data.add(row * self.stride) }
    }
}
