//! What the user sees of a run: its output as it comes, read from its file; keys, sizes and signals, passed on. It may
//! end at any moment, by whatever way, and the run goes on.

use std::{
    collections::VecDeque,
    os::fd::BorrowedFd,
    path::PathBuf,
    time::{Duration, Instant},
};

use aether_core::RunId;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Signal, getpid, kill_process},
    stdio,
};

use crate::{
    ExecError,
    playback::Playback,
    protocol::{Asked, Connection, Ended, Frame, Said},
    recording::Stream,
    signals::Ear,
    terminal::{self, Raw},
};

/// Ctrl-\: pressed twice within this time it detaches, once it is passed on.
const DETACH: u8 = 0x1c;
const TWICE_WITHIN: Duration = Duration::from_millis(500);
/// A pipe that is ready takes so much without making us wait (`PIPE_BUF`).
const WRITE: usize = 4096;

/// How to look on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// This process began the run: signals to it are meant for the program, and when its reader is gone, the
    /// program's reader is.
    pub first: bool,
    /// Begin with the last lines only.
    pub tail: Option<usize>,
}

/// Why looking on ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finish {
    /// The run has ended.
    Ended(Ended),
    /// The user left; the run goes on.
    Detached(RunId),
    /// Whoever read what we print is gone; the run goes on.
    Unread,
    /// The supervisor is gone without a word.
    Lost(Option<RunId>),
}

/// Waits until the run has begun, and returns its id; for who does not look on.
///
/// # Errors
/// When it was not begun, or the supervisor is gone.
pub fn begun(connection: &mut Connection) -> Result<(RunId, String, Option<u32>), ExecError> {
    loop {
        match connection.take::<Said>().map_err(|_| ExecError::Protocol)? {
            Some(Frame::Message(Said::Refused { message })) => return Err(ExecError::Refused { message }),
            Some(Frame::Message(Said::Session { run, name, pid, .. })) => return Ok((run, name, pid)),
            Some(_) => {}
            None => {
                let mut fds = [PollFd::from_borrowed_fd(connection.fd(), PollFlags::IN)];
                // Interrupted: looked at again.
                let _ = poll(&mut fds, None);
                if !connection.receive().map_err(ExecError::system("hear the supervisor"))? {
                    let message = "the supervisor ended before the run began".to_owned();
                    return Err(ExecError::Refused { message });
                }
            }
        }
    }
}

/// Looks on until the run ends or the user leaves. `note` is told what the user should know beside the output.
///
/// # Errors
/// When the run was not begun, or its output cannot be read.
pub fn look_on(connection: Connection, view: View, note: &mut dyn FnMut(&str)) -> Result<Finish, ExecError> {
    let heard = [
        Signal::INT,
        Signal::TERM,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::HUP,
        Signal::WINCH,
        Signal::TSTP,
        Signal::CONT,
    ];
    let ear = Ear::new(&heard.map(Signal::as_raw)).map_err(ExecError::system("hear signals"))?;
    Client {
        connection,
        view,
        ear,
        raw: None,
        run: None,
        terminal: false,
        playback: None,
        announced: 0,
        pending: VecDeque::new(),
        pending_stream: Stream::Stdout,
        unread: [false; 2],
        detach_at: None,
        input_open: true,
        lost: false,
    }
    .work(note)
}

struct Client {
    connection: Connection,
    view: View,
    ear: Ear,
    raw: Option<Raw>,
    run: Option<RunId>,
    /// Whether the program has a terminal.
    terminal: bool,
    playback: Option<Playback>,
    /// How far the output goes, as the supervisor said.
    announced: u64,
    /// Read and not printed yet.
    pending: VecDeque<u8>,
    pending_stream: Stream,
    /// Streams whose reader is gone.
    unread: [bool; 2],
    /// When a single Ctrl-\ is passed on.
    detach_at: Option<Instant>,
    input_open: bool,
    /// The supervisor is gone.
    lost: bool,
}

impl Client {
    fn work(mut self, note: &mut dyn FnMut(&str)) -> Result<Finish, ExecError> {
        loop {
            // Frames are taken in their order, each when all output before it is printed.
            while self.printed() {
                match self.connection.take::<Said>().map_err(|_| ExecError::Protocol)? {
                    Some(Frame::Message(said)) => {
                        if let Some(finish) = self.hear(said, note)? {
                            return Ok(finish);
                        }
                    }
                    Some(Frame::Bytes(stream, bytes)) => {
                        self.pending_stream = stream;
                        self.pending.extend(bytes);
                    }
                    None => break,
                }
                self.read_on()?;
            }
            if let Some(finish) = self.turn()? {
                return Ok(finish);
            }
        }
    }

    fn printed(&self) -> bool {
        self.pending.is_empty()
            && self.playback.as_ref().is_none_or(|playback| playback.at() >= self.announced)
    }

    fn hear(&mut self, said: Said, note: &mut dyn FnMut(&str)) -> Result<Option<Finish>, ExecError> {
        match said {
            Said::Refused { message } => return Err(ExecError::Refused { message }),
            Said::Session { run, raw, terminal, pid, .. } => {
                self.run = Some(run);
                self.terminal = terminal;
                if pid.is_some() {
                    self.open(raw)?;
                }
                self.look_at_terminal();
            }
            Said::Grew { raw } => {
                if let (Some(lines), Some(playback)) = (self.view.tail.take(), &mut self.playback) {
                    playback.skip_to_last(lines).map_err(ExecError::system("read the output"))?;
                }
                self.announced = raw;
            }
            Said::Note { text } => {
                // A raw terminal needs to be told to begin a line at its beginning.
                note(if self.raw.is_some() { "\r\n" } else { "" });
                note(&text);
                note(if self.raw.is_some() { "\r\n" } else { "\n" });
            }
            Said::Ended(ended) => return Ok(Some(Finish::Ended(ended))),
        }
        Ok(None)
    }

    fn open(&mut self, raw: PathBuf) -> Result<(), ExecError> {
        self.announced = 0;
        self.playback = Some(Playback::open(&raw).map_err(ExecError::file("read the output", &raw))?);
        Ok(())
    }

    /// Makes the terminal raw when it is ours and the program has one, too; and says how large it is.
    fn look_at_terminal(&mut self) {
        if self.terminal && self.raw.is_none() && terminal::is_terminal(stdio::stdout()) {
            self.raw = Raw::enter();
        }
        self.tell_size();
    }

    fn tell_size(&mut self) {
        if self.terminal
            && let Some(size) = terminal::size()
        {
            self.ask(&Asked::Resize { rows: size.ws_row, columns: size.ws_col });
        }
    }

    fn ask(&mut self, asked: &Asked) {
        // A supervisor that is gone is noticed when it is listened to.
        let _ = self.connection.send(asked);
    }

    /// Reads some more output if all that was read is printed.
    fn read_on(&mut self) -> Result<(), ExecError> {
        if self.pending.is_empty()
            && let Some(playback) = &mut self.playback
        {
            let next = playback.next(self.announced).map_err(ExecError::system("read the output"))?;
            match next {
                Some((piece, bytes)) => {
                    self.pending_stream = piece.stream;
                    self.pending.extend(bytes);
                }
                // Shorter than announced: somebody removed the run's files.
                None => self.announced = self.announced.min(playback.at()),
            }
        }
        Ok(())
    }

    /// Waits until something can be done, and does it.
    fn turn(&mut self) -> Result<Option<Finish>, ExecError> {
        if self.pending.is_empty() && !self.printed() {
            self.read_on()?;
        }
        let printing = !self.pending.is_empty();
        let keys = self.raw.is_some() && self.input_open;
        let mut socket = if printing { PollFlags::empty() } else { PollFlags::IN };
        socket.set(PollFlags::OUT, self.connection.unsent() > 0);
        let mut fds = vec![
            PollFd::from_borrowed_fd(self.ear.fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.connection.fd(), socket),
        ];
        let out = self.out();
        if printing {
            fds.push(PollFd::from_borrowed_fd(out, PollFlags::OUT));
        }
        if keys {
            fds.push(PollFd::from_borrowed_fd(stdio::stdin(), PollFlags::IN));
        }
        let timeout = self
            .detach_at
            .map(|at| Timespec::try_from(at.saturating_duration_since(Instant::now())).unwrap_or_default());
        // Interrupted: the flags are empty, and the signal is heard in the next turn.
        let _ = poll(&mut fds, timeout.as_ref());
        let flags: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        let (can_print, has_keys) =
            (printing && !flags[2].is_empty(), keys && !flags[flags.len() - 1].is_empty());
        drop(fds);

        if !flags[0].is_empty()
            && let Some(finish) = self.hear_signals()
        {
            return Ok(Some(finish));
        }
        if has_keys && self.read_keys() {
            return Ok(self.run.map(Finish::Detached));
        }
        if self.detach_at.is_some_and(|at| Instant::now() >= at) {
            self.detach_at = None;
            self.send_keys(&[DETACH]);
        }
        if flags[1].contains(PollFlags::OUT) {
            let _ = self.connection.flush();
        }
        if can_print && let Some(finish) = self.print() {
            return Ok(Some(finish));
        }
        if flags[1].intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
            && !printing
            && !self.connection.receive().unwrap_or(false)
            && !self.connection.holds_frame()
        {
            if self.lost {
                return Ok(Some(Finish::Lost(self.run)));
            }
            // What it recorded and could not announce any more is printed first.
            self.lost = true;
            self.announced = u64::MAX;
        }
        Ok(None)
    }

    fn out(&self) -> BorrowedFd<'static> {
        match self.pending_stream {
            Stream::Stdout => stdio::stdout(),
            Stream::Stderr => stdio::stderr(),
        }
    }

    fn print(&mut self) -> Option<Finish> {
        let gone = usize::from(self.pending_stream.number() - 1);
        if self.unread[gone] {
            self.pending.clear();
            return None;
        }
        let bytes = self.pending.as_slices().0;
        match rustix::io::write(self.out(), &bytes[..bytes.len().min(WRITE)]) {
            Ok(written) => drop(self.pending.drain(..written)),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            // The reader has heard enough, or the terminal is gone.
            Err(_) if self.view.first && !self.terminal => {
                self.unread[gone] = true;
                self.pending.clear();
                self.ask(&Asked::Close { stream: self.pending_stream.number() });
            }
            Err(_) => return Some(Finish::Unread),
        }
        None
    }

    fn hear_signals(&mut self) -> Option<Finish> {
        for signal in self.ear.take() {
            let Some(signal) = Signal::from_named_raw(signal) else { continue };
            if signal == Signal::HUP {
                return self.run.map(Finish::Detached);
            } else if signal == Signal::WINCH {
                self.tell_size();
            } else if signal == Signal::TSTP {
                self.suspend();
            } else if signal == Signal::CONT {
                self.look_at_terminal();
            } else if self.view.first {
                self.ask(&Asked::Signal { signal: signal.as_raw() });
            } else {
                // Whoever only looks on ends for himself.
                return self.run.map(Finish::Detached);
            }
        }
        None
    }

    /// Stops this process as Ctrl-Z does, and a program without a terminal with it.
    fn suspend(&mut self) {
        let with_program = self.view.first && !self.terminal;
        if with_program {
            self.ask(&Asked::Signal { signal: Signal::STOP.as_raw() });
        }
        self.raw = None;
        // Returns when somebody lets this process go on.
        let _ = kill_process(getpid(), Signal::STOP);
        if with_program {
            self.ask(&Asked::Signal { signal: Signal::CONT.as_raw() });
        }
        self.look_at_terminal();
    }

    /// Passes keys on; true when the user leaves.
    fn read_keys(&mut self) -> bool {
        let mut keys = [0; 4096];
        let read = match rustix::io::read(stdio::stdin(), &mut keys) {
            Ok(0) => {
                self.input_open = false;
                return false;
            }
            Ok(read) => read,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return false,
            Err(_) => {
                self.input_open = false;
                return false;
            }
        };
        let mut send = Vec::with_capacity(read + 1);
        for &key in &keys[..read] {
            match (key, self.detach_at.take()) {
                (DETACH, Some(_)) => return true,
                (DETACH, None) => self.detach_at = Some(Instant::now() + TWICE_WITHIN),
                (key, held) => {
                    send.extend(held.map(|_| DETACH));
                    send.push(key);
                }
            }
        }
        self.send_keys(&send);
        false
    }

    fn send_keys(&mut self, keys: &[u8]) {
        if !keys.is_empty() {
            let _ = self.connection.send_bytes(Stream::Stdout, keys);
        }
    }
}
