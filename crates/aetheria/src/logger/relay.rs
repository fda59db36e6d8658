//! Takes signals on the thread that trains and writes them on another.
//!
//! A signal waits in a bounded queue, so hearing never blocks and memory is bounded; if the file falls behind by a
//! whole queue, signals are lost, and that is said as trouble. [`Relay::sync`] returns when all that was heard before
//! is on disk.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    },
    thread::JoinHandle,
};

use aether_core::{Signal, signal::Nanos};

/// Signals that may wait: a few seconds of the fastest trainings, in about a megabyte.
const QUEUE: usize = 16 * 1024;

/// Puts signals into a file.
pub(super) trait Sink: Send + 'static {
    /// Takes one signal; may buffer it.
    fn write(&mut self, time: Nanos, signal: &Signal) -> io::Result<()>;

    /// Hands what is buffered to the operating system.
    fn flush(&mut self) -> io::Result<()>;

    /// Makes all that was written survive a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

enum Message {
    Signal(Nanos, Signal),
    Sync(SyncSender<Result<(), String>>),
}

/// The listening side.
pub(super) struct Relay {
    /// Gone when the relay is dropped, which ends the thread.
    queue: Option<SyncSender<Message>>,
    lost: AtomicU64,
    trouble: Arc<Trouble>,
    thread: Option<JoinHandle<()>>,
    name: String,
}

/// What went wrong and was not told yet.
#[derive(Default)]
struct Trouble {
    any: AtomicBool,
    message: Mutex<String>,
}

impl Trouble {
    fn set(&self, message: String) {
        *self.message.lock().unwrap_or_else(PoisonError::into_inner) = message;
        self.any.store(true, Ordering::Release);
    }

    fn take(&self) -> Option<String> {
        // The common case, each step, is one load.
        (self.any.load(Ordering::Relaxed) && self.any.swap(false, Ordering::Acquire))
            .then(|| std::mem::take(&mut *self.message.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Relay {
    /// Starts the thread that writes; `name` is for messages.
    pub(super) fn start(name: String, sink: impl Sink) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let trouble = Arc::new(Trouble::default());
        let told = (Arc::clone(&trouble), name.clone());
        let thread = std::thread::Builder::new()
            .name("logger".to_owned())
            .spawn(move || drain(&messages, sink, &told.0, &told.1))?;
        Ok(Self { queue: Some(queue), lost: AtomicU64::new(0), trouble, thread: Some(thread), name })
    }

    pub(super) fn hear(&self, time: Nanos, signal: &Signal) {
        let send =
            |queue: &SyncSender<Message>| queue.try_send(Message::Signal(time, signal.clone())).is_ok();
        if !self.queue.as_ref().is_some_and(send) {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            if lost.is_power_of_two() {
                self.trouble.set(format!("{} cannot keep up: {lost} signals lost so far", self.name));
            }
        }
    }

    pub(super) fn sync(&self) -> Result<(), String> {
        let gone = || format!("the thread that writes {} is gone", self.name);
        let (done, answer) = sync_channel(1);
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Message::Sync(done)).map_err(|_| gone())?;
        answer.recv().map_err(|_| gone())?
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.take()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was already told as it happened.
            let _ = thread.join();
        }
    }
}

fn drain(messages: &Receiver<Message>, mut sink: impl Sink, trouble: &Trouble, name: &str) {
    let failed = |error: io::Error| format!("cannot write {name}: {error}");
    let mut next = messages.recv().ok();
    while let Some(message) = next {
        match message {
            Message::Signal(time, signal) => {
                if let Err(error) = sink.write(time, &signal) {
                    trouble.set(failed(error));
                }
            }
            Message::Sync(done) => {
                // Nobody may wait any more for the answer.
                let _ = done.send(sink.sync().map_err(failed));
            }
        }
        next = match messages.try_recv() {
            Ok(message) => Some(message),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                // Nothing waits: a good moment for whoever follows the file.
                if let Err(error) = sink.flush() {
                    trouble.set(failed(error));
                }
                messages.recv().ok()
            }
        };
    }
    let _ = sink.sync();
}
