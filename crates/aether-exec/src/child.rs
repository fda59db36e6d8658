//! Starts the program: in a session of its own, with a terminal or with pipes.
#![allow(unsafe_code, reason = "a new session and its terminal can only be set between fork and exec")]

use std::{
    fs::File,
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::{
    fs::OFlags,
    process::{Pid, Signal, ioctl_tiocsctty, kill_process, kill_process_group, setsid},
    pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
    stdio,
    termios::{self, OptionalActions},
};

use crate::{
    recording::Stream,
    spec::Spec,
    terminal::{self, Settings},
};

/// What the program is connected to. Each of its three streams is a terminal where the user's is one, and else what
/// the user gave: so it behaves as without a supervisor.
#[derive(Debug)]
pub(crate) struct Connections {
    /// A terminal of its own, for standard output and whatever else was on the user's.
    terminal: Option<Settings>,
    /// Standard error is not on the terminal.
    stderr_apart: bool,
    input: Input,
}

#[derive(Debug)]
enum Input {
    Terminal,
    /// The user's own, passed as it is: the program reads exactly what it needs of it, and sees its end.
    Given(OwnedFd),
    Nothing,
}

impl Connections {
    /// As this process is connected. A run that nobody looks on reads nothing from here.
    pub(crate) fn like_mine(detached: bool) -> io::Result<Self> {
        let terminal = terminal::is_terminal(stdio::stdout()).then(Settings::of_stdout);
        let stderr_apart = terminal.is_none() || !terminal::is_terminal(stdio::stderr());
        let input = if terminal.is_some() && terminal::is_terminal(stdio::stdin()) {
            Input::Terminal
        } else if detached {
            Input::Nothing
        } else {
            Input::Given(rustix::io::fcntl_dupfd_cloexec(stdio::stdin(), 3)?)
        };
        Ok(Self { terminal, stderr_apart, input })
    }

    /// Whether the program gets a terminal.
    pub(crate) fn has_terminal(&self) -> bool {
        self.terminal.is_some()
    }

    /// Lets go of the user's standard input, once no further attempt needs it.
    pub(crate) fn release_input(&mut self) {
        if matches!(self.input, Input::Given(_)) {
            self.input = Input::Nothing;
        }
    }
}

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// What it prints, non-blocking, until it has closed it.
    pub(crate) outputs: Vec<(Stream, OwnedFd)>,
    /// Its terminal, from our side; `outputs` has the same one.
    pub(crate) terminal: Option<OwnedFd>,
    /// Its terminal, from its side: as long as it is open here, the program may close and reopen it.
    slave: Option<OwnedFd>,
}

impl Program {
    /// Starts it, with these variables beside those of this process.
    pub(crate) fn start(
        spec: &Spec,
        variables: impl IntoIterator<Item = (String, std::ffi::OsString)>,
        connections: &Connections,
    ) -> io::Result<Self> {
        let mut words = spec.command.iter();
        let mut command = Command::new(words.next().ok_or(io::ErrorKind::InvalidInput)?);
        command.args(words).current_dir(&spec.directory).envs(variables);

        let mut outputs = Vec::new();
        let (mut terminal, mut slave) = (None, None);
        if let Some(settings) = &connections.terminal {
            let (ours, theirs) = open_terminal(settings)?;
            command.stdout(theirs.try_clone()?);
            outputs.push((Stream::Stdout, non_blocking(ours.try_clone()?)?));
            terminal = Some(ours);
            slave = Some(theirs);
        } else {
            let (ours, theirs) = io::pipe()?;
            command.stdout(theirs);
            outputs.push((Stream::Stdout, non_blocking(ours.into())?));
        }
        match &slave {
            Some(theirs) if !connections.stderr_apart => drop(command.stderr(theirs.try_clone()?)),
            _ => {
                let (ours, theirs) = io::pipe()?;
                command.stderr(theirs);
                outputs.push((Stream::Stderr, non_blocking(ours.into())?));
            }
        }
        match (&connections.input, &slave) {
            (Input::Terminal, Some(theirs)) => drop(command.stdin(theirs.try_clone()?)),
            (Input::Given(fd), _) => drop(command.stdin(fd.try_clone()?)),
            _ => drop(command.stdin(Stdio::from(File::open("/dev/null")?))),
        }

        let controlling = slave.as_ref().map(AsRawFd::as_raw_fd);
        let begin_session = move || {
            setsid()?;
            if let Some(fd) = controlling {
                // SAFETY: `slave` is open in this copy of the process until the program's image replaces it.
                ioctl_tiocsctty(unsafe { BorrowedFd::borrow_raw(fd) })?;
            }
            Ok(())
        };
        // SAFETY: between fork and exec only two system calls are made; nothing is allocated and no lock is taken.
        unsafe { command.pre_exec(begin_session) };
        let child = command.spawn()?;
        Ok(Self { child, outputs, terminal, slave })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let ended = self.child.try_wait()?;
        if ended.is_some() {
            self.slave = None;
        }
        Ok(ended)
    }

    /// Sends a signal to it alone, or to its process group. Once it has been waited for nothing is sent: its number
    /// may be another's.
    pub(crate) fn signal(&mut self, signal: Signal, group: bool) {
        if matches!(self.child.try_wait(), Ok(None))
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            // A process that has just ended needs no signal.
            let _ = if group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
        }
    }
}

fn open_terminal(settings: &Settings) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = non_blocking(openpt(flags)?)?;
    unlockpt(&ours)?;
    let theirs = ioctl_tiocgptpeer(&ours, flags)?;
    if let Some(modes) = &settings.modes {
        termios::tcsetattr(&theirs, OptionalActions::Now, modes)?;
    }
    termios::tcsetwinsize(&theirs, settings.size)?;
    Ok((ours, theirs))
}

fn non_blocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    let flags = rustix::fs::fcntl_getfl(fd.as_fd())?;
    rustix::fs::fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
    Ok(fd)
}
