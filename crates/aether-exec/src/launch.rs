//! Begins a run: forks the supervisor, which lives on in a session of its own, and returns a connection to it.
#![allow(unsafe_code, reason = "no safe library forks")]

use std::{fs, os::unix::net::UnixStream, path::PathBuf};

use aether_ledger::Home;
use rustix::{
    fs::{Mode, OFlags, open},
    process::{getpid, set_child_subreaper, setsid},
    stdio,
};

use crate::{ExecError, Hooks, child::Connections, protocol::Connection, spec::Spec, supervisor::supervise};

/// Begins a run in `home`, which must be absolute. The calling process becomes its first client, or, `detached`, only
/// waits for word that it has begun. It must have one thread, because it forks.
///
/// # Errors
/// When the process has several threads, or the operating system refuses a socket or a process. That the run could not
/// be begun is said over the connection.
pub fn launch(
    home: &Home,
    spec: Spec,
    detached: bool,
    hooks: &mut dyn Hooks,
) -> Result<Connection, ExecError> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 {
        return Err(ExecError::Threads(threads));
    }
    let (ours, theirs) = UnixStream::pair().map_err(ExecError::system("make a socket"))?;
    let connections =
        Connections::like_mine(detached).map_err(ExecError::system("take over the standard streams"))?;
    let given_input = !connections.has_terminal();
    // SAFETY: this process has one thread, as was just checked, so the copy's memory and locks are all in order.
    match unsafe { libc::fork() } {
        -1 => Err(ExecError::system("start the supervisor")(std::io::Error::last_os_error())),
        0 => {
            drop(ours);
            if let Ok(first) = Connection::new(theirs) {
                become_supervisor();
                supervise(home, spec, connections, first, hooks);
            }
            std::process::exit(0);
        }
        _ => {
            drop((theirs, connections));
            if given_input {
                // The program has it now; were it open here, too, nobody would see that the program closed it.
                forget_input();
            }
            Connection::new(ours).map_err(ExecError::system("talk to the supervisor"))
        }
    }
}

/// Leaves the terminal, its session and its streams, and becomes who orphans below it belong to.
fn become_supervisor() {
    // Each of these can fail only where the kernel lacks it; the run then works but for what it is good for.
    let _ = setsid();
    let _ = set_child_subreaper(Some(getpid()));
    if let Ok(null) = open("/dev/null", OFlags::RDWR, Mode::empty()) {
        let _ = stdio::dup2_stdin(&null);
        let _ = stdio::dup2_stdout(&null);
        let _ = stdio::dup2_stderr(&null);
    }
}

fn forget_input() {
    if let Ok(null) = open(PathBuf::from("/dev/null"), OFlags::RDONLY, Mode::empty()) {
        let _ = stdio::dup2_stdin(&null);
    }
}
