//! Memory that is free goes back to the operating system: a server is idle most of the time, and the allocator keeps what
//! it was given for a busy moment.
#![allow(unsafe_code, reason = "no safe library asks the C library's allocator for that")]

/// Makes all threads share one heap. By itself each thread that reads files has one of its own, and what is kept of a
/// busy moment lies scattered over all of them.
pub(super) fn share() {
    // Other C libraries have one heap.
    #[cfg(target_env = "gnu")]
    // SAFETY: it sets a number of the allocator's, under its own lock.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Gives back what is free.
pub(super) fn give_back() {
    // Other C libraries give it back by themselves, or never.
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes the allocator's own locks and touches only memory that nobody has.
    unsafe {
        libc::malloc_trim(0);
    }
}
