//! Signals: their names, and a pipe through which a loop hears of them.

use std::{
    io::{self, ErrorKind, Read},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rustix::process::Signal;

/// Names of those with a name, by number.
const NAMES: [(Signal, &str); 31] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::USR1, "SIGUSR1"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::STKFLT, "SIGSTKFLT"),
    (Signal::CHILD, "SIGCHLD"),
    (Signal::CONT, "SIGCONT"),
    (Signal::STOP, "SIGSTOP"),
    (Signal::TSTP, "SIGTSTP"),
    (Signal::TTIN, "SIGTTIN"),
    (Signal::TTOU, "SIGTTOU"),
    (Signal::URG, "SIGURG"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::XFSZ, "SIGXFSZ"),
    (Signal::VTALARM, "SIGVTALRM"),
    (Signal::PROF, "SIGPROF"),
    (Signal::WINCH, "SIGWINCH"),
    (Signal::IO, "SIGIO"),
    (Signal::POWER, "SIGPWR"),
    (Signal::SYS, "SIGSYS"),
];

/// The name of a signal: `SIGTERM`, or `signal 40` for one that has none.
pub fn name(number: i32) -> String {
    NAMES
        .iter()
        .find(|(signal, _)| signal.as_raw() == number)
        .map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

/// The signal of a name (`TERM`, `SIGTERM`, in either case) or a number.
pub fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return Signal::from_named_raw(number).map(Signal::as_raw);
    }
    let upper = text.to_ascii_uppercase();
    let full = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    NAMES.iter().find(|(_, name)| *name == full).map(|(signal, _)| signal.as_raw())
}

/// Hears of some signals: its end of a pipe can be polled, and tells which came.
#[derive(Debug)]
pub(crate) struct Ear {
    woken: UnixStream,
    heard: Vec<(i32, Arc<AtomicBool>)>,
}

impl Ear {
    /// Hears of `signals` from now on; their default actions no longer happen.
    pub(crate) fn new(signals: &[i32]) -> io::Result<Self> {
        let (woken, wake) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        let mut heard = Vec::new();
        for &signal in signals {
            let flag = Arc::new(AtomicBool::new(false));
            // In this order: whoever is woken finds the flag set.
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
            signal_hook::low_level::pipe::register(signal, wake.try_clone()?)?;
            heard.push((signal, flag));
        }
        Ok(Self { woken, heard })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.woken.as_fd()
    }

    /// The signals that came since the last call, each once.
    pub(crate) fn take(&mut self) -> Vec<i32> {
        let mut bytes = [0; 64];
        loop {
            match self.woken.read(&mut bytes) {
                Ok(read) if read == bytes.len() => {}
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                _ => break,
            }
        }
        self.heard.iter().filter(|(_, flag)| flag.swap(false, Ordering::AcqRel)).map(|h| h.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!((name(15), name(9), name(40)), ("SIGTERM".into(), "SIGKILL".into(), "signal 40".into()));
        assert_eq!([parse("TERM"), parse("sigint"), parse("9")], [Some(15), Some(2), Some(9)]);
        assert_eq!([parse("NOPE"), parse("0"), parse("-3")], [None, None, None]);
    }
}
