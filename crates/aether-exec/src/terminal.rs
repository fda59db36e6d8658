//! The user's terminal: what is copied to the program's own, and raw mode while a client passes keys on.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use rustix::{
    process::getpgrp,
    stdio,
    termios::{self, OptionalActions, Termios, Winsize},
};

/// What a new terminal takes over from the user's.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) modes: Option<Termios>,
    pub(crate) size: Winsize,
}

impl Settings {
    /// Those of the terminal on standard output.
    pub(crate) fn of_stdout() -> Self {
        let terminal = stdio::stdout();
        let size = termios::tcgetwinsize(terminal).ok().filter(|size| size.ws_col > 0);
        let size = size.unwrap_or(Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 });
        Self { modes: termios::tcgetattr(terminal).ok(), size }
    }
}

/// The terminal on standard input, raw until it is dropped: keys come one by one, and Ctrl-C is a key.
#[derive(Debug)]
pub(crate) struct Raw {
    before: Termios,
}

impl Raw {
    /// Makes it raw. `None` where standard input is no terminal, or one that this process is in the background of: a
    /// change from there would stop the process.
    pub(crate) fn enter() -> Option<Self> {
        let terminal = stdio::stdin();
        let before = termios::tcgetattr(terminal).ok()?;
        if termios::tcgetpgrp(terminal).is_ok_and(|group| group != getpgrp()) {
            return None;
        }
        let mut raw = before.clone();
        raw.make_raw();
        termios::tcsetattr(terminal, OptionalActions::Flush, &raw).ok()?;
        Some(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Drained, so that what was printed raw is shown raw. A terminal that is gone needs nothing.
        let _ = termios::tcsetattr(stdio::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// The size of the terminal on standard output.
pub(crate) fn size() -> Option<Winsize> {
    termios::tcgetwinsize(stdio::stdout()).ok().filter(|size| size.ws_col > 0)
}

/// Whether this is a terminal.
pub(crate) fn is_terminal(fd: BorrowedFd<'_>) -> bool {
    termios::isatty(fd)
}

/// Gives a terminal another size; its foreground processes hear of it by SIGWINCH.
pub(crate) fn resize(terminal: impl AsFd, rows: u16, columns: u16) -> io::Result<()> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(termios::tcsetwinsize(terminal, size)?)
}
