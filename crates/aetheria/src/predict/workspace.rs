//! Workspaces that concurrent callers take and give back without waiting.

#![allow(unsafe_code, reason = "boxes pass between threads through atomic pointers")]

use std::{
    num::NonZeroUsize,
    ptr::null_mut,
    sync::atomic::{AtomicPtr, Ordering},
};

use crate::cpu::{Arena, CpuError, Pool};

/// What one call needs for itself.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) work: Arena,
    /// The caller as the only worker.
    pub(super) alone: Pool,
}

/// How many idle workspaces are kept: more callers than this at once, and some allocate.
const KEPT: usize = 64;

/// Idle workspaces. Each slot holds one or nothing; a slot is emptied and filled by one atomic exchange.
#[derive(Debug)]
pub(super) struct Workspaces {
    slots: [AtomicPtr<Workspace>; KEPT],
    len: usize,
}

impl Workspaces {
    /// None yet; each will have room for `len` elements.
    pub(super) fn new(len: usize) -> Self {
        Self { slots: [const { AtomicPtr::new(null_mut()) }; KEPT], len }
    }

    /// An idle one, or a new one.
    pub(super) fn take(&self) -> Result<Box<Workspace>, CpuError> {
        for slot in &self.slots {
            // A look first, for an exchange would take the cache line from others for nothing.
            if slot.load(Ordering::Relaxed).is_null() {
                continue;
            }
            let taken = slot.swap(null_mut(), Ordering::Acquire);
            if !taken.is_null() {
                // SAFETY: it came out of a box in `give_back`, and the exchange gave it to this caller alone.
                return Ok(unsafe { Box::from_raw(taken) });
            }
        }
        Ok(Box::new(Workspace { work: Arena::new(self.len), alone: Pool::new(NonZeroUsize::MIN)? }))
    }

    /// Keeps one for the next call.
    pub(super) fn give_back(&self, workspace: Box<Workspace>) {
        let given = Box::into_raw(workspace);
        for slot in &self.slots {
            if slot.compare_exchange(null_mut(), given, Ordering::Release, Ordering::Relaxed).is_ok() {
                return;
            }
        }
        // SAFETY: no slot took it, so it is still this caller's.
        drop(unsafe { Box::from_raw(given) });
    }
}

impl Drop for Workspaces {
    fn drop(&mut self) {
        for slot in &mut self.slots {
            let kept = *slot.get_mut();
            if !kept.is_null() {
                // SAFETY: as in `take`; nobody else is left.
                drop(unsafe { Box::from_raw(kept) });
            }
        }
    }
}
