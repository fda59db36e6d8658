//! The tree of processes below one: who is in it, what it uses, and signals to all of it.

use std::{collections::HashMap, fs};

use rustix::process::{Pid, Signal, kill_process};

/// A process, as `/proc/PID/stat` shows it (proc(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its parent's number.
    pub parent: u32,
    /// Its session.
    pub session: u32,
    /// When it began, in clock ticks since boot.
    pub start: u64,
    /// Processor time, in clock ticks, user and system.
    pub ticks: u64,
    /// Resident memory, in pages.
    pub resident: u64,
    /// Whether it has ended and waits for its parent.
    pub zombie: bool,
}

impl Process {
    /// A process by its number.
    pub fn of(pid: u32) -> Option<Self> {
        parse(pid, &fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }
}

fn parse(pid: u32, stat: &str) -> Option<Process> {
    // Field 2 is the program's name in parentheses; it may hold spaces and parentheses itself.
    let fields: Vec<&str> = stat[stat.rfind(')')? + 1..].split_ascii_whitespace().collect();
    // `fields[0]` is field 3.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some(Process {
        pid,
        parent: number(4)? as u32,
        session: number(6)? as u32,
        ticks: number(14)? + number(15)?,
        start: number(22)?,
        resident: fields.get(24 - 3)?.parse().unwrap_or(0),
        zombie: matches!(*fields.first()?, "Z" | "X" | "x"),
    })
}

/// All processes that can be seen.
pub fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| Process::of(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// The processes below `root`, those that have ended included. Those of `root`'s own session are left out with all
/// below them: they are its helpers, and what it supervises always lives in another session.
pub fn below(root: u32) -> Vec<Process> {
    let all = all();
    let own = all.iter().find(|p| p.pid == root).map(|p| p.session);
    let mut children: HashMap<u32, Vec<&Process>> = HashMap::new();
    for process in &all {
        children.entry(process.parent).or_default().push(process);
    }
    let (mut found, mut next) = (Vec::new(), vec![root]);
    while let Some(parent) = next.pop() {
        for &child in children.get(&parent).into_iter().flatten() {
            if Some(child.session) != own {
                found.push(child.clone());
                next.push(child.pid);
            }
        }
    }
    found
}

/// Sends `signal` to every living process below `root`; how many there were.
pub(crate) fn signal_below(root: u32, signal: Signal) -> usize {
    let living: Vec<Process> = below(root).into_iter().filter(|p| !p.zombie).collect();
    for process in &living {
        if let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) {
            // One that has ended meanwhile needs no signal. Its number cannot be another's yet: it is below us, and
            // we are who it waits for.
            let _ = kill_process(pid, signal);
        }
    }
    living.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let stat = "7 (a) (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 4096 25 0";
        let process = parse(7, stat).unwrap();
        assert_eq!((process.parent, process.session, process.start), (1, 3, 4711));
        assert_eq!((process.ticks, process.resident, process.zombie), (11 + 12, 25, false));
    }

    #[test]
    fn this_process_is_there() {
        assert!(all().iter().any(|p| p.pid == std::process::id()));
    }
}
