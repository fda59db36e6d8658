//! Whether the kernel killed for memory: its counters, before and after.
//!
//! `oom_kill` of `memory.events` (cgroup v2) and of `memory.oom_control` (v1) count the kills in the program's own
//! control group (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst); `oom_kill` of `/proc/vmstat` those of
//! the whole machine.

use std::{fs, path::PathBuf};

/// Counters of kills for memory, at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kills {
    /// The file with the counter of the control group of this process, which the program is born into.
    file: Option<PathBuf>,
    group: Option<u64>,
    machine: Option<u64>,
}

impl Kills {
    /// The counters now.
    pub(crate) fn now() -> Self {
        Self::of(group_file())
    }

    fn of(file: Option<PathBuf>) -> Self {
        let group = file.as_ref().and_then(|file| counter(&fs::read_to_string(file).ok()?));
        let machine = fs::read_to_string("/proc/vmstat").ok().and_then(|text| counter(&text));
        Self { file, group, machine }
    }

    /// How many processes the kernel has killed since: of the group where that is counted, else of the machine.
    pub(crate) fn since(&self) -> u64 {
        let now = Self::of(self.file.clone());
        let more = |now: Option<u64>, before: Option<u64>| Some(now?.saturating_sub(before?));
        // A limit above our own group kills without our group's counter where the group was made inside it later, so
        // the machine's counter decides when the group's is silent.
        match more(now.group, self.group) {
            Some(kills) if kills > 0 => kills,
            _ => more(now.machine, self.machine).unwrap_or(0),
        }
    }
}

fn counter(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")).and_then(|n| n.trim().parse().ok())
}

/// The file that counts for the control group of this process.
fn group_file() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    groups.lines().find_map(|line| {
        // `hierarchy:controllers:path`; the unified hierarchy has no controllers.
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let file = if controllers.split(',').any(|c| c == "memory") {
            mounted(&mounts, path, "cgroup", "memory")?.join("memory.oom_control")
        } else if controllers.is_empty() {
            mounted(&mounts, path, "cgroup2", "")?.join("memory.events")
        } else {
            return None;
        };
        file.is_file().then_some(file)
    })
}

/// The directory of group `path` in the hierarchy of file system `kind` that has `controller` among its options.
fn mounted(mounts: &str, path: &str, kind: &str, controller: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let (place, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (found, options) = (system.next()?, system.nth(1)?);
        if found != kind || !(controller.is_empty() || options.split(',').any(|o| o == controller)) {
            return None;
        }
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        // Inside a container the mount shows the container's own group as its root.
        let inside = path.strip_prefix(root.trim_end_matches('/')).unwrap_or("");
        Some(PathBuf::from(point).join(inside.trim_start_matches('/')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_both_versions() {
        assert_eq!(counter("low 0\nhigh 0\nmax 3\noom 2\noom_kill 7\n"), Some(7));
        assert_eq!(counter("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"), Some(4));
        assert_eq!(counter("oom_kill_disable 0\nunder_oom 0\n"), None);
    }

    #[test]
    fn where_a_group_is_mounted() {
        let mounts = "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                      31 24 0:27 /docker/x /sys/fs/cgroup/unified rw - cgroup2 none rw\n";
        let at = |path, kind, controller| mounted(mounts, path, kind, controller);
        assert_eq!(at("/a/b", "cgroup", "memory"), Some("/sys/fs/cgroup/memory/a/b".into()));
        assert_eq!(at("/docker/x/y", "cgroup2", ""), Some("/sys/fs/cgroup/unified/y".into()));
        assert_eq!(at("/", "cgroup", "cpu"), None);
    }

    #[test]
    fn nothing_was_killed_by_looking() {
        assert_eq!(Kills::of(None).since(), 0);
    }
}
