//! What supervisor and clients say to each other over a Unix socket.
//!
//! Frames of `length u32 | kind u8 | body`, little-endian; the length counts the body. Kind 0 is a message as JSON;
//! 1 and 2 are bytes of a stream that could not be recorded (to a client), 1 is typed input (to a supervisor).
//! A message goes to a process of the same version most of the time; unknown fields are ignored and an unknown message
//! is an error, said as such.

use std::{
    io::{self, ErrorKind, Read, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    path::PathBuf,
};

use aether_core::{Outcome, RunId, RunState};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::recording::Stream;

/// The longest body. A longer one is no frame of ours.
const LONGEST: usize = 1 << 20;
const HEAD: usize = 5;
const MESSAGE: u8 = 0;

/// What the supervisor says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The run was not begun.
    Refused {
        /// Why.
        message: String,
    },
    /// An attempt has begun; its output is in `raw` and beside it.
    Session {
        /// The run.
        run: RunId,
        /// The run's name.
        name: String,
        /// The program's process; `None` when it could not be started.
        pid: Option<u32>,
        /// The file of its output.
        raw: PathBuf,
        /// Whether it has a terminal.
        terminal: bool,
    },
    /// The file of the output is so long now.
    Grew {
        /// Its length in bytes.
        raw: u64,
    },
    /// Something to tell the user.
    Note {
        /// A sentence.
        text: String,
    },
    /// The run has ended, and all output came before.
    Ended(Ended),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// The run.
    pub run: RunId,
    /// What the client's process returns.
    pub status: u8,
    /// Where the run stands.
    pub state: RunState,
    /// How the program ended; `None` when it could not be started.
    pub outcome: Option<Outcome>,
    /// The same in a sentence, when that needs saying.
    pub reason: Option<String>,
    /// How long it took, all attempts together.
    pub seconds: f64,
}

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// The terminal has this size.
    Resize {
        /// Lines.
        rows: u16,
        /// Columns.
        columns: u16,
    },
    /// Pass this signal on to the program.
    Signal {
        /// The signal's number.
        signal: i32,
    },
    /// Stop the whole process tree.
    Stop {
        /// The first signal.
        signal: i32,
        /// After so many milliseconds, SIGKILL.
        grace_ms: u64,
    },
    /// Nobody reads this stream any more: the program is to notice as if it wrote to us directly.
    Close {
        /// The stream's number.
        stream: u8,
    },
}

/// A frame that was received.
#[derive(Debug, PartialEq)]
pub enum Frame<M> {
    /// A message.
    Message(M),
    /// Bytes of a stream, or input.
    Bytes(Stream, Vec<u8>),
}

/// One end of the socket: non-blocking, with what is half received and what is not sent yet.
#[derive(Debug)]
pub struct Connection {
    socket: UnixStream,
    received: Vec<u8>,
    unsent: Vec<u8>,
}

impl Connection {
    /// Takes over a connected socket.
    ///
    /// # Errors
    /// When it cannot be made non-blocking.
    pub fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket, received: Vec::new(), unsent: Vec::new() })
    }

    /// The socket, to poll.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Bytes that wait to be sent.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Queues a message, and sends what the socket takes.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let body = serde_json::to_vec(message)?;
        self.queue(MESSAGE, &body);
        self.flush()
    }

    /// Queues bytes of a stream, or input, and sends what the socket takes.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn send_bytes(&mut self, stream: Stream, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(LONGEST).for_each(|chunk| self.queue(stream.number(), chunk));
        self.flush()
    }

    fn queue(&mut self, kind: u8, body: &[u8]) {
        self.unsent.extend((body.len() as u32).to_le_bytes());
        self.unsent.push(kind);
        self.unsent.extend(body);
    }

    /// Sends what the socket takes.
    ///
    /// # Errors
    /// When the other end is gone.
    pub fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match self.socket.write(&self.unsent) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => drop(self.unsent.drain(..sent)),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Receives once what there is; whether the other end is still there.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn receive(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 64 * 1024];
        loop {
            return match self.socket.read(&mut bytes) {
                Ok(0) => Ok(false),
                Ok(read) => {
                    self.received.extend(&bytes[..read]);
                    Ok(true)
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(true),
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == ErrorKind::ConnectionReset => Ok(false),
                Err(e) => Err(e),
            };
        }
    }

    /// Whether a whole frame was received and not taken yet.
    pub fn holds_frame(&self) -> bool {
        self.received
            .split_first_chunk::<HEAD>()
            .is_some_and(|(&[a, b, c, d, _], rest)| rest.len() >= u32::from_le_bytes([a, b, c, d]) as usize)
    }

    /// The next whole frame that was received.
    ///
    /// # Errors
    /// When the bytes are no frame of this protocol.
    pub fn take<M: DeserializeOwned>(&mut self) -> io::Result<Option<Frame<M>>> {
        let Some((&[a, b, c, d, kind], rest)) = self.received.split_first_chunk::<HEAD>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > LONGEST {
            return Err(ErrorKind::InvalidData.into());
        }
        let Some(body) = rest.get(..length) else { return Ok(None) };
        let frame = match kind {
            MESSAGE => Frame::Message(serde_json::from_slice(body)?),
            stream => Frame::Bytes(Stream::numbered(stream), body.to_vec()),
        };
        self.received.drain(..HEAD + length);
        Ok(Some(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_whole_and_in_order() {
        let (a, b) = UnixStream::pair().unwrap();
        let (mut a, mut b) = (Connection::new(a).unwrap(), Connection::new(b).unwrap());
        a.send(&Said::Grew { raw: 7 }).unwrap();
        a.send_bytes(Stream::Stderr, b"x").unwrap();
        assert!(b.receive().unwrap());
        assert_eq!(b.take::<Said>().unwrap(), Some(Frame::Message(Said::Grew { raw: 7 })));
        assert_eq!(b.take::<Said>().unwrap(), Some(Frame::Bytes(Stream::Stderr, b"x".to_vec())));
        assert_eq!(b.take::<Said>().unwrap(), None);
        drop(a);
        assert!(!b.receive().unwrap());
    }

    #[test]
    fn garbage_is_refused() {
        let (mut a, b) = UnixStream::pair().unwrap();
        let mut b = Connection::new(b).unwrap();
        a.write_all(&[0xff; 16]).unwrap();
        assert!(b.receive().unwrap());
        assert!(b.take::<Said>().is_err());
    }
}
