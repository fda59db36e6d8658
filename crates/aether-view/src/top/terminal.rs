//! The terminal, given back as it was however the program ends: by itself, by a panic, by a signal, or stopped and
//! taken up again.

use std::{
    io::{self, BufWriter, Stdout, Write},
    panic,
    sync::{
        Arc, Once,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use ratatui_core::terminal::Terminal;
use ratatui_crossterm::{
    CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        event::{DisableMouseCapture, EnableMouseCapture},
        queue,
        terminal::{
            BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
            LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
        },
    },
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP},
    flag, low_level,
};

use super::app::App;

/// A frame is written at once, so that none is seen half drawn.
const FRAME: usize = 256 * 1024;

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Whether the terminal is ours now: whoever gives it back first is the only one.
static OURS: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while it is ours.
pub(super) struct Guard {
    screen: Screen,
    asked: Asked,
}

/// What signals asked for.
struct Asked {
    end: [(i32, Arc<AtomicBool>); 4],
    pause: Arc<AtomicBool>,
}

impl Guard {
    /// Takes the terminal.
    pub(super) fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                give_back();
                before(info);
            }));
        });
        let flagged = |signal| {
            let asked = Arc::new(AtomicBool::new(false));
            flag::register(signal, Arc::clone(&asked)).map(|_| asked)
        };
        let mut end = [SIGTERM, SIGHUP, SIGINT, SIGQUIT].map(|signal| (signal, Arc::default()));
        for (signal, asked) in &mut end {
            *asked = flagged(*signal)?;
        }
        let asked = Asked { end, pause: flagged(SIGTSTP)? };
        take()?;
        Ok(Self { screen: screen()?, asked })
    }

    /// Draws the application. Only what changed since the last time goes to the terminal.
    pub(super) fn draw(&mut self, app: &mut App) -> io::Result<()> {
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(|frame| {
            let area = frame.area();
            if let Some(cursor) = app.draw(area, frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        queue!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        Write::flush(self.screen.backend_mut())
    }

    /// The signal that asks for an end, if one has come.
    pub(super) fn end_asked(&self) -> Option<i32> {
        self.asked.end.iter().find(|(_, asked)| asked.load(SeqCst)).map(|(signal, _)| *signal)
    }

    /// Whether a signal has asked to stop for a while, since the last call.
    pub(super) fn pause_asked(&self) -> bool {
        self.asked.pause.swap(false, SeqCst)
    }

    /// Gives the terminal back, stops this process as Ctrl-Z does, and takes the terminal again once it goes on.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        give_back();
        low_level::emulate_default_handler(SIGTSTP)?;
        take()?;
        // Nothing of what stood there before counts.
        self.screen = screen()?;
        Ok(())
    }

    /// Gives the terminal back and dies as the signal would have it.
    pub(super) fn die(self, signal: i32) -> io::Result<()> {
        drop(self);
        low_level::emulate_default_handler(signal)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

fn screen() -> io::Result<Screen> {
    Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(FRAME, io::stdout())))
}

fn take() -> io::Result<()> {
    OURS.store(true, SeqCst);
    enable_raw_mode()?;
    let mut out = io::stdout();
    queue!(out, EnterAlternateScreen, EnableMouseCapture, Hide, Clear(ClearType::All))?;
    out.flush()
}

/// Errors are passed over: there is no other terminal to tell them on.
fn give_back() {
    if !OURS.swap(false, SeqCst) {
        return;
    }
    let mut out = io::stdout();
    let _ = queue!(out, EndSynchronizedUpdate, DisableMouseCapture, LeaveAlternateScreen, Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}
