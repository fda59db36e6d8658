//! What is shown while a training runs.
//!
//! The training thread only stores numbers into atomics and, seldom, an event into a queue. A thread of its own looks
//! ten times a second and draws: a line that moves on a terminal, plain lines elsewhere, or JSON. Neither waits for a
//! reader while the training runs (`outlet.rs`).

mod json;
mod outlet;
mod plain;
mod state;
mod terminal;

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, Thread},
    time::Duration,
};

use aether_core::{Event, Listener, Signal, signal::Nanos};
use aetheria::train::StopFlag;

use crate::render::Format;
use outlet::{Kind, Outlet};
use state::{Shared, View};

/// Between two looks.
const TICK: Duration = Duration::from_millis(100);

/// How long a drawing thread that the stream itself holds up is waited for at the end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How what is seen is shown.
trait Screen: Send {
    /// Shows what happened since the last look, and where the training stands.
    fn show(&mut self, events: &[(Nanos, Event)], view: &View, out: &mut Outlet);

    /// Leaves the screen to others.
    fn end(&mut self, out: &mut Outlet);
}

/// The thread that draws. Dropped, it shows what was heard before, and ends; signs of progress that nobody reads are not
/// waited for.
pub(crate) struct Live {
    shared: Arc<Shared>,
    drawing: Option<Drawing>,
}

/// A thread that draws.
struct Drawing {
    thread: Thread,
    /// Hears nothing but the thread's end.
    ends: Receiver<()>,
    kind: Kind,
}

impl Live {
    /// Begins to show a training on standard error or, as JSON, on standard output. `stop` is looked at to say that a
    /// request to stop was heard.
    ///
    /// # Errors
    /// When there can be no more threads or files.
    pub(crate) fn start(format: Format, stop: StopFlag) -> io::Result<Self> {
        let (kind, screen, out): (Kind, Box<dyn Screen>, _) = match format {
            Format::Quiet => return Ok(Self::silent()),
            Format::Json => {
                (Kind::Result, Box::new(json::Json::default()), Outlet::of_results(json::notice)?)
            }
            Format::Human => {
                let screen: Box<dyn Screen> = if console::Term::stderr().is_term() {
                    Box::new(terminal::Terminal::default())
                } else {
                    Box::new(plain::Plain::default())
                };
                (Kind::Progress, screen, Outlet::of_progress(plain::notice)?)
            }
        };
        let shared = Arc::new(Shared::new(true));
        let (ended, ends) = channel();
        let draws = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || draw(&draws, screen, out, &stop, ended))?
            .thread()
            .clone();
        Ok(Self { shared, drawing: Some(Drawing { thread, ends, kind }) })
    }

    /// Shows nothing.
    pub(crate) fn silent() -> Self {
        Self { shared: Arc::new(Shared::new(false)), drawing: None }
    }

    /// What the training tells.
    pub(crate) fn listener(&self) -> Arc<dyn Listener> {
        Arc::new(Ear(Arc::clone(&self.shared)))
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.end();
        let Some(Drawing { thread, ends, kind }) = self.drawing.take() else { return };
        thread.unpark();
        // It sends nothing: the channel is closed when it ends, in a panic too, which was reported by itself.
        let _ = match kind {
            Kind::Result => ends.recv().ok(),
            // What it writes to may hold it up all the same, such as a terminal that is held still.
            Kind::Progress => ends.recv_timeout(PATIENCE).ok(),
        };
    }
}

/// Hears what the training says.
struct Ear(Arc<Shared>);

impl Listener for Ear {
    fn on(&self, time: Nanos, signal: &Signal) {
        self.0.hear(time, signal);
    }
}

fn draw(shared: &Shared, mut screen: Box<dyn Screen>, mut out: Outlet, stop: &StopFlag, _ended: Sender<()>) {
    let mut view = View::default();
    loop {
        // Read before the events: whatever was said before the end is then surely shown.
        let ended = shared.ended();
        let events = shared.take_events();
        view.update(shared, &events, stop.requested());
        screen.show(&events, &view, &mut out);
        if ended {
            screen.end(&mut out);
            // Whoever was to read it is gone.
            let _ = out.finish();
            return;
        }
        // A screen that is gone, such as a closed pipe, must not stop a training.
        if out.pass_on(Some(TICK)).is_err() {
            shared.show_no_more();
            return;
        }
        if out.is_idle() {
            thread::park_timeout(TICK);
        }
    }
}

/// A lock whose holder panicked still guards good data: every change made under it is a single assignment.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
