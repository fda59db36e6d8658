//! What is shown while a training runs.
//!
//! The training thread only stores numbers into atomics and, seldom, an event into a queue. A thread of its own looks
//! ten times a second and draws: a line that moves on a terminal, plain lines elsewhere, or JSON.

mod json;
mod plain;
mod state;
mod terminal;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use aether_core::{Event, Listener, Signal, signal::Nanos};
use aetheria::train::StopFlag;

use crate::render::Format;
use state::{Shared, View};

/// Between two looks.
const TICK: Duration = Duration::from_millis(100);

/// How what is seen is shown.
trait Screen: Send {
    /// Shows what happened since the last look, and where the training stands.
    fn show(&mut self, events: &[(Nanos, Event)], view: &View) -> io::Result<()>;

    /// Leaves the screen to others.
    fn end(&mut self) -> io::Result<()>;
}

/// The thread that draws; ends when it is dropped, after everything heard before is shown.
pub(crate) struct Live {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Live {
    /// Begins to show a training on standard error or, as JSON, on standard output. `stop` is looked at to say that a
    /// request to stop was heard.
    ///
    /// # Errors
    /// When there can be no more threads.
    pub(crate) fn start(format: Format, stop: StopFlag) -> io::Result<Self> {
        let screen: Option<Box<dyn Screen>> = match format {
            Format::Quiet => None,
            Format::Json => Some(Box::new(json::Json::default())),
            Format::Human if console::Term::stderr().is_term() => {
                Some(Box::new(terminal::Terminal::default()))
            }
            Format::Human => Some(Box::new(plain::Plain::default())),
        };
        let shared = Arc::new(Shared::new(screen.is_some()));
        let thread = match screen {
            Some(screen) => {
                let shared = Arc::clone(&shared);
                let builder = thread::Builder::new().name("progress".to_owned());
                Some(builder.spawn(move || draw(&shared, screen, &stop))?)
            }
            None => None,
        };
        Ok(Self { shared, thread })
    }

    /// What the training tells.
    pub(crate) fn listener(&self) -> Arc<dyn Listener> {
        Arc::new(Ear(Arc::clone(&self.shared)))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It has nothing to return; a panic in it was reported by itself.
            let _ = thread.join();
        }
    }
}

/// Hears what the training says.
struct Ear(Arc<Shared>);

impl Listener for Ear {
    fn on(&self, time: Nanos, signal: &Signal) {
        self.0.hear(time, signal);
    }
}

fn draw(shared: &Shared, mut screen: Box<dyn Screen>, stop: &StopFlag) {
    let mut view = View::default();
    loop {
        // Read before the events: whatever was said before the end is then surely shown.
        let ended = shared.ended();
        let events = shared.take_events();
        view.update(shared, &events, stop.requested());
        // A screen that is gone, such as a closed pipe, must not stop a training.
        if screen.show(&events, &view).is_err() || ended {
            let _ = screen.end();
            return;
        }
        thread::park_timeout(TICK);
    }
}

/// A lock whose holder panicked still guards good data: every change made under it is a single assignment.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
