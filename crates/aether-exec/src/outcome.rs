//! How a program ended, from what the kernel says and from what was asked.

use std::{io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use aether_core::{Outcome, RunState};
use rustix::process::Signal;

use crate::signals;

/// What a shell returns for a program that is not there, that cannot be executed, and `timeout` for one that ran out
/// of time.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;
const TIMED_OUT: u8 = 124;

/// Why a program was made to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It took longer than this.
    Timeout(Duration),
    /// Somebody asked for it.
    Stop,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Where the run stands.
    pub state: RunState,
    /// How the program ended; `None` when it could not be started.
    pub outcome: Option<Outcome>,
    /// The same in a sentence, when that needs saying.
    pub reason: Option<String>,
    /// What the client returns: the program's status, or 128 and the signal.
    pub status: u8,
}

impl Verdict {
    /// Judges a program that ended with `status`. `cause` is what we made it end for, `passed` the last signal that
    /// was passed on to it, `killed` how many processes the kernel killed for memory meanwhile.
    pub fn of(status: ExitStatus, cause: Option<Cause>, passed: Option<i32>, killed: u64) -> Self {
        let (code, signal) = (status.code(), status.signal());
        let returned = match (code, signal) {
            (Some(code), _) => code as u8,
            (None, Some(signal)) => 128_u8.saturating_add(signal as u8),
            (None, None) => 1,
        };
        let verdict =
            |state, outcome, reason| Self { state, outcome: Some(outcome), reason, status: returned };
        if let Some(cause) = cause {
            return match cause {
                Cause::Timeout(limit) => Self {
                    status: TIMED_OUT,
                    ..verdict(
                        RunState::Failed,
                        Outcome::TimedOut,
                        Some(format!("stopped: it took longer than {}", seconds(limit))),
                    )
                },
                Cause::Stop => {
                    verdict(RunState::Interrupted, Outcome::Stopped, Some("stopped by request".to_owned()))
                }
            };
        }
        if let Some(signal) = signal {
            if signal == Signal::KILL.as_raw() && killed > 0 {
                let reason = "killed by the kernel: out of memory".to_owned();
                return verdict(RunState::Failed, Outcome::OutOfMemory, Some(reason));
            }
            let asked = signal == Signal::INT.as_raw() || passed == Some(signal);
            let state = if asked { RunState::Interrupted } else { RunState::Failed };
            return verdict(state, Outcome::Signalled { signal }, Some(of_signal(signal)));
        }
        let code = code.unwrap_or(1);
        let reason = match (code, killed) {
            (0, _) => None,
            (code, 0) => Some(format!("exit code {code}")),
            (code, killed) => Some(format!(
                "exit code {code}; the kernel killed {killed} of the processes here for memory meanwhile"
            )),
        };
        let state = if code == 0 { RunState::Done } else { RunState::Failed };
        verdict(state, Outcome::Exited { code }, reason)
    }

    /// Judges a program that could not be started.
    pub fn not_started(program: &str, error: &io::Error) -> Self {
        let (status, reason) = match error.kind() {
            io::ErrorKind::NotFound => (
                NOT_FOUND,
                format!("cannot start '{program}': there is no such program; check its name and PATH"),
            ),
            io::ErrorKind::PermissionDenied => {
                (NOT_EXECUTABLE, format!("cannot start '{program}': it is not executable; try chmod +x"))
            }
            _ => (NOT_EXECUTABLE, format!("cannot start '{program}': {error}")),
        };
        Self { state: RunState::Failed, outcome: None, reason: Some(reason), status }
    }
}

/// What a signal that ended a program says about it.
fn of_signal(signal: i32) -> String {
    let name = signals::name(signal);
    let meaning = match signal {
        s if s == Signal::SEGV.as_raw() || s == Signal::BUS.as_raw() => " (bad memory access: a bug)",
        s if s == Signal::ABORT.as_raw() => " (the program gave up)",
        s if s == Signal::ILL.as_raw() => " (an instruction that this processor does not have)",
        s if s == Signal::FPE.as_raw() => " (impossible arithmetic)",
        s if s == Signal::XCPU.as_raw() => " (over its limit of processor time: ulimit -t)",
        s if s == Signal::XFSZ.as_raw() => " (over its limit of file size: ulimit -f)",
        s if s == Signal::PIPE.as_raw() => " (whoever read its output had heard enough)",
        _ => "",
    };
    format!("ended by {name}{meaning}")
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: i32, cause: Option<Cause>, passed: Option<i32>, killed: u64) -> (RunState, Outcome, u8) {
        let verdict = Verdict::of(ExitStatus::from_raw(raw), cause, passed, killed);
        (verdict.state, verdict.outcome.unwrap(), verdict.status)
    }

    #[test]
    fn ends_are_told_apart() {
        assert_eq!(of(0, None, None, 0), (RunState::Done, Outcome::Exited { code: 0 }, 0));
        assert_eq!(of(3 << 8, None, None, 0), (RunState::Failed, Outcome::Exited { code: 3 }, 3));
        assert_eq!(of(11, None, None, 0), (RunState::Failed, Outcome::Signalled { signal: 11 }, 139));
        assert_eq!(of(2, None, None, 0), (RunState::Interrupted, Outcome::Signalled { signal: 2 }, 130));
        assert_eq!(of(15, None, Some(15), 0).0, RunState::Interrupted);
        assert_eq!(of(15, None, None, 0).0, RunState::Failed);
        assert_eq!(of(9, None, None, 1), (RunState::Failed, Outcome::OutOfMemory, 137));
        assert_eq!(of(9, None, None, 0), (RunState::Failed, Outcome::Signalled { signal: 9 }, 137));
        let late = Some(Cause::Timeout(Duration::from_secs(1)));
        assert_eq!(of(15, late, None, 0), (RunState::Failed, Outcome::TimedOut, 124));
        assert_eq!(of(15, Some(Cause::Stop), None, 0), (RunState::Interrupted, Outcome::Stopped, 143));
        assert_eq!(of(0, Some(Cause::Stop), None, 0), (RunState::Interrupted, Outcome::Stopped, 0));
    }

    #[test]
    fn a_helper_that_was_killed_is_named() {
        let verdict = Verdict::of(ExitStatus::from_raw(1 << 8), None, None, 2);
        assert!(verdict.reason.unwrap().contains("killed 2"));
    }
}
