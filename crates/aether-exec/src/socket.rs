//! Where a supervisor listens: an abstract Unix socket named after user, run and process.
//!
//! An abstract name has no file: it is not longer for a home with a long path, works when the home is on a file system
//! without sockets, and is gone with the process. Both ends ask the kernel who the other is, and talk only to the same
//! user, or to root.

use std::{
    io::{self, ErrorKind},
    os::{
        fd::AsFd,
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
};

use aether_core::{Run, RunId};
use rustix::process::geteuid;

use crate::{ExecError, protocol::Connection};

fn address(run: RunId, pid: u32) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("aether/{}/{run}/{pid}", geteuid().as_raw()))
}

/// Listens as the supervisor of `run` in this process.
pub(crate) fn listen(run: RunId) -> io::Result<UnixListener> {
    let listener = UnixListener::bind_addr(&address(run, std::process::id())?)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Whether the other end belongs to this user, or to root.
pub(crate) fn is_ours(socket: impl AsFd) -> bool {
    rustix::net::sockopt::socket_peercred(socket)
        .is_ok_and(|peer| peer.uid == geteuid() || peer.uid.is_root())
}

/// Connects to the supervisor of a run of this host.
///
/// # Errors
/// When nobody listens there; the text says why that may be.
pub fn connect(run: &Run) -> Result<Connection, ExecError> {
    let unreachable = |reason: String| ExecError::Unreachable { id: run.id, reason };
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if run.host != host {
        return Err(unreachable(format!("it runs on {}; run this command there", run.host)));
    }
    let connected = address(run.id, run.pid).and_then(|a| UnixStream::connect_addr(&a));
    let socket = connected.map_err(|e| match e.kind() {
        ErrorKind::ConnectionRefused if run.kind == "command" => {
            unreachable("its supervisor is gone, or lives in another network namespace".to_owned())
        }
        ErrorKind::ConnectionRefused => unreachable(format!(
            "nobody supervises it (it is a run of kind '{}'); `aether logs -f {}` follows it",
            run.kind, run.id
        )),
        _ => unreachable(e.to_string()),
    })?;
    if !is_ours(&socket) {
        return Err(unreachable("another user listens in its place".to_owned()));
    }
    Connection::new(socket).map_err(ExecError::system("talk to the supervisor"))
}
