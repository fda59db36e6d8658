//! Those who look on. A client that reads slowly costs nothing: how far the output goes is said to it again only when
//! it has taken what was said before.

use std::{
    collections::VecDeque,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::{UnixListener, UnixStream},
    },
};

use rustix::event::PollFlags;

use crate::{
    protocol::{Asked, Connection, Frame, Said},
    recording::Stream,
    socket,
};

/// Output that could not be recorded waits for a client up to so many bytes; then the program waits.
const BACKLOG: usize = 1 << 20;

#[derive(Debug)]
struct Client {
    number: usize,
    connection: Connection,
    /// It began the run: when nobody reads what it prints, the program is to notice.
    first: bool,
    /// A length that it has not been told yet.
    grew: Option<u64>,
}

impl Client {
    fn tell_length(&mut self, only_if_idle: bool) -> bool {
        if only_if_idle && self.connection.unsent() > 0 {
            return true;
        }
        match self.grew.take() {
            Some(raw) => self.connection.send(&Said::Grew { raw }).is_ok(),
            None => true,
        }
    }
}

/// What a client did.
#[derive(Debug)]
pub(super) enum Deed {
    Asked(Asked),
    /// The first client's reader is gone.
    Closed(Stream),
    Typed(Vec<u8>),
}

/// All who look on, and where others may join.
#[derive(Debug)]
pub(super) struct Clients {
    listener: Option<UnixListener>,
    clients: Vec<Client>,
    next: usize,
    /// What a newcomer is told first.
    session: Option<Said>,
    length: u64,
}

impl Clients {
    pub(super) fn new(listener: Option<UnixListener>, first: Option<Connection>) -> Self {
        let first = first.map(|connection| Client { number: 0, connection, first: true, grew: None });
        Self { listener, clients: first.into_iter().collect(), next: 1, session: None, length: 0 }
    }

    pub(super) fn listener(&self) -> Option<BorrowedFd<'_>> {
        self.listener.as_ref().map(AsFd::as_fd)
    }

    /// The clients' numbers and sockets, and what to wait for on each. While `deaf`, nothing is taken from them.
    pub(super) fn sockets(&self, deaf: bool) -> impl Iterator<Item = (usize, BorrowedFd<'_>, PollFlags)> {
        self.clients.iter().map(move |client| {
            let mut flags = if deaf { PollFlags::empty() } else { PollFlags::IN };
            flags.set(PollFlags::OUT, client.connection.unsent() > 0);
            (client.number, client.connection.fd(), flags)
        })
    }

    pub(super) fn accept(&mut self) {
        while let Some(Ok((socket, _))) = self.listener.as_ref().map(UnixListener::accept) {
            self.admit(socket);
        }
    }

    fn admit(&mut self, socket: UnixStream) {
        if !socket::is_ours(&socket) {
            return;
        }
        let Ok(connection) = Connection::new(socket) else { return };
        let mut client = Client { number: self.next, connection, first: false, grew: Some(self.length) };
        self.next += 1;
        let told = self.session.as_ref().is_none_or(|session| client.connection.send(session).is_ok());
        if told && client.tell_length(false) {
            self.clients.push(client);
        }
    }

    /// A new session: its output begins with nothing.
    pub(super) fn session(&mut self, session: Said) {
        self.length = 0;
        self.clients.iter_mut().for_each(|client| client.grew = None);
        self.say(&session);
        self.session = Some(session);
    }

    pub(super) fn say(&mut self, said: &Said) {
        self.clients.retain_mut(|client| client.tell_length(false) && client.connection.send(said).is_ok());
    }

    pub(super) fn grew(&mut self, length: u64) {
        self.length = length;
        self.clients.retain_mut(|client| {
            client.grew = Some(length);
            client.tell_length(true)
        });
    }

    /// Passes on what could not be recorded.
    pub(super) fn pass(&mut self, stream: Stream, bytes: &[u8]) {
        self.clients.retain_mut(|client| {
            client.tell_length(false) && client.connection.send_bytes(stream, bytes).is_ok()
        });
    }

    /// Whether so much waits that the program must wait, too.
    pub(super) fn overwhelmed(&self) -> bool {
        self.clients.iter().any(|client| client.connection.unsent() > BACKLOG)
    }

    /// Does what the socket of client `number` is ready for; what the client did meanwhile.
    pub(super) fn ready(&mut self, number: usize, flags: PollFlags) -> VecDeque<Deed> {
        let mut deeds = VecDeque::new();
        let Some(at) = self.clients.iter().position(|client| client.number == number) else { return deeds };
        let client = &mut self.clients[at];
        let mut stays = client.connection.flush().is_ok() && client.tell_length(true);
        if flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR) {
            stays &= client.connection.receive().unwrap_or(false);
            loop {
                match client.connection.take::<Asked>() {
                    Ok(Some(Frame::Message(Asked::Close { stream }))) => {
                        if client.first {
                            deeds.push_back(Deed::Closed(Stream::numbered(stream)));
                        }
                    }
                    Ok(Some(Frame::Message(asked))) => deeds.push_back(Deed::Asked(asked)),
                    Ok(Some(Frame::Bytes(_, typed))) => deeds.push_back(Deed::Typed(typed)),
                    Ok(None) => break,
                    // Of a version that asks for what this one does not know.
                    Err(_) => {
                        stays = false;
                        break;
                    }
                }
            }
        }
        if !stays {
            self.clients.remove(at);
        }
        deeds
    }

    /// No one may join any more; those who are there have been told all.
    pub(super) fn close(&mut self) {
        self.listener = None;
    }

    /// Whether somebody has not taken everything yet.
    pub(super) fn waiting(&self) -> bool {
        self.clients.iter().any(|client| client.connection.unsent() > 0)
    }
}
