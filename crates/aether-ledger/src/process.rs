//! Which process a run belongs to, and whether that process still lives.

use std::fs;

/// A process of this host, told apart from a later one with the same number by when it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Clock ticks since boot; 0 where there is no `/proc`.
    pub(crate) start: u64,
}

impl Process {
    /// This process.
    pub(crate) fn this() -> Self {
        let pid = std::process::id();
        Self { pid, start: stat(pid).map_or(0, |s| s.start) }
    }

    /// Whether it still lives. A zombie does not: it writes nothing any more.
    pub(crate) fn lives(self) -> bool {
        match stat(self.pid) {
            Some(stat) => stat.start == self.start && !stat.dead,
            // No such process, or no `/proc` at all: then only the number can be asked about.
            None => self.start == 0 && number_is_used(self.pid),
        }
    }
}

/// The name of this host.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

struct Stat {
    start: u64,
    dead: bool,
}

/// Fields 3 (state) and 22 (starttime) of `/proc/PID/stat`, proc(5).
fn stat(pid: u32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn parse(stat: &str) -> Option<Stat> {
    // Field 2 is the program's name in parentheses; it may hold spaces and parentheses itself.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    let dead = matches!(fields.next()?, "Z" | "X" | "x");
    Some(Stat { start: fields.nth(18)?.parse().ok()?, dead })
}

fn number_is_used(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    // Not permitted to signal it: it exists.
    pid.is_some_and(|pid| !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_an_older_one_of_its_number_does_not() {
        let this = Process::this();
        assert!(this.lives());
        assert!(!Process { start: this.start + 1, ..this }.lives());
    }

    #[test]
    fn a_killed_child_is_dead_before_it_is_waited_for() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let process = Process { pid: child.id(), start: stat(child.id()).unwrap().start };
        assert!(process.lives());
        child.kill().unwrap();
        while process.lives() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(!process.lives());
    }

    #[test]
    fn a_program_may_have_any_name() {
        let stat = parse("7 (a) (b) R 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 0 0").unwrap();
        assert!(stat.start == 4711 && !stat.dead);
    }
}
