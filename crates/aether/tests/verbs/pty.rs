//! A terminal with the program on it, as a user has one.

use std::{
    fs::File,
    io::Read,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

/// So long a test waits for what must come: far longer than it takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    ours: File,
    pub(crate) child: Child,
    seen: String,
}

impl Terminal {
    /// Starts `aether ARGS... -- sh -c SCRIPT` (or without a script) on a new terminal of 30 lines and 101 columns.
    pub(crate) fn start(home: &Path, args: &str, script: Option<&str>) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).unwrap();
        unlockpt(&ours).unwrap();
        let theirs = ioctl_tiocgptpeer(&ours, flags).unwrap();
        tcsetwinsize(&theirs, Winsize { ws_row: 30, ws_col: 101, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let copy = || Stdio::from(OwnedFd::try_clone(&theirs).unwrap());
        // `setsid -c` makes the terminal on standard input the controlling one.
        let mut command = Command::new("setsid");
        command.args(["-c", "-w", env!("CARGO_BIN_EXE_aether")]).args(args.split_whitespace());
        if let Some(script) = script {
            command.args(["--", "sh", "-c", script]);
        }
        command.env("AETHER_HOME", home).env("TERM", "xterm");
        let child = command.stdin(copy()).stdout(copy()).stderr(copy()).spawn().unwrap();
        Self { ours: File::from(ours), child, seen: String::new() }
    }

    pub(crate) fn send(&mut self, keys: &str) {
        std::io::Write::write_all(&mut self.ours, keys.as_bytes()).unwrap();
    }

    /// Waits until `text` was shown since the last call of this; what was shown up to it.
    #[track_caller]
    pub(crate) fn expect(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen.find(text) {
                return self.seen.drain(..at + text.len()).collect();
            }
            assert!(Instant::now() < until && self.read(), "no {text:?} in {:?}", self.seen);
        }
    }

    /// Reads what comes within a moment; false when the terminal is closed.
    fn read(&mut self) -> bool {
        let moment = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        let mut fds = [PollFd::new(&self.ours, PollFlags::IN)];
        if poll(&mut fds, Some(&moment)).unwrap() == 0 {
            return true;
        }
        let mut bytes = [0; 4096];
        match self.ours.read(&mut bytes) {
            Ok(read) if read > 0 => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
                true
            }
            _ => false,
        }
    }

    /// Waits for the end of the program on it; its exit code.
    #[track_caller]
    pub(crate) fn code(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "still there: {:?}", self.seen);
            self.read();
        }
    }

    /// Closes the window.
    pub(crate) fn close(self) -> Child {
        self.child
    }
}
