//! Makes the recording safe from a power cut within a second, on a thread of its own: a sync can take seconds on a busy
//! disk, and the program must not wait for it. While nothing is printed the thread sleeps.

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use aether_core::atomic;

use crate::recording::Recording;

/// After the first byte that is not synced: the rest of the second is left for the sync itself.
const PATIENCE: Duration = Duration::from_millis(500);

/// Tells the thread that something was recorded.
#[derive(Debug)]
pub(super) struct Syncer {
    dirty: Arc<AtomicBool>,
    wake: Option<SyncSender<()>>,
}

impl Syncer {
    /// Begins to care for a recording. Where no thread can be made, only the end of the run syncs.
    pub(super) fn of(recording: &Recording) -> Self {
        let dirty = Arc::new(AtomicBool::new(false));
        let (wake, woken) = sync_channel(1);
        let directory = recording.raw().parent().map(ToOwned::to_owned);
        let work = recording.files().ok().and_then(|files: [File; 2]| {
            let dirty = Arc::clone(&dirty);
            let work = move || {
                let mut named = false;
                while woken.recv().is_ok() {
                    thread::sleep(PATIENCE);
                    dirty.store(false, Ordering::Release);
                    // What a disk refuses now is tried again with the next byte, and at the end.
                    files.iter().for_each(|file| drop(file.sync_data()));
                    if !named && let Some(directory) = &directory {
                        named = atomic::sync_directory(directory).is_ok();
                    }
                }
            };
            thread::Builder::new().name("aether-sync".to_owned()).spawn(work).ok()
        });
        Self { dirty, wake: work.map(|_| wake) }
    }

    /// Something was recorded.
    pub(super) fn touch(&self) {
        if !self.dirty.swap(true, Ordering::AcqRel)
            && let Some(wake) = &self.wake
        {
            // Full: the thread is about to look anyway.
            let _ = wake.try_send(());
        }
    }

    /// Whether something may not be synced yet.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }
}
