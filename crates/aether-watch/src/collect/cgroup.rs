//! What the run's control group may use, and uses: cgroups(7), versions 1 and 2, also both at once.
//!
//! A limit of any group above holds too: the least one is told. What a container's group is called outside is not
//! visible inside, so a path that is not below the mount point is looked for at the mount point itself.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, keyed, number},
    kept::Kept,
    rate::Rate,
};

/// Version 1 says "no limit" with a number near 2^63.
const UNLIMITED: u64 = 1 << 60;

/// `system/cgroup/...`: `memory`, `memory_limit` (bytes), `cpu` (percent of one processor), `cpu_limit` (processors),
/// `throttled` (percent of the time in which it was held back), `oom_kills`.
#[derive(Debug)]
pub(crate) struct Cgroup {
    memory: Option<Kept>,
    memory_limits: Vec<Kept>,
    cpu: Option<Usage>,
    cpu_limits: Vec<Quota>,
    throttled: Option<(Kept, &'static [u8], f64)>,
    oom: Option<Kept>,
    cpu_rate: Rate,
    throttled_rate: Rate,
    metrics: Names,
}

#[derive(Debug)]
struct Names {
    memory: Metric,
    memory_limit: Metric,
    cpu: Metric,
    cpu_limit: Metric,
    throttled: Metric,
    oom_kills: Metric,
}

/// Where used processor time stands.
#[derive(Debug)]
enum Usage {
    /// `cpu.stat`, `usage_usec`.
    V2(Kept),
    /// `cpuacct.usage`, nanoseconds.
    V1(Kept),
}

/// Where the allowed share stands.
#[derive(Debug)]
enum Quota {
    /// `cpu.max`: quota and period.
    V2(Kept),
    /// `cpu.cfs_quota_us`, `cpu.cfs_period_us`.
    V1(Kept, Kept),
}

/// A line of `/proc/PID/cgroup`: the controllers (none for version 2) and the path.
fn group<'a>(cgroup: &'a str, controller: &str) -> Option<&'a str> {
    cgroup.lines().find_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let controllers = parts.next()?;
        let wanted = if controller.is_empty() {
            controllers.is_empty()
        } else {
            controllers.split(',').any(|c| c == controller)
        };
        if wanted { parts.next() } else { None }
    })
}

/// Of `/proc/self/mountinfo`: the mount point of a controller's hierarchy (`""`: version 2's), and which group of it
/// is mounted there.
fn mount<'a>(mountinfo: &'a str, controller: &str) -> Option<(&'a str, &'a str)> {
    mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let kind = after.next()?;
        let options = after.nth(1)?;
        let wanted = if controller.is_empty() {
            kind == "cgroup2"
        } else {
            kind == "cgroup" && options.split(',').any(|o| o == controller)
        };
        let mut before = before.split(' ').skip(3);
        if wanted { Some((before.next()?, before.next()?)) } else { None }
    })
}

/// The directories of a process's group and of those above it, innermost first.
fn directories(cgroup: &str, mountinfo: &str, controller: &str) -> Vec<PathBuf> {
    let Some((root, point)) = mount(mountinfo, controller) else { return Vec::new() };
    let Some(path) = group(cgroup, controller) else { return Vec::new() };
    let below = path.strip_prefix(root.trim_end_matches('/')).unwrap_or("");
    // A group outside of what is mounted is told as `/../..`.
    let below = if below.contains("..") { "" } else { below.trim_start_matches('/') };
    let inner = Path::new(point).join(below);
    let all = inner.ancestors().take_while(|p| p.starts_with(point)).map(Path::to_owned);
    all.filter(|p| p.is_dir()).collect()
}

impl Cgroup {
    pub(crate) fn find(proc: &Path, process: Option<u32>) -> Option<Self> {
        let of = process.map_or_else(|| "self".to_owned(), |pid| pid.to_string());
        let cgroup = fs::read_to_string(proc.join(of).join("cgroup")).ok()?;
        let mountinfo = fs::read_to_string(proc.join("self/mountinfo")).ok()?;
        let at = |controller: &str| directories(&cgroup, &mountinfo, controller);
        let (v2, memory, cpu, cpuacct) = (at(""), at("memory"), at("cpu"), at("cpuacct"));
        let first = |directories: &[PathBuf], file: &str| Kept::open(directories.first()?.join(file));
        let all = |directories: &[PathBuf], file: &str| -> Vec<Kept> {
            directories.iter().filter_map(|directory| Kept::open(directory.join(file))).collect()
        };
        let quotas = v2.iter().filter_map(|d| Some(Quota::V2(Kept::open(d.join("cpu.max"))?)));
        let quotas_v1 = cpu.iter().filter_map(|d| {
            Some(Quota::V1(Kept::open(d.join("cpu.cfs_quota_us"))?, Kept::open(d.join("cpu.cfs_period_us"))?))
        });
        let mut limits = all(&v2, "memory.max");
        limits.extend(all(&memory, "memory.limit_in_bytes"));
        let metric = |what: &str| Metric::named(&format!("system/cgroup/{what}"));
        let found = Self {
            memory: first(&v2, "memory.current").or_else(|| first(&memory, "memory.usage_in_bytes")),
            memory_limits: limits,
            cpu: first(&cpuacct, "cpuacct.usage")
                .map(Usage::V1)
                .or_else(|| first(&v2, "cpu.stat").map(Usage::V2)),
            cpu_limits: quotas.chain(quotas_v1).collect(),
            // Microseconds in version 2, nanoseconds in version 1.
            throttled: first(&v2, "cpu.max")
                .and_then(|_| Some((first(&v2, "cpu.stat")?, &b"throttled_usec"[..], 1e6)))
                .or_else(|| Some((first(&cpu, "cpu.stat")?, &b"throttled_time"[..], 1e9))),
            oom: first(&v2, "memory.events").or_else(|| first(&memory, "memory.oom_control")),
            cpu_rate: Rate::default(),
            throttled_rate: Rate::default(),
            metrics: Names {
                memory: metric("memory"),
                memory_limit: metric("memory_limit"),
                cpu: metric("cpu"),
                cpu_limit: metric("cpu_limit"),
                throttled: metric("throttled"),
                oom_kills: metric("oom_kills"),
            },
        };
        (found.memory.is_some() || found.cpu.is_some()).then_some(found)
    }
}

/// Processors that a quota in a period amounts to; none when there is no limit.
fn processors(quota: &[u8], period: &[u8]) -> Option<f64> {
    Some(number(quota)? as f64 / number(period).filter(|&p| p > 0)? as f64)
}

fn least(limits: impl Iterator<Item = f64>) -> Option<f64> {
    limits.min_by(f64::total_cmp)
}

impl Collector for Cgroup {
    fn sample(&mut self, now: Duration, into: &mut Sample) {
        let names = &self.metrics;
        let mut put = |metric, value: Option<f64>| {
            if let Some(value) = value {
                into.put(metric, value);
            }
        };
        put(names.memory, self.memory.as_mut().and_then(Kept::number).map(|n| n as f64));
        let limits = self.memory_limits.iter_mut().filter_map(Kept::number).filter(|&n| n < UNLIMITED);
        put(names.memory_limit, least(limits.map(|n| n as f64)));
        let used = match &mut self.cpu {
            Some(Usage::V2(file)) => {
                file.read().and_then(|text| keyed(text, b"usage_usec")?.checked_mul(1000))
            }
            Some(Usage::V1(file)) => file.number(),
            None => None,
        };
        let rate = used.and_then(|nanoseconds| self.cpu_rate.per_second(now, nanoseconds));
        put(names.cpu, rate.map(|rate| rate / 1e7));
        let quotas = self.cpu_limits.iter_mut().filter_map(|quota| match quota {
            Quota::V2(file) => {
                let mut parts = fields(file.read()?);
                processors(parts.next()?, parts.next()?)
            }
            Quota::V1(quota, period) => processors(quota.read()?, period.read()?),
        });
        put(names.cpu_limit, least(quotas));
        if let Some((file, key, second)) = &mut self.throttled {
            let time = file.read().and_then(|text| keyed(text, key));
            let rate = time.and_then(|time| self.throttled_rate.per_second(now, time));
            put(names.throttled, rate.map(|rate| rate / *second * 100.0));
        }
        let kills = self.oom.as_mut().and_then(|file| keyed(file.read()?, b"oom_kill"));
        put(names.oom_kills, kills.map(|n| n as f64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A machine's `/proc` and cgroup file systems, under a directory.
    fn machine(
        files: &[(&str, &str)],
        cgroup: &str,
        mounts: &[(&str, &str, &str, &str)],
    ) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("proc/7/cgroup", cgroup);
        let mounts: String = mounts
            .iter()
            .map(|(root, point, kind, options)| {
                let point = dir.path().join(point);
                format!("31 23 0:28 {root} {} rw,relatime - {kind} cgroup {options}\n", point.display())
            })
            .collect();
        write("proc/self/mountinfo", &mounts);
        files.iter().for_each(|(path, text)| write(path, text));
        dir
    }

    fn sample(dir: &tempfile::TempDir) -> Sample {
        let mut cgroup = Cgroup::find(&dir.path().join("proc"), Some(7)).unwrap();
        let mut sample = Sample::default();
        cgroup.sample(Duration::ZERO, &mut sample);
        sample
    }

    #[test]
    fn version_2_with_a_limit_above() {
        let dir = machine(
            &[
                ("cg/a/memory.max", "1000000\n"),
                ("cg/a/b/memory.max", "max\n"),
                ("cg/a/b/memory.current", "4096\n"),
                ("cg/a/b/cpu.max", "150000 100000\n"),
                ("cg/a/cpu.max", "max 100000\n"),
                ("cg/a/b/cpu.stat", "usage_usec 5000000\nuser_usec 1\nthrottled_usec 10\n"),
                ("cg/a/b/memory.events", "low 0\noom 1\noom_kill 2\n"),
            ],
            "0::/a/b\n",
            &[("/", "cg", "cgroup2", "rw")],
        );
        let sample = sample(&dir);
        assert_eq!(sample.value("system/cgroup/memory"), Some(4096.0));
        assert_eq!(sample.value("system/cgroup/memory_limit"), Some(1e6));
        assert_eq!(sample.value("system/cgroup/cpu_limit"), Some(1.5));
        assert_eq!(sample.value("system/cgroup/oom_kills"), Some(2.0));
    }

    #[test]
    fn version_1_in_a_container() {
        // The container sees its own group at the mount point, and a path from outside.
        let dir = machine(
            &[
                ("m/memory.usage_in_bytes", "5000\n"),
                ("m/memory.limit_in_bytes", "9223372036854771712\n"),
                ("m/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"),
                ("c/cpu.cfs_quota_us", "-1\n"),
                ("c/cpu.cfs_period_us", "100000\n"),
                ("c/cpu.stat", "nr_periods 0\nthrottled_time 0\n"),
                ("c/cpuacct.usage", "123\n"),
            ],
            "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n0::/\n",
            &[("/docker/x", "m", "cgroup", "rw,memory"), ("/docker/x", "c", "cgroup", "rw,cpu,cpuacct")],
        );
        let sample = sample(&dir);
        assert_eq!(sample.value("system/cgroup/memory"), Some(5000.0));
        assert_eq!(sample.value("system/cgroup/memory_limit"), None, "none is set");
        assert_eq!(sample.value("system/cgroup/cpu_limit"), None);
        assert_eq!(sample.value("system/cgroup/oom_kills"), Some(1.0));
    }

    #[test]
    fn rates() {
        let dir = machine(
            &[("cg/cpu.stat", "usage_usec 0\n"), ("cg/memory.current", "1\n")],
            "0::/\n",
            &[("/", "cg", "cgroup2", "rw")],
        );
        let mut cgroup = Cgroup::find(&dir.path().join("proc"), Some(7)).unwrap();
        let mut sample = Sample::default();
        cgroup.sample(Duration::ZERO, &mut sample);
        fs::write(dir.path().join("cg/cpu.stat"), "usage_usec 1500000\n").unwrap();
        sample.clear();
        cgroup.sample(Duration::from_secs(1), &mut sample);
        assert_eq!(sample.value("system/cgroup/cpu"), Some(150.0));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(a: String, b: String) {
            group(&a, "memory");
            mount(&b, "");
            directories(&a, &format!("1 2 3 / /nowhere rw - cgroup2 x {b}"), "");
        }
    }
}
