//! Flat memory: one allocation, zeroed, aligned to cache lines.

#![allow(unsafe_code, reason = "an aligned allocation that the standard vector cannot make")]

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    ops::{Deref, DerefMut},
    ptr::NonNull,
};

use rustix::mm::{Advice, madvise};

/// Bytes of a huge page.
const HUGE: usize = 1 << 21;

/// Bytes to which an arena is aligned: those of at least two huge pages to one.
fn alignment(bytes: usize) -> usize {
    if bytes >= 2 * HUGE { HUGE } else { 64 }
}

/// A fixed number of floats, at first 0.
#[derive(Debug)]
pub struct Arena {
    data: NonNull<f32>,
    len: usize,
}

// SAFETY: it owns its memory, like a boxed slice of floats.
unsafe impl Send for Arena {}
// SAFETY: as above; shared, it is only read.
unsafe impl Sync for Arena {}

impl Arena {
    /// `len` zeros.
    pub fn new(len: usize) -> Self {
        let Some(layout) = Self::layout(len) else { return Self { data: NonNull::dangling(), len: 0 } };
        // SAFETY: the layout is not empty.
        let data = unsafe { alloc(layout) }.cast::<f32>();
        let Some(data) = NonNull::new(data) else { handle_alloc_error(layout) };
        if layout.align() == HUGE {
            ask_for_huge_pages(data, layout.size() - layout.size() % HUGE);
        }
        // SAFETY: `len` floats were allocated, and zeros are floats.
        unsafe { data.as_ptr().write_bytes(0, len) };
        Self { data, len }
    }

    fn layout(len: usize) -> Option<Layout> {
        let bytes = len.checked_mul(size_of::<f32>()).filter(|&bytes| bytes > 0)?;
        Layout::from_size_align(bytes, alignment(bytes)).ok()
    }

    /// The first element, for kernels.
    pub fn pointer(&mut self) -> *mut f32 {
        self.data.as_ptr()
    }
}

/// Rows of a large matrix lie a page or more apart, and finding the page costs as much as the row: huge pages, where the
/// system gives them, make products some 4 % faster. Before the first write, which is when pages are given.
fn ask_for_huge_pages(data: NonNull<f32>, bytes: usize) {
    // A system without huge pages refuses, and works all the same.
    // SAFETY: whole pages of a fresh allocation; the advice changes nothing that can be read from them.
    let _ = unsafe { madvise(data.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
}

impl Deref for Arena {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `len` initialised floats that this owns.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl DerefMut for Arena {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above, borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.len) {
            // SAFETY: allocated with this layout.
            unsafe { dealloc(self.data.as_ptr().cast(), layout) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_and_aligned() {
        for len in [0, 1, 17, 1 << 21] {
            let mut arena = Arena::new(len);
            assert_eq!(arena.len(), len);
            assert!(arena.iter().all(|&x| x == 0.0));
            assert!(len == 0 || (arena.pointer() as usize).is_multiple_of(64));
        }
    }
}
